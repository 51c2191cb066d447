"""Indexes by which a board of a long history is sorted."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    where = sa.text("state IN ('succeeded', 'partial', 'failed', 'cancelled')")
    for name, first in (
        ("ix_job_wait", sa.text("(coalesce(started_at, finished_at) - created_at)")),
        ("ix_job_run", sa.text("(finished_at - started_at)")),
        ("ix_job_progress", "progress"),
    ):
        op.create_index(name, "job", [first, "id"], postgresql_where=where, sqlite_where=where)
    # with its condition in its columns, so that it is not taken for one like those
    op.drop_index("ix_job_unfiled", "job")
    unfiled = sa.text("filed IS NULL AND state IN ('succeeded', 'partial', 'failed', 'cancelled')")
    op.create_index("ix_job_unfiled", "job", ["filed", "id"], postgresql_where=unfiled, sqlite_where=unfiled)
