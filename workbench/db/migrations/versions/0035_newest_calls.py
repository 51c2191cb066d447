"""The newest calls of a model, a workflow or a profile, and what is reserved for calls under way, have indexes; that of
the time holds whose call it is."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

_TIMES = {
    "ix_model_call_model_time": "model", "ix_model_call_workflow_time": "workflow",
    "ix_model_call_profile_time": "profile_id",
}  # fmt: skip
_MONEY = ["currency", "cost_micros", "expected_micros", "outcome"]


def upgrade() -> None:
    op.drop_index("ix_model_call_time", "model_call")
    op.create_index("ix_model_call_time", "model_call", ["started_at", *_MONEY, "job_id"])
    for name, column in _TIMES.items():
        op.create_index(name, "model_call", [column, "started_at"])
    reserved = sa.text("expected_micros IS NOT NULL")
    op.create_index(
        "ix_model_call_reserved", "model_call", ["started_at"], postgresql_where=reserved, sqlite_where=reserved
    )


def downgrade() -> None:
    op.drop_index("ix_model_call_time", "model_call")
    op.create_index("ix_model_call_time", "model_call", ["started_at", *_MONEY])
    for name in (*_TIMES, "ix_model_call_reserved"):
        op.drop_index(name, "model_call")
