"""The failures of a project stand together by what failed: the newest of each is found without reading the others. What
the failures of a group are of is kept beside them, each combination once, and a page of a group is in order."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_failed = sa.text("state IN ('failed', 'partial')")


def upgrade() -> None:
    _index(["project_id", "node_id", "kind", "id"])
    op.create_index("ix_failure_jobs", "failure", ["fingerprint", "job_id"])
    op.create_table(
        "failure_facet",
        sa.Column("fingerprint", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("profile_id", _ID, autoincrement=False, nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("project_id", _ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            *("fingerprint", "kind", "model", "profile_id", "version", "project_id"), name=op.f("pk_failure_facet")
        ),
    )
    op.execute(
        "INSERT INTO failure_facet (fingerprint, kind, model, profile_id, version, project_id)"
        " SELECT DISTINCT fingerprint, kind, COALESCE(model, ''), COALESCE(profile_id, 0), COALESCE(version, ''),"
        " COALESCE(project_id, 0) FROM failure"
    )


def downgrade() -> None:
    op.drop_table("failure_facet")
    op.drop_index("ix_failure_jobs", table_name="failure")
    _index(["project_id", "id"])


def _index(columns: list[str]) -> None:
    op.drop_index("ix_job_unsolved", table_name="job")
    op.create_index("ix_job_unsolved", "job", columns, postgresql_where=_failed, sqlite_where=_failed)
