"""A task whose name is longer than its column could not be asked for any more, and was paid all the same."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    # SQLite holds any length, and would have to copy the table
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("step", "provider_task_id", type_=sa.Text())
