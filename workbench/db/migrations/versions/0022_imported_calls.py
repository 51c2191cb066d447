"""Calls that came with an imported project are told from those that this home has paid."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("model_call", sa.Column("imported_at", sa.BigInteger()))
    where = sa.text("imported_at IS NOT NULL")
    op.create_index("ix_model_call_imported", "model_call", ["started_at"], postgresql_where=where, sqlite_where=where)
