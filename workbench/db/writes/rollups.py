"""Fill the rollups from their tails, beside the engine, which writes nothing for them but a number a call and a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import add, attrgetter, itemgetter
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, literal, select, text

from workbench.db import histograms
from workbench.db.connection import Ids, among
from workbench.db.histograms import Histogram
from workbench.db.rollup_tables import (
    JOB_FACTS,
    JOB_SUMS,
    USAGE_SUMS,
    job_hour,
    job_tail,
    job_undo,
    pruned_job,
    usage_hour,
    usage_tail,
    usage_undo,
)
from workbench.db.rollups import (
    CALLS_AND_JOBS,
    HOUR_MS,
    JOB_ALWAYS,
    JOB_DIMENSIONS,
    JOB_FACETS,
    MODEL_FACETS,
    SPANS,
    USAGE_ALWAYS,
    USAGE_DIMENSIONS,
    USAGE_FACETS,
    USAGE_TAIL,
    Facet,
    call_dimensions,
    job_sums,
    latency_of,
    usage_sums,
)
from workbench.db.schema import TERMINAL, job, model_call
from workbench.db.writes import ended, waste

#: calls, and jobs, that are rolled up in one transaction; and of a long history, by a command
BATCH, LARGE_BATCH = 2_000, 20_000
#: any constant: PostgreSQL's advisory lock for rolling up
_LOCK = 7_214_379
_LARGEST = (1 << 63) - 1

_ids = bindparam("ids", type_=Ids())


@dataclass(slots=True)
class Cell:
    """One row of a rollup in the making: its sums, and its two histograms."""

    sums: list[int]
    histograms: tuple[Histogram, Histogram] = field(default_factory=lambda: ({}, {}))

    def add(self, sums: Sequence[int], buckets: Sequence[tuple[int | None, int]]) -> None:
        """`buckets`: for each histogram a bucket, if there is one, and how often."""
        self.sums = list(map(add, self.sums, sums))
        for own, (bucket, times) in zip(self.histograms, buckets, strict=True):
            if bucket is not None:
                own[bucket] = own.get(bucket, 0) + times

    def add_cell(self, other: Cell) -> None:
        self.sums = list(map(add, self.sums, other.sums))
        for own, more in zip(self.histograms, other.histograms, strict=True):
            for bucket, times in more.items():
                own[bucket] = own.get(bucket, 0) + times


#: facet, hours, at, the dimensions in order, and of jobs whether they are pruned: the columns of a row's key
CellKey = tuple[Any, ...]
Cells = dict[CellKey, Cell]


class _Rollup:
    """The rows of one table in the making, from cells of the shortest span of each facet to what is written."""

    def __init__(
        self,
        table: Table,
        facets: Mapping[str, Facet],
        always: tuple[str, ...],
        dimensions: tuple[str, ...],
        sums: tuple[str, ...],
        times: tuple[str, str],
    ) -> None:
        self.facets, self.sums = facets, sums
        self.key = ("facet", "hours", "at", *dimensions, *(["pruned"] if "pruned" in table.c else []))
        #: of a call's or job's dimensions, and None after them, those that stand in a facet's rows
        self._shown = {
            name: itemgetter(
                *(place if d in {*facet.dimensions, *always} else len(dimensions) for place, d in enumerate(dimensions))
            )
            for name, facet in facets.items()
        }
        c = table.c
        given = (c.facet.in_(list(facets)), c.hours == bindparam("hours"), among(c["at"], _ids))
        self._keys = select(c.id, *(c[name] for name in self.key)).where(*given)
        self._rows = select(c.id, *(c[name] for name in (*sums, *times))).where(among(c.id, _ids))
        names = (*self.key, *sums, *times)
        self._insert = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        values = ", ".join(f"{name} = ?" for name in (*sums, *times))
        self._update = f"UPDATE {table.name} SET {values} WHERE id = ?"

    def add(
        self,
        cells: Cells,
        at: int,
        own: Sequence[Any],
        sums: Sequence[int],
        values: Sequence[tuple[int | None, int]],
        facets: Iterable[str],
        *rest: bool,
    ) -> None:
        """Add one call or job to a row of each facet, of the shortest span that it has. `own`: its dimensions in order,
        `values`: for each histogram a time, ms, and how often; `rest`: of a job whether it is pruned."""
        buckets = [(None if ms is None else histograms.bucket_of(ms), times) for ms, times in values]
        dimensions = (*own, None)
        for facet in facets:
            hours = self.facets[facet].spans[0]
            key = (facet, hours, at - at % (hours * HOUR_MS), *self._shown[facet](dimensions), *rest)
            self._find(cells, key).add(sums, buckets)

    def _find(self, cells: Cells, key: CellKey) -> Cell:
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = Cell([0] * len(self.sums))
        return cell

    def _sum_up_spans(self, cells: Cells) -> None:
        """Longer spans are sums of shorter ones."""
        for shorter, longer in pairwise(SPANS):
            size = longer * HOUR_MS
            for (facet, hours, at, *dimensions), cell in [*cells.items()]:
                if hours == shorter and longer in self.facets[facet].spans:
                    self._find(cells, (facet, longer, at - at % size, *dimensions)).add_cell(cell)

    def save(self, conn: Connection, cells: Cells) -> None:
        """Add these to the rows that there are, of their spans and of the longer ones."""
        self._sum_up_spans(cells)
        ids = self._find_rows(conn, cells)
        size = len(self.sums)
        changed: list[tuple[Any, ...]] = []
        for number, *old in conn.execute(self._rows, {"ids": [*ids]}).all() if ids else ():
            cell = cells[ids[number]]
            sums = _fit(list(map(add, cell.sums, old[:size])))
            changed.append((*sums, *map(_add_packed, cell.histograms, old[size:]), number))
        there = {*ids.values()}
        new = [
            (*key, *_fit(cell.sums), *map(histograms.pack, cell.histograms))
            for key, cell in cells.items()
            if key not in there
        ]
        # to the driver as they are: SQLAlchemy looks at each of forty values of each row for longer than all else takes
        mark = "?" if conn.dialect.paramstyle == "qmark" else "%s"
        for statement, rows in ((self._insert, new), (self._update, changed)):
            if rows:
                conn.exec_driver_sql(statement.replace("?", mark), rows)

    def _find_rows(self, conn: Connection, cells: Cells) -> dict[int, CellKey]:
        """The number of each row that is there already → its key."""
        found: dict[int, CellKey] = {}
        for hours in SPANS:
            starts = sorted({key[2] for key in cells if key[1] == hours})
            if starts:
                for row in conn.execute(self._keys, {"hours": hours, "ids": starts}).all():
                    if (key := row[1:]) in cells:
                        found[row[0]] = key
        return found


def _add_packed(more: Histogram, packed: bytes | None) -> bytes | None:
    if not more:
        return packed
    together = dict(more)
    histograms.add(together, [packed])
    return histograms.pack(together)


def _fit(sums: list[int]) -> list[int]:
    """Each as large as its column holds at most."""
    if min(sums) >= -_LARGEST and max(sums) <= _LARGEST:
        return sums
    return [max(-_LARGEST, min(_LARGEST, value)) for value in sums]


USAGE = _Rollup(usage_hour, USAGE_FACETS, USAGE_ALWAYS, USAGE_DIMENSIONS, USAGE_SUMS, ("latency", "ttft"))
JOBS = _Rollup(job_hour, {**JOB_FACETS, **MODEL_FACETS}, JOB_ALWAYS, JOB_DIMENSIONS, JOB_SUMS, ("wait", "run"))


def fold(conn: Connection, most: int = BATCH) -> int:
    """Roll up the oldest calls and jobs of the tails; returns how many. 0 also while another process does so."""
    if conn.dialect.name != "sqlite":
        free = conn.execute(select(func.pg_try_advisory_xact_lock(_LOCK))).scalar_one()
        if not free:
            return 0
    calls, undone = _fold_calls(conn, most)
    jobs, undone_jobs = _fold_jobs(conn, most)
    return len(calls) + undone + len(jobs) + undone_jobs + waste.fold(conn, calls, jobs, most)


def is_due(conn: Connection) -> bool:
    """Whether anything waits that can be rolled up."""
    waiting = select(literal(1)).select_from(USAGE_TAIL)
    return waste.is_due(conn) or any(
        conn.execute(query.limit(1)).first() is not None
        for query in (waiting.where(*_settled), select(job_tail.c.job_id), select(job_undo.c.id),
                      select(usage_undo.c.id))
    )  # fmt: skip


#: calls under way, and long tasks whose cost is still to come, stay in the tail
_settled = (model_call.c.outcome != "sent", model_call.c.expected_micros.is_(None))


def _call_columns(c: Any, jobs: Any | None) -> list[Any]:
    times = [c.started_at.label("at"), latency_of(c).label("latency"), c.ttft_ms.label("ttft")]
    dimensions = [column.label(name) for name, column in call_dimensions(c, jobs).items()]
    return [*times, *dimensions, *(column.label(f"sum_{name}") for name, column in usage_sums(c).items())]


_next_calls = (
    select(usage_tail.c.call_id)
    .select_from(USAGE_TAIL)
    .where(*_settled)
    .order_by(usage_tail.c.call_id)
    .limit(bindparam("most"))
    # one that is just being changed comes with the next round
    .with_for_update(of=usage_tail, skip_locked=True)
)
_calls = select(*_call_columns(model_call.c, job.c)).select_from(CALLS_AND_JOBS).where(among(model_call.c.id, _ids))
_undone_calls = (
    select(usage_undo.c.id, *_call_columns(usage_undo.c, None)).order_by(usage_undo.c.id).limit(bindparam("most"))
)


def _fold_calls(conn: Connection, most: int) -> tuple[list[int], int]:
    """The calls that left the tail, and how many were taken away."""
    cells: Cells = {}
    taken = list(conn.scalars(_next_calls, {"most": most}))
    if taken:
        for row in conn.execute(_calls, {"ids": taken}):
            _add_call(cells, row, 1)
        conn.execute(delete(usage_tail).where(among(usage_tail.c.call_id, _ids)), {"ids": taken})
        ended.save_callers(conn, taken)
    undone = conn.execute(_undone_calls, {"most": most}).all()
    if undone:
        for row in undone:
            _add_call(cells, row, -1)
        conn.execute(delete(usage_undo).where(among(usage_undo.c.id, _ids)), {"ids": [row.id for row in undone]})
    if cells:
        USAGE.save(conn, cells)
    return taken, len(undone)


_of_call = attrgetter(*USAGE_DIMENSIONS)


def _add_call(cells: Cells, row: Any, sign: int) -> None:
    sums = [sign * int(value) for value in row[-len(USAGE_SUMS) :]]
    USAGE.add(cells, row.at, _of_call(row), sums, [(row.latency, sign), (row.ttft, sign)], USAGE_FACETS)


def _job_columns(c: Any) -> list[Any]:
    names = ("project_id", "node_id", "kind", "queue", "profile_id", "created_by", "error_kind", "state")
    times = [
        c.finished_at.label("at"),
        (c.started_at - c.created_at).label("wait"),
        (c.finished_at - c.started_at).label("run"),
    ]
    return [*times, *(c[n] for n in names), *(column.label(f"sum_{n}") for n, column in job_sums(c).items())]


_next_jobs = (
    select(job_tail.c.job_id).order_by(job_tail.c.job_id).limit(bindparam("most")).with_for_update(skip_locked=True)
)
_jobs = select(job.c.id, *_job_columns(job.c)).where(among(job.c.id, _ids))
_models = select(model_call.c.job_id, model_call.c.model).where(among(model_call.c.job_id, _ids)).distinct()
_undone_jobs = (
    select(job_undo.c.id, job_undo.c.sign, job_undo.c.models, *_job_columns(job_undo.c))
    .order_by(job_undo.c.id)
    .limit(bindparam("most"))
)


def _fold_jobs(conn: Connection, most: int) -> tuple[list[int], int]:
    """The jobs that left the tail, and how many were taken away."""
    cells: Cells = {}
    taken = list(conn.scalars(_next_jobs, {"most": most}))
    if taken:
        models: dict[int, list[str]] = {}
        for job_id, model in conn.execute(_models, {"ids": taken}):
            models.setdefault(job_id, []).append(model)
        for row in conn.execute(_jobs, {"ids": taken}):
            _add_job(cells, row, models.get(row.id, []), 1, pruned=False)
        conn.execute(delete(job_tail).where(among(job_tail.c.job_id, _ids)), {"ids": taken})
        ended.save(conn, taken)
    undone = conn.execute(_undone_jobs, {"most": most}).all()
    if undone:
        for row in undone:
            _add_job(cells, row, row.models.split("\n") if row.models else [], row.sign, pruned=row.sign > 0)
        conn.execute(delete(job_undo).where(among(job_undo.c.id, _ids)), {"ids": [row.id for row in undone]})
    if cells:
        JOBS.save(conn, cells)
    return taken, len(undone)


# the model stands last
_of_job = attrgetter(*JOB_DIMENSIONS[:-1])


def _add_job(cells: Cells, row: Any, models: Iterable[str], sign: int, *, pruned: bool) -> None:
    if row.at is None:
        return
    own = _of_job(row)
    sums = [sign * int(value) for value in row[-len(JOB_SUMS) :]]
    values = [(row.wait, sign), (row.run, sign)]
    JOBS.add(cells, row.at, (*own, None), sums, values, JOB_FACETS, pruned)
    for model in models:
        JOBS.add(cells, row.at, (*own, model), sums, values, MODEL_FACETS, pruned)


def keep_pruned(conn: Connection, job_ids: Sequence[int]) -> None:
    """Before jobs are removed: what they count for stays counted for ever. Waits for a round of folding, and no other
    begins in this transaction."""
    if conn.dialect.name != "sqlite":
        conn.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    waste.keep_pruned(conn, job_ids)
    from workbench.db.rollup_triggers import models_of

    models = text(models_of(conn.dialect.name, "job.id"))
    facts = [job.c[name] for name in JOB_FACTS]
    ended = (among(job.c.id, _ids), job.c.state.in_(TERMINAL), job.c.finished_at.isnot(None))
    for table, column, own in ((job_undo, "sign", literal(1)), (pruned_job, "job_id", job.c.id)):
        given = select(own, models, *facts).where(*ended)
        conn.execute(insert(table).from_select([column, "models", *JOB_FACTS], given), {"ids": [*job_ids]})


def start_anew(conn: Connection) -> None:
    """Put all calls and ended jobs into the tails again; what pruned jobs count for stays. `fold` does the rest."""
    if conn.dialect.name != "sqlite":
        conn.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        # whoever changes a call or a job looks into these first
        conn.execute(text("LOCK TABLE job_tail, usage_tail IN EXCLUSIVE MODE"))
    for table in (usage_hour, usage_undo, usage_tail, job_tail):
        conn.execute(delete(table))
    conn.execute(delete(job_hour).where(job_hour.c.pruned.is_(False)))
    conn.execute(delete(job_undo).where(job_undo.c.sign < 0))
    waste.start_anew(conn)
    conn.execute(insert(usage_tail).from_select(["call_id"], select(model_call.c.id)))
    ended = select(job.c.id).where(job.c.state.in_(TERMINAL))
    conn.execute(insert(job_tail).from_select(["job_id"], ended))
