"""The first schema: story tree, artifacts, jobs, ledger, profiles."""

from alembic import op

from workbench.db.schema import metadata, trigger_statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    bind = op.get_bind()
    metadata.create_all(bind)
    for statement in trigger_statements(bind.dialect.name):
        op.execute(statement)
