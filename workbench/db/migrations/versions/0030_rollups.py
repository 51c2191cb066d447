"""Sums over calls and ended jobs, so that no page adds up the whole ledger; the tails fill with what there is."""

import sqlalchemy as sa
from alembic import op

from workbench.db.rollup_triggers import rollup_trigger_statements

revision = "0030"
down_revision = "0029"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "usage_tail",
        sa.Column("call_id", _Id, nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_usage_tail")),
    )
    op.create_table(
        "job_tail",
        sa.Column("job_id", _Id, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_tail")),
    )
    op.create_table(
        "usage_undo",
        sa.Column("id", _Id, nullable=False),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("project_id", _Id),
        sa.Column("node_id", _Id),
        sa.Column("workflow", sa.String(length=80)),
        sa.Column("provider", sa.String(length=40)),
        sa.Column("model", sa.String(length=200)),
        sa.Column("profile_id", _Id),
        sa.Column("capability", sa.String(length=20)),
        sa.Column("created_by", sa.String(length=120)),
        sa.Column("currency", sa.String(length=3)),
        sa.Column("purpose", sa.String(length=20)),
        sa.Column("mode", sa.String(length=20)),
        sa.Column("prompt_name", sa.String(length=160)),
        sa.Column("outcome", sa.String(length=20)),
        sa.Column("valid", sa.Boolean()),
        sa.Column("error_kind", sa.String(length=40)),
        sa.Column("http_status", sa.Integer()),
        sa.Column("price_source", sa.String(length=80)),
        sa.Column("cost_micros", sa.BigInteger()),
        sa.Column("expected_micros", sa.BigInteger()),
        sa.Column("input_tokens", sa.Integer()),
        sa.Column("cached_tokens", sa.Integer()),
        sa.Column("output_tokens", sa.Integer()),
        sa.Column("reasoning_tokens", sa.Integer()),
        sa.Column("images", sa.Integer()),
        sa.Column("video_seconds", sa.Integer()),
        sa.Column("latency_ms", sa.Integer()),
        sa.Column("ttft_ms", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_undo")),
    )
    op.create_table(
        "job_undo",
        sa.Column("id", _Id, nullable=False),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.Column("models", sa.Text()),
        sa.Column("kind", sa.String(length=80)),
        sa.Column("queue", sa.String(length=20)),
        sa.Column("state", sa.String(length=20)),
        sa.Column("project_id", _Id),
        sa.Column("node_id", _Id),
        sa.Column("profile_id", _Id),
        sa.Column("created_by", sa.String(length=120)),
        sa.Column("error_kind", sa.String(length=40)),
        sa.Column("created_at", sa.BigInteger()),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_undo")),
    )
    op.create_table(
        "usage_hour",
        sa.Column("id", _Id, nullable=False),
        sa.Column("facet", sa.String(length=12), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("project_id", _Id),
        sa.Column("node_id", _Id),
        sa.Column("workflow", sa.String(length=80)),
        sa.Column("provider", sa.String(length=40)),
        sa.Column("model", sa.String(length=200)),
        sa.Column("profile_id", _Id),
        sa.Column("capability", sa.String(length=20)),
        sa.Column("created_by", sa.String(length=120)),
        sa.Column("currency", sa.String(length=3)),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("unsent", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.BigInteger(), nullable=False),
        sa.Column("judged", sa.BigInteger(), nullable=False),
        sa.Column("valid", sa.BigInteger(), nullable=False),
        sa.Column("wasted", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("input_known", sa.BigInteger(), nullable=False),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cached_known", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_known", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_known", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("tokens_known", sa.BigInteger(), nullable=False),
        sa.Column("wasted_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("priced", sa.BigInteger(), nullable=False),
        sa.Column("wasted_micros", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.Column("images", sa.BigInteger(), nullable=False),
        sa.Column("video_seconds", sa.BigInteger(), nullable=False),
        sa.Column("timed", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms", sa.BigInteger(), nullable=False),
        sa.Column("latency", sa.LargeBinary()),
        sa.Column("ttft", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_hour")),
    )
    op.create_index("ix_usage_hour_facet", "usage_hour", ["facet", "hours", "at"])
    op.create_index("ix_usage_hour_model", "usage_hour", ["model", "facet", "hours", "at"])
    op.create_index("ix_usage_hour_node", "usage_hour", ["node_id", "hours", "at"])
    op.create_index("ix_usage_hour_project", "usage_hour", ["project_id", "facet", "hours", "at"])
    op.create_index("ix_usage_hour_workflow", "usage_hour", ["workflow", "facet", "hours", "at"])
    op.create_table(
        "job_hour",
        sa.Column("id", _Id, nullable=False),
        sa.Column("facet", sa.String(length=12), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("pruned", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=80)),
        sa.Column("queue", sa.String(length=20)),
        sa.Column("state", sa.String(length=20)),
        sa.Column("project_id", _Id),
        sa.Column("node_id", _Id),
        sa.Column("profile_id", _Id),
        sa.Column("created_by", sa.String(length=120)),
        sa.Column("error_kind", sa.String(length=40)),
        sa.Column("model", sa.String(length=200)),
        sa.Column("jobs", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("wait_ms", sa.BigInteger(), nullable=False),
        sa.Column("run_ms", sa.BigInteger(), nullable=False),
        sa.Column("wait", sa.LargeBinary()),
        sa.Column("run", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_hour")),
    )
    op.create_index("ix_job_hour_facet", "job_hour", ["facet", "hours", "at"])
    op.create_index("ix_job_hour_kind", "job_hour", ["kind", "facet", "hours", "at"])
    op.create_index("ix_job_hour_model", "job_hour", ["model", "facet", "hours", "at"])
    op.create_index("ix_job_hour_node", "job_hour", ["node_id", "hours", "at"])
    op.create_index("ix_job_hour_project", "job_hour", ["project_id", "facet", "hours", "at"])
    for statement in rollup_trigger_statements(op.get_bind().dialect.name):
        op.execute(statement)
    # workers roll them up, a batch a round
    op.execute("INSERT INTO usage_tail (call_id) SELECT id FROM model_call")
    ended = "('succeeded', 'partial', 'failed', 'cancelled')"
    op.execute(f"INSERT INTO job_tail (job_id) SELECT id FROM job WHERE state IN {ended}")
