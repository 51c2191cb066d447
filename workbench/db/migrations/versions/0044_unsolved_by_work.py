"""The failures of a project stand together by what failed: the newest of each is found without reading the others."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"

_failed = sa.text("state IN ('failed', 'partial')")


def upgrade() -> None:
    _index(["project_id", "node_id", "kind", "id"])


def downgrade() -> None:
    _index(["project_id", "id"])


def _index(columns: list[str]) -> None:
    op.drop_index("ix_job_unsolved", table_name="job")
    op.create_index("ix_job_unsolved", "job", columns, postgresql_where=_failed, sqlite_where=_failed)
