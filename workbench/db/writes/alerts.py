"""State changes of rules and alerts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from workbench.db.connection import db_now_ms
from workbench.db.schema import alert, alert_rule
from workbench.db.writes.installation import upsert

#: what comes back within this time is not told again
QUIET_MS = 3_600_000


def add_rule(conn: Connection, **values: Any) -> int:
    row = insert(alert_rule).values(created_at=db_now_ms(), enabled=True, **values).returning(alert_rule.c.id)
    return int(conn.execute(row).scalar_one())


def enable_rule(conn: Connection, rule_id: int, enabled: bool) -> bool:
    """Off: what holds is over. Whether there is such a rule."""
    if not enabled:
        end(conn, rule_id)
    changed = conn.execute(update(alert_rule).where(alert_rule.c.id == rule_id).values(enabled=enabled))
    return bool(changed.rowcount)


def remove_rule(conn: Connection, rule_id: int) -> bool:
    """With its alerts. Whether there was such a rule."""
    conn.execute(delete(alert).where(alert.c.rule_id == rule_id))
    return bool(conn.execute(delete(alert_rule).where(alert_rule.c.id == rule_id)).rowcount)


def hold(conn: Connection, rule_id: int, subject: str, value: int, *, each_subject: bool = False) -> None:
    """What a rule watches for is so. Raises an alert, unless one holds or has ended within the quiet time.

    `each_subject`: another subject is another matter, such as the next day.
    """
    same = alert.c.subject == subject if each_subject else alert.c.id.isnot(None)
    if each_subject:
        conn.execute(
            update(alert)
            .where(alert.c.rule_id == rule_id, alert.c.ended_at.is_(None), alert.c.subject != subject)
            .values(ended_at=db_now_ms())
        )
    holds = {"value": value, "subject": subject, "held_at": db_now_ms()}
    newest = select(alert.c.id).where(alert.c.rule_id == rule_id, same).order_by(alert.c.id.desc()).limit(1)
    own = alert.c.id == newest.scalar_subquery()
    if conn.execute(update(alert).where(own, alert.c.ended_at.is_(None)).values(**holds)).rowcount:
        return
    recent = (alert.c.ended_at > db_now_ms() - QUIET_MS) if not each_subject else alert.c.ended_at.isnot(None)
    again = update(alert).where(own, recent).values(**holds, ended_at=None, times=alert.c.times + 1)
    if conn.execute(again).rowcount:
        return
    row = upsert(conn, alert).values(rule_id=rule_id, raised_at=db_now_ms(), times=1, told=False, **holds)
    conn.execute(row.on_conflict_do_nothing())


def end(conn: Connection, rule_id: int) -> None:
    """What a rule watches for is so no more."""
    held = update(alert).where(alert.c.rule_id == rule_id, alert.c.ended_at.is_(None))
    conn.execute(held.values(ended_at=db_now_ms()))


def note_gone(conn: Connection, worker: str) -> None:
    """A worker has left without saying so."""
    rules = select(alert_rule.c.id).where(alert_rule.c.kind == "worker_gone", alert_rule.c.enabled.is_(True))
    for rule_id in conn.execute(rules).scalars().all():
        before = conn.execute(
            select(alert.c.value).where(alert.c.rule_id == rule_id, alert.c.ended_at.is_(None))
        ).scalar_one_or_none()
        hold(conn, rule_id, worker[:120], 1 + (before or 0))


def take_told(conn: Connection, alert_id: int) -> bool:
    """Whether it was not told yet; from now on it is."""
    mark = update(alert).where(alert.c.id == alert_id, alert.c.told.is_(False)).values(told=True)
    return bool(conn.execute(mark).rowcount)


def dismiss(conn: Connection, alert_id: int) -> bool:
    return bool(conn.execute(update(alert).where(alert.c.id == alert_id).values(dismissed_at=db_now_ms())).rowcount)
