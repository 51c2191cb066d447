"""Questions about rules and alerts, and about what the rules watch."""

from __future__ import annotations

from sqlalchemy import Connection, and_, case, exists, func, or_, select

from workbench.db.connection import db_now_ms
from workbench.db.reads.jobs import list_gates
from workbench.db.rows.alerts import Alert, AlertRule
from workbench.db.rows.record import columns, fetch
from workbench.db.schema import RESUMED, TERMINAL, alert, alert_rule, attempt, job, meta

_OF_RULE = ("kind", "project_id", "threshold", "currency")
_alerts = select(*(alert_rule.c[n] if n in _OF_RULE else alert.c[n] for n in Alert.__match_args__)).join(
    alert_rule, alert_rule.c.id == alert.c.rule_id
)


def list_rules(conn: Connection) -> list[AlertRule]:
    return fetch(conn, AlertRule, select(*columns(AlertRule, alert_rule)).order_by(alert_rule.c.id))


def find_open_day(conn: Connection, rule_id: int) -> str | None:
    """Of a rule about spending, the first day that may still have grown since it was last looked at; None: it was not
    looked at since it is there, or is on again."""
    found: str | None = conn.execute(select(alert_rule.c.open_from).where(alert_rule.c.id == rule_id)).scalar()
    return found


def list_alerts(conn: Connection, most: int, before: int | None = None) -> list[Alert]:
    """Newest first, those that hold before those that have ended; `before`: those that come after this one."""
    query = _alerts.order_by(alert.c.ended_at.isnot(None), alert.c.id.desc()).limit(most)
    if before is not None:
        holds = conn.execute(select(alert.c.ended_at.is_(None)).where(alert.c.id == before)).scalar()
        ended, older = alert.c.ended_at.isnot(None), alert.c.id < before
        query = query.where(or_(ended, older) if holds else and_(ended, older))
    return fetch(conn, Alert, query)


def list_shown(conn: Connection) -> list[Alert]:
    """Those that hold and that nobody has dismissed."""
    query = _alerts.where(alert.c.ended_at.is_(None), alert.c.dismissed_at.is_(None)).order_by(alert.c.id)
    return fetch(conn, Alert, query)


def list_holding(conn: Connection) -> list[Alert]:
    return fetch(conn, Alert, _alerts.where(alert.c.ended_at.is_(None)))


def list_untold(conn: Connection) -> list[Alert]:
    return fetch(conn, Alert, _alerts.where(alert.c.told.is_(False)).order_by(alert.c.id))


def count_ends(conn: Connection, since: int, project_id: int | None) -> tuple[int, int]:
    """(failed, all but the cancelled) of the jobs that ended here from a moment on. What came with an imported project
    was run elsewhere, by nobody who is known."""
    elsewhere = exists().where(attempt.c.job_id == job.c.id, attempt.c.worker == "")
    failed = func.coalesce(func.sum(case((job.c.state == "failed", 1), else_=0)), 0)
    query = select(failed, func.count()).where(
        job.c.state.in_(TERMINAL), job.c.state != "cancelled", job.c.finished_at >= since, ~elsewhere
    )
    if project_id is not None:
        query = query.where(job.c.project_id == project_id)
    bad, ended = conn.execute(query).one()
    return int(bad), int(ended)


def longest_waits(conn: Connection, project_id: int | None) -> dict[str, int]:
    """By queue, for how long (ms) the job has waited that could have started longest ago and has not; nothing that
    somebody has paused, and no time in which it was."""
    query = _waiting if project_id is None else _waiting.where(job.c.project_id == project_id)
    paused = {gate.key for gate in list_gates(conn) if gate.paused}
    resumed = {key.removeprefix(RESUMED): int(at) for key, at in conn.execute(_resumed)}
    waits: dict[str, int] = {}
    for queue, kind, project, profile, now, since in conn.execute(query):
        keys = (f"queue:{queue}", f"kind:{kind}", f"project:{project}", f"profile:{profile}")
        if not paused.intersection(keys):
            waited = now - max([since, *(resumed.get(key, 0) for key in keys)])
            waits[queue] = max(waited, waits.get(queue, 0))
    return waits


_resumed = select(meta.c.key, meta.c.value).where(meta.c.key.startswith(RESUMED))
_group = (job.c.queue, job.c.kind, job.c.project_id, job.c.profile_id)
_waiting = (
    select(*_group, db_now_ms(), func.min(job.c.available_at))
    .where(job.c.state == "queued", job.c.available_at <= db_now_ms())
    .group_by(*_group)
)
