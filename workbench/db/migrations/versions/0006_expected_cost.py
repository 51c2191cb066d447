"""What a call under way will probably cost, and indexes that hold all that a budget sums up."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_money = ["currency", "cost_micros", "expected_micros", "outcome"]


def upgrade() -> None:
    op.add_column("model_call", sa.Column("expected_micros", sa.BigInteger()))
    for name, columns in (
        ("ix_model_call_time", ["started_at"]),
        ("ix_model_call_project_time", ["project_id", "started_at"]),
    ):
        op.drop_index(name, table_name="model_call")
        op.create_index(name, "model_call", [*columns, *_money])
