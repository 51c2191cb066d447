"""Pictures to draw from: how many a model takes, and how large. The facts and their sources are in references.toml."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, Literal

Wire = Literal["openai", "ark", "gemini"]
#: no sheet needs more: finer pictures cost more tokens and tell no more
LONGEST_EDGE = 2_048
_ALL = ("PNG", "JPEG", "WEBP")


@dataclass(frozen=True)
class ReferenceLimits:
    """How many pictures a request may carry, and how large each and all of them may be, in bytes before base64."""

    most: int = 0
    bytes_each: int = 10_000_000
    bytes_all: int = 100_000_000
    edge: int = LONGEST_EDGE
    formats: tuple[str, ...] = _ALL
    #: of a model that films: a clip's last frame may be given beside its first
    last_frame: bool = True
    #: and its first one; not of a model that films from words alone
    first_frame: bool = True
    #: the model is in the table: what it takes is known, not hoped for
    known: bool = False

    @property
    def ends_at_frame(self) -> bool:
        """Known to take a last frame, so that one may go along unasked."""
        return self.known and self.last_frame

    def share(self, count: int) -> ReferenceLimits:
        """The same for one of so many pictures."""
        return replace(self, bytes_each=min(self.bytes_each, self.bytes_all // max(1, count)))

    def at_most(self, count: int) -> ReferenceLimits:
        return replace(self, most=max(0, min(self.most, count)))


NONE = ReferenceLimits()


def limits_of(wire: Wire, capability: Literal["image", "video"], model: str) -> ReferenceLimits:
    """What this model takes; none for one that is not known to."""
    name = model.lower().rsplit("/", 1)[-1]
    return next((limits for pattern, limits in _table(wire, capability) if pattern.search(name)), NONE)


@functools.cache
def _table(wire: Wire, capability: str) -> list[tuple[re.Pattern[str], ReferenceLimits]]:
    rows: list[dict[str, Any]] = read_rows().get(wire, {}).get(capability, [])
    return [(re.compile(row["models"]), _limits(row)) for row in rows]


def _limits(row: dict[str, Any]) -> ReferenceLimits:
    told = {key: row[key] for key in ("most", "bytes_each", "bytes_all", "first_frame", "last_frame") if key in row}
    return ReferenceLimits(**told, formats=tuple(row.get("formats") or _ALL), known=True)


@functools.cache
def read_rows() -> dict[str, dict[str, list[dict[str, Any]]]]:
    """wire → capability → rows, as the file has them."""
    return tomllib.loads(files(__package__).joinpath("references.toml").read_text("utf-8"))
