"""Every table. Times are UTC epoch milliseconds from the database's clock, money is micros of the named currency.

Other programs read these columns; ids are integers on both databases.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql

from workbench.db.types import BigInteger, Id, Integer, Packed, String, Text
from workbench.db.words import Word

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Json = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
Ms = BigInteger

ACTIVE = ("queued", "running", "waiting")
TERMINAL = ("succeeded", "partial", "failed", "cancelled")
#: ended without all that was asked for
FAILED = ("failed", "partial")
_active_sql = text("state IN ('queued', 'running', 'waiting')")
_child_sql = text("parent_id IS NOT NULL")
_replay_sql = text("replay_of IS NOT NULL")
_taken_sql = text("reused_from IS NOT NULL")
_terminal_sql = text("state IN ('succeeded', 'partial', 'failed', 'cancelled')")
_waited_sql = text("(coalesce(started_at, finished_at) - created_at)")
_ran_sql = text("(finished_at - started_at)")
_failed_sql = text("state IN ('failed', 'partial')")
_cancelled_sql = text("state = 'cancelled'")
_error_sql = text("error_kind IS NOT NULL")
_unfiled_sql = text("filed IS NULL AND state IN ('succeeded', 'partial', 'failed', 'cancelled')")
_jobless_sql = text("node_id IS NOT NULL")
_answers_sql = text("answers_from IS NOT NULL")
_open_sql = text("outcome = 'sent'")
#: a call whose answer is of no use by itself, whatever became of its job
wasted_sql = text("(outcome IN ('error', 'lost', 'late') OR valid IS FALSE)")
_reserved_sql = text("expected_micros IS NOT NULL")
_imported_sql = text("imported_at IS NOT NULL")
_prompted_sql = text("prompt_name IS NOT NULL")
#: jobs that hold no place of a service: all that keep a forecast are among them
IS_SYSTEM = text("queue = 'system'")
_unrepaired_sql = text("repaired_by IS NULL")

node = Table(
    "node",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("project_id", Id, ForeignKey("node.id"), index=True),
    Column("parent_id", Id, ForeignKey("node.id"), index=True),
    Column("position", Integer, nullable=False, default=0),
    Column("title", Text, nullable=False),
    Column("profile_id", Id, ForeignKey("profile.id")),
    Column("archived_at", Ms),
    Column("created_by", String(120)),
    Column("created_at", Ms, nullable=False),
)

artifact = Table(
    "artifact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("node_id", Id, ForeignKey("node.id"), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", Json, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("part_hashes", Json),
    Column("source", String(20), nullable=False),
    Column("job_id", Id, ForeignKey("job.id"), index=True),
    Column("inputs", Json, nullable=False),
    Column("warnings", Json),
    Column("prompt_version", String(40)),
    Column("model", String(200)),
    Column("created_by", String(120)),
    Column("created_at", Ms, nullable=False),
    UniqueConstraint("node_id", "kind", "version"),
)

artifact_head = Table(
    "artifact_head",
    metadata,
    Column("node_id", Id, ForeignKey("node.id"), primary_key=True),
    Column("kind", String(60), primary_key=True),
    Column("artifact_id", Id, ForeignKey("artifact.id"), nullable=False),
    Column("pinned", Boolean, nullable=False, default=False),
)

# which nodes the entries of an episode plan or a scene list became when it was the head, in the order of the entries:
# who goes back to that version gets exactly these back. Of a script or an arc that a person wrote: which nodes its
# entries are of, null: of none. Of a sheet or the relationships: which nodes stand at the first and the last place of
# each stretch of the story that they name, two by two
layout = Table(
    "layout",
    metadata,
    Column("artifact_id", Id, ForeignKey("artifact.id"), primary_key=True),
    Column("nodes", Json, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(80), nullable=False),
    Column("queue", String(20), nullable=False),
    Column("state", Word(20, (ACTIVE, FAILED)), nullable=False),
    Column("waiting_for", String(20)),
    Column("title", Text, nullable=False),
    # of a job on a node, “kind · place” as a translatable text; NULL: the title is the workflow's own
    Column("title_i18n", Json),
    Column("project_id", Id, ForeignKey("node.id")),
    Column("node_id", Id, ForeignKey("node.id")),
    Column("profile_id", Id, ForeignKey("profile.id")),
    Column("params", Json, nullable=False),
    Column("params_hash", String(64), nullable=False),
    # what a run is asked with beside its profile: {"text_model", "params", "prompts"}; NULL: as the profile says
    Column("overrides", Json),
    Column("priority", Integer, nullable=False, default=0),
    Column("parent_id", Id, ForeignKey("job.id")),
    Column("replay_of", Id, ForeignKey("job.id")),
    # a retry: the job whose finished steps and good children it takes over; NULL: it makes everything itself
    Column("reused_from", Id),
    # a re-parse: the job whose stored answers are read, so that no model is called
    Column("answers_from", Id, ForeignKey("job.id")),
    Column("submit_key", String(200), unique=True),
    # node + artifact kind it will write: one active job each; NULL for kinds that write none
    Column("exclusive_key", String(120)),
    Column("max_attempts", Integer, nullable=False),
    Column("claim", Integer, nullable=False, default=0),
    Column("failures", Integer, nullable=False, default=0),
    Column("losses", Integer, nullable=False, default=0),
    Column("available_at", Ms, nullable=False),
    Column("dispatched_at", Ms),
    Column("lease_until", Ms),
    # how far `lease_until` of a running job, `available_at` of any other active one, may lie ahead of the clock
    Column("ahead_ms", Ms),
    Column("worker", String(120)),
    Column("cancel_at", Ms),
    Column("progress", Integer, nullable=False, default=0),
    # of a parent: how many children it will have in all; NULL: those it has
    Column("parts", Integer),
    # of a parent: when it was asked to start nothing more
    Column("stop_at", Ms),
    Column("message", Text),
    Column("message_i18n", Json),
    Column("preview", Text),
    Column("error_kind", String(40)),
    Column("error", Text),
    Column("error_i18n", Json),
    Column("error_fingerprint", String(40)),
    Column("result", Json),
    Column("cost_micros", BigInteger),
    Column("currency", String(3)),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("created_by", String(120)),
    Column("created_at", Ms, nullable=False),
    Column("started_at", Ms),
    Column("finished_at", Ms),
    # webhooks are still to be told of this end, or of what it waits for; never set while there are none
    Column("untold", Boolean),
    # of an ended job: it is counted in `job_count`, and its words are in `job_text` and the index of words
    Column("filed", Boolean),
    # few jobs have one: without the condition a planner with statistics takes the index of mostly NULL for useless, and
    # reads all jobs for each look
    Index("ix_job_parent_id", "parent_id", postgresql_where=_child_sql, sqlite_where=_child_sql),
    Index("ix_job_replay_of", "replay_of", postgresql_where=_replay_sql, sqlite_where=_replay_sql),
    Index("ix_job_answers_from", "answers_from", postgresql_where=_answers_sql, sqlite_where=_answers_sql),
    Index("ix_job_untold", "id", postgresql_where=text("untold"), sqlite_where=text("untold = 1")),
    Index("ix_job_unfiled", "filed", "id", postgresql_where=_unfiled_sql, sqlite_where=_unfiled_sql),
    Index("ix_job_active", "state", "id", postgresql_where=_active_sql, sqlite_where=_active_sql),
    Index(
        "ix_job_ready",
        "queue",
        "project_id",
        "priority",
        "id",
        postgresql_where=text("state = 'queued' AND dispatched_at IS NULL"),
        sqlite_where=text("state = 'queued' AND dispatched_at IS NULL"),
    ),
    Index("uq_job_exclusive", "exclusive_key", unique=True, postgresql_where=_active_sql, sqlite_where=_active_sql),
    Index(
        "ix_job_failed",
        "error_fingerprint",
        "finished_at",
        postgresql_where=_failed_sql,
        sqlite_where=_failed_sql,
    ),
    # how a board is sorted; written once, at a job's end
    Index("ix_job_wait", _waited_sql, "id", postgresql_where=_terminal_sql, sqlite_where=_terminal_sql),
    Index("ix_job_run", _ran_sql, "id", postgresql_where=_terminal_sql, sqlite_where=_terminal_sql),
    Index("ix_job_progress", "progress", "id", postgresql_where=_terminal_sql, sqlite_where=_terminal_sql),
    # which of these states there are few of is not known: each page of them is read from an index
    Index("ix_job_failed_state", "state", "id", "created_at", postgresql_where=_failed_sql, sqlite_where=_failed_sql),
    Index(
        "ix_job_cancelled", "state", "id", "created_at", postgresql_where=_cancelled_sql, sqlite_where=_cancelled_sql
    ),
    Index("ix_job_error_kind", "error_kind", "id", "created_at", postgresql_where=_error_sql, sqlite_where=_error_sql),
    Index(
        "ix_job_unsolved",
        "project_id",
        "node_id",
        "kind",
        "id",
        postgresql_where=_failed_sql,
        sqlite_where=_failed_sql,
    ),
    Index("ix_job_node_kind", "node_id", "kind", "id"),
    Index("ix_job_project", "project_id", "id", "created_at"),
    Index("ix_job_kind", "kind", "id", "created_at"),
    Index("ix_job_created_at", "created_at", "id"),
    # what the board sums up: how many of a day's jobs ended and how, with what its filters ask of each; how long those
    # that began had waited
    Index(
        "ix_job_end",
        "finished_at",
        "state",
        "created_at",
        "started_at",
        "kind",
        "project_id",
        "profile_id",
        "error_kind",
    ),
    Index("ix_job_started_at_created_at", "started_at", "created_at"),
    # of plans and other parents, whose rows are wide: when they ended, and of what
    Index(
        "ix_job_system_end",
        "finished_at",
        "id",
        "created_at",
        "project_id",
        postgresql_where=IS_SYSTEM,
        sqlite_where=IS_SYSTEM,
    ),
    # equal requests without a node: whether a later one has made good what failed
    Index(
        "ix_job_params_hash",
        "params_hash",
        "id",
        postgresql_where=text("node_id IS NULL"),
        sqlite_where=text("node_id IS NULL"),
    ),
)

# how many ended jobs there are of each kind and state, so that a board need not count them; 0 and "" stand for none
job_count = Table(
    "job_count",
    metadata,
    # "": each job once; else each job for each model that it has called
    Column("model", String(200), primary_key=True),
    Column("project_id", Id, primary_key=True, autoincrement=False),
    Column("kind", String(80), primary_key=True),
    Column("profile_id", Id, primary_key=True, autoincrement=False),
    Column("error_kind", String(40), primary_key=True),
    Column("state", Word(20), primary_key=True),
    Column("jobs", Integer, nullable=False),
)

_cny_sql, _usd_sql = text("cny_micros IS NOT NULL"), text("usd_micros IS NOT NULL")
_both_sql = text("cny_micros IS NOT NULL AND usd_micros IS NOT NULL")

# jobs that have ended, one narrow row each: what lists sort and count by without reading their wide rows; written with
# the rollups, so that one in `job_tail`, or of whose family a call is in `usage_tail`, stands here as it was, or not
ended_job = Table(
    "ended_job",
    metadata,
    Column("job_id", Id, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("state", Word(20), nullable=False),
    Column("kind", String(80), nullable=False),
    Column("project_id", Id),
    Column("profile_id", Id),
    Column("error_kind", String(40)),
    Column("created_at", Ms, nullable=False),
    # NULL: it never started
    Column("run_ms", Ms),
    # what its calls, its children's and theirs have cost, by currency; NULL: nothing known in this one
    Column("cny_micros", BigInteger),
    Column("usd_micros", BigInteger),
    Index("ix_ended_job_created_at", "created_at", "state"),
    Index("ix_ended_job_run_ms", "run_ms", "state"),
    Index("ix_ended_job_cny", "cny_micros", "job_id", "usd_micros", "state", postgresql_where=_cny_sql,
          sqlite_where=_cny_sql),
    Index("ix_ended_job_usd", "usd_micros", "job_id", "cny_micros", "state", postgresql_where=_usd_sql,
          sqlite_where=_usd_sql),
    # few pay in two currencies: put in order by the rate of the day
    Index("ix_ended_job_both", "job_id", "cny_micros", "usd_micros", postgresql_where=_both_sql,
          sqlite_where=_both_sql),
)  # fmt: skip

# how many narrow rows have a value in a bucket of a measure (workbench/db/measures.py), by state: jobs are counted from
# few rows, however many match
ended_count = Table(
    "ended_count",
    metadata,
    Column("measure", Word(4), primary_key=True),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("state", Word(20), primary_key=True),
    Column("jobs", Integer, nullable=False),
)

# all that an ended job is found by, folded, in the pieces that the index of words has (see db/search.py)
job_text = Table(
    "job_text",
    metadata,
    Column("job_id", Id, ForeignKey("job.id"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("body", Packed, nullable=False),
)

job_child = Table(
    "job_child",
    metadata,
    Column("parent_id", Id, ForeignKey("job.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("child_id", Id, ForeignKey("job.id"), nullable=False, index=True),
    Column("item", String(200), nullable=False),
    # which of its parent's batches, and where in it; NULL: known by kind and node alone
    Column("batch", Integer),
    Column("batch_position", Integer),
)

# what a plan was expected to take when it was launched; what it took stands on its jobs
forecast = Table(
    "forecast",
    metadata,
    Column("job_id", Id, ForeignKey("job.id"), primary_key=True),
    # of one run of this workflow; "": of the whole plan
    Column("workflow", String(80), primary_key=True),
    Column("model", String(200)),
    Column("jobs", Integer, nullable=False),
    Column("tokens", BigInteger),
    Column("ms", BigInteger, nullable=False),
    # currency → micros; without those of no known price, which are counted in `unpriced`
    Column("cost", Json, nullable=False),
    Column("unpriced", Integer, nullable=False),
)

# jobs that have failed, one narrow row each: what Debug groups, counts and plots without reading their wide rows
failure = Table(
    "failure",
    metadata,
    Column("job_id", Id, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("fingerprint", String(40), nullable=False),
    Column("finished_at", Ms, nullable=False),
    Column("project_id", Id),
    Column("kind", String(80), nullable=False),
    Column("node_id", Id),
    Column("params_hash", String(64), nullable=False),
    Column("profile_id", Id),
    # of its last call; NULL: it made none
    Column("model", String(200)),
    # Reelwright's, of the worker that wrote it; NULL: not known
    Column("version", String(20)),
    # the newest job that has made it good: a replay of it over any number of hops, or a later run of the same thing
    Column("repaired_by", Id),
    Index("ix_failure_group", "fingerprint", "finished_at", "project_id", "repaired_by"),
    Index("ix_failure_jobs", "fingerprint", "job_id"),
    Index("ix_failure_affected", "fingerprint", "kind", "model", "profile_id", "version", "project_id", "finished_at"),
    Index("ix_failure_finished_at", "finished_at"),
    Index("ix_failure_work", "node_id", "kind", postgresql_where=_unrepaired_sql, sqlite_where=_unrepaired_sql),
)

# what the failures of one fingerprint are of, each combination once, however many they are; "" and 0: none
failure_facet = Table(
    "failure_facet",
    metadata,
    Column("fingerprint", String(40), primary_key=True),
    Column("kind", String(80), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("profile_id", Id, primary_key=True, autoincrement=False),
    Column("version", String(20), primary_key=True),
    Column("project_id", Id, primary_key=True, autoincrement=False),
)

# what people say of the failures of one fingerprint; without a row it is open
failure_group = Table(
    "failure_group",
    metadata,
    Column("fingerprint", String(40), primary_key=True),
    Column("state", Word(20), nullable=False),
    Column("changed_by", String(120)),
    Column("changed_at", Ms, nullable=False),
    # regressed: the first job that failed after it was resolved
    Column("job_id", Id),
    # webhooks are still to be told that it regressed
    Column("untold", Boolean, nullable=False, default=False),
    Index("ix_failure_group_untold", "fingerprint", postgresql_where=text("untold"), sqlite_where=text("untold = 1")),
)

attempt = Table(
    "attempt",
    metadata,
    Column("job_id", Id, ForeignKey("job.id"), primary_key=True),
    Column("claim", Integer, primary_key=True),
    Column("worker", String(120), nullable=False),
    Column("started_at", Ms, nullable=False),
    Column("ended_at", Ms),
    Column("outcome", String(20)),
    Column("error_kind", String(40)),
    Column("error", Text),
    Column("traceback", Text),
)

step = Table(
    "step",
    metadata,
    Column("job_id", Id, ForeignKey("job.id"), primary_key=True),
    Column("name", String(120), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("state", Word(20), nullable=False),
    Column("input_hash", String(64), nullable=False),
    # a service names its tasks as it likes; SQLite holds any length in the column that it has
    Column("provider_task_id", Text().with_variant(sa.String(200), "sqlite")),
    Column("poll_at", Ms),
    Column("output", Json),
    # in the job's currency
    Column("cost_micros", BigInteger),
    Column("claim", Integer),
    Column("reused_from", Id),
    # of a child that was refused: its item; nothing was started
    Column("child_item", String(200)),
    Column("created_at", Ms, nullable=False),
    Column("updated_at", Ms, nullable=False),
    Index(
        "ix_step_poll",
        "poll_at",
        postgresql_where=text("state = 'submitted'"),
        sqlite_where=text("state = 'submitted'"),
    ),
    # which steps were taken over, and from whom
    Index("ix_step_taken", "reused_from", "name", postgresql_where=_taken_sql, sqlite_where=_taken_sql),
    Index("ix_step_takes", "job_id", "reused_from", postgresql_where=_taken_sql, sqlite_where=_taken_sql),
)

job_event = Table(
    "job_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("job_id", Id, ForeignKey("job.id"), nullable=False, index=True),
    Column("claim", Integer),
    Column("at", Ms, nullable=False),
    Column("level", String(10), nullable=False),
    Column("progress", Integer),
    Column("message", Text, nullable=False),
    Column("i18n", Json),
)

_money = ("currency", "cost_micros", "expected_micros", "outcome")
model_call = Table(
    "model_call",
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", String(40), nullable=False, unique=True),
    Column("job_id", Id, ForeignKey("job.id")),
    Column("claim", Integer),
    Column("step", String(120)),
    Column("input_hash", String(64)),
    Column("purpose", String(20), nullable=False),
    Column("project_id", Id),
    # of a call whose job was removed to save room: that job's node and who had asked for it
    Column("node_id", Id),
    Column("created_by", String(120)),
    Column("workflow", String(80)),
    Column("profile_id", Id),
    Column("provider", String(40), nullable=False),
    Column("model", String(200), nullable=False),
    Column("capability", String(20), nullable=False),
    Column("mode", String(20)),
    Column("outcome", Word(20), nullable=False),
    Column("valid", Boolean),
    Column("error_kind", String(40)),
    Column("error", Text),
    Column("http_status", Integer),
    Column("request_id", String(200)),
    Column("started_at", Ms, nullable=False),
    Column("ended_at", Ms),
    Column("latency_ms", Integer),
    Column("ttft_ms", Integer),
    Column("input_tokens", Integer),
    Column("cached_tokens", Integer),
    Column("output_tokens", Integer),
    Column("reasoning_tokens", Integer),
    # of pictures: parts of input and output
    Column("image_input_tokens", Integer),
    Column("image_output_tokens", Integer),
    Column("images", Integer),
    Column("video_seconds", Integer),
    Column("cost_micros", BigInteger),
    Column("currency", String(3)),
    Column("price_source", String(80)),
    # the prices reckoned with, as they were then
    Column("price", Json),
    # of a call or long task under way: what it will probably cost, in `currency`; budgets hold it ready
    Column("expected_micros", BigInteger),
    # the profile that was asked first and could not answer
    Column("fallback_from", Id),
    Column("finish_reason", String(40)),
    Column("prompt", Json),
    Column("raw_output", Text),
    Column("prompt_version", String(40)),
    # of a text call: which prompt, such as planning/plan_episodes.en, and what it was filled in with; the values stand
    # on a step's first call alone and are forgotten with `prompt`
    Column("prompt_name", String(160)),
    Column("template", Json),
    # of a call that came with another home's project: when; it is no spending of a month of this home
    Column("imported_at", Ms),
    # with what a budget sums up: it is asked before each paid call, and the rows are wide
    Index("ix_model_call_time", "started_at", *_money, "job_id"),
    Index("ix_model_call_project_time", "project_id", "started_at", *_money),
    # with all that a job's spending is summed up from
    Index(
        "ix_model_call_spending",
        "job_id",
        *_money,
        "provider",
        "capability",
        "http_status",
        "input_tokens",
        "output_tokens",
    ),
    # which jobs have called a model, newest first
    Index("ix_model_call_model", "model", "job_id"),
    Index("ix_model_call_node_id", "node_id", postgresql_where=_jobless_sql, sqlite_where=_jobless_sql),
    # the newest calls of one of these; each call is a request to a service, to which an index more is nothing
    Index("ix_model_call_model_time", "model", "started_at"),
    Index("ix_model_call_workflow_time", "workflow", "started_at"),
    Index("ix_model_call_profile_time", "profile_id", "started_at"),
    Index("ix_model_call_reserved", "started_at", postgresql_where=_reserved_sql, sqlite_where=_reserved_sql),
    Index("ix_model_call_imported", "started_at", postgresql_where=_imported_sql, sqlite_where=_imported_sql),
    Index("ix_model_call_open", "profile_id", postgresql_where=_open_sql, sqlite_where=_open_sql),
    # with all that is told of the answers to a prompt
    Index("ix_model_call_prompt_name", "prompt_name", "id", "purpose", "outcome", "valid", "prompt_version", "model",
          "currency", "project_id", "cost_micros", "input_tokens", "output_tokens", "latency_ms", "started_at",
          postgresql_where=_prompted_sql, sqlite_where=_prompted_sql),
)  # fmt: skip

# a prompt as somebody has written it anew; the newest version counts, one without text is the shipped prompt again
prompt_override = Table(
    "prompt_override",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(160), nullable=False),
    Column("language", String(5), nullable=False),
    # NULL: for all projects
    Column("project_id", Id, ForeignKey("node.id")),
    Column("version", Integer, nullable=False),
    Column("system_text", Text),
    Column("user_text", Text),
    # prompt version of calls and artifacts made with it
    Column("fingerprint", String(40)),
    Column("created_by", String(120)),
    Column("created_at", Ms, nullable=False),
    Index(
        "uq_prompt_override_project",
        "project_id",
        "name",
        "language",
        "version",
        unique=True,
        postgresql_where=text("project_id IS NOT NULL"),
        sqlite_where=text("project_id IS NOT NULL"),
    ),
    Index(
        "uq_prompt_override_all",
        "name",
        "language",
        "version",
        unique=True,
        postgresql_where=text("project_id IS NULL"),
        sqlite_where=text("project_id IS NULL"),
    ),
)

# the prompts that a version was made with
artifact_prompt = Table(
    "artifact_prompt",
    metadata,
    Column("artifact_id", Id, ForeignKey("artifact.id"), primary_key=True),
    # of the version; empty: all of it
    Column("part", String(160), primary_key=True, default=""),
    Column("name", String(160), primary_key=True),
    Column("language", String(5), primary_key=True),
    Column("fingerprint", String(40), nullable=False),
    # NULL: the shipped one
    Column("override_id", Id, ForeignKey("prompt_override.id")),
)

# the bytes are a file named by the hash
media = Table(
    "media",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("mime", String(40), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("seconds", Float),
    Column("created_at", Ms, nullable=False),
)

profile = Table(
    "profile",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("provider", String(40), nullable=False),
    Column("base_url", Text),
    Column("text_model", String(200)),
    Column("image_model", String(200)),
    Column("video_model", String(200)),
    # pictures or clips come from another profile's service; NULL: from this one's
    Column("image_profile_id", Id),
    Column("video_profile_id", Id),
    # profile ids in order; NULL: none
    Column("fallback_ids", Json),
    Column("params", Json, nullable=False),
    # structured-output mode that worked, by model
    Column("modes", Json, nullable=False),
    Column("concurrency", Integer),
    # requests and tokens a minute
    Column("rpm", Integer),
    Column("tpm", Integer),
    Column("key_ciphertext", Text),
    Column("key_id", String(40)),
    Column("key_tail", String(8)),
    Column("archived_at", Ms),
    Column("created_by", String(120)),
    Column("created_at", Ms, nullable=False),
)

worker = Table(
    "worker",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("host", String(200), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("threads", Integer, nullable=False),
    Column("busy", Integer, nullable=False),
    Column("started_at", Ms, nullable=False),
    Column("seen_at", Ms, nullable=False),
    # of Reelwright
    Column("version", String(40)),
    # when it was asked to take nothing new, and by whom
    Column("drain_at", Ms),
    Column("drain_by", String(120)),
)

budget = Table(
    "budget",
    metadata,
    # month | project:ID:month | project:ID:all
    Column("key", String(60), primary_key=True),
    Column("project_id", Id, ForeignKey("node.id")),
    Column("period", String(10), nullable=False),
    Column("amount_micros", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_by", String(120)),
    Column("created_at", Ms, nullable=False),
)

webhook = Table(
    "webhook",
    metadata,
    Column("id", Id, primary_key=True),
    Column("form", String(20), nullable=False),
    Column("events", Json, nullable=False),
    # NULL: of every project
    Column("project_id", Id, ForeignKey("node.id")),
    # what people see of the address: the rest of it is as secret as a key
    Column("host", String(260), nullable=False),
    Column("url_ciphertext", Text, nullable=False),
    Column("secret_ciphertext", Text, nullable=False),
    Column("key_id", String(40), nullable=False),
    Column("allow_private", Boolean, nullable=False),
    Column("lang", String(5), nullable=False),
    # the address of the pages, for links to them
    Column("page_url", Text),
    Column("enabled", Boolean, nullable=False),
    Column("archived_at", Ms),
    Column("created_by", String(120)),
    Column("created_at", Ms, nullable=False),
)

_pending_sql = text("state = 'pending'")

# what is to be told, put down with the change it tells of; sent at least once
webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("webhook_id", Id, ForeignKey("webhook.id"), nullable=False),
    Column("event", String(40), nullable=False),
    # one delivery for each happening and webhook
    Column("event_key", String(120), nullable=False),
    Column("payload", Json, nullable=False),
    Column("state", Word(20), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", Ms, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("error_i18n", Json),
    Column("created_at", Ms, nullable=False),
    Column("ended_at", Ms),
    UniqueConstraint("webhook_id", "event_key"),
    Index("ix_webhook_delivery_due", "next_at", postgresql_where=_pending_sql, sqlite_where=_pending_sql),
)

gate = Table(
    "gate",
    metadata,
    Column("key", String(120), primary_key=True),
    Column("paused", Boolean, nullable=False, default=False),
    Column("max_running", Integer),
    # who paused it, and since when
    Column("paused_by", String(120)),
    Column("paused_at", Ms),
)

# a list that a person wants to see again: the filters of a page's address
saved_view = Table(
    "saved_view",
    metadata,
    Column("id", Id, primary_key=True),
    Column("page", String(40), nullable=False),
    Column("name", String(120), nullable=False),
    Column("query", Json, nullable=False),
    Column("created_by", String(120)),
    Column("created_at", Ms, nullable=False),
    UniqueConstraint("page", "name"),
)

# what a bulk job has done with each job it acted on
bulk_item = Table(
    "bulk_item",
    metadata,
    Column("bulk_id", Id, ForeignKey("job.id"), primary_key=True),
    Column("job_id", Id, ForeignKey("job.id"), primary_key=True, index=True),
    Column("state", String(20), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("new_id", Id),
    # of a changed priority: what it was
    Column("priority_before", Integer),
    Column("reason", Text),
    Column("reason_i18n", Json),
)

# what people have typed into forms and not saved yet
form_draft = Table(
    "form_draft",
    metadata,
    Column("person", String(120), primary_key=True),
    # which form: wizard, edit/NODE/KIND, launch/WORKFLOW
    Column("place", String(200), primary_key=True),
    Column("fields", Json, nullable=False),
    # the artifact version that was being edited
    Column("base", Integer),
    # whether anything is typed in it
    Column("open", Boolean, nullable=False),
    # raised when it is saved or thrown away
    Column("turn", Integer, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("changed_at", Ms, nullable=False),
)

#: key of `meta`: another value whenever a head has moved without a new version
HEADS_MOVED = "heads_moved"
#: what keys of `meta` begin with that tell when a gate was resumed (epoch ms), by its own key
RESUMED = "resumed "

alert_rule = Table(
    "alert_rule",
    metadata,
    Column("id", Id, primary_key=True),
    # spend_day | failure_share | stuck_queue | worker_gone
    Column("kind", String(20), nullable=False),
    # NULL: everything
    Column("project_id", Id, ForeignKey("node.id")),
    # micros, percent, minutes
    Column("threshold", BigInteger, nullable=False),
    Column("currency", String(3)),
    # where a day of spending begins
    Column("time_zone", Text, nullable=False),
    # of spend_day: the first day whose spending may still have grown since it was last looked at
    Column("open_from", String(10)),
    Column("enabled", Boolean, nullable=False),
    Column("created_by", String(120)),
    Column("created_at", Ms, nullable=False),
)

_holds_sql = text("ended_at IS NULL")
alert = Table(
    "alert",
    metadata,
    Column("id", Id, primary_key=True),
    Column("rule_id", Id, ForeignKey("alert_rule.id", ondelete="CASCADE"), nullable=False),
    # the day, the queue or the worker
    Column("subject", String(120), nullable=False),
    # in the unit of the rule's threshold
    Column("value", BigInteger, nullable=False),
    # how often it has come back without being told again
    Column("times", Integer, nullable=False),
    Column("raised_at", Ms, nullable=False),
    Column("held_at", Ms, nullable=False),
    Column("ended_at", Ms),
    Column("told", Boolean, nullable=False),
    Column("dismissed_at", Ms),
    # two workers that notice the same raise one alert
    Index("uq_alert_open", "rule_id", "subject", unique=True, postgresql_where=_holds_sql, sqlite_where=_holds_sql),
    Index("ix_alert_rule_id", "rule_id", "id"),
)

meta = Table("meta", metadata, Column("key", String(80), primary_key=True), Column("value", Text, nullable=False))

_frozen = "state, claim, result, error, error_kind"
_sqlite_trigger = f"""
CREATE TRIGGER job_terminal_is_frozen BEFORE UPDATE OF {_frozen} ON job
WHEN OLD.state IN ('succeeded', 'partial', 'failed', 'cancelled')
BEGIN SELECT RAISE(ABORT, 'a finished job never changes'); END"""
_postgres_function = """
CREATE OR REPLACE FUNCTION job_terminal_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a finished job never changes'; END $$"""
_postgres_trigger = f"""
CREATE TRIGGER job_terminal_is_frozen BEFORE UPDATE OF {_frozen} ON job FOR EACH ROW
WHEN (OLD.state IN ('succeeded', 'partial', 'failed', 'cancelled')) EXECUTE FUNCTION job_terminal_is_frozen()"""


def trigger_statements(dialect: str) -> list[str]:
    """What freezes finished jobs; batch migrations on SQLite drop triggers silently and must run this again."""
    if dialect == "sqlite":
        return ["DROP TRIGGER IF EXISTS job_terminal_is_frozen", _sqlite_trigger]
    return [_postgres_function, "DROP TRIGGER IF EXISTS job_terminal_is_frozen ON job", _postgres_trigger]
