"""How good forecasts were: what plans were expected to take beside what their jobs took. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from workbench.db.rows.forecasts import ForecastRun
from workbench.db.rows.record import Record


@dataclass(frozen=True, slots=True)
class Error(Record):
    """The median of how far runs were from what was expected, as a share of that: 0.1 is ten percent.

    `size` without its sign, `lean` with it: over nought they took more. None: not known of any run.
    """

    size: float | None
    lean: float | None
    runs: int


@dataclass(frozen=True, slots=True)
class ForecastError(Record):
    """Of one workflow with one model."""

    workflow: str
    model: str | None
    runs: int
    tokens: Error
    cost: Error
    time: Error


def measure(runs: Iterable[ForecastRun]) -> list[ForecastError]:
    """By workflow and model, those with most runs first."""
    groups: dict[tuple[str, str | None], list[ForecastRun]] = {}
    for run in runs:
        groups.setdefault((run.workflow, run.model), []).append(run)
    errors = [
        ForecastError(
            workflow,
            model,
            len(own),
            _median(_share(_tokens_of(run), run.expected_tokens) for run in own),
            _median(_share(run.cost_micros, _cost_of(run)) for run in own),
            _median(_share(run.ms, run.expected_ms) for run in own),
        )
        for (workflow, model), own in groups.items()
    ]
    return sorted(errors, key=lambda e: (-e.runs, e.workflow, e.model or ""))


def _tokens_of(run: ForecastRun) -> int | None:
    if run.input_tokens is None or run.output_tokens is None:
        return None
    return run.input_tokens + run.output_tokens


def _cost_of(run: ForecastRun) -> int | None:
    """What was expected in the currency that was paid in; unknown where a price was, or is of another currency."""
    if run.expected_unpriced:
        return None
    # what is free is free in every currency
    return run.expected_cost.get(run.currency or "", 0 if not any(run.expected_cost.values()) else None)


def _share(took: int | None, expected: int | None) -> float | None:
    if took is None or expected is None or (expected == 0 and took != 0):
        return None
    return (took - expected) / expected if expected else 0.0


def _median(shares: Iterable[float | None]) -> Error:
    known = [share for share in shares if share is not None]
    if not known:
        return Error(None, None, 0)
    return Error(median(map(abs, known)), median(known), len(known))
