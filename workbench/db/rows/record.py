"""What every row is: a frozen record that can be printed as JSON, and how a query becomes a list of them."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from workbench.json_types import JsonObject

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Executable, Table

R = TypeVar("R", bound="Record")


class Record:
    """A frozen record. `as_json` is what `--json` prints: its fields in order.

    Notebooks may also read it like a mapping (`job["state"]`, `job.get("error")`, `dict(job)`), as they could when rows
    were dictionaries. Type checkers do not see that: code of the house uses the attributes.
    """

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def as_json(self) -> JsonObject:
        """The fields in their order; records in them, or in lists of them, become objects as well."""
        return {name: _plain(getattr(self, name)) for name in self.__match_args__}

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        # three times as quick as what `dataclass(slots=True)` brings; pages keep answers pickled
        return type(self), tuple([getattr(self, name) for name in self.__match_args__])

    if not TYPE_CHECKING:

        def __getitem__(self, key: str) -> Any:
            if key in self.__match_args__:
                return getattr(self, key)
            raise KeyError(key)

        def get(self, key: str, default: Any = None) -> Any:
            return getattr(self, key) if key in self.__match_args__ else default

        def keys(self) -> tuple[str, ...]:
            return self.__match_args__

        def items(self) -> list[tuple[str, Any]]:
            return [(name, getattr(self, name)) for name in self.__match_args__]

        def values(self) -> list[Any]:
            return [getattr(self, name) for name in self.__match_args__]

        # pandas makes a table of dataclasses, but takes what it can walk through for rows of values
        __iter__ = None

        def __contains__(self, key: object) -> bool:
            return key in self.__match_args__


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.as_json()
    if isinstance(value, list) and value and isinstance(value[0], Record):
        return [item.as_json() for item in value]
    return value


_pauses = 0
_pausing = threading.Lock()


@contextmanager
def without_collection() -> Iterator[None]:
    """Many rows at once, without Python's search for cycles among them: there are none, and it takes longer than the
    reading."""
    global _pauses
    with _pausing:
        _pauses += 1
        gc.disable()
    try:
        yield
    finally:
        with _pausing:
            _pauses -= 1
            if not _pauses:
                gc.enable()


def columns(record: type[Record], table: Table) -> list[Column[Any]]:
    """The columns of a table that a record has, in the record's order; fields that are no columns are left out."""
    return [table.c[name] for name in record.__match_args__ if name in table.c]


def fetch(conn: Connection, record: type[R], query: Executable, parameters: JsonObject | None = None) -> list[R]:
    """Run a query whose columns are the record's fields, in their order."""
    return [record(*row) for row in conn.execute(query, parameters or {}).all()]


def fetch_one(conn: Connection, record: type[R], query: Executable, parameters: JsonObject | None = None) -> R | None:
    """The same for a query that gives one row at most."""
    row = conn.execute(query, parameters or {}).one_or_none()
    return None if row is None else record(*row)
