"""Numbers of an archive: what one row can say, and what all of them come to together."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Column

from workbench.archives.form import refusal
from workbench.db.reads.archives import Part
from workbench.db.types import BigInteger, Id, Integer
from workbench.errors import InvalidInput
from workbench.i18n import N_
from workbench.json_types import JsonObject

#: the year 2100, epoch ms: every calendar can show what is before it
LAST_TIME = 4_102_444_800_000
#: micros, tokens, milliseconds, pieces: nobody has more, and thousands of archives together stay below 64 bits
MOST = 10**15
#: columns that are no amounts → what they can be
_BETWEEN = {
    "priority": (-1_000_000, 1_000_000), "progress": (0, 100), "max_attempts": (1, 1_000), "http_status": (0, 999),
}  # fmt: skip


class Amounts:
    """What the rows so far come to, column by column."""

    def __init__(self) -> None:
        self._sums: Counter[tuple[str, str]] = Counter()

    def check(self, part: Part, row: JsonObject) -> None:
        """Raises InvalidInput for a number that no row has, or that is too much with those before."""
        for column in part.columns:
            value = row[column.name]
            if value is None or not isinstance(column.type, Integer | BigInteger):
                continue
            least, most = _limits_of(column)
            if not least <= value <= most:
                raise _refuse(part.name, column.name, value)
            if most == MOST:
                self._add(part.name, column.name, value)

    def check_money(self, table: str, column: str, by_currency: dict[str, int]) -> None:
        """The same of what stands by currency in one column."""
        for currency, micros in by_currency.items():
            if not 0 <= micros <= MOST:
                raise _refuse(table, column, micros)
            self._add(table, f"{column}, {currency}", micros)

    def _add(self, table: str, column: str, value: int) -> None:
        self._sums[table, column] += value
        if self._sums[table, column] > MOST:
            raise refusal(
                N_("its rows of {table} come to more than can be counted ({column})"), table=table, column=column
            )


def _limits_of(column: Column[Any]) -> tuple[int, int]:
    if isinstance(column.type, Id):
        return 1, (1 << 63) - 1
    if column.name == "at" or column.name.endswith("_at"):
        return 0, LAST_TIME
    return _BETWEEN.get(column.name, (0, MOST))


def _refuse(table: str, column: str, value: int) -> InvalidInput:
    return refusal(N_("{column} of a row of {table} cannot be {number}"), table=table, column=column, number=value)
