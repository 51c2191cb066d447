"""What a run is asked with beside its profile: another model, params, prompt versions; and an index nobody uses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"

_Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("job", sa.Column("overrides", _Json, nullable=True))
    op.drop_index("ix_failure_params_hash", "failure")
