"""Sums over the ledger: tokens, latency, cost and success."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

from workbench.db.rows.record import Record


@dataclass(frozen=True, slots=True)
class UsageTotals(Record):
    """Calls of a group. What it was not grouped by is None; a sum of tokens is None when no call of the group reported
    it, every sum when there was no call.

    `calls`: those that reached their service; `unsent`: the others. `errors`: calls that failed, or were lost.
    `judged`: texts that had to keep to a schema, and came; `valid`: those that did so at once. `wasted`: calls whose
    answer was of no use, with their tokens.
    """

    day: int | None
    model: str | None
    workflow: str | None
    calls: int
    errors: int | None
    judged: int | None
    valid: int | None
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    unsent: int | None = None
    late: int | None = None
    wasted: int | None = None
    wasted_tokens: int | None = None
    images: int | None = None
    video_seconds: int | None = None
    project_id: int | None = None
    node_id: int | None = None
    profile_id: int | None = None
    provider: str | None = None
    capability: str | None = None
    created_by: str | None = None


@dataclass(frozen=True, slots=True)
class UsageCost(Record):
    """What a group's calls of one currency cost. `wasted_micros`: of calls whose answer was of no use; `unknown`: calls
    that were, or may have been, charged at a price nobody knows."""

    day: int | None
    model: str | None
    workflow: str | None
    currency: str | None
    cost_micros: int | None
    wasted_micros: int | None
    unknown: int | None
    project_id: int | None = None
    node_id: int | None = None
    profile_id: int | None = None
    provider: str | None = None
    capability: str | None = None
    created_by: str | None = None


@dataclass(frozen=True, slots=True)
class Latency(Record):
    """Percentiles (nearest rank, within 2 %, ms) of a group's answered calls; `ttft_p50`: of the time to the first
    token."""

    day: int | None
    model: str | None
    workflow: str | None
    p50: int | None
    p95: int | None
    p99: int | None
    calls: int
    ttft_p50: int | None
    project_id: int | None = None
    node_id: int | None = None
    profile_id: int | None = None
    provider: str | None = None
    capability: str | None = None
    created_by: str | None = None


@dataclass(frozen=True, slots=True)
class JobSuccess(Record):
    """Ended jobs: `done` is succeeded, partial and failed together. `day`: None unless asked by day."""

    day: int | None
    done: int | None
    succeeded: int | None


@dataclass(frozen=True, slots=True)
class JobTimes(Record):
    """Percentiles (nearest rank, within 2 %, ms) of how long ended jobs had waited before their first claim, and how
    long they ran from there to their end; None where none began. `day` and `workflow`: None unless asked by them."""

    day: int | None
    jobs: int
    wait_p50: int | None
    wait_p95: int | None
    run_p50: int | None
    run_p95: int | None
    workflow: str | None = None


@dataclass(frozen=True, slots=True)
class HourEnds(Record):
    """Jobs that ended within an hour (its beginning, epoch ms), cancelled ones aside, and how many of them
    succeeded."""

    hour: int
    done: int
    succeeded: int


@dataclass(frozen=True, slots=True)
class HourCost(Record):
    """What calls of one currency cost that began within an hour (its beginning, epoch ms); `unknown`: calls that were,
    or may have been, charged at a price nobody knows."""

    hour: int
    currency: str | None
    cost_micros: int | None
    unknown: int


OfKept = Literal["nothing", "costs", "everything"]


@dataclass(frozen=True, slots=True)
class BoardSums(Record):
    """What the board's cards show of the jobs that match: the day that ends now and the one before, by their hours, of
    which the first and the last are begun; the waits of the last hour and of the one before (p95, ms), with those of
    the last hour in twelfths. `of_kept`: what leaves out jobs that were pruned."""

    ended: list[HourEnds]
    ended_before: list[HourEnds]
    costs: list[HourCost]
    costs_before: list[HourCost]
    waits: list[int | None]
    recent_waits: list[int | None]
    of_kept: OfKept = "nothing"


@dataclass(frozen=True, slots=True)
class Spending(Record):
    """What jobs used and cost together. `tokens`: None when none was reported; `cost`: micros by currency, as far as it
    is known; `unpriced`: calls that were, or may have been, charged at a price nobody knows."""

    calls: int
    tokens: int | None
    cost: dict[str, int]
    unpriced: int

    @property
    def free(self) -> bool:
        """Whether it is certain that nothing was charged."""
        return not self.unpriced and not any(self.cost.values())


@dataclass(frozen=True, slots=True)
class GroupSpending(Record):
    """What the calls of one project, episode, scene, workflow, model, profile or user used and cost. `key`: its id or
    name, None for calls that belong to none; `title`: of what has an id, `project`: the title of its project."""

    key: int | str | None
    title: str | None
    project: str | None
    spent: Spending


@dataclass(frozen=True, slots=True)
class RunSpending(Record):
    """What one run of many jobs used and cost with all that it started, however far down. `parent_id`: the run that it
    is a part of itself; then it counts in that one, too."""

    job_id: int
    kind: str
    state: str
    node_id: int | None
    parent_id: int | None
    created_at: int
    spent: Spending


@dataclass(frozen=True, slots=True)
class MeanRun(Record):
    """What the newest runs of a workflow took on average. `priced`: how many of them have a known cost; `cached` is a
    part of `input`."""

    runs: int
    input: float | None
    cached: float | None
    output: float | None
    ms: float | None
    micros: float | None
    priced: int
    currencies: int
    currency: str | None


class CallFilters(TypedDict, total=False):
    """Which calls of the ledger: every filter that is given must hold, None is no filter."""

    #: before this moment, epoch ms
    until: int | None
    project: int | None
    workflow: str | None
    model: str | None
    profile: int | None
    #: who asked for the job
    user: str | None
    #: text, image or video
    capability: str | None
    #: of a node and of everything below it
    node: int | None


class EndedFilters(TypedDict, total=False):
    """Which ended jobs count, in the same way."""

    #: ended before this moment, epoch ms
    until: int | None
    project: int | None
    workflow: str | None
    #: that has been called by the job
    model: str | None
    profile: int | None
    #: who asked for it
    user: str | None
    #: of a node and of everything below it
    node: int | None
