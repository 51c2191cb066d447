"""What bulk jobs did with each job that they acted on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"

_Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "bulk_item",
        sa.Column("bulk_id", _Id, nullable=False),
        sa.Column("job_id", _Id, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("new_id", _Id),
        sa.Column("priority_before", sa.Integer()),
        sa.Column("reason", sa.Text()),
        sa.Column("reason_i18n", _Json),
        sa.ForeignKeyConstraint(["bulk_id"], ["job.id"], name=op.f("fk_bulk_item_bulk_id_job")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_bulk_item_job_id_job")),
        sa.PrimaryKeyConstraint("bulk_id", "job_id", name=op.f("pk_bulk_item")),
    )
    op.create_index(op.f("ix_bulk_item_job_id"), "bulk_item", ["job_id"])
