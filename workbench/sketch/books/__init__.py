"""The words that drafts are made of, as TOML files that a writer edits. Each is checked when it is first read.

`zh/` and `en/` hold the books of one language; the files beside this one have every text in both.
"""

from __future__ import annotations

import functools
from pathlib import Path

from workbench.sketch.books.loading import FOLDER, BookError, read_book
from workbench.sketch.books.models import (
    ARC,
    Air,
    Drama,
    Exchange,
    Feelings,
    Light,
    Lines,
    Motions,
    Noise,
    Noises,
    Pair,
    PanelBook,
    Phrases,
    PlaceNouns,
    Places,
    Poses,
    Set,
    Sets,
    Sky,
    Stage,
    Texts,
    Topic,
)

__all__ = [
    "ARC", "Air", "BookError", "Drama", "Exchange", "Feelings", "Light", "Lines", "Motions", "Noise", "Noises",
    "Pair", "PanelBook", "Phrases", "PlaceNouns", "Places", "Poses", "Set", "Sets", "Sky", "Stage", "Texts",
    "Topic", "drama", "feelings", "lines", "motions", "noises", "panels", "phrases", "place_nouns", "places",
    "poses", "sets",
]  # fmt: skip


def _folder(language: str) -> Path:
    return FOLDER / ("zh" if language == "zh" else "en")


@functools.cache
def phrases(language: str) -> Phrases:
    return read_book(_folder(language) / "phrases.toml", Phrases)


@functools.cache
def lines(language: str) -> Lines:
    return read_book(_folder(language) / "lines.toml", Lines)


@functools.cache
def drama(language: str) -> Drama:
    return read_book(_folder(language) / "drama.toml", Drama)


@functools.cache
def poses(language: str) -> Poses:
    return read_book(_folder(language) / "poses.toml", Poses)


@functools.cache
def places(language: str) -> Places:
    return read_book(_folder(language) / "places.toml", Places)


@functools.cache
def place_nouns(language: str) -> PlaceNouns:
    return read_book(_folder(language) / "place_nouns.toml", PlaceNouns)


@functools.cache
def sets() -> Sets:
    return read_book(FOLDER / "sets.toml", Sets)


@functools.cache
def noises() -> Noises:
    return read_book(FOLDER / "noises.toml", Noises)


@functools.cache
def motions() -> Motions:
    return read_book(FOLDER / "motions.toml", Motions)


@functools.cache
def feelings() -> Feelings:
    return read_book(FOLDER / "feelings.toml", Feelings)


@functools.cache
def panels() -> PanelBook:
    return read_book(FOLDER / "panels.toml", PanelBook)
