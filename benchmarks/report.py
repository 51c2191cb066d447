"""What was measured, beside its target."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """One figure. `at_most` and `at_least` are its targets; without either it is there for comparison."""

    section: str
    what: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}

    def as_row(self) -> str:
        target = ""
        if self.at_least is not None:
            target = f"≥ {_number(self.at_least)}"
        elif self.at_most is not None:
            target = f"≤ {_number(self.at_most)}"
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        return (
            f"  {self.what:<58} {_number(self.value):>9} {self.unit:<7} {target:>9} {verdict:<7} {self.note}".rstrip()
        )


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(lines: Sequence[Line]) -> str:
    """Sections in the order of their first line."""
    rows: list[str] = []
    for section in dict.fromkeys(line.section for line in lines):
        rows.append(f"\n{section}")
        rows.extend(line.as_row() for line in lines if line.section == section)
    return "\n".join(rows)


def median(values: Sequence[float]) -> float:
    return float(statistics.median(values))


def percentile(values: Sequence[float], share: float) -> float:
    """By nearest rank."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]
