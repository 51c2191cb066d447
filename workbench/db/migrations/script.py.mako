"""${message}"""

from alembic import op

from workbench.db.rollup_triggers import rollup_trigger_statements
from workbench.db.schema import trigger_statements

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
    dialect = op.get_bind().dialect.name
    for statement in (*trigger_statements(dialect), *rollup_trigger_statements(dialect)):
        op.execute(statement)
