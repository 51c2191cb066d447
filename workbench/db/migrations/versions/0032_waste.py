"""Sums over wasted calls; what may be waste comes into their tail, and the workers sum it up."""

import sqlalchemy as sa
from alembic import op

from workbench.db.waste_triggers import waste_trigger_statements

revision = "0032"
down_revision = "0031"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for name, column in (("waste_tail", "call_id"), ("version_tail", "artifact_id")):
        op.create_table(
            name, sa.Column(column, _Id, nullable=False), sa.PrimaryKeyConstraint(column, name=op.f(f"pk_{name}"))
        )
    op.create_table(
        "wasted_call",
        sa.Column("call_id", _Id, nullable=False),
        sa.Column("cause", sa.String(length=12)),
        sa.Column("kept", sa.String(length=12)),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("project_id", _Id),
        sa.Column("workflow", sa.String(length=80)),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=3)),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_wasted_call")),
    )
    op.create_index("ix_wasted_call_started_at", "wasted_call", ["started_at"])
    op.create_index("ix_wasted_call_cause", "wasted_call", ["cause", "started_at"])
    op.create_table(
        "waste_sum",
        sa.Column("facet", sa.String(length=16), nullable=False),
        sa.Column("project_id", _Id, nullable=False, autoincrement=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("workflow", sa.String(length=80), nullable=False),
        sa.Column("cause", sa.String(length=12), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "facet", "project_id", "model", "at", "workflow", "cause", "currency", name=op.f("pk_waste_sum")
        ),
    )
    taken = sa.text("reused_from IS NOT NULL")
    op.create_index("ix_step_taken", "step", ["reused_from", "name"], postgresql_where=taken, sqlite_where=taken)
    op.create_index("ix_step_takes", "step", ["job_id", "reused_from"], postgresql_where=taken, sqlite_where=taken)
    for statement in waste_trigger_statements(op.get_bind().dialect.name):
        op.execute(statement)
    # the few calls that may be waste, not all that there are
    op.execute(
        "INSERT INTO waste_tail (call_id) SELECT id FROM model_call "
        "WHERE (outcome IN ('error', 'lost', 'late') OR valid IS FALSE) "
        "UNION SELECT c.id FROM job j JOIN model_call c ON c.job_id = j.id WHERE j.state IN ('failed', 'cancelled') "
        "UNION SELECT c.id FROM artifact a JOIN artifact b ON b.node_id = a.node_id AND b.kind = a.kind "
        "AND b.version = a.version + 1 JOIN model_call c ON c.job_id = a.job_id "
        "WHERE a.source = 'ai' AND b.source = 'ai'"
    )
    op.drop_index("ix_model_call_wasted", "model_call")
