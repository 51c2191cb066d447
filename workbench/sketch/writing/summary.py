"""A long text in fewer of its own sentences, without a model: nothing is made up, some is left out."""

from __future__ import annotations

import re
from collections import Counter

_SENTENCE = re.compile(r"[^。！？!?…]*[。！？!?…]+[”’」』）)]*|[^。！？!?…]+$")
_SENTENCE_EN = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+")
_BREAK = re.compile(r"\n\s*\n|\n")
_QUOTED = ("“", '"', "「", "『", "‘", "—", "–", "-")
_NAME_EN = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")
_SPEAKER_ZH = re.compile(r"(?:^|[。！？，”」\n])([一-鿿]{2,3}?)(?:笑着|轻声|低声|大声)?(?:说|道|问|喊|答|叫)")
_NO_NAMES = frozenset(
    ("I", "Mr", "Mrs", "Miss", "Dr", "God", "Sunday", "Monday", "Friday", "Christmas", "English", "French")
)
_NO_NAMES_ZH = (
    "他",
    "她",
    "我",
    "你",
    "它",
    "这",
    "那",
    "谁",
    "只",
    "又",
    "便",
    "也",
    "就",
    "说",
    "不",
    "知",
    "没",
    "听",
    "人",
    "大",
)


def is_chinese(text: str) -> bool:
    """Whether more of a text is Chinese than not."""
    beyond = sum("一" <= c <= "鿿" for c in text)
    return beyond * 3 > sum(not c.isspace() for c in text)


def split_sentences(text: str) -> list[str]:
    """A text's sentences with their end marks, in order."""
    sentences: list[str] = []
    for paragraph in _BREAK.split(text):
        bare = " ".join(paragraph.split())
        if bare:
            found = _SENTENCE.findall(bare) if is_chinese(bare) else _SENTENCE_EN.split(bare)
            sentences += [s.strip() for s in found if any(c.isalnum() for c in s)]
    return sentences


def summarize(text: str, most: int) -> str:
    """Sentences of `text` from its beginning to its end, at most `most` characters.

    Of each stretch that one is taken which names most of what the whole is about; speeches only where there is nothing
    else.
    """
    sentences = split_sentences(text)
    joint = "" if is_chinese(text) else " "
    whole = joint.join(sentences)
    if len(whole) <= most:
        return whole
    about = _find_subjects(text)
    # a sentence that alone is too long is cut at the end of a word or clause
    sentences = [_cut(s, most // 2) for s in sentences]
    for count in range(min(len(sentences), most // 12), 0, -1):
        chosen = _choose(sentences, count, about)
        told = joint.join(chosen)
        if len(told) <= most:
            return told
    return _cut(sentences[0], most)


def find_names(text: str, most: int = 12) -> list[str]:
    """Names that a text has more than once, as far as they can be told without a model; the commonest first."""
    if is_chinese(text):
        counts = Counter(
            n for n in _SPEAKER_ZH.findall(text) if not n.startswith(_NO_NAMES_ZH) and n[-1] not in "地着了的"
        )
    else:
        counts = Counter(n for n in _NAME_EN.findall(text) if n.split()[0] not in _NO_NAMES)
    return [name for name, count in counts.most_common(most) if count > 1]


def _choose(sentences: list[str], count: int, about: Counter[str]) -> list[str]:
    """One of each of `count` stretches of equal length."""
    chosen = []
    for number in range(count):
        stretch = sentences[number * len(sentences) // count : (number + 1) * len(sentences) // count]
        chosen.append(max(stretch, key=lambda s: _score(s, about)))
    return chosen


def _score(sentence: str, about: Counter[str]) -> float:
    named = sum(about[word] for word in _words(sentence) if word in about)
    return (named + 1) / (len(sentence) + 20) / (4 if sentence.startswith(_QUOTED) else 1)


def _find_subjects(text: str) -> Counter[str]:
    """What a text is about: its names, and the words that it has often."""
    counts = Counter(_words(text))
    return Counter({word: count for word, count in counts.most_common(60) if count > 1}) + Counter(
        dict.fromkeys(find_names(text), 1 + max(counts.values(), default=1))
    )


def _words(text: str) -> list[str]:
    if is_chinese(text):
        bare = "".join(c if "一" <= c <= "鿿" else " " for c in text)
        return [bare[i : i + 2] for i in range(len(bare) - 1) if " " not in bare[i : i + 2]]
    return [w for w in re.findall(r"[A-Za-z'’]{4,}", text)]


def _cut(sentence: str, most: int) -> str:
    if len(sentence) <= most:
        return sentence
    at = max(sentence.rfind(mark, most // 2, most - 1) for mark in ("，", ",", "；", ";", " "))
    return sentence[: at if at > 0 else most - 1].rstrip(" ,，;；") + "…"
