"""Webhooks and their deliveries."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.db.rows.record import Record
from workbench.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class Webhook(Record):
    """An address that is told of ended jobs, decisions and budgets, without what is sealed."""

    id: int
    form: str
    events: list[str]
    #: None: of every project
    project_id: int | None
    host: str
    allow_private: bool
    lang: str
    page_url: str | None
    enabled: bool
    archived_at: int | None
    created_by: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class ListedWebhook(Webhook):
    """`last`: how its newest delivery ended; None: there was none."""

    last: str | None


@dataclass(frozen=True, slots=True)
class NewWebhook(ListedWebhook):
    """One that was just added. `secret`: what it signs with, shown this once; None for forms that are not signed."""

    secret: str | None


@dataclass(frozen=True, slots=True)
class SealedWebhook(Record):
    """The whole row with what is sealed in it, for whoever is about to call the address."""

    id: int
    form: str
    events: list[str]
    project_id: int | None
    host: str
    url_ciphertext: str
    secret_ciphertext: str
    key_id: str
    allow_private: bool
    lang: str
    page_url: str | None
    enabled: bool
    archived_at: int | None
    created_by: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class Delivery(Record):
    """One thing to be told to one webhook. `state`: pending, delivered or failed; `status`: the receiver's last
    answer."""

    id: int
    webhook_id: int
    event: str
    event_key: str
    payload: JsonObject
    state: str
    tries: int
    next_at: int
    status: int | None
    error: str | None
    error_i18n: JsonObject | None
    created_at: int
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class MarkedJob(Record):
    """A job that webhooks are to be told of, as far as they tell of it."""

    id: int
    kind: str
    title: str
    title_i18n: JsonObject | None
    state: str
    waiting_for: str | None
    project_id: int | None
    node_id: int | None
    parent_id: int | None
    claim: int
    progress: int
    message: str | None
    message_i18n: JsonObject | None
    error_kind: str | None
    error: str | None
    error_i18n: JsonObject | None
    cost_micros: int | None
    currency: str | None
    input_tokens: int | None
    output_tokens: int | None
    created_by: str | None
    created_at: int
    started_at: int | None
    finished_at: int | None
