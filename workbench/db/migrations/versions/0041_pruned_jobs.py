"""Of every job that is pruned from now on a narrow row stays, by which begun hours and days are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "pruned_job",
        sa.Column("finished_at", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("job_id", _Id, nullable=False, autoincrement=False),
        sa.Column("models", sa.Text()),
        sa.Column("kind", sa.String(length=80)),
        sa.Column("queue", sa.String(length=20)),
        sa.Column("state", sa.String(length=20)),
        sa.Column("project_id", _Id),
        sa.Column("node_id", _Id),
        sa.Column("profile_id", _Id),
        sa.Column("created_by", sa.String(length=120)),
        sa.Column("error_kind", sa.String(length=40)),
        sa.Column("created_at", sa.BigInteger()),
        sa.Column("started_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("finished_at", "job_id", name=op.f("pk_pruned_job")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("pruned_job")
