"""State changes of webhooks and their deliveries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from workbench.db.connection import db_now_ms
from workbench.db.rows.record import columns, fetch
from workbench.db.rows.webhooks import Delivery, MarkedJob, SealedWebhook
from workbench.db.schema import job, webhook, webhook_delivery
from workbench.db.writes.claims import lock_all
from workbench.json_types import JsonObject

_sealed = columns(SealedWebhook, webhook)
_marked = columns(MarkedJob, job)


def add(conn: Connection, **values: Any) -> int:
    row = insert(webhook).values(created_at=db_now_ms(), enabled=True, **values).returning(webhook.c.id)
    webhook_id: int = conn.execute(row).scalar_one()
    return webhook_id


def change(conn: Connection, webhook_id: int, **values: Any) -> None:
    conn.execute(update(webhook).where(webhook.c.id == webhook_id).values(**values))


def lock_sealed(conn: Connection) -> list[SealedWebhook]:
    """Every webhook with what is sealed in it; nobody changes one until this transaction has ended."""
    query = select(*_sealed).where(webhook.c.archived_at.is_(None)).order_by(webhook.c.id).with_for_update()
    return fetch(conn, SealedWebhook, query)


def archive(conn: Connection, webhook_id: int) -> None:
    """Its deliveries stay to be read; those that wait are given up. What was sealed is forgotten."""
    change(conn, webhook_id, archived_at=db_now_ms(), enabled=False, url_ciphertext="", secret_ciphertext="")
    conn.execute(
        update(webhook_delivery)
        .where(webhook_delivery.c.webhook_id == webhook_id, webhook_delivery.c.state == "pending")
        .values(state="failed", ended_at=db_now_ms())
    )


def take_pending_jobs(conn: Connection, job_ids: list[int]) -> list[MarkedJob]:
    """The jobs of these whose mark this transaction takes away, as they are now."""
    # Whoever ends several jobs locks them in falling order: here nobody is waited for, so that neither waits for ever.
    free = lock_all(conn, job_ids, wait=False)
    query = update(job).where(job.c.id.in_(free), job.c.untold.is_(True)).values(untold=False).returning(*_marked)
    return fetch(conn, MarkedJob, query)


def put(conn: Connection, webhook_id: int, event: str, event_key: str, payload: JsonObject) -> int | None:
    """Add a delivery to be sent; None when this webhook has one of this event already."""
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    row = (
        dialect.insert(webhook_delivery)
        .values(
            webhook_id=webhook_id, event=event, event_key=event_key, payload=payload, state="pending", tries=0,
            next_at=db_now_ms(), created_at=db_now_ms(),
        )
        .on_conflict_do_nothing()
        .returning(webhook_delivery.c.id)
    )  # fmt: skip
    return conn.execute(row).scalar_one_or_none()


def take(conn: Connection, row: Delivery, lease_ms: int) -> bool:
    """Take a due delivery for a while by compare-and-set; False when another worker was faster."""
    query = (
        update(webhook_delivery)
        .where(
            webhook_delivery.c.id == row.id,
            webhook_delivery.c.state == "pending",
            webhook_delivery.c.next_at == row.next_at,
        )
        .values(next_at=db_now_ms() + lease_ms, tries=webhook_delivery.c.tries + 1)
    )
    return conn.execute(query).rowcount > 0


def settle(conn: Connection, delivery_id: int, state: str, *, again_ms: int | None = None, **values: Any) -> None:
    """Record the result of a try; `again_ms`: how long until the next one is due."""
    values["next_at" if again_ms is not None else "ended_at"] = db_now_ms() + (again_ms or 0)
    conn.execute(
        update(webhook_delivery)
        .where(webhook_delivery.c.id == delivery_id, webhook_delivery.c.state == "pending")
        .values(state=state, **values)
    )


def send_again(conn: Connection, delivery_id: int) -> bool:
    """An ended delivery is due once more; False when it is still under way."""
    query = (
        update(webhook_delivery)
        .where(webhook_delivery.c.id == delivery_id, webhook_delivery.c.state != "pending")
        .values(state="pending", tries=0, next_at=db_now_ms(), ended_at=None)
    )
    return conn.execute(query).rowcount > 0


def prune(conn: Connection, older_than_ms: int) -> None:
    """Budgets' stay: a budget stands at its mark for months, and would be told of again."""
    conn.execute(
        delete(webhook_delivery).where(
            webhook_delivery.c.ended_at < db_now_ms() - older_than_ms, webhook_delivery.c.event.notlike("budget.%")
        )
    )
