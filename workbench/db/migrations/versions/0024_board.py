"""Who paused what since when, workers that take nothing new, and saved views."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"

_Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("gate", sa.Column("paused_by", sa.String(length=120), nullable=True))
    op.add_column("gate", sa.Column("paused_at", sa.BigInteger(), nullable=True))
    op.add_column("worker", sa.Column("version", sa.String(length=40), nullable=True))
    op.add_column("worker", sa.Column("drain_at", sa.BigInteger(), nullable=True))
    op.add_column("worker", sa.Column("drain_by", sa.String(length=120), nullable=True))
    op.create_table(
        "saved_view",
        sa.Column("id", _Id, nullable=False),
        sa.Column("page", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("query", _Json, nullable=False),
        sa.Column("created_by", sa.String(length=120)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("page", "name", name=op.f("uq_saved_view_page_name")),
    )
