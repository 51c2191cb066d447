"""What has failed in a project is looked for by each open page of it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_failed = sa.text("state IN ('failed', 'partial')")


def upgrade() -> None:
    op.create_index("ix_job_unsolved", "job", ["project_id", "id"], postgresql_where=_failed, sqlite_where=_failed)
