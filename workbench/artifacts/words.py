"""How much two story texts share, by their words; the same measure for Chinese and English."""

from __future__ import annotations

import re
from collections import Counter

#: runs of Chinese characters, and words of other scripts
_RUN = re.compile(r"(?P<cjk>[\u3400-\u9fff\uf900-\ufaff]+)|[^\W_\u3400-\u9fff\uf900-\ufaff]+")
#: shorter ones stand in every English sentence
WORD_CHARS = 4


def words(text: str) -> Counter[str]:
    """Pairs of neighbouring Chinese characters, and other words of four letters and more, with their counts."""
    counted: Counter[str] = Counter()
    for run in _RUN.finditer(text.lower()):
        word = run.group()
        if run["cjk"]:
            counted.update(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif len(word) >= WORD_CHARS:
            counted[word] += 1
    return counted


def jaccard(a: Counter[str], b: Counter[str]) -> float:
    """Jaccard over counted terms, 0–1."""
    if not a or not b:
        return 0.0
    shared = sum(min(a[term], b[term]) for term in a.keys() & b.keys())
    return shared / (a.total() + b.total() - shared)
