"""What a call under way will probably cost."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("model_call", sa.Column("expected_micros", sa.BigInteger()))
