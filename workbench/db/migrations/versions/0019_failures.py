"""What Debug groups and counts, beside the wide rows of jobs; what people say of a group; webhooks that are told of
failed jobs are told of regressions as well."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: the workflows of which any run does all of its node's work, when this was written
_WHOLE = (
    "build_narrative_causal_chain", "estimate_duration", "generate_character_relationships", "generate_dialogue",
    "generate_emotion_arc", "generate_episode_core_expression", "generate_episode_scene_list",
    "generate_keyframe_prompt", "generate_motion_prompt", "generate_scene_anchor", "generate_scene_script",
    "generate_sound_design", "generate_storyboard_plan", "generate_storyboard_scene_bible", "plan_episodes",
    "rank_keyframe_candidates", "summarize_source",
)  # fmt: skip

_FILL = """
    INSERT INTO failure (job_id, fingerprint, finished_at, project_id, kind, node_id, params_hash, profile_id, model)
    SELECT j.id, j.error_fingerprint, COALESCE(j.finished_at, j.created_at), j.project_id, j.kind, j.node_id,
           j.params_hash, j.profile_id,
           (SELECT c.model FROM model_call c WHERE c.job_id = j.id ORDER BY c.id DESC LIMIT 1)
    FROM job j WHERE j.state IN ('failed', 'partial') AND j.error_fingerprint IS NOT NULL"""
_REPLAYED = """
    WITH RECURSIVE line (root, id, state) AS (
        SELECT f.job_id, r.id, r.state FROM failure f JOIN job r ON r.replay_of = f.job_id
        UNION SELECT line.root, r.id, r.state FROM line JOIN job r ON r.replay_of = line.id)
    SELECT root, MAX(id) FROM line WHERE state = 'succeeded' GROUP BY root"""
_AGAIN = f"""
    SELECT f.job_id, (SELECT MAX(l.id) FROM job j, job l WHERE j.id = f.job_id AND l.node_id = f.node_id
                      AND l.kind = f.kind AND l.id > f.job_id AND l.state = 'succeeded'
                      AND (f.kind IN {_WHOLE} OR l.params = j.params))
    FROM failure f WHERE f.node_id IS NOT NULL
    UNION ALL
    SELECT f.job_id, (SELECT MAX(l.id) FROM job l WHERE l.params_hash = f.params_hash AND l.node_id IS NULL
                      AND l.kind = f.kind AND l.id > f.job_id AND l.state = 'succeeded')
    FROM failure f WHERE f.node_id IS NULL"""


def upgrade() -> None:
    op.create_table(
        "failure",
        sa.Column("job_id", _Id, nullable=False),
        sa.Column("fingerprint", sa.String(length=40), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=False),
        sa.Column("project_id", _Id),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("node_id", _Id),
        sa.Column("params_hash", sa.String(length=64), nullable=False),
        sa.Column("profile_id", _Id),
        sa.Column("model", sa.String(length=200)),
        sa.Column("version", sa.String(length=20)),
        sa.Column("repaired_by", _Id),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_failure_job_id_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_failure")),
    )
    op.create_table(
        "failure_group",
        sa.Column("fingerprint", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("changed_by", sa.String(length=120)),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("job_id", _Id),
        sa.Column("untold", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_failure_group")),
    )
    conn = op.get_bind()
    conn.execute(sa.text(_FILL))
    for query in (_REPLAYED, _AGAIN):
        found = [{"failed": failed, "repair": repair} for failed, repair in conn.execute(sa.text(query)) if repair]
        if found:
            set_repair = (
                "UPDATE failure SET repaired_by = :repair "
                "WHERE job_id = :failed AND (repaired_by IS NULL OR repaired_by < :repair)"
            )
            conn.execute(sa.text(set_repair), found)
    _index()
    _tell_of_regressions(conn)


def _index() -> None:
    unrepaired, nodeless = sa.text("repaired_by IS NULL"), sa.text("repaired_by IS NULL AND node_id IS NULL")
    op.create_index("ix_failure_group", "failure", ["fingerprint", "finished_at", "project_id", "repaired_by"])
    op.create_index("ix_failure_finished_at", "failure", ["finished_at"])
    op.create_index(
        "ix_failure_work", "failure", ["node_id", "kind"], postgresql_where=unrepaired, sqlite_where=unrepaired
    )
    op.create_index(
        "ix_failure_params_hash", "failure", ["params_hash"], postgresql_where=nodeless, sqlite_where=nodeless
    )
    op.create_index(
        "ix_failure_group_untold",
        "failure_group",
        ["fingerprint"],
        postgresql_where=sa.text("untold"),
        sqlite_where=sa.text("untold = 1"),
    )


def _tell_of_regressions(conn: sa.Connection) -> None:
    for hook_id, events in conn.execute(sa.text("SELECT id, events FROM webhook")).all():
        known = json.loads(events) if isinstance(events, str) else events
        if "job.failed" in known:
            told = json.dumps([*known, "group.regressed"])
            cast = "CAST(:told AS jsonb)" if conn.dialect.name == "postgresql" else ":told"
            conn.execute(sa.text(f"UPDATE webhook SET events = {cast} WHERE id = :id"), {"told": told, "id": hook_id})
