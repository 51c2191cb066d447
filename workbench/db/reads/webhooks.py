"""Questions about webhooks and what they were told. What is sealed never leaves through `list_webhooks`."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, true

from workbench.db.connection import db_now_ms
from workbench.db.rows.record import columns, fetch, fetch_one
from workbench.db.rows.webhooks import Delivery, ListedWebhook, MarkedJob, SealedWebhook, Webhook
from workbench.db.schema import failure_group, job, node, webhook, webhook_delivery

_webhook = columns(Webhook, webhook)
_sealed = columns(SealedWebhook, webhook)
_delivery = columns(Delivery, webhook_delivery)
_marked = columns(MarkedJob, job)
_there = webhook.c.archived_at.is_(None)


def list_webhooks(conn: Connection) -> list[ListedWebhook]:
    """Oldest first; each with `last`: its newest delivery's state, or None."""
    newest = (
        select(webhook_delivery.c.webhook_id, func.max(webhook_delivery.c.id).label("id"))
        .group_by(webhook_delivery.c.webhook_id)
        .subquery()
    )
    query = (
        select(*_webhook, webhook_delivery.c.state.label("last"))
        .outerjoin(newest, newest.c.webhook_id == webhook.c.id)
        .outerjoin(webhook_delivery, webhook_delivery.c.id == newest.c.id)
        .where(_there)
        .order_by(webhook.c.id)
    )
    return fetch(conn, ListedWebhook, query)


def find_sealed(conn: Connection, webhook_id: int) -> SealedWebhook | None:
    """The whole row with what is sealed in it, for whoever is about to call the address."""
    return fetch_one(conn, SealedWebhook, select(*_sealed).where(webhook.c.id == webhook_id, _there))


def list_enabled(conn: Connection) -> list[Webhook]:
    """Those that want to be told, without what is sealed."""
    return fetch(conn, Webhook, select(*_webhook).where(_there, webhook.c.enabled.is_(True)))


def list_sealed(conn: Connection) -> list[SealedWebhook]:
    return fetch(conn, SealedWebhook, select(*_sealed).where(_there))


def jobs_with_pending_webhooks(conn: Connection, most: int) -> list[int]:
    """Jobs that webhooks are still to be told of, oldest first."""
    # not IS TRUE: neither database would look into the index of marked rows
    return list(conn.execute(select(job.c.id).where(job.c.untold == true()).order_by(job.c.id).limit(most)).scalars())


def has_untold_regressions(conn: Connection) -> bool:
    query = select(failure_group.c.fingerprint).where(failure_group.c.untold == true()).limit(1)
    return conn.execute(query).first() is not None


def find_job(conn: Connection, job_id: int | None) -> MarkedJob | None:
    return fetch_one(conn, MarkedJob, select(*_marked).where(job.c.id == job_id))


def project_title(conn: Connection, project_id: int | None) -> str | None:
    return conn.execute(select(node.c.title).where(node.c.id == project_id)).scalar_one_or_none()


def list_due(conn: Connection, most_each: int) -> list[Delivery]:
    """Deliveries to be tried now: so many of each webhook, in turns; those of one that waited longest first."""
    order = (webhook_delivery.c.next_at, webhook_delivery.c.id)
    turn = func.row_number().over(partition_by=webhook_delivery.c.webhook_id, order_by=order).label("turn")
    ranked = (
        select(webhook_delivery.c.id, turn)
        .where(webhook_delivery.c.state == "pending", webhook_delivery.c.next_at <= db_now_ms())
        .subquery()
    )
    query = (
        select(*_delivery)
        .join(ranked, ranked.c.id == webhook_delivery.c.id)
        .where(ranked.c.turn <= most_each)
        .order_by(ranked.c.turn, *order)
    )
    return fetch(conn, Delivery, query)


def find_delivery(conn: Connection, delivery_id: int) -> Delivery | None:
    return fetch_one(conn, Delivery, select(*_delivery).where(webhook_delivery.c.id == delivery_id))


def list_deliveries(conn: Connection, webhook_id: int | None, most: int) -> list[Delivery]:
    """Newest first."""
    query = select(*_delivery).order_by(webhook_delivery.c.id.desc()).limit(most)
    if webhook_id is not None:
        query = query.where(webhook_delivery.c.webhook_id == webhook_id)
    return fetch(conn, Delivery, query)
