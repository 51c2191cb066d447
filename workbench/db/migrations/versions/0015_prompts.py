"""Prompts that people have written anew, and what each call and each artifact was asked with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

_Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "prompt_override",
        sa.Column("id", _Id, nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("project_id", _Id),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("system_text", sa.Text()),
        sa.Column("user_text", sa.Text()),
        sa.Column("fingerprint", sa.String(length=40)),
        sa.Column("created_by", sa.String(length=120)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["node.id"], name=op.f("fk_prompt_override_project_id_node")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt_override")),
    )
    _create_unique("uq_prompt_override_project", ["project_id", "name", "language", "version"], "IS NOT NULL")
    _create_unique("uq_prompt_override_all", ["name", "language", "version"], "IS NULL")
    op.create_table(
        "artifact_prompt",
        sa.Column("artifact_id", _Id, nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("fingerprint", sa.String(length=40), nullable=False),
        sa.Column("override_id", _Id),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifact.id"], name=op.f("fk_artifact_prompt_artifact_id_artifact")),
        sa.ForeignKeyConstraint(
            ["override_id"], ["prompt_override.id"], name=op.f("fk_artifact_prompt_override_id_prompt_override")
        ),
        sa.PrimaryKeyConstraint("artifact_id", "name", "language", name=op.f("pk_artifact_prompt")),
    )
    op.add_column("model_call", sa.Column("prompt_name", sa.String(length=160)))
    op.add_column("model_call", sa.Column("template", _Json))
    where = sa.text("prompt_name IS NOT NULL")
    op.create_index(
        "ix_model_call_prompt_name", "model_call", ["prompt_name", "id"], postgresql_where=where, sqlite_where=where
    )


def _create_unique(name: str, columns: list[str], project: str) -> None:
    where = sa.text(f"project_id {project}")
    op.create_index(name, "prompt_override", columns, unique=True, postgresql_where=where, sqlite_where=where)
