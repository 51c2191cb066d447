"""SQLAlchemy's column types, but that they take whatever comes: nothing said elsewhere makes a row impossible to write.

A lone surrogate or a NUL is cleaned, text is cut to its column, a number beyond its column counts as the largest that
fits: no row has it as its id. What people enter is refused with a reason before it comes here (workbench.arguments).
"""

from __future__ import annotations

import zlib
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import Dialect, TypeDecorator
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine

from workbench.plain_text import storable

_PACKED_FROM = 400
_PLAIN = b"\x00"


class _Cleaned(TypeDecorator[Any]):
    """Compared with a value of another kind (`column * 1.0`) it steps aside, as SQLAlchemy's own types do."""

    kind: ClassVar[type]

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> TypeEngine[Any]:
        if isinstance(value, self.kind):
            return self
        return self.impl_instance.coerce_compared_value(op, value)


class Text(_Cleaned):
    """Text of any length."""

    impl = sa.Text
    cache_ok = True
    kind = str

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return storable(value) if isinstance(value, str) else value


class String(_Cleaned):
    """Text of so many characters at most."""

    impl = sa.String
    cache_ok = True
    kind = str

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return storable(value)[: self.length] if isinstance(value, str) else value


class Integer(_Cleaned):
    """A whole number of 32 bits."""

    impl = sa.Integer
    cache_ok = True
    kind = int

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return _within(value, 31)


class BigInteger(_Cleaned):
    """A whole number of 64 bits."""

    impl = sa.BigInteger
    cache_ok = True
    kind = int

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return _within(value, 63)


class Id(BigInteger):
    """A row's id. SQLite makes only INTEGER PRIMARY KEY a row id."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.BigInteger())


class Packed(TypeDecorator[str]):
    """Text of any length that SQLite keeps deflated; PostgreSQL does so by itself."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.LargeBinary()) if dialect.name == "sqlite" else self.impl_instance

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        raw = value.encode()
        return _PLAIN + raw if len(raw) < _PACKED_FROM else zlib.compress(raw, 1)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return unpack(value)


def unpack(value: bytes) -> str:
    """A `Packed` text as SQLite keeps it."""
    return (value[1:] if value[:1] == _PLAIN else zlib.decompress(value)).decode()


def _within(value: Any, bits: int) -> Any:
    if isinstance(value, int) and not -(1 << bits) <= value < 1 << bits:
        return (1 << bits) - 1 if value > 0 else -(1 << bits)
    return value
