"""Rules that watch spending, failures, queues and workers, and what they noticed."""

import sqlalchemy as sa
from alembic import op

from workbench.db.types import BigInteger, Id, Integer, String, Text

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "alert_rule",
        sa.Column("id", Id, primary_key=True),
        sa.Column("kind", String(20), nullable=False),
        sa.Column("project_id", Id, sa.ForeignKey("node.id", name="fk_alert_rule_project_id_node")),
        sa.Column("threshold", BigInteger, nullable=False),
        sa.Column("currency", String(3)),
        sa.Column("time_zone", Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_by", String(120)),
        sa.Column("created_at", BigInteger, nullable=False),
    )
    op.create_table(
        "alert",
        sa.Column("id", Id, primary_key=True),
        sa.Column(
            "rule_id", Id, sa.ForeignKey("alert_rule.id", name="fk_alert_rule_id_alert_rule", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("subject", String(120), nullable=False),
        sa.Column("value", BigInteger, nullable=False),
        sa.Column("times", Integer, nullable=False),
        sa.Column("raised_at", BigInteger, nullable=False),
        sa.Column("held_at", BigInteger, nullable=False),
        sa.Column("ended_at", BigInteger),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("dismissed_at", BigInteger),
    )  # fmt: skip
    open_ = sa.text("ended_at IS NULL")
    op.create_index("uq_alert_open", "alert", ["rule_id"], unique=True, postgresql_where=open_, sqlite_where=open_)
    op.create_index("ix_alert_rule_id", "alert", ["rule_id", "id"])
