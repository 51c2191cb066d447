"""Titles in an event's own words: whole phrases, never “Jumps at the Rope of”."""

from __future__ import annotations

import re

from workbench.sketch.reading.hours import read_hours
from workbench.sketch.writing.sentences import upper_first

#: the longest title, in words
MOST_WORDS = 8
_PREPOSITIONS = frozenset(
    [
        "about",
        "above",
        "across",
        "after",
        "against",
        "along",
        "among",
        "around",
        "as",
        "at",
        "before",
        "behind",
        "below",
        "beneath",
        "beside",
        "between",
        "beyond",
        "by",
        "down",
        "during",
        "for",
        "from",
        "in",
        "inside",
        "into",
        "like",
        "near",
        "of",
        "off",
        "on",
        "onto",
        "out",
        "over",
        "past",
        "since",
        "through",
        "throughout",
        "to",
        "toward",
        "towards",
        "under",
        "until",
        "up",
        "upon",
        "with",
        "within",
        "without",
    ]
)
_JOINTS = frozenset(
    [
        "and",
        "or",
        "but",
        "nor",
        "so",
        "yet",
        "while",
        "when",
        "where",
        "because",
        "although",
        "though",
        "if",
        "that",
        "which",
        "who",
        "whose",
        "than",
    ]
)
_LEFT_OPEN = (
    _PREPOSITIONS
    | _JOINTS
    | frozenset(
        [
            "a",
            "an",
            "the",
            "his",
            "her",
            "its",
            "their",
            "our",
            "my",
            "your",
            "this",
            "that",
            "these",
            "those",
            "every",
            "each",
            "no",
            "some",
            "any",
            "is",
            "are",
            "was",
            "were",
            "be",
            "been",
            "being",
            "has",
            "have",
            "had",
            "do",
            "does",
            "did",
            "will",
            "would",
            "can",
            "could",
            "may",
            "might",
            "shall",
            "should",
            "must",
            "very",
            "too",
            "not",
            "own",
            "old",
            "new",
            "great",
            "little",
            "big",
            "first",
            "last",
            "one",
            "two",
            "three",
            "more",
            "most",
            "such",
        ]
    )
)
#: “down” and its kin may end a phrase: “sits down”, “gives up”
_MAY_END = frozenset(
    ["down", "up", "out", "off", "in", "on", "over", "away", "back", "together", "home", "around", "through"]
)
#: what a cut before “of” would leave half
_OF_WHAT = frozenset(
    [
        "one",
        "some",
        "all",
        "none",
        "most",
        "many",
        "few",
        "both",
        "each",
        "two",
        "three",
        "four",
        "part",
        "half",
        "rest",
        "kind",
        "sort",
        "pair",
        "piece",
        "end",
        "edge",
        "middle",
        "top",
        "bottom",
        "rope",
        "cup",
        "glass",
        "lot",
        "full",
        "out",
        "because",
    ]
)
_SMALL = (_PREPOSITIONS | _JOINTS | {"a", "an", "the"}) - {"down", "up", "out", "off"}

_ZH_OPENS = re.compile(
    r"^[的了着过里上中下地得而但也都还并且便又却竟只就把被从向对为与和跟在]|^(?:于是|因为|所以|然后|可是|但是|而且|随后|接着|其中|之后|以后)"
)
_ZH_ENDS = re.compile(r"(?:[的地得和与在从把被向对是有着于为跟及或]|时|后|之前|以前|的时候|一个|一位|一只|说|问)$")
_ZH_TIME_ONLY = re.compile(
    r"^(?:(?:第[一二三四五六七八九十两]+[天日年个月夜]|次日|翌日|当[天晚夜]|[一二三四五六七八九十几数多两半]+(?:天|日|年|个月|小时|个小时|分钟|周|星期)(?:之?后|前)?|"
    r"这[天时夜]|那[天时夜]|后来|从此|终于|忽然|突然)?(?:深夜|夜里|清晨|早上|早晨|上午|中午|正午|下午|午后|傍晚|黄昏|晚上|半夜|凌晨|春天|夏天|秋天|冬天)?)+$"
)


def whole_titles(text: str, short: str, language: str) -> list[str]:
    """Titles from an event's sentence and its core, best first; none where no whole phrase is short enough."""
    return _zh_titles(text, short) if language == "zh" else _en_titles(short)


def trim_open_end(text: str) -> str:
    """An English text without the words at its end that leave it open; all of it when nothing else is left."""
    words = text.split()
    while len(words) > 2 and words[-1].casefold().strip(",;:") in _LEFT_OPEN - _MAY_END:
        words.pop()
    return " ".join(words).rstrip(",;: ")


def _en_titles(short: str) -> list[str]:
    words = [w for w in re.sub(r"[“”\"]", "", short).split() if w]
    if any(mark in short for mark in "…—") or not words:
        return []
    cuts = [len(words)] if len(words) <= MOST_WORDS else []
    cuts += [i for i in range(min(MOST_WORDS, len(words) - 1), 2, -1) if _closes_before(words, i)]
    return [_capitals(words[:i]) for i in cuts if _is_whole(words[:i])][:2]


def _closes_before(words: list[str], i: int) -> bool:
    """Whether a phrase may end before the word at i."""
    following, last = words[i].casefold(), words[i - 1].casefold()
    if following not in _PREPOSITIONS | {"and", "but", "while", "when"} or (
        last in _MAY_END and following in ("the", "a")
    ):
        return False
    if following == "of" and last in _OF_WHAT:
        return False
    # “wants to …”, “believes that …”: the verb has nothing yet
    return not (following in ("to", "that", "for") and re.search(r"[^s]s$", last))


def _is_whole(words: list[str]) -> bool:
    first, last = words[0], words[-1].casefold().strip(",;:")
    if len(words) < 2 or (last in _LEFT_OPEN and last not in _MAY_END):
        return False
    # no subject: “jumps at the rope”
    return not (re.search(r"[^s]s$", first) and first[:1].islower()) and first.casefold() not in _JOINTS


def _capitals(words: list[str]) -> str:
    return " ".join(w if i and w.casefold() in _SMALL else upper_first(w) for i, w in enumerate(words)).rstrip(",;:")


def _zh_titles(text: str, short: str) -> list[str]:
    clauses = [c for c in re.split(r"[，：；。、！？“”‘’「」《》（）\s]", text) if c]
    if len(short) <= 12 and not short.endswith("…"):
        clauses.append(short)
    good = [c for c in dict.fromkeys(clauses) if 4 <= len(c) <= 12 and _is_whole_zh(c)]
    return sorted(good, key=lambda c: len(c) > 10)


def _is_whole_zh(clause: str) -> bool:
    if _ZH_OPENS.search(clause) or _ZH_ENDS.search(clause) or _ZH_TIME_ONLY.match(clause):
        return False
    return not (read_hours(clause) and len(clause) <= 4)
