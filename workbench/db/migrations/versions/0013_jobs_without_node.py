"""An index of jobs without a node by what they were asked for: whether a later equal run made a failure good."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    free = sa.text("node_id IS NULL")
    op.create_index(
        "ix_job_without_node", "job", ["params_hash", "kind", "id"], postgresql_where=free, sqlite_where=free
    )
