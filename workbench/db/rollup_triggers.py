"""What puts calls and ended jobs into the tails of the rollups, whoever writes them.

Each writes a row of its own, so that no two workers wait for each other as they would for a counter. A call or job
that changes after it was rolled up leaves behind what it was, to be taken away, and is in the tail again.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.db.rollup_tables import CALL_FACTS, JOB_FACTS
from workbench.db.schema import TERMINAL

_TERMINAL = ", ".join(f"'{state}'" for state in TERMINAL)
#: a pruned job's calls keep its node and its person; else the job says them
_FROM_JOB = ("node_id", "created_by")
_OWN_CALL = tuple(name for name in CALL_FACTS if name not in _FROM_JOB)
_JOB_CHANGES = tuple(name for name in JOB_FACTS if name != "state")


def _of_call(row: str, name: str) -> str:
    """A column of a call in a trigger; the node and the person of its job."""
    if name in _FROM_JOB:
        return f"COALESCE({row}.{name}, (SELECT {name} FROM job WHERE id = {row}.job_id))"
    return f"{row}.{name}"


def _any_changed(dialect: str, pairs: Sequence[tuple[str, str]]) -> str:
    differs = "IS NOT" if dialect == "sqlite" else "IS DISTINCT FROM"
    return "(" + " OR ".join(f"{old} {differs} {new}" for old, new in pairs) + ")"


def models_of(dialect: str, job_id: str) -> str:
    """SQL: the models that a job called, a line each."""
    if dialect == "sqlite":
        distinct = f"SELECT DISTINCT model FROM model_call WHERE job_id = {job_id}"
        return f"(SELECT group_concat(model, char(10)) FROM ({distinct}))"
    return f"(SELECT string_agg(DISTINCT model, E'\\n') FROM model_call WHERE job_id = {job_id})"


def _undo_job(dialect: str, job_id: str, models: str | None = None) -> str:
    """What an ended job was when it was rolled up, to be taken away. Nothing when it was not."""
    columns = ", ".join(JOB_FACTS)
    return (
        f"INSERT INTO job_undo (sign, models, {columns}) "
        f"SELECT -1, {models or models_of(dialect, job_id)}, {columns} FROM job "
        f"WHERE id = {job_id} AND state IN ({_TERMINAL}) "
        f"AND NOT EXISTS (SELECT 1 FROM job_tail WHERE job_id = {job_id})"
    )


def _put_job(dialect: str, job_id: str) -> str:
    return (
        f"INSERT INTO job_tail (job_id) SELECT id FROM job WHERE id = {job_id} AND state IN ({_TERMINAL}) "
        f"AND NOT EXISTS (SELECT 1 FROM job_tail WHERE job_id = {job_id}){_unless_there(dialect)}"
    )


def _unless_there(dialect: str) -> str:
    return "" if dialect == "sqlite" else " ON CONFLICT DO NOTHING"


def _bodies(dialect: str) -> dict[str, tuple[str, str, str, str, list[str]]]:
    """Trigger → (when and what of, table, condition on the row, condition that asks tables, statements)."""
    call_columns, job_columns = ", ".join(CALL_FACTS), ", ".join(JOB_FACTS)
    put_call = "INSERT INTO usage_tail (call_id) VALUES ({})"
    not_in_usage = "NOT EXISTS (SELECT 1 FROM usage_tail WHERE call_id = OLD.id)"
    not_in_jobs = "NOT EXISTS (SELECT 1 FROM job_tail WHERE job_id = OLD.id)"
    undo_call = (
        f"INSERT INTO usage_undo ({call_columns}) SELECT {', '.join(_of_call('OLD', n) for n in CALL_FACTS)} "
        f"WHERE {not_in_usage}"
    )
    facts_of_call = ", ".join(_of_call("model_call", n) for n in CALL_FACTS)
    undo_old_job = (
        f"INSERT INTO job_undo (sign, models, {job_columns}) "
        f"SELECT -1, {models_of(dialect, 'OLD.id')}, {', '.join(f'OLD.{n}' for n in JOB_FACTS)} WHERE {not_in_jobs}"
    )
    call_changed = _any_changed(dialect, [(_of_call("OLD", n), _of_call("NEW", n)) for n in CALL_FACTS])
    job_changed = _any_changed(dialect, [(f"OLD.{n}", f"NEW.{n}") for n in _JOB_CHANGES])
    model_changed = _any_changed(dialect, [("OLD.model", "NEW.model"), ("OLD.job_id", "NEW.job_id")])
    again = f"INSERT INTO usage_tail (call_id) SELECT OLD.id WHERE {not_in_usage}{_unless_there(dialect)}"
    of_no_tail = "NOT EXISTS (SELECT 1 FROM usage_tail WHERE call_id = model_call.id)"
    new_jobs_end = f"EXISTS (SELECT 1 FROM job WHERE id = NEW.job_id AND state IN ({_TERMINAL}))"
    return {
        "job_tail_added": (
            "AFTER INSERT", "job", f"NEW.state IN ({_TERMINAL})", "", ["INSERT INTO job_tail (job_id) VALUES (NEW.id)"],
        ),
        "job_tail_ended": (
            "AFTER UPDATE OF state", "job", f"NEW.state IN ({_TERMINAL}) AND OLD.state NOT IN ({_TERMINAL})", "",
            ["INSERT INTO job_tail (job_id) VALUES (NEW.id)"],
        ),
        "job_tail_changed": (
            f"BEFORE UPDATE OF {', '.join(_JOB_CHANGES)}", "job", f"OLD.state IN ({_TERMINAL}) AND {job_changed}", "",
            [undo_old_job, _put_job(dialect, "OLD.id")],
        ),
        "job_tail_deleted": (
            "BEFORE DELETE", "job", f"OLD.state IN ({_TERMINAL})", "",
            [undo_old_job, "DELETE FROM job_tail WHERE job_id = OLD.id"],
        ),
        "usage_tail_added": ("AFTER INSERT", "model_call", "", "", [put_call.format("NEW.id")]),
        "usage_tail_changed": (
            f"BEFORE UPDATE OF {', '.join((*CALL_FACTS, 'job_id'))}", "model_call",
            "OLD.outcome <> 'sent'", call_changed, [undo_call, again],
        ),
        "usage_tail_deleted": (
            "BEFORE DELETE", "model_call", "", "", [undo_call, "DELETE FROM usage_tail WHERE call_id = OLD.id"],
        ),
        # a call's node and person are its job's
        "usage_tail_job_changed": (
            "BEFORE UPDATE OF node_id, created_by", "job",
            _any_changed(dialect, [(f"OLD.{n}", f"NEW.{n}") for n in _FROM_JOB]), "",
            [
                f"INSERT INTO usage_undo ({call_columns}) SELECT {facts_of_call} "
                f"FROM model_call WHERE job_id = OLD.id AND {of_no_tail}",
                f"INSERT INTO usage_tail (call_id) SELECT id FROM model_call WHERE job_id = OLD.id AND {of_no_tail}"
                f"{_unless_there(dialect)}",
            ],
        ),
        # the models that an ended job has called become others
        "job_tail_model_added": (
            "BEFORE INSERT", "model_call", "NEW.job_id IS NOT NULL", new_jobs_end,
            [_undo_job(dialect, "NEW.job_id"), _put_job(dialect, "NEW.job_id")],
        ),
        "job_tail_model_changed": (
            "BEFORE UPDATE OF model, job_id", "model_call", model_changed, "",
            [
                statement.format(job_id=job_id)
                for job_id in ("OLD.job_id", "NEW.job_id")
                for statement in (_undo_job(dialect, "{job_id}"), _put_job(dialect, "{job_id}"))
            ],
        ),
        "job_tail_model_deleted": (
            "BEFORE DELETE", "model_call", "OLD.job_id IS NOT NULL", "",
            [_undo_job(dialect, "OLD.job_id"), _put_job(dialect, "OLD.job_id")],
        ),
    }  # fmt: skip


#: PostgreSQL: a round of folding that has taken a row out of a tail, and is not committed, is waited for
_LOCKS = {
    "usage_tail_changed": "PERFORM 1 FROM usage_tail WHERE call_id = OLD.id FOR UPDATE",
    "usage_tail_deleted": "PERFORM 1 FROM usage_tail WHERE call_id = OLD.id FOR UPDATE",
    "usage_tail_job_changed": (
        "PERFORM 1 FROM usage_tail WHERE call_id IN (SELECT id FROM model_call WHERE job_id = OLD.id) FOR UPDATE"
    ),
    "job_tail_changed": "PERFORM 1 FROM job_tail WHERE job_id = OLD.id FOR UPDATE",
    "job_tail_deleted": "PERFORM 1 FROM job_tail WHERE job_id = OLD.id FOR UPDATE",
    "job_tail_model_added": "PERFORM 1 FROM job_tail WHERE job_id = NEW.job_id FOR UPDATE",
    "job_tail_model_changed": "PERFORM 1 FROM job_tail WHERE job_id IN (OLD.job_id, NEW.job_id) FOR UPDATE",
    "job_tail_model_deleted": "PERFORM 1 FROM job_tail WHERE job_id = OLD.job_id FOR UPDATE",
}


def rollup_trigger_statements(dialect: str) -> list[str]:
    """Batch migrations on SQLite drop triggers silently and must run these again."""
    statements: list[str] = []
    for name, (event, table, on_row, asking, body) in _bodies(dialect).items():
        if dialect == "sqlite":
            when = " AND ".join(f"({condition})" for condition in (on_row, asking) if condition)
            statements += [
                f"DROP TRIGGER IF EXISTS {name}",
                f"CREATE TRIGGER {name} {event} ON {table}{' WHEN ' + when if when else ''} "
                f"BEGIN {'; '.join(body)}; END",
            ]
            continue
        # a condition of a trigger may ask no table there
        inside = "; ".join([_LOCKS[name], *body] if name in _LOCKS else body)
        inside = f"IF {asking} THEN {inside}; END IF" if asking else inside
        statements += [
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {inside}; RETURN {'OLD' if 'DELETE' in event else 'NEW'}; END $$",
            f"DROP TRIGGER IF EXISTS {name} ON {table}",
            f"CREATE TRIGGER {name} {event} ON {table} FOR EACH ROW{f' WHEN ({on_row})' if on_row else ''} "
            f"EXECUTE FUNCTION {name}()",
        ]
    return statements
