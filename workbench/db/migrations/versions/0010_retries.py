"""What a retry takes over is known to the job itself, so that its children are retried, too, and not paid again.

Older retries keep NULL: their finished steps were copied when they were made.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_no_node = sa.text("node_id IS NULL")


def upgrade() -> None:
    op.add_column("job", sa.Column("reused_from", _Id))
    op.create_index(
        "ix_job_params_hash", "job", ["params_hash", "id"], postgresql_where=_no_node, sqlite_where=_no_node
    )
