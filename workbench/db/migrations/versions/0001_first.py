"""The first schema: story tree, artifacts, jobs, ledger, profiles."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from workbench.db.schema import trigger_statements

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "gate",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("max_running", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_gate")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "profile",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=True),
        sa.Column("text_model", sa.String(length=200), nullable=True),
        sa.Column("image_model", sa.String(length=200), nullable=True),
        sa.Column("params", JSON, nullable=False),
        sa.Column("modes", JSON, nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=True),
        sa.Column("key_ciphertext", sa.Text(), nullable=True),
        sa.Column("key_id", sa.String(length=40), nullable=True),
        sa.Column("key_tail", sa.String(length=8), nullable=True),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.String(length=120), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile")),
        sa.UniqueConstraint("name", name=op.f("uq_profile_name")),
    )
    op.create_table(
        "worker",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("threads", sa.Integer(), nullable=False),
        sa.Column("busy", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker")),
    )
    op.create_table(
        "node",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("project_id", ID, nullable=True),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("profile_id", ID, nullable=True),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.String(length=120), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["node.id"], name=op.f("fk_node_parent_id")),
        sa.ForeignKeyConstraint(["profile_id"], ["profile.id"], name=op.f("fk_node_profile_id")),
        sa.ForeignKeyConstraint(["project_id"], ["node.id"], name=op.f("fk_node_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
    )
    op.create_index(op.f("ix_node_parent_id"), "node", ["parent_id"], unique=False)
    op.create_index(op.f("ix_node_project_id"), "node", ["project_id"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("queue", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("waiting_for", sa.String(length=20), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("project_id", ID, nullable=True),
        sa.Column("node_id", ID, nullable=True),
        sa.Column("profile_id", ID, nullable=True),
        sa.Column("params", JSON, nullable=False),
        sa.Column("params_hash", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("replay_of", ID, nullable=True),
        sa.Column("answers_from", ID, nullable=True),
        sa.Column("submit_key", sa.String(length=200), nullable=True),
        sa.Column("exclusive_key", sa.String(length=120), nullable=True),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("available_at", sa.BigInteger(), nullable=False),
        sa.Column("dispatched_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("worker", sa.String(length=120), nullable=True),
        sa.Column("cancel_at", sa.BigInteger(), nullable=True),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("message_i18n", JSON, nullable=True),
        sa.Column("preview", sa.Text(), nullable=True),
        sa.Column("error_kind", sa.String(length=40), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_i18n", JSON, nullable=True),
        sa.Column("error_fingerprint", sa.String(length=40), nullable=True),
        sa.Column("result", JSON, nullable=True),
        sa.Column("cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.String(length=120), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_job_node_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["job.id"], name=op.f("fk_job_parent_id")),
        sa.ForeignKeyConstraint(["profile_id"], ["profile.id"], name=op.f("fk_job_profile_id")),
        sa.ForeignKeyConstraint(["project_id"], ["node.id"], name=op.f("fk_job_project_id")),
        sa.ForeignKeyConstraint(["answers_from"], ["job.id"], name=op.f("fk_job_answers_from")),
        sa.ForeignKeyConstraint(["replay_of"], ["job.id"], name=op.f("fk_job_replay_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("submit_key", name=op.f("uq_job_submit_key")),
    )
    op.create_index(
        "ix_job_active",
        "job",
        ["state", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running', 'waiting')"),
        sqlite_where=sa.text("state IN ('queued', 'running', 'waiting')"),
    )
    op.create_index(
        "ix_job_failed",
        "job",
        ["error_fingerprint", "finished_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('failed', 'partial')"),
        sqlite_where=sa.text("state IN ('failed', 'partial')"),
    )
    op.create_index("ix_job_kind", "job", ["kind", "id"], unique=False)
    op.create_index("ix_job_node_kind", "job", ["node_id", "kind", "id"], unique=False)
    op.create_index(op.f("ix_job_parent_id"), "job", ["parent_id"], unique=False)
    op.create_index("ix_job_project", "job", ["project_id", "id"], unique=False)
    op.create_index(
        "ix_job_ready",
        "job",
        ["queue", "project_id", "priority", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'queued' AND dispatched_at IS NULL"),
        sqlite_where=sa.text("state = 'queued' AND dispatched_at IS NULL"),
    )
    op.create_index(op.f("ix_job_replay_of"), "job", ["replay_of"], unique=False)
    op.create_index(
        "uq_job_exclusive",
        "job",
        ["exclusive_key"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running', 'waiting')"),
        sqlite_where=sa.text("state IN ('queued', 'running', 'waiting')"),
    )
    op.create_table(
        "artifact",
        sa.Column("id", ID, nullable=False),
        sa.Column("node_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("part_hashes", JSON, nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("job_id", ID, nullable=True),
        sa.Column("inputs", JSON, nullable=False),
        sa.Column("warnings", JSON, nullable=True),
        sa.Column("prompt_version", sa.String(length=40), nullable=True),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("created_by", sa.String(length=120), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_artifact_job_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_artifact_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact")),
        sa.UniqueConstraint("node_id", "kind", "version", name=op.f("uq_artifact_node_id_kind_version")),
    )
    op.create_index(op.f("ix_artifact_job_id"), "artifact", ["job_id"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("job_id", ID, nullable=False),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=120), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("error_kind", sa.String(length=40), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("traceback", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_attempt_job_id")),
        sa.PrimaryKeyConstraint("job_id", "claim", name=op.f("pk_attempt")),
    )
    op.create_table(
        "job_child",
        sa.Column("parent_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("child_id", ID, nullable=False),
        sa.Column("item", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["job.id"], name=op.f("fk_job_child_child_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["job.id"], name=op.f("fk_job_child_parent_id")),
        sa.PrimaryKeyConstraint("parent_id", "position", name=op.f("pk_job_child")),
    )
    op.create_index(op.f("ix_job_child_child_id"), "job_child", ["child_id"], unique=False)
    op.create_table(
        "job_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("job_id", ID, nullable=False),
        sa.Column("claim", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("i18n", JSON, nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_event_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_event")),
    )
    op.create_index(op.f("ix_job_event_job_id"), "job_event", ["job_id"], unique=False)
    op.create_table(
        "model_call",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_id", sa.String(length=40), nullable=False),
        sa.Column("job_id", ID, nullable=True),
        sa.Column("claim", sa.Integer(), nullable=True),
        sa.Column("step", sa.String(length=120), nullable=True),
        sa.Column("input_hash", sa.String(length=64), nullable=True),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("project_id", ID, nullable=True),
        sa.Column("workflow", sa.String(length=80), nullable=True),
        sa.Column("profile_id", ID, nullable=True),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("capability", sa.String(length=20), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=True),
        sa.Column("error_kind", sa.String(length=40), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.String(length=200), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("ttft_ms", sa.Integer(), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("cached_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("reasoning_tokens", sa.Integer(), nullable=True),
        sa.Column("images", sa.Integer(), nullable=True),
        sa.Column("video_seconds", sa.Integer(), nullable=True),
        sa.Column("cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("price_source", sa.String(length=80), nullable=True),
        sa.Column("finish_reason", sa.String(length=40), nullable=True),
        sa.Column("prompt", JSON, nullable=True),
        sa.Column("raw_output", sa.Text(), nullable=True),
        sa.Column("prompt_version", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_model_call_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_call")),
        sa.UniqueConstraint("call_id", name=op.f("uq_model_call_call_id")),
    )
    op.create_index(op.f("ix_model_call_job_id"), "model_call", ["job_id"], unique=False)
    op.create_index("ix_model_call_project_time", "model_call", ["project_id", "started_at"], unique=False)
    op.create_index("ix_model_call_time", "model_call", ["started_at"], unique=False)
    op.create_table(
        "step",
        sa.Column("job_id", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("input_hash", sa.String(length=64), nullable=False),
        sa.Column("provider_task_id", sa.String(length=200), nullable=True),
        sa.Column("poll_at", sa.BigInteger(), nullable=True),
        sa.Column("output", JSON, nullable=True),
        sa.Column("cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("claim", sa.Integer(), nullable=True),
        sa.Column("reused_from", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_step_job_id")),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_step")),
    )
    op.create_index(
        "ix_step_poll",
        "step",
        ["poll_at"],
        unique=False,
        postgresql_where=sa.text("state = 'submitted'"),
        sqlite_where=sa.text("state = 'submitted'"),
    )
    op.create_table(
        "artifact_head",
        sa.Column("node_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifact.id"], name=op.f("fk_artifact_head_artifact_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_artifact_head_node_id")),
        sa.PrimaryKeyConstraint("node_id", "kind", name=op.f("pk_artifact_head")),
    )
    for statement in trigger_statements(op.get_bind().dialect.name):
        op.execute(statement)
