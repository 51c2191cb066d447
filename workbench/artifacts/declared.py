"""What an artifact kind declares: its name, title and pydantic model, and what follows from its contents.

A kind may name *parts* (``episode:3`` of an episode plan): an input can refer to one part, so that editing
episode 3 leaves episode 2 fresh. A kind may name *children*: saving an episode plan re-plans the episode nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from workbench.json_types import Json, JsonObject

NodeKind = Literal["project", "episode", "scene", "character", "world"]


@dataclass(frozen=True)
class Child:
    """A node that an artifact asks for below its own node."""

    position: int
    title: str
    #: what happens in it, by which it is known again under another title
    events: str = ""


class Stretch(NamedTuple):
    """A part of the story that a content names, both ends with it: ``2`` is an episode, ``2.3`` a scene, ``2.3.5`` a
    shot; an empty `last`: to the end of the story. `whose`: what of the content names it."""

    whose: str
    first: str
    last: str

    @property
    def is_turned(self) -> bool:
        """Whether its first place comes after the last; ``2.3`` does not come after ``2``."""
        first, last = ([int(number) for number in place.split(".") if number] for place in (self.first, self.last))
        return bool(last) and first[: len(last)] > last


@dataclass(frozen=True)
class Places:
    """How a content names parts of the story by where they stand."""

    #: in the order of the content
    find: Callable[[JsonObject], list[Stretch]]
    #: the content with each where it stands now; None: what it names is archived
    put: Callable[[JsonObject, Sequence[Stretch | None]], JsonObject]


@dataclass(frozen=True)
class Kind:
    """One kind of artifact."""

    name: str
    title: str
    node_kind: NodeKind
    model: type[BaseModel]
    #: part key → JSON value, for inputs that depend on one part only
    parts: Callable[[JsonObject], dict[str, Json]] | None = None
    #: with fewer parts a version counts as not finished
    expected_parts: int | None = None
    #: nodes that saving this artifact creates, renames or archives
    child_kind: NodeKind | None = None
    children: Callable[[JsonObject], list[Child]] | None = None
    #: the plan whose numbers its parts have, ``scene_list`` of a script: when that changes, a part stays whose it was
    numbered_by: str | None = None
    #: the episodes and scenes that it names: when these move, it goes on naming the same
    places: Places | None = None
    #: what of a content, or of a part of it, counts at one place, for inputs that depend on that alone: a field
    #: ``look@2.3`` is `views["look"](content, "2.3")`, ``panel@5`` of ``group:KF1`` what the picture of panel 5 shows
    views: Mapping[str, Callable[[JsonObject, str], Any]] = field(default_factory=dict)
