"""Indexes for looks into a long history: replays and children, jobs of a model, jobs since a time."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    for column in ("parent_id", "replay_of"):
        name, where = f"ix_job_{column}", sa.text(f"{column} IS NOT NULL")
        op.drop_index(name, "job")
        op.create_index(name, "job", [column], postgresql_where=where, sqlite_where=where)
    op.create_index("ix_job_created_at", "job", ["created_at"])
    op.create_index("ix_model_call_model", "model_call", ["model", "job_id"])
