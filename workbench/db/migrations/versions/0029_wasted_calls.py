"""Calls whose answer was of no use are found without looking at all others."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    where = sa.text("(outcome IN ('error', 'lost', 'late') OR valid IS FALSE)")
    op.create_index("ix_model_call_wasted", "model_call", ["started_at"], postgresql_where=where, sqlite_where=where)
