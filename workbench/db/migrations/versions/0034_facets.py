"""Fewer rows for a question of months, of places, or of the models of a project: sums by eight days, and facets of
their own. They are summed up from the rows that there are; nothing has to be rolled up again."""

from collections.abc import Iterator, Sequence
from operator import add, itemgetter
from typing import Any

import sqlalchemy as sa
from alembic import op

from workbench.db import histograms

revision = "0034"
down_revision = "0033"

_HOUR_MS = 3_600_000
_LONGEST = 192
_USAGE_DIMENSIONS = (
    "project_id", "node_id", "workflow", "provider", "model", "profile_id", "created_by", "capability", "currency",
)  # fmt: skip
_USAGE_SUMS = (
    "calls", "unsent", "errors", "late", "judged", "valid", "wasted", "input_tokens", "input_known", "cached_tokens",
    "cached_known", "output_tokens", "output_known", "reasoning_tokens", "reasoning_known", "tokens", "tokens_known",
    "wasted_tokens", "cost_micros", "priced", "wasted_micros", "unpriced", "images", "video_seconds", "timed",
    "latency_ms",
)  # fmt: skip
_JOB_DIMENSIONS = (
    "pruned", "kind", "queue", "state", "project_id", "node_id", "profile_id", "created_by", "error_kind", "model",
)  # fmt: skip
_JOB_SUMS = ("jobs", "started", "wait_ms", "run_ms")
_USAGE = ("usage_hour", _USAGE_DIMENSIONS, _USAGE_SUMS, ("latency", "ttft"))
_JOBS = ("job_hour", _JOB_DIMENSIONS, _JOB_SUMS, ("wait", "run"))
_INDEXED = {
    "usage_hour": ("project_id", "workflow", "model", "node_id"),
    "job_hour": ("project_id", "kind", "model", "node_id"),
}


def upgrade() -> None:
    conn = op.get_bind()
    if conn.dialect.name != "sqlite":
        # a worker that is rolling up ends its batch first
        conn.execute(sa.text("SELECT pg_advisory_xact_lock(7214379)"))
    _drop_indexes()
    of_models = ("project_id", "provider", "model", "profile_id", "capability", "currency")
    for hours in (1, 8, 24):
        _sum_up(conn, _USAGE, ("full", hours), ("proj_model", hours), of_models)
    _sum_up(conn, _USAGE, ("node", 24), ("place", 24), ("project_id", "node_id", "currency"))
    for kept in (_USAGE, _JOBS):
        table, dimensions, *_ = kept
        facets = conn.scalars(sa.text(f"SELECT DISTINCT facet FROM {table} WHERE hours = 24 ORDER BY facet")).all()
        for facet in facets:
            if (table, facet) != ("job_hour", "node"):
                _sum_up(conn, kept, (facet, 24), (facet, _LONGEST), dimensions)
    # their hours are those of `pair` and `proj_model`, summed up
    op.execute("DELETE FROM usage_hour WHERE facet IN ('project', 'workflow') AND hours = 1")
    for table, columns in _INDEXED.items():
        for column in columns:
            known = sa.text(f"{column} IS NOT NULL")
            op.create_index(
                _name(table, column), table, [column, "facet", "hours", "at"],
                postgresql_where=known, sqlite_where=known,
            )  # fmt: skip


def downgrade() -> None:
    conn = op.get_bind()
    if conn.dialect.name != "sqlite":
        conn.execute(sa.text("SELECT pg_advisory_xact_lock(7214379)"))
    _drop_indexes()
    _sum_up(conn, _USAGE, ("proj_model", 1), ("project", 1), ("project_id", "capability", "currency"))
    _sum_up(conn, _USAGE, ("pair", 1), ("workflow", 1), ("workflow", "capability", "currency"))
    op.execute("DELETE FROM usage_hour WHERE facet IN ('proj_model', 'place')")
    for table, columns in _INDEXED.items():
        op.execute(f"DELETE FROM {table} WHERE hours = {_LONGEST}")
        for column in columns:
            facet = ["facet"] if column != "node_id" else []
            op.create_index(_name(table, column), table, [column, *facet, "hours", "at"])


def _drop_indexes() -> None:
    for table, columns in _INDEXED.items():
        for column in columns:
            op.drop_index(_name(table, column), table)


def _name(table: str, column: str) -> str:
    return f"ix_{table}_{column.removesuffix('_id')}"


def _sum_up(
    conn: sa.Connection, kept: tuple[Any, ...], source: tuple[str, int], target: tuple[str, int], shown: Sequence[str]
) -> None:
    """Rows of a facet by a span from those of another that tells more apart, or by a shorter one."""
    table, dimensions, sums, times = kept
    (facet, hours), span = source, target[1] * _HOUR_MS
    given = {"facet": facet, "hours": hours}
    query = sa.text(
        f"SELECT at, {', '.join((*dimensions, *sums, *times))} FROM {table} "
        "WHERE facet = :facet AND hours = :hours AND at >= :since AND at < :until"
    )
    names = ("facet", "hours", "at", *dimensions, *sums, *times)
    # to the driver as they are, which takes a fraction of the time
    mark = "?" if conn.dialect.paramstyle == "qmark" else "%s"
    insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"
    own = itemgetter(*(place + 1 if name in shown else -1 for place, name in enumerate(dimensions)))
    begin, end = 1 + len(dimensions), 1 + len(dimensions) + len(sums)
    for since, until in _list_stretches(conn, table, given):
        cells: dict[tuple[Any, ...], tuple[list[int], list[bytes | None], list[bytes | None]]] = {}
        for row in conn.execute(query, {**given, "since": since, "until": until}):
            key = (row[0] - row[0] % span, *own((*row, None)))
            if key not in cells:
                cells[key] = ([*row[begin:end]], [row[end]], [row[end + 1]])
                continue
            total, first, second = cells[key]
            total[:] = map(add, total, row[begin:end])
            first.append(row[end])
            second.append(row[end + 1])
        rows = [(*target, *key, *total, _merge(first), _merge(second)) for key, (total, first, second) in cells.items()]
        if rows:
            conn.exec_driver_sql(insert, rows)


def _merge(packed: list[bytes | None]) -> bytes | None:
    together: histograms.Histogram = {}
    histograms.add(together, packed)
    return histograms.pack(together)


def _list_stretches(conn: sa.Connection, table: str, given: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """Of eight days each, from the first row to the last, so that little is kept in memory."""
    query = sa.text(f"SELECT min(at), max(at) FROM {table} WHERE facet = :facet AND hours = :hours")
    first, last = conn.execute(query, given).one()
    size = _LONGEST * _HOUR_MS
    if first is not None:
        yield from ((at, at + size) for at in range(first - first % size, last + 1, size))
