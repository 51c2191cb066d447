"""The artifact kinds: name, title, pydantic model, and what follows from them.

A kind may name *parts* (``episode:3`` of an episode plan): an input can refer to one part, so that editing
episode 3 leaves episode 2 fresh. A kind may name *children*: saving an episode plan re-plans the episode nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from workbench.errors import InvalidInput, NotFound, all_of
from workbench.i18n import Text
from workbench.validation import issues_of

NodeKind = Literal["project", "episode", "scene", "character", "world"]


@dataclass(frozen=True)
class Child:
    """A node that an artifact asks for below its own node."""

    position: int
    title: str


@dataclass(frozen=True)
class Kind:
    name: str
    title: str
    node_kind: NodeKind
    model: type[BaseModel]
    #: part key → JSON value, for inputs that depend on one part only
    parts: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    #: with fewer parts a version counts as not finished
    expected_parts: int | None = None
    #: nodes that saving this artifact creates, renames or archives
    child_kind: NodeKind | None = None
    children: Callable[[dict[str, Any]], list[Child]] | None = None


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    _kinds[kind.name] = kind
    return kind


def all_kinds() -> dict[str, Kind]:
    from workbench.artifacts import models, storyboard  # noqa: F401  their import registers every kind

    return _kinds


def find(name: str) -> Kind:
    try:
        return all_kinds()[name]
    except KeyError:
        raise NotFound(
            Text("There is no artifact kind {name}. Known: {known}.", name=name, known=", ".join(sorted(_kinds)))
        ) from None


def validated(kind: Kind, content: Any) -> dict[str, Any]:
    """Content checked against the kind's model and normalised to JSON types; raises InvalidInput naming each field."""
    try:
        return kind.model.model_validate(content).model_dump(mode="json")
    except ValidationError as error:
        issues = issues_of(error)
        raise InvalidInput(Text("{kind}: {issues}", kind=kind.name, issues=all_of(issues)), issues) from None
