"""What is made part by part is asked for part by part: a prompt is told of the part that was made with it."""

from contextlib import AbstractContextManager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0043"
down_revision = "0042"

_NAME = "pk_artifact_prompt"
_CHAIN = "planning/build_narrative_causal_chain"
#: what each phase of a causal chain is asked for with
_PHASES = {
    "outline": [_CHAIN],
    "knowledge": [f"{_CHAIN}.knowledge"],
    "beats": [f"{_CHAIN}.beats", f"{_CHAIN}.act", f"{_CHAIN}.fix"],
    "weave": [f"{_CHAIN}.weave"],
}


def upgrade() -> None:
    with _alter() as batch:
        batch.add_column(sa.Column("part", sa.String(160), nullable=False, server_default=""))
        batch.drop_constraint(_NAME, type_="primary")
        batch.create_primary_key(_NAME, ["artifact_id", "part", "name", "language"])
    with _alter() as batch:
        batch.alter_column("part", server_default=None)
    # a chain's prompts are each of one phase; of all else it is only known that some of it was made with them
    used = sa.table("artifact_prompt", sa.column("part"), sa.column("name"))
    for phase, names in _PHASES.items():
        op.execute(sa.update(used).where(used.c.name.in_(names)).values(part=phase))


def downgrade() -> None:
    # a row of all, with the prompt of any part
    op.execute(
        "DELETE FROM artifact_prompt WHERE EXISTS (SELECT 1 FROM artifact_prompt AS other"
        " WHERE other.artifact_id = artifact_prompt.artifact_id AND other.name = artifact_prompt.name"
        " AND other.language = artifact_prompt.language AND other.part < artifact_prompt.part)"
    )
    with _alter() as batch:
        batch.drop_constraint(_NAME, type_="primary")
        batch.create_primary_key(_NAME, ["artifact_id", "name", "language"])
        batch.drop_column("part")


def _alter() -> AbstractContextManager[BatchOperations]:
    # the tables that it refers to need not be read
    return op.batch_alter_table("artifact_prompt", reflect_kwargs={"resolve_fks": False})
