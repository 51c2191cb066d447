"""The newest calls with a prompt have an index with all that is told of them: their rows, with prompts and answers, are
wide. The index of the time when jobs were asked for holds their ids. Plans are found by when they ended."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"

_NAME = "ix_model_call_prompt_name"
_TOLD = [
    "purpose", "outcome", "valid", "prompt_version", "model", "currency", "project_id", "cost_micros", "input_tokens",
    "output_tokens", "latency_ms", "started_at",
]  # fmt: skip


def upgrade() -> None:
    _replace(["prompt_name", "id", *_TOLD])
    op.drop_index("ix_job_created_at", "job")
    op.create_index("ix_job_created_at", "job", ["created_at", "id"])
    is_system = sa.text("queue = 'system'")
    op.create_index(
        "ix_job_system_end", "job", ["finished_at", "id", "created_at", "project_id"], postgresql_where=is_system,
        sqlite_where=is_system,
    )  # fmt: skip


def downgrade() -> None:
    _replace(["prompt_name", "id"])
    op.drop_index("ix_job_system_end", "job")
    op.drop_index("ix_job_created_at", "job")
    op.create_index("ix_job_created_at", "job", ["created_at"])


def _replace(columns: list[str]) -> None:
    known = sa.text("prompt_name IS NOT NULL")
    op.drop_index(_NAME, "model_call")
    op.create_index(_NAME, "model_call", columns, postgresql_where=known, sqlite_where=known)
