"""What was read out of names: a job's title as a translatable text, a child's place in its batch, a refused child's
item.

Gates of no project and of no profile could never be set by a command; a row of that name closes nothing any more.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

_Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

# “Scene list · The dark hour”: up to the first dot it is the workflow's title, a phrase of the catalogue
_titles = {
    "sqlite": """
        UPDATE job SET title_i18n = json_object(
            'msgid', '{kind} · {place}',
            'params', json_object(
                'kind', json_object(
                    'msgid', substr(title, 1, instr(title, ' · ') - 1), 'params', json_object()),
                'place', substr(title, instr(title, ' · ') + 3)))
        WHERE node_id IS NOT NULL AND instr(title, ' · ') > 0""",
    "postgresql": """
        UPDATE job SET title_i18n = jsonb_build_object(
            'msgid', '{kind} · {place}',
            'params', jsonb_build_object(
                'kind', jsonb_build_object(
                    'msgid', substr(title, 1, strpos(title, ' · ') - 1), 'params', jsonb_build_object()),
                'place', substr(title, strpos(title, ' · ') + 3)))
        WHERE node_id IS NOT NULL AND strpos(title, ' · ') > 0""",
}
# “1:0:generate_x:17”: batch, place in it, kind, node; children known by kind and node alone begin with a name
_children = {
    "sqlite": """
        UPDATE job_child SET
            batch = CAST(substr(item, 1, instr(item, ':') - 1) AS INTEGER),
            batch_position = CAST(substr(item, instr(item, ':') + 1) AS INTEGER)
        WHERE item GLOB '[0-9]*:[0-9]*:*:*'""",
    "postgresql": """
        UPDATE job_child SET
            batch = split_part(item, ':', 1)::integer,
            batch_position = split_part(item, ':', 2)::integer
        WHERE item ~ '^[0-9]+:[0-9]+:.+:[0-9]+$'""",
}
_refused = "UPDATE step SET child_item = substr(name, length('refused ') + 1) WHERE state = 'refused_child'"


def upgrade() -> None:
    op.add_column("job", sa.Column("title_i18n", _Json))
    op.add_column("job_child", sa.Column("batch", sa.Integer()))
    op.add_column("job_child", sa.Column("batch_position", sa.Integer()))
    op.add_column("step", sa.Column("child_item", sa.String(length=200)))
    dialect = op.get_bind().dialect.name
    for statement in (_titles[dialect], _children[dialect], _refused):
        # not op.execute: “:” and “{” are no parameters
        op.get_bind().exec_driver_sql(statement)
    op.execute("DELETE FROM gate WHERE key IN ('project:None', 'profile:None')")
