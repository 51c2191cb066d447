"""The tables of the rollups: what calls, ended jobs and waste come to by hour, and what is not summed up yet.

Triggers of the database write down what changed (rollup_triggers.py, waste_triggers.py), maintenance folds it in
(writes/rollups.py, writes/waste.py); see ADR 0051 and 0055.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table, text

from workbench.db.schema import Ms, job, metadata, model_call
from workbench.db.types import BigInteger, Id, Integer, String, Text
from workbench.db.words import Word

#: what is summed up of calls (workbench/db/rollups.py says what each counts) …
USAGE_SUMS = (
    "calls", "unsent", "errors", "late", "judged", "valid", "wasted",
    "input_tokens", "input_known", "cached_tokens", "cached_known", "output_tokens", "output_known",
    "reasoning_tokens", "reasoning_known", "tokens", "tokens_known", "wasted_tokens",
    "cost_micros", "priced", "wasted_micros", "unpriced", "images", "video_seconds", "timed", "latency_ms",
)  # fmt: skip
#: … and of ended jobs
JOB_SUMS = ("jobs", "started", "wait_ms", "run_ms")
#: what of a call its rollup is made from; of a change after it was rolled up, the columns as they were before
CALL_FACTS = (
    "started_at", "project_id", "node_id", "workflow", "provider", "model", "profile_id", "capability", "created_by",
    "currency", "purpose", "mode", "prompt_name", "outcome", "valid", "error_kind", "http_status", "price_source",
    "cost_micros", "expected_micros", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "images",
    "video_seconds", "latency_ms", "ttft_ms",
)  # fmt: skip
#: the same of a job
JOB_FACTS = (
    "kind", "queue", "state", "project_id", "node_id", "profile_id", "created_by", "error_kind", "created_at",
    "started_at", "finished_at",
)  # fmt: skip


def _facts(table: Table, names: tuple[str, ...]) -> list[Column[Any]]:
    return [Column(name, table.c[name].type) for name in names]


def _index_by(table: str, column: str) -> Index:
    """Of the facets that tell it apart: rows of the others would only be written there."""
    known = text(f"{column} IS NOT NULL")
    name = f"ix_{table}_{column.removesuffix('_id')}"
    return Index(name, column, "facet", "hours", "at", postgresql_where=known, sqlite_where=known)


# calls and ended jobs that no rollup holds yet; the database's triggers put them here (rollup_triggers.py)
usage_tail = Table("usage_tail", metadata, Column("call_id", Id, primary_key=True))
job_tail = Table("job_tail", metadata, Column("job_id", Id, primary_key=True))

# what rollups hold and must lose: a call that changed, or went, after it was rolled up
usage_undo = Table("usage_undo", metadata, Column("id", Id, primary_key=True), *_facts(model_call, CALL_FACTS))
job_undo = Table(
    "job_undo",
    metadata,
    Column("id", Id, primary_key=True),
    # -1: to be taken away; 1: of a pruned job, to be kept for ever
    Column("sign", Integer, nullable=False),
    # the models that it called, a line each; NULL: none
    Column("models", Text),
    *_facts(job, JOB_FACTS),
)

# every pruned job, one narrow row each: begun hours, and days that begin within an hour, are counted job by job. In the
# order of their ends, of which always some stretch is asked for
pruned_job = Table(
    "pruned_job",
    metadata,
    Column("finished_at", Ms, primary_key=True, autoincrement=False),
    Column("job_id", Id, primary_key=True, autoincrement=False),
    # as in `job_undo`
    Column("models", Text),
    *_facts(job, tuple(name for name in JOB_FACTS if name != "finished_at")),
    sqlite_with_rowid=False,
)

# sums over calls: by the hour, the UTC day and more, once for each facet. A facet names the dimensions that its rows
# tell apart; the others are NULL. `workbench/db/rollups.py` says which there are.
usage_hour = Table(
    "usage_hour",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facet", Word(12), nullable=False),
    # 1, 8, 24 or 192
    Column("hours", Integer, nullable=False),
    Column("at", Ms, nullable=False),
    Column("project_id", Id),
    Column("node_id", Id),
    Column("workflow", String(80)),
    Column("provider", String(40)),
    Column("model", String(200)),
    Column("profile_id", Id),
    Column("capability", String(20)),
    Column("created_by", String(120)),
    Column("currency", String(3)),
    *(Column(name, BigInteger, nullable=False) for name in USAGE_SUMS),
    # packed histograms of milliseconds (workbench/db/histograms.py); NULL: of no call
    Column("latency", LargeBinary),
    Column("ttft", LargeBinary),
    Index("ix_usage_hour_facet", "facet", "hours", "at"),
    *(_index_by("usage_hour", column) for column in ("project_id", "workflow", "model", "node_id")),
)

# the same of jobs that have ended, by when they ended
job_hour = Table(
    "job_hour",
    metadata,
    Column("id", Id, primary_key=True),
    Column("facet", Word(12), nullable=False),
    Column("hours", Integer, nullable=False),
    Column("at", Ms, nullable=False),
    # of pruned jobs: no recount finds them
    Column("pruned", Boolean, nullable=False),
    Column("kind", String(80)),
    Column("queue", String(20)),
    Column("state", String(20)),
    Column("project_id", Id),
    Column("node_id", Id),
    Column("profile_id", Id),
    Column("created_by", String(120)),
    Column("error_kind", String(40)),
    Column("model", String(200)),
    *(Column(name, BigInteger, nullable=False) for name in JOB_SUMS),
    # from created to started, and from started to finished
    Column("wait", LargeBinary),
    Column("run", LargeBinary),
    Index("ix_job_hour_facet", "facet", "hours", "at"),
    *(_index_by("job_hour", column) for column in ("project_id", "kind", "model", "node_id")),
)

# calls whose waste may be another than `wasted_call` says, besides those of the tails above: calls that went; versions
# that may have replaced others, or used them. The database's triggers put them here (waste_triggers.py)
waste_tail = Table("waste_tail", metadata, Column("call_id", Id, primary_key=True))
version_tail = Table("version_tail", metadata, Column("artifact_id", Id, primary_key=True))

# calls that were paid for nothing, one narrow row each, exactly as `waste_sum` holds them
wasted_call = Table(
    "wasted_call",
    metadata,
    Column("call_id", Id, primary_key=True),
    # under which it is summed up; NULL: it is not
    Column("cause", String(12)),
    # of a call whose job, or whose answer's next user, was pruned: its cause for ever; "": it was used
    Column("kept", String(12)),
    Column("started_at", Ms, nullable=False),
    Column("project_id", Id),
    Column("workflow", String(80)),
    Column("model", String(200), nullable=False),
    Column("currency", String(3)),
    Column("cost_micros", BigInteger, nullable=False),
    # 1: at a price nobody knows
    Column("unpriced", Integer, nullable=False),
    # where they stand in the call, or in its job
    Column("node_id", Id),
    Column("profile_id", Id),
    Column("created_by", String(120)),
    Column("capability", String(20)),
    Index("ix_wasted_call_started_at", "started_at"),
    Index("ix_wasted_call_cause", "cause", "started_at"),
    Index("ix_wasted_call_node", "node_id", "started_at"),
)

# their sums, once for each facet and each length of time (workbench/db/waste.py); what a facet does not tell apart is 0
# or "", as is what a call has none of
waste_sum = Table(
    "waste_sum",
    metadata,
    Column("facet", Word(16), primary_key=True),
    Column("hours", Integer, primary_key=True, autoincrement=False),
    Column("at", Ms, primary_key=True, autoincrement=False),
    Column("workflow", String(80), primary_key=True),
    Column("project_id", Id, primary_key=True, autoincrement=False),
    Column("node_id", Id, primary_key=True, autoincrement=False),
    Column("model", String(200), primary_key=True),
    Column("profile_id", Id, primary_key=True, autoincrement=False),
    Column("created_by", String(120), primary_key=True),
    Column("capability", String(20), primary_key=True),
    Column("cause", String(12), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("unpriced", Integer, nullable=False),
    # the key is nearly all of a row: it stands there once
    sqlite_with_rowid=False,
)
