"""State changes of rules and alerts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from workbench.db.connection import db_now_ms
from workbench.db.schema import alert, alert_rule
from workbench.db.writes.installation import upsert

#: what comes back within this time is not told again
QUIET_MS = 3_600_000


def add_rule(conn: Connection, **values: Any) -> int:
    row = insert(alert_rule).values(created_at=db_now_ms(), enabled=True, **values).returning(alert_rule.c.id)
    return int(conn.execute(row).scalar_one())


def enable_rule(conn: Connection, rule_id: int, enabled: bool) -> bool:
    """Off: what holds is over, and what is spent meanwhile is nobody's matter. Whether there is such a rule."""
    if not enabled:
        end(conn, rule_id)
        set_open_day(conn, rule_id, None)
    changed = conn.execute(update(alert_rule).where(alert_rule.c.id == rule_id).values(enabled=enabled))
    return bool(changed.rowcount)


def set_open_day(conn: Connection, rule_id: int, day: str | None) -> None:
    """From which day on a rule about spending looks next time."""
    conn.execute(update(alert_rule).where(alert_rule.c.id == rule_id).values(open_from=day))


def remove_rule(conn: Connection, rule_id: int) -> bool:
    """With its alerts. Whether there was such a rule."""
    conn.execute(delete(alert).where(alert.c.rule_id == rule_id))
    return bool(conn.execute(delete(alert_rule).where(alert_rule.c.id == rule_id)).rowcount)


def hold(conn: Connection, rule_id: int, subject: str, value: int, *, quiet_ms: int | None = QUIET_MS) -> None:
    """What a rule watches for is so of a subject. Raises an alert, unless the subject's own holds or has ended within
    the quiet time (None: ever)."""
    holds = {"value": value, "held_at": db_now_ms()}
    of_subject = (alert.c.rule_id == rule_id, alert.c.subject == subject)
    own = alert.c.id == select(alert.c.id).where(*of_subject).order_by(alert.c.id.desc()).limit(1).scalar_subquery()
    if conn.execute(update(alert).where(own, alert.c.ended_at.is_(None)).values(**holds)).rowcount:
        return
    recent = alert.c.ended_at.isnot(None) if quiet_ms is None else alert.c.ended_at > db_now_ms() - quiet_ms
    again = update(alert).where(own, recent).values(**holds, ended_at=None, times=alert.c.times + 1)
    if conn.execute(again).rowcount:
        return
    row = upsert(conn, alert).values(
        rule_id=rule_id, subject=subject, raised_at=db_now_ms(), times=1, told=False, **holds
    )  # fmt: skip
    conn.execute(row.on_conflict_do_nothing())


def end(conn: Connection, rule_id: int, but: Collection[str] = ()) -> None:
    """What a rule watches for is so no more, but of these subjects."""
    held = update(alert).where(alert.c.rule_id == rule_id, alert.c.ended_at.is_(None), alert.c.subject.not_in(but))
    conn.execute(held.values(ended_at=db_now_ms()))


def note_gone(conn: Connection, worker: str) -> None:
    """A worker has left without saying so."""
    rules = select(alert_rule.c.id).where(alert_rule.c.kind == "worker_gone", alert_rule.c.enabled.is_(True))
    subject = worker[:120]
    for rule_id in conn.execute(rules).scalars().all():
        others = select(func.count()).where(
            alert.c.rule_id == rule_id, alert.c.ended_at.is_(None), alert.c.subject != subject
        )
        hold(conn, rule_id, subject, 1 + conn.execute(others).scalar_one())


def take_told(conn: Connection, alert_id: int) -> bool:
    """Whether it was not told yet; from now on it is."""
    mark = update(alert).where(alert.c.id == alert_id, alert.c.told.is_(False)).values(told=True)
    return bool(conn.execute(mark).rowcount)


def dismiss(conn: Connection, alert_id: int) -> bool:
    return bool(conn.execute(update(alert).where(alert.c.id == alert_id).values(dismissed_at=db_now_ms())).rowcount)
