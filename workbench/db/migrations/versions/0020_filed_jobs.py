"""Ended jobs counted by kind and state, and an index of their words; workers fill both in the background."""

import sqlalchemy as sa
from alembic import op

from workbench.db.search import index_statements

revision = "0020"
down_revision = "0019"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.create_table(
        "job_count",
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("project_id", _Id, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("profile_id", _Id, nullable=False, autoincrement=False),
        sa.Column("error_kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "model", "project_id", "kind", "profile_id", "error_kind", "state", name=op.f("pk_job_count")
        ),
    )
    op.create_table(
        "job_text",
        sa.Column("job_id", _Id, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary() if dialect == "sqlite" else sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_text_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", "part", name=op.f("pk_job_text")),
    )
    op.add_column("job", sa.Column("filed", sa.Boolean()))
    _create_index(
        "ix_job_unfiled", ["id"], "filed IS NULL AND state IN ('succeeded', 'partial', 'failed', 'cancelled')"
    )
    _create_index("ix_job_failed_state", ["state", "id"], "state IN ('failed', 'partial')")
    _create_index("ix_job_cancelled", ["state", "id"], "state = 'cancelled'")
    _create_index("ix_job_error_kind", ["error_kind", "id"], "error_kind IS NOT NULL")
    for statement in index_statements(dialect):
        op.execute(statement)


def _create_index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "job", columns, postgresql_where=where, sqlite_where=where)
