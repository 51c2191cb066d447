"""Questions about webhooks and what they were told. What is sealed never leaves through `listed`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select, true

from workbench.db.connection import now_ms
from workbench.db.schema import job, node, webhook, webhook_delivery

Row = dict[str, Any]
_sealed = ("url_ciphertext", "secret_ciphertext", "key_id")
_public = [c for c in webhook.c if c.name not in _sealed]
_there = webhook.c.archived_at.is_(None)


def listed(conn: Connection) -> list[Row]:
    """Oldest first; each with `last`: its newest delivery's state, or None."""
    newest = (
        select(webhook_delivery.c.webhook_id, func.max(webhook_delivery.c.id).label("id"))
        .group_by(webhook_delivery.c.webhook_id)
        .subquery()
    )
    query = (
        select(*_public, webhook_delivery.c.state.label("last"))
        .outerjoin(newest, newest.c.webhook_id == webhook.c.id)
        .outerjoin(webhook_delivery, webhook_delivery.c.id == newest.c.id)
        .where(_there)
        .order_by(webhook.c.id)
    )
    return [dict(r) for r in conn.execute(query).mappings()]


def find(conn: Connection, webhook_id: int) -> Row | None:
    """The whole row with what is sealed in it, for whoever is about to call the address."""
    row = conn.execute(select(webhook).where(webhook.c.id == webhook_id, _there)).mappings().one_or_none()
    return None if row is None else dict(row)


def enabled(conn: Connection) -> list[Row]:
    """Those that want to be told, without what is sealed."""
    return [dict(r) for r in conn.execute(select(*_public).where(_there, webhook.c.enabled.is_(True))).mappings()]


def all_sealed(conn: Connection) -> list[Row]:
    return [dict(r) for r in conn.execute(select(webhook).where(_there)).mappings()]


def untold(conn: Connection, most: int) -> list[int]:
    """Jobs that webhooks are still to be told of, oldest first."""
    # not IS TRUE: neither database would look into the index of marked rows
    return list(conn.execute(select(job.c.id).where(job.c.untold == true()).order_by(job.c.id).limit(most)).scalars())


def project_title(conn: Connection, project_id: int | None) -> str | None:
    return conn.execute(select(node.c.title).where(node.c.id == project_id)).scalar_one_or_none()


def due(conn: Connection, most_each: int) -> list[Row]:
    """Deliveries to be tried now: so many of each webhook, in turns; those of one that waited longest first."""
    order = (webhook_delivery.c.next_at, webhook_delivery.c.id)
    turn = func.row_number().over(partition_by=webhook_delivery.c.webhook_id, order_by=order).label("turn")
    ranked = (
        select(webhook_delivery.c.id, turn)
        .where(webhook_delivery.c.state == "pending", webhook_delivery.c.next_at <= now_ms())
        .subquery()
    )
    query = (
        select(webhook_delivery)
        .join(ranked, ranked.c.id == webhook_delivery.c.id)
        .where(ranked.c.turn <= most_each)
        .order_by(ranked.c.turn, *order)
    )
    return [dict(r) for r in conn.execute(query).mappings()]


def delivery(conn: Connection, delivery_id: int) -> Row | None:
    row = conn.execute(select(webhook_delivery).where(webhook_delivery.c.id == delivery_id)).mappings().one_or_none()
    return None if row is None else dict(row)


def deliveries(conn: Connection, webhook_id: int | None, most: int) -> list[Row]:
    """Newest first."""
    query = select(webhook_delivery).order_by(webhook_delivery.c.id.desc()).limit(most)
    if webhook_id is not None:
        query = query.where(webhook_delivery.c.webhook_id == webhook_id)
    return [dict(r) for r in conn.execute(query).mappings()]
