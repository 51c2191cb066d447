"""Jobs that are filed were found by their English titles and errors alone: workers file them anew, bit by bit."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    newest = "CAST(id + 1 AS VARCHAR(20)) FROM job WHERE filed ORDER BY id DESC LIMIT 1"
    op.execute(sa.text(f"INSERT INTO meta (key, value) SELECT 'filed_in_english_below', {newest}"))


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM meta WHERE key = 'filed_in_english_below'"))
