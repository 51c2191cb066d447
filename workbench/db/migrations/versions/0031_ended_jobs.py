"""Ended jobs in narrow rows, so that lists sort by cost and count without reading the wide ones."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ended_job",
        sa.Column("job_id", _Id, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("project_id", _Id),
        sa.Column("profile_id", _Id),
        sa.Column("error_kind", sa.String(length=40)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("run_ms", sa.BigInteger()),
        sa.Column("cny_micros", sa.BigInteger()),
        sa.Column("usd_micros", sa.BigInteger()),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_ended_job")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_ended_job_job_id_job"), ondelete="CASCADE"),
    )
    op.create_index("ix_ended_job_created_at", "ended_job", ["created_at", "state"])
    op.create_index("ix_ended_job_run_ms", "ended_job", ["run_ms", "state"])
    where = {name: sa.text(f"{name}_micros IS NOT NULL") for name in ("cny", "usd")}
    for name, other in (("cny", "usd"), ("usd", "cny")):
        op.create_index(
            f"ix_ended_job_{name}",
            "ended_job",
            [f"{name}_micros", "job_id", f"{other}_micros", "state"],
            postgresql_where=where[name],
            sqlite_where=where[name],
        )
    both = sa.text("cny_micros IS NOT NULL AND usd_micros IS NOT NULL")
    op.create_index(
        "ix_ended_job_both",
        "ended_job",
        ["job_id", "cny_micros", "usd_micros"],
        postgresql_where=both,
        sqlite_where=both,
    )
    # jobs are rolled up anew, and come into these rows as they are
    ended = "('succeeded', 'partial', 'failed', 'cancelled')"
    op.execute("DELETE FROM job_hour WHERE NOT pruned")
    op.execute("DELETE FROM job_undo WHERE sign < 0")
    op.execute("DELETE FROM job_tail")
    op.execute(f"INSERT INTO job_tail (job_id) SELECT id FROM job WHERE state IN {ended}")
