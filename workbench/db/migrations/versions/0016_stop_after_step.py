"""When a person asked a parent to start nothing more than what is at work."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("job", sa.Column("stop_at", sa.BigInteger(), nullable=True))
