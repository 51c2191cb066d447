"""What a phrase book of spoken lines holds; `lines_zh` and `lines_en` are the two books.

Slots: {b} who is spoken to, {place}, {prop}: a thing of the story's own that the scene names, {event}: what happens, in the
brief's own words. A phrase whose slot has nothing to stand in it is passed over.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

#: lines that answer each other; the first speaker has the odd ones
Exchange = tuple[str, ...]


@dataclass(frozen=True)
class Matter:
    """Something that a scene can be about: the words that tell so, and what people say then."""

    words: re.Pattern[str]
    emotions: tuple[str, ...]
    talk: tuple[Exchange, ...]
    alone: tuple[str, ...]


@dataclass(frozen=True)
class Lines:
    """One language's spoken lines. `talk`, `alone` and `emotions` go by where the scene stands in its episode."""

    matters: tuple[Matter, ...]
    emotions: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]
    talk: dict[str, tuple[Exchange, ...]]
    alone: dict[str, tuple[str, ...]]
    #: a third person's word
    third: tuple[str, ...]
    #: a narrator on what happens, and on the place alone
    telling: tuple[str, ...]
    scenery: tuple[str, ...]
    silences: tuple[str, ...]
    #: how somebody is called who has no name but what they are
    called: dict[str, str]
    #: the longest event that a narrator can quote
    event_chars: int


@functools.cache
def lines_for(language: str) -> Lines:
    from workbench.sketch.writing import lines_en, lines_zh

    return lines_zh.LINES if language == "zh" else lines_en.LINES
