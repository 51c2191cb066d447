"""Which nodes a plan's entries became, so that going back to a plan brings back exactly what was archived."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"

_Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "layout",
        sa.Column("artifact_id", _Id, nullable=False),
        sa.Column("nodes", _Json, nullable=False),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifact.id"], name=op.f("fk_layout_artifact_id")),
        sa.PrimaryKeyConstraint("artifact_id", name=op.f("pk_layout")),
    )
