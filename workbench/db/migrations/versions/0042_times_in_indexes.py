"""What the filters of the board ask of a job that ended in a stretch of time stands in the index of that time, and when
it was asked for in the indexes of what it is: neither is looked up in wide rows."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"

_END = ("finished_at", "state", "created_at", "started_at", "kind", "project_id", "profile_id", "error_kind")
#: index → its columns, and of which jobs it is
_DATED = {
    "ix_job_kind": (("kind", "id"), None),
    "ix_job_project": (("project_id", "id"), None),
    "ix_job_failed_state": (("state", "id"), "state IN ('failed', 'partial')"),
    "ix_job_cancelled": (("state", "id"), "state = 'cancelled'"),
    "ix_job_error_kind": (("error_kind", "id"), "error_kind IS NOT NULL"),
}


def upgrade() -> None:
    op.create_index("ix_job_end", "job", [*_END])
    op.drop_index("ix_job_finished_at_state", table_name="job")
    _index_again("created_at")


def downgrade() -> None:
    _index_again()
    op.create_index("ix_job_finished_at_state", "job", ["finished_at", "state"])
    op.drop_index("ix_job_end", table_name="job")


def _index_again(*more: str) -> None:
    for name, (columns, of) in _DATED.items():
        where = sa.text(of) if of else None
        op.drop_index(name, table_name="job")
        op.create_index(name, "job", [*columns, *more], postgresql_where=where, sqlite_where=where)
