"""${message}"""

from alembic import op

from workbench.db.schema import trigger_statements

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
    for statement in trigger_statements(op.get_bind().dialect.name):
        op.execute(statement)
