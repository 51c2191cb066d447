"""Columns that hold a word of a small vocabulary: a state, an outcome."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, and_, literal_column
from sqlalchemy.sql import operators

_WORD = re.compile(r"[a-z_]{1,40}")


class Word(String):
    """A word of a small vocabulary. A comparison writes the word itself into the statement, not a parameter.

    An index with a condition such as ``state IN ('queued', 'running', 'waiting')`` is of no use to a statement that
    compares with parameters: SQLite then reads the whole table, and so does PostgreSQL once it keeps a plan for any
    value. SQLite does not even conclude that a job that is 'running' is one of these. `groups` names such conditions:
    a comparison with words of a group says as well that the column is one of the group, in the index's own words.
    """

    def __init__(self, length: int, groups: tuple[tuple[str, ...], ...] = ()) -> None:
        super().__init__(length)
        self.groups = groups

    class Comparator(String.Comparator[Any]):
        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            words = _words(op, other)
            if words is None:
                return super().operate(op, *other, **kwargs)
            plain: Callable[..., ColumnElement[bool]] = super().operate
            constants = [_constant(word) for word in words]
            single = op in (operators.eq, operators.ne)
            compared = plain(op, constants[0] if single else constants, **kwargs)
            if op in (operators.ne, operators.not_in_op):
                return compared
            declared: Word = self.type  # type: ignore[assignment]
            for group in declared.groups:
                if set(words) == set(group):
                    return plain(operators.in_op, [_constant(word) for word in group])
                if set(words) < set(group):
                    return and_(plain(operators.in_op, [_constant(word) for word in group]), compared)
            return compared

    comparator_factory = Comparator


def _words(op: Any, other: Sequence[Any]) -> list[str] | None:
    """The words that are compared with; None: this is no comparison with words."""
    if op in (operators.eq, operators.ne):
        words = [other[0]]
    elif op in (operators.in_op, operators.not_in_op) and isinstance(other[0], list | tuple | set | frozenset):
        words = sorted(other[0]) if isinstance(other[0], set | frozenset) else list(other[0])
    else:
        return None
    return words if words and all(isinstance(w, str) and _WORD.fullmatch(w) for w in words) else None


def _constant(word: str) -> ColumnElement[str]:
    return literal_column(f"'{word}'", String())
