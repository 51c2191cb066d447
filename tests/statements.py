"""Compiles each SQL statement once in a process of tests, however many databases that process opens.

SQLAlchemy keeps what it compiled with the engine. Nearly every test opens a database of its own, and compiling anew
took longer than most tests do.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from sqlalchemy import Dialect, Engine

from workbench.db.connection import Database

#: what SQLAlchemy compiled, of every database of the same kind
_COMPILED: dict[Any, Any] = {}


class _Shared(MutableMapping[Any, Any]):
    """The statements of one engine, under keys that say of its dialect what SQL depends on, instead of which it is."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def _key(self, key: Any) -> Any:
        dialect = self._dialect
        return (dialect.name, dialect.driver, getattr(dialect, "server_version_info", None), *key[1:])

    def __getitem__(self, key: Any) -> Any:
        return _COMPILED[self._key(key)]

    def __setitem__(self, key: Any, compiled: Any) -> None:
        _COMPILED[self._key(key)] = compiled

    def __delitem__(self, key: Any) -> None:
        del _COMPILED[self._key(key)]

    def __iter__(self) -> Iterator[Any]:
        return iter(_COMPILED)

    def __len__(self) -> int:
        return len(_COMPILED)


def share() -> None:
    """From now on, in this process and in those that it forks."""
    make_engine = Database._make_engine

    def with_shared_statements(database: Database) -> Engine:
        engine = make_engine(database)
        engine.update_execution_options(compiled_cache=_Shared(engine.dialect))
        return engine

    Database._make_engine = with_shared_statements  # type: ignore[method-assign]
