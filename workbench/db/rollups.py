"""What the rollups hold, and what each number of them means. `docs/engineers.md` says the same to people.

Reads ask `db/reads/rollups.py`; workers fill them by `db/writes/rollups.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal_column, or_

from workbench.db.rollup_tables import USAGE_SUMS, job_tail, usage_tail
from workbench.db.schema import job, model_call

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
#: what a row sums up, hours: by the third of a UTC day the days of other zones are put together from few rows, by
#: eight days months are
SPANS = (1, 8, 24, 192)
THIRD_MS, LONGEST_MS = 8 * HOUR_MS, SPANS[-1] * HOUR_MS
#: nearly every row of an hour would be one call's, or one job's
_DAILY = SPANS[2:]
#: hours are nearly as many as those of the facet below, which has the same and more
_BUT_HOURS = SPANS[1:]


@dataclass(frozen=True, slots=True)
class Facet:
    """The dimensions that its rows tell apart, besides currency or state, and the spans for which there are rows: from
    one of `SPANS` to another, without a gap."""

    dimensions: tuple[str, ...]
    spans: tuple[int, ...] = SPANS


#: those with few rows first
USAGE_FACETS: dict[str, Facet] = {
    "all": Facet(("capability",)),
    "model": Facet(("provider", "model", "profile_id", "capability")),
    "workflow": Facet(("workflow", "capability"), _BUT_HOURS),
    "user": Facet(("created_by", "capability")),
    "project": Facet(("project_id", "capability"), _BUT_HOURS),
    "pair": Facet(("workflow", "provider", "model", "profile_id", "capability")),
    "proj_model": Facet(("project_id", "provider", "model", "profile_id", "capability")),
    "place": Facet(("project_id", "node_id"), _DAILY),
    "full": Facet(("project_id", "created_by", "workflow", "provider", "model", "profile_id", "capability")),
    "node": Facet(("project_id", "node_id", "workflow", "model", "capability"), _DAILY),
}
USAGE_ALWAYS = ("currency",)
USAGE_DIMENSIONS = (
    "project_id", "node_id", "workflow", "provider", "model", "profile_id", "created_by", "capability", *USAGE_ALWAYS,
)  # fmt: skip
#: the same of ended jobs
JOB_FACETS: dict[str, Facet] = {
    "all": Facet(()),
    "kind": Facet(("kind", "queue")),
    "project": Facet(("project_id", "kind", "queue")),
    "full": Facet(("project_id", "created_by", "profile_id", "kind", "queue", "error_kind"), _DAILY),
    # asked of a few places, which an index finds
    "node": Facet(("project_id", "node_id", "kind"), (24,)),
}
#: and of jobs that called a model, once for each that they called
MODEL_FACETS: dict[str, Facet] = {
    "model": Facet(("model",)),
    "model_full": Facet(("model", "project_id", "kind")),
}
JOB_ALWAYS = ("state",)
JOB_DIMENSIONS = (
    "project_id", "node_id", "kind", "queue", "profile_id", "created_by", "error_kind", *JOB_ALWAYS, "model",
)  # fmt: skip

#: kinds of a call that brought an answer which cannot be read
UNREADABLE = ("malformed_output", "invalid_output", "truncated_output", "empty_output")


#: from a time to before another, epoch ms
Range = tuple[int, int]


def local_midnight(at: ColumnElement[int], offsets: Sequence[tuple[int, int]]) -> ColumnElement[int]:
    """When the day of a moment begins in a zone, by a clock that stands on UTC, epoch ms. `offsets`: (from, offset from
    UTC), ms, of the zone, oldest first (`periods.list_offsets`)."""
    (_, first), *later = offsets
    local = at + (case(*((at >= begin, ms) for begin, ms in reversed(later)), else_=first) if later else first)
    return local - local % DAY_MS


def cover(spans: Sequence[int], since: int, until: int) -> tuple[list[tuple[int, Range]], list[Range]]:
    """What of a stretch of time rows of these hours sum up, the longest first, and what none does."""
    covered: list[tuple[int, Range]] = []
    rest = [(since, until)] if since < until else []
    for hours in sorted(spans, reverse=True):
        span, left = hours * HOUR_MS, list[Range]()
        for begin, end in rest:
            first, last = -(-begin // span) * span, end // span * span
            if first < last:
                covered.append((hours, (first, last)))
                left += [(begin, first), (last, end)]
            else:
                left.append((begin, end))
        rest = [(begin, end) for begin, end in left if begin < end]
    return covered, rest


def pick(facets: Mapping[str, Facet], always: Collection[str], wanted: Collection[str]) -> dict[int, str]:
    """Span → the facet with the fewest rows that tells these dimensions apart by it. Raises KeyError."""
    picked: dict[int, str] = {}
    for name, facet in facets.items():
        if {*wanted} <= {*facet.dimensions, *always}:
            for span in facet.spans:
                picked.setdefault(span, name)
    if not picked:
        raise KeyError(", ".join(sorted(wanted)))
    return picked


def is_unpriced(c: Any) -> ColumnElement[bool]:
    """A call that was, or may have been, charged at a price nobody knows (`CallSummary.unpriced`). `c`: the columns of
    `model_call`, or of `usage_undo`."""
    return and_(
        c.cost_micros.is_(None),
        c.expected_micros.is_(None),
        c.provider != "sketch",
        or_(
            c.outcome.in_(("ok", "late", "lost")),
            (c.outcome == "error")
            & or_(
                c.http_status.is_(None),
                c.http_status < 400,
                (c.http_status >= 500) & (c.capability != "text"),
            ),
        ),
    )


def is_sent(c: Any) -> ColumnElement[bool]:
    """A call that reached its service; one that did not is no call. `c` as in `is_unpriced`."""
    return or_(c.price_source.is_(None), c.price_source != "not sent")


def usage_sums(c: Any) -> dict[str, ColumnElement[Any]]:
    """Name → what one call adds to the sum; `c` as in `is_unpriced`.

    A call that never reached its service is none: `unsent`. Judged are texts that had to keep to a schema and came, be
    it unreadable; chats, pictures and clips are not. Wasted is what was paid, or used, for nothing that could be used.
    """
    sent = is_sent(c)
    structured = and_(
        c.capability == "text",
        or_(c.mode.in_(("json_schema", "json_object")), c.prompt_name.isnot(None), c.purpose == "repair"),
    )
    unreadable = and_(c.valid.is_(None), c.outcome == "error", c.error_kind.in_(UNREADABLE))
    wasted = and_(sent, or_(c.outcome.in_(("error", "lost", "late")), c.valid.is_(False)))
    tokens = c.input_tokens + c.output_tokens
    sums = {
        "calls": sent,
        "unsent": ~sent,
        "errors": and_(sent, c.outcome.in_(("error", "lost"))),
        "late": c.outcome == "late",
        "judged": and_(structured, or_(c.valid.isnot(None), unreadable)),
        "valid": and_(structured, c.valid.is_(True)),
        "wasted": wasted,
    }
    values: dict[str, ColumnElement[Any]] = {name: case((condition, 1), else_=0) for name, condition in sums.items()}
    for name in ("input", "cached", "output", "reasoning"):
        column = c[f"{name}_tokens"]
        values[f"{name}_tokens"] = func.coalesce(column, 0)
        values[f"{name}_known"] = case((column.isnot(None), 1), else_=0)
    values["tokens"] = func.coalesce(tokens, 0)
    values["tokens_known"] = case((tokens.isnot(None), 1), else_=0)
    used = func.coalesce(c.input_tokens, 0) + func.coalesce(c.output_tokens, 0)
    values["wasted_tokens"] = case((wasted, used), else_=0)
    values["cost_micros"] = func.coalesce(c.cost_micros, 0)
    values["priced"] = case((c.cost_micros.isnot(None), 1), else_=0)
    values["wasted_micros"] = case((wasted, func.coalesce(c.cost_micros, 0)), else_=0)
    values["unpriced"] = case((is_unpriced(c), 1), else_=0)
    values["images"] = func.coalesce(c.images, 0)
    values["video_seconds"] = func.coalesce(c.video_seconds, 0)
    values["timed"] = case((latency_of(c).isnot(None), 1), else_=0)
    values["latency_ms"] = func.coalesce(latency_of(c), 0)
    return {name: values[name] for name in USAGE_SUMS}


def latency_of(c: Any) -> ColumnElement[Any]:
    """Of an answered call; NULL of any other."""
    return case((c.outcome.in_(("ok", "late")), c.latency_ms))


def call_dimensions(c: Any, jobs: Any | None) -> dict[str, ColumnElement[Any]]:
    """`jobs`: the columns of the call's job, outer-joined, where the node and the person stand; None: in `c`."""
    own = {name: c[name] for name in USAGE_DIMENSIONS}
    if jobs is not None:
        for name in ("node_id", "created_by"):
            own[name] = func.coalesce(c[name], jobs[name])
    return own


def job_sums(c: Any) -> dict[str, ColumnElement[Any]]:
    """What one ended job adds; `c`: the columns of `job`, or of `job_undo`. Times are 0 of one that never started."""
    return {
        "jobs": case((c.kind.isnot(None), 1), else_=0),
        "started": case((c.started_at.isnot(None), 1), else_=0),
        "wait_ms": func.coalesce(c.started_at - c.created_at, 0),
        "run_ms": func.coalesce(c.finished_at - c.started_at, 0),
    }


#: calls, with their jobs
CALLS_AND_JOBS = model_call.outerjoin(job, job.c.id == model_call.c.job_id)
# A sum on the tail's side: without it SQLite goes through all calls and looks each up in the tail, which has a few.
_call_id, _job_id = (column + literal_column("0") for column in (usage_tail.c.call_id, job_tail.c.job_id))
USAGE_TAIL = usage_tail.join(model_call, model_call.c.id == _call_id)
JOB_TAIL = job_tail.join(job, job.c.id == _job_id)
