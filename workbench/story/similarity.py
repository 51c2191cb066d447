"""How alike two story texts are, by their character bigrams; the same measure for Chinese and English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.artifacts.words import jaccard

#: from here on two texts tell the same thing
NEAR_DUPLICATE = 0.58


@dataclass(frozen=True)
class Pair:
    """Two texts that are too alike; `first` and `second` are positions in the list compared, first < second."""

    first: int
    second: int
    similarity: float


def bigrams(text: str) -> Counter[str]:
    """Pairs of neighbouring characters with their counts: lower-cased, letters and digits only.

    Counted, not as plain sets: English has so few common bigrams that two unrelated texts of 200 words share 0.58 of
    their sets (measured), and every longer English plan would be rewritten for nothing. Chinese gives the same either
    way.
    """
    folded = "".join(c for c in text.lower() if c.isalnum())
    if len(folded) == 1:
        return Counter([folded])
    return Counter(folded[i : i + 2] for i in range(len(folded) - 1))


def similarity(a: str, b: str) -> float:
    """How alike two texts are: 0 nothing in common, 1 the same letters in the same order."""
    return jaccard(bigrams(a), bigrams(b))


def near_duplicates(texts: Sequence[str], earlier: Sequence[str] = (), limit: float = NEAR_DUPLICATE) -> list[Pair]:
    """All pairs at or above `limit`, worst first.

    With `earlier`, only pairs (earlier text, text) are given, `first` counting in `earlier`.
    """
    own = [bigrams(t) for t in texts]
    if earlier:
        before = [bigrams(t) for t in earlier]
        pairs = [Pair(i, j, jaccard(a, b)) for j, b in enumerate(own) for i, a in enumerate(before)]
    else:
        pairs = [Pair(i, j, jaccard(own[i], own[j])) for j in range(len(own)) for i in range(j)]
    return sorted((p for p in pairs if p.similarity >= limit), key=lambda p: (-p.similarity, p.second, p.first))
