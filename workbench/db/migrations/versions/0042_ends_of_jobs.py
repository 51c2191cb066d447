"""Whatever the board's filters ask of a job that ended in a stretch of time stands in the index of that time."""

from alembic import op

revision = "0042"
down_revision = "0041"

_INDEX = ("finished_at", "state", "created_at", "started_at", "kind", "project_id", "profile_id", "error_kind")


def upgrade() -> None:
    op.create_index("ix_job_end", "job", [*_INDEX])
    op.drop_index("ix_job_finished_at_state", table_name="job")


def downgrade() -> None:
    op.create_index("ix_job_finished_at_state", "job", ["finished_at", "state"])
    op.drop_index("ix_job_end", table_name="job")
