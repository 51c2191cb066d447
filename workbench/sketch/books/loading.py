"""Reads a book from its file, and says which key of which file is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import TypeVar

from pydantic import ValidationError

from workbench.sketch.books.models import Book

B = TypeVar("B", bound=Book)
FOLDER = Path(__file__).parent


class BookError(ValueError):
    """A book cannot be used. The message names file and key."""


def read_book(path: Path, model: type[B]) -> B:
    """The book in a TOML file; raises BookError for what a writer has to mend in it."""
    file = path.relative_to(FOLDER) if path.is_relative_to(FOLDER) else path
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        book = model.model_validate(raw)
    except ValidationError as error:
        problems = ((".".join(map(str, e["loc"])), e["msg"]) for e in error.errors())
        raise BookError("; ".join(f"{file}: {key}: {problem}" for key, problem in problems)) from None
    except (OSError, ValueError) as error:
        raise BookError(f"{file}: {error}") from None
    for key, value in raw.items():
        for place, text in _texts(key, value):
            _check_slots(f"{file}: {place}", text, model.slots.get(key, model.slots.get("*", frozenset())))
    return book


def _texts(key: str, value: object) -> Iterator[tuple[str, str]]:
    """Every text below a key with the path to it, without the patterns, whose braces are no slots."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name != "words":
                yield from _texts(f"{key}.{name}", inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(f"{key}.{number}", inner)


def _check_slots(place: str, text: str, allowed: frozenset[str]) -> None:
    try:
        names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise BookError(f"{place}: {error}") from None
    for name in sorted(names - allowed):
        known = ", ".join(f"{{{slot}}}" for slot in sorted(allowed)) or "none"
        raise BookError(f"{place}: nothing fills {{{name}}}; slots here: {known}")
