"""What a retry takes over is known to the job itself, so that its children are retried, too, and not paid again.

Older retries keep NULL: their finished steps were copied when they were made. A parent that only sums up failed
children is no failure of its own any more, unless it names one that was refused and so has no job.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_no_node = sa.text("node_id IS NULL")
_sums = """
    UPDATE job SET error_fingerprint = NULL
    WHERE state IN ('failed', 'partial') AND error_kind = 'child_failed'
    AND EXISTS (
        SELECT 1 FROM job_child AS family JOIN job AS child ON child.id = family.child_id
        WHERE family.parent_id = job.id AND child.state IN ('failed', 'partial'))
    AND NOT EXISTS (SELECT 1 FROM step WHERE step.job_id = job.id AND step.child_item IS NOT NULL)"""


def upgrade() -> None:
    op.add_column("job", sa.Column("reused_from", _Id))
    op.create_index(
        "ix_job_params_hash", "job", ["params_hash", "id"], postgresql_where=_no_node, sqlite_where=_no_node
    )
    op.execute(_sums)
