"""How many jobs a parent will start in all, so that its progress is a share of the whole."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("job", sa.Column("parts", sa.Integer(), nullable=True))
