"""How far ahead a job's time may lie, indexes by when jobs began and ended, and steps that ended jobs left open."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

#: the longest back-off and the longest lease of earlier releases, which did not note what each job was given
_LONGEST_WAIT_MS = 6 * 3_600_000
_LONGEST_LEASE_MS = 3_600_000

_ahead = f"""
    UPDATE job SET ahead_ms = CASE
        WHEN state = 'running' THEN {_LONGEST_LEASE_MS}
        WHEN claim = 0 AND available_at > created_at THEN available_at - created_at
        WHEN claim = 0 THEN 0
        ELSE {_LONGEST_WAIT_MS} END
    WHERE state IN ('queued', 'running', 'waiting')"""
_open_steps = """
    UPDATE step SET state = 'lost' WHERE state = 'sent' AND job_id IN (
        SELECT id FROM job WHERE state IN ('succeeded', 'partial', 'failed', 'cancelled'))"""


def upgrade() -> None:
    op.add_column("job", sa.Column("ahead_ms", sa.BigInteger()))
    op.execute(_ahead)
    op.execute(_open_steps)
    op.create_index(op.f("ix_job_finished_at_state"), "job", ["finished_at", "state"])
    op.create_index(op.f("ix_job_started_at_created_at"), "job", ["started_at", "created_at"])
