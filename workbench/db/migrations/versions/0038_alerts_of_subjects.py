"""Of a rule an alert holds for each subject: each queue, worker or day is told of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    _replace(["rule_id", "subject"])


def downgrade() -> None:
    _replace(["rule_id"])


def _replace(columns: list[str]) -> None:
    open_ = sa.text("ended_at IS NULL")
    op.drop_index("uq_alert_open", "alert")
    op.create_index("uq_alert_open", "alert", columns, unique=True, postgresql_where=open_, sqlite_where=open_)
