"""What the failures of a group affect, read from an index alone."""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    columns = ["fingerprint", "kind", "model", "profile_id", "version", "project_id", "finished_at"]
    op.create_index("ix_failure_affected", "failure", columns)
