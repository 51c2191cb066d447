"""What a profile binds and limits, what a call cost by which price, and budgets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_open = sa.text("outcome = 'sent'")


def upgrade() -> None:
    op.add_column("profile", sa.Column("video_model", sa.String(length=200)))
    op.add_column("profile", sa.Column("image_profile_id", _Id))
    op.add_column("profile", sa.Column("video_profile_id", _Id))
    op.add_column("profile", sa.Column("fallback_ids", _Json))
    op.add_column("profile", sa.Column("rpm", sa.Integer()))
    op.add_column("profile", sa.Column("tpm", sa.Integer()))
    op.add_column("model_call", sa.Column("image_input_tokens", sa.Integer()))
    op.add_column("model_call", sa.Column("image_output_tokens", sa.Integer()))
    op.add_column("model_call", sa.Column("price", _Json))
    op.add_column("model_call", sa.Column("fallback_from", _Id))
    op.create_index("ix_model_call_open", "model_call", ["profile_id"], postgresql_where=_open, sqlite_where=_open)
    op.create_table(
        "budget",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("project_id", _Id),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("amount_micros", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_by", sa.String(length=120)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_budget")),
        sa.ForeignKeyConstraint(["project_id"], ["node.id"], name=op.f("fk_budget_project_id")),
    )
