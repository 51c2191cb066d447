"""What a phrase book holds; one is written per language. Each entry is a whole sentence, so any choice stays grammatical.

Slots: {a} who the moment belongs to, {b} somebody else in it, {place}, {prop}, {short} the event's core, fit for quoting.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

Entries = tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """A supporting scene: its beat (also the scene's title) and what happens."""

    beat: str
    summary: str
    #: "inside" or "outside" where the words say so (a door, a lane); "" plays anywhere
    where: str = ""


@dataclass(frozen=True)
class Book:
    """One language's phrases. A tuple of sentences is a pool to draw from."""

    #: joins two sentences, and ends one
    space: str
    stop: str
    #: who acts when the brief names nobody
    nobody: str
    #: somebody else, when only one person is there
    somebody: str
    #: a longer protagonist is a description, not a name
    max_name: int
    #: things any place has
    common_props: Entries
    female: Entries
    male: Entries
    chat: str
    reasoning: str
    # episodes
    #: words that tell that a phrase plays indoors
    indoors: Entries
    #: title of an episode between two people
    pair: str
    titles: Entries
    numbered: str
    before: Entries
    during: Entries
    after: Entries
    openings: Entries
    attempts: Entries
    turns: Entries
    closings: Entries
    scopes: Entries
    cliffhangers: Entries
    # core expression
    themes: Entries
    arc: tuple[Entries, Entries, Entries, Entries]
    conflicts: Entries
    payoffs: Entries
    motifs: Entries
    endings: Entries
    hooks: Entries
    # scenes
    stagings: Entries
    lead_in: tuple[Stage, ...]
    aftermath: tuple[Stage, ...]


@functools.cache
def book_for(language: str) -> Book:
    from workbench.sketch.writing import phrasebook_en, phrasebook_zh

    return phrasebook_zh.BOOK if language == "zh" else phrasebook_en.BOOK
