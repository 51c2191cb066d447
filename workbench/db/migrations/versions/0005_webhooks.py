"""Webhooks, what they were told, and the mark of jobs that they are still to be told of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_pending = sa.text("state = 'pending'")


def upgrade() -> None:
    op.add_column("job", sa.Column("untold", sa.Boolean()))
    op.create_index(
        "ix_job_untold", "job", ["id"], postgresql_where=sa.text("untold"), sqlite_where=sa.text("untold = 1")
    )
    op.create_table(
        "webhook",
        sa.Column("id", _Id, nullable=False),
        sa.Column("form", sa.String(length=20), nullable=False),
        sa.Column("events", _Json, nullable=False),
        sa.Column("project_id", _Id),
        sa.Column("host", sa.String(length=260), nullable=False),
        sa.Column("url_ciphertext", sa.Text(), nullable=False),
        sa.Column("secret_ciphertext", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("allow_private", sa.Boolean(), nullable=False),
        sa.Column("lang", sa.String(length=5), nullable=False),
        sa.Column("page_url", sa.Text()),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("archived_at", sa.BigInteger()),
        sa.Column("created_by", sa.String(length=120)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        sa.ForeignKeyConstraint(["project_id"], ["node.id"], name=op.f("fk_webhook_project_id")),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", _Id, nullable=False),
        sa.Column("webhook_id", _Id, nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("event_key", sa.String(length=120), nullable=False),
        sa.Column("payload", _Json, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.Column("error_i18n", _Json),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_delivery_webhook_id")),
        sa.UniqueConstraint("webhook_id", "event_key", name=op.f("uq_webhook_delivery_webhook_id_event_key")),
    )
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["next_at"],
        postgresql_where=_pending,
        sqlite_where=_pending,
    )
