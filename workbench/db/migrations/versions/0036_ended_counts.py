"""Ended jobs are counted by when they were created, how long they ran and what they cost."""

from collections import Counter

import sqlalchemy as sa
from alembic import op

from workbench.db import measures

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    count = op.create_table(
        "ended_count",
        sa.Column("measure", sa.String(length=4), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("measure", "bucket", "state", name=op.f("pk_ended_count")),
    )
    jobs: Counter[tuple[str, int, str]] = Counter()
    rows = sa.text("SELECT state, created_at, run_ms, cny_micros, usd_micros FROM ended_job")
    for row in op.get_bind().execute(rows, execution_options={"yield_per": 10_000}).mappings():
        jobs.update(measures.list_buckets(row))
    op.bulk_insert(count, [{"measure": m, "bucket": b, "state": s, "jobs": n} for (m, b, s), n in sorted(jobs.items())])


def downgrade() -> None:
    op.drop_table("ended_count")
