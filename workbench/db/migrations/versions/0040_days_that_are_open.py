"""A rule about a day's spending remembers which days may still grow: a clip is settled up to two days after it was
asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.add_column("alert_rule", sa.Column("open_from", sa.String(10)))


def downgrade() -> None:
    with op.batch_alter_table("alert_rule") as batch:
        batch.drop_column("open_from")
