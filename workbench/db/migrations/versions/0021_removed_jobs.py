"""What calls keep of a job that is removed to save room."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("model_call", sa.Column("node_id", _Id))
    op.add_column("model_call", sa.Column("created_by", sa.String(length=120)))
    for table, column in (("model_call", "node_id"), ("job", "answers_from")):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_{table}_{column}", table, [column], postgresql_where=where, sqlite_where=where)
