"""What plans were expected to take, and what they took."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.db.rows.record import Record

#: the workflow of the row that is about the whole plan
WHOLE = ""


@dataclass(frozen=True, slots=True)
class StoredForecast(Record):
    """What one run of a workflow, or with WHOLE a whole plan, was expected to take when the plan was launched.

    `cost`: micros by currency, without the `unpriced` jobs whose price nobody knew. `tokens` None: not known.
    """

    job_id: int
    workflow: str
    model: str | None
    jobs: int
    tokens: int | None
    ms: int
    cost: dict[str, int]
    unpriced: int


@dataclass(frozen=True, slots=True)
class ForecastRun(Record):
    """One succeeded job of a plan beside what its plan expected of it. None: not known."""

    workflow: str
    model: str | None
    expected_tokens: int | None
    expected_ms: int
    expected_cost: dict[str, int]
    expected_unpriced: int
    input_tokens: int | None
    output_tokens: int | None
    cost_micros: int | None
    currency: str | None
    ms: int | None
