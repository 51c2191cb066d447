"""What jobs and their children spent is summed up by each live page: calls are wide, and an index is not."""

from alembic import op

revision = "0012"
down_revision = "0011"

_columns = [
    "job_id", "currency", "cost_micros", "expected_micros", "outcome", "provider", "capability", "http_status",
    "input_tokens", "output_tokens",
]  # fmt: skip


def upgrade() -> None:
    op.create_index("ix_model_call_spending", "model_call", _columns)
    op.drop_index(op.f("ix_model_call_job_id"), "model_call")
