"""What plans were expected to take, to be held against what they took."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"

_Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "forecast",
        sa.Column("job_id", _Id, nullable=False),
        sa.Column("workflow", sa.String(length=80), nullable=False),
        sa.Column("model", sa.String(length=200)),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.BigInteger()),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.Column("cost", _Json, nullable=False),
        sa.Column("unpriced", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_forecast_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", "workflow", name=op.f("pk_forecast")),
    )
