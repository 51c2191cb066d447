"""Is a text in its language, and does any stand there twice? Pure checks, the same for every workflow.

What is wrong costs another call, so whatever may be meant passes: names, quoted words, numbers, a brand in Latin
letters inside Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.story.names import fold

_HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff]")
_WORD = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’-][A-Za-zÀ-ɏ]+)*")
#: words in a row, with nothing but blanks and punctuation between them
_RUN = re.compile(rf"{_WORD.pattern}(?:[\s,;:.!?…–—-]+{_WORD.pattern})*")
_QUOTED = re.compile(r"“[^“”]*”|「[^「」]*」|『[^『』]*』|《[^《》]*》|\"[^\"]*\"")


def language_issues(
    path: str, text: str, language: str, names: Sequence[str] = (), *, label: bool = False
) -> list[Issue]:
    """The text is in this language; `names` may stay as they are. `label`: a name or a number alone is enough."""
    left = without(text, names)
    own, foreign = _weigh(left, language)
    if foreign <= own if own else label and not _is_foreign(left, language):
        return []
    return [Issue(path, Text(N_("must be Chinese") if language == "zh" else N_("must be English")))]


def story_language_issues(texts: Iterable[tuple[str, str]], language: str, names: Sequence[str]) -> list[Issue]:
    """Each of these, (path, text), is in the story's language or no more than a name; an empty one allows any."""
    if not language:
        return []
    return [issue for path, text in texts for issue in language_issues(path, text, language, names, label=True)]


def is_chinese(text: str, names: Sequence[str] = ()) -> bool:
    """Chinese, whatever names stand in it: no sentence of another language with a few characters behind it."""
    han = len(_HAN.findall(text))
    return bool(han) and sum(map(len, find_prose(without(text, names)))) <= han


def repeat_issues(texts: Iterable[tuple[str, str]], earlier: Iterable[str] = ()) -> list[Issue]:
    """(path, text) of each that says what one before it says, among these or `earlier`."""
    seen = {fold(text) for text in earlier}
    issues = []
    for path, text in texts:
        if fold(text) in seen:
            issues.append(Issue(path, Text(N_("“{text}” stands here twice"), text=text[:80])))
        seen.add(fold(text))
    return issues


def standstill_issues(texts: Iterable[tuple[str, str]]) -> list[Issue]:
    """(path, text) of each that says what the one right before it says; the same may come back later."""
    return [issue for before, after in pairwise(texts) for issue in repeat_issues((before, after))]


def number(path: str, texts: Iterable[str]) -> list[tuple[str, str]]:
    """The texts of a list, each with its own path."""
    return [(f"{path}.{n}", text) for n, text in enumerate(texts)]


def without(text: str, names: Sequence[str]) -> str:
    """The text without these names, the longest first; “the lamp” may begin a sentence."""
    written = {form for name in names if (bare := name.strip()) for form in (bare, bare[0].upper() + bare[1:])}
    for name in sorted(written, key=len, reverse=True):
        text = text.replace(name, " ") if _HAN.search(name) else whole_word(name).sub(" ", text)
    return text


def whole_word(name: str) -> re.Pattern[str]:
    """Finds a Latin name in its own case, not inside a longer word; Chinese may stand right beside it."""
    letter = r"[^\W一-鿿㐀-䶿]"
    return re.compile(rf"(?<!{letter}){re.escape(name)}(?!{letter})")


def find_prose(text: str) -> list[str]:
    """Latin words that are neither quoted nor names: several in a row, half of them small."""
    runs = (_WORD.findall(run.group()) for run in _RUN.finditer(_unquote(text)))
    told = [words for words in runs if len(words) > 1 and 2 * sum(map(_is_small, words)) >= len(words)]
    return [word for words in told for word in words]


def _weigh(text: str, language: str) -> tuple[int, int]:
    """How much of a text is in the language, and how much in the other one, in characters and words; what is quoted is
    not foreign."""
    if language == "zh":
        return len(_HAN.findall(text)), len(find_prose(text))
    return len(_WORD.findall(text)), len(_HAN.findall(_unquote(text)))


def _is_foreign(text: str, language: str) -> bool:
    """Has a text without a word of its own language one of the other that is no name?"""
    rest = _unquote(text)
    return any(map(_is_small, _WORD.findall(rest))) if language == "zh" else bool(_HAN.search(rest))


def _is_small(word: str) -> bool:
    return word == word.lower()


def _unquote(text: str) -> str:
    """The text without what stands in quotation marks, those inside others as well."""
    while (bare := _QUOTED.sub(" ", text)) != text:
        text = bare
    return text
