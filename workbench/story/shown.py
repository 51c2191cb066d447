"""Whom and what a sentence shows, beside whom and what it only tells of.

Of those whom `NameIndex.find_seen` finds some are elsewhere: “Della speaks of Jim”, “she waits for Jim”, “the chair
where Jim sat”. So are things: “the ash of the letter”, “the letter opener”. Where a sentence may be read either way,
nobody is shown: who writes it would be told to mend what is right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from workbench.story.names import NameIndex, find_spans, without_article

#: stands for what is no more looked at; no name has it
_BLANK = "\0"
#: what is said is not seen
_SAID = re.compile(r"“[^”]*”|\"[^\"]*\"|「[^」]*」|『[^』]*』")
#: between such a word and the name: others of whom it tells, an article, one word more
_BETWEEN = (
    r"\s+(?:(?:[\w'’-]+\s+){1,4}(?:and|or)\s+)?"
    r"(?:(?:the|an?|his|her|their|its|this|that|my|our|your)\s+)?(?:[a-z-]+\s+)?$"
)
_TOLD_OF = re.compile(
    r"\b(?:about|without|for|like|(?:remember|recall|miss|mention|imagin|mourn|await|expect|forget|dream)\w*"
    r"|(?:letters?|notes?|messages?|words?|news|gifts?|presents?|calls?|reply|writ\w+|wrote|pray\w*|belong\w*)"
    r"\s+(?:from|to|by)"
    r"|(?:left|given|sent|made|bought|sold|signed|owned)(?:\s+behind)?\s+by)" + _BETWEEN,
    re.IGNORECASE,
)
_OF = re.compile(r"(?:^|(\S+)\s+)of" + _BETWEEN, re.IGNORECASE)
#: “in front of Jim”, “a close-up of the letter” show them, “a memory of Jim”, “the ash of the letter” do not
_SHOWN_BY_OF = re.compile(
    r"front|ahead|hold|sight|view|shot|close-?up|detail|insert|glimpse|corner|edge|page|half|side|top|bottom|hands?|fingers"
    r"|arms?|shoulders?|back|face|eyes|head|hair|body|figure|silhouette|outline|profile|shadow|reflection",
    re.IGNORECASE,
)
#: behind the name, what is told is over
_IS_OVER = re.compile(
    r"\s+(?:(?:is|has|lies)\s+)?(?:\w+\s+)?"
    r"(?:gone|dead|absent|missing|ash|ashes|was|were|had|once|used\s+to|no\s+longer|stood|sat|lay|hung|slept|left|fell)\b",
    re.IGNORECASE,
)
#: “a letter” is another one
_ANOTHER = re.compile(
    r"\b(?:an?|another|other|new|second|next|some|any|each|every|no)\s+(?:[a-z-]+\s+)?$", re.IGNORECASE
)
#: a thing is itself where its name ends what is said, or one of these goes on; else it may be part of another's name
_GOES_ON = re.compile(
    r"\s*(?:$|[^\w\s'’-])|\s+(?:\w+(?:ed|ing|ly)|in|on|at|by|from|to|into|onto|with|under|over|against|between|across"
    r"|beside|before|behind|above|below|near|through|toward|towards|inside|along|around|among|and|or|but|while|as|that"
    r"|which|is|aloud|again|back|up|down|off|out|away|open|shut|high|low|close|tight|lit"
    r"|lies|rests|stands|sits|hangs|falls|burns|glows|drops|slips|slides|shakes|trembles|waits|gleams|shines|flickers"
    r"|swings|rolls|catches|leans|touches|remains|casts|throws|lights|blows)\b",
    re.IGNORECASE,
)
_HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff]")


def find_people(text: str, people: NameIndex) -> list[str]:
    """The own names of those whom a sentence shows, once each, in its order."""
    left = seen = _blank_said(text)
    for mention in people.mentions(left):
        if _is_told_of(left, mention.start, mention.end):
            seen = _blank(seen, mention.start, mention.end)
    return people.find_seen(seen.replace(_BLANK, " "))


def shows_thing(text: str, name: str, others: Iterable[str] = ()) -> bool:
    """Does a sentence show a thing by this name? `others`: names of things that this name may be part of."""
    left, bare = _blank_said(text), without_article(name)
    for other in others:
        if find_spans(other, bare) and without_article(other) != bare:
            for span in find_spans(left, without_article(other)):
                left = _blank(left, *span)
    return any(_is_thing(left, start, end) for start, end in find_spans(left, bare))


def find_things(text: str, things: Mapping[str, str], others: Iterable[str] = ()) -> list[str]:
    """The keys of those things (key → name) that a sentence shows."""
    others = list(others)
    return [key for key, name in things.items() if shows_thing(text, name, others)]


def _is_thing(text: str, start: int, end: int) -> bool:
    joined = _HAN.match(text[start]) and (_HAN.match(text[start - 1 : start]) or _HAN.match(text[end : end + 1]))
    if joined or not _GOES_ON.match(text, end):
        return False
    return not _is_told_of(text, start, end) and not _ANOTHER.search(text[:start])


def _is_told_of(text: str, start: int, end: int) -> bool:
    before = text[:start]
    of = _OF.search(before)
    if of is not None and not _SHOWN_BY_OF.fullmatch(of[1] or ""):
        return True
    return _TOLD_OF.search(before) is not None or _IS_OVER.match(text, end) is not None


def _blank_said(text: str) -> str:
    """The sentence, composed as names are found in it, without what somebody says."""
    return _SAID.sub(lambda said: _BLANK * len(said[0]), unicodedata.normalize("NFC", text))


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + _BLANK * (end - start) + text[end:]
