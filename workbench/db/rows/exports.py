"""A row of the ledger as accounts want it: with the names behind the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from workbench.db.rows.record import Record
from workbench.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class LedgerEntry(Record):
    """A call with the titles of what it was made for. Times are epoch ms, money is micros of `currency`.

    `episode`, `scene`: of the job's node or above it; `person`: who started the job; `price`: the prices it was
    reckoned with, as they were then.
    """

    id: int
    call_id: str
    started_at: int
    ended_at: int | None
    project_id: int | None
    project: str | None
    episode: str | None
    scene: str | None
    node_id: int | None
    node_kind: str | None
    node: str | None
    job_id: int | None
    job: str | None
    job_i18n: JsonObject | None
    job_state: str | None
    parent_job_id: int | None
    person: str | None
    workflow: str | None
    step: str | None
    purpose: str
    profile_id: int | None
    profile: str | None
    fallback_from: str | None
    provider: str
    model: str
    capability: str
    mode: str | None
    prompt: str | None
    prompt_version: str | None
    outcome: str
    valid: bool | None
    finish_reason: str | None
    error_kind: str | None
    error: str | None
    http_status: int | None
    request_id: str | None
    latency_ms: int | None
    ttft_ms: int | None
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    image_input_tokens: int | None
    image_output_tokens: int | None
    images: int | None
    video_seconds: int | None
    cost_micros: int | None
    expected_micros: int | None
    currency: str | None
    price_source: str | None
    price: JsonObject | None


def amount(micros: int | None) -> Decimal | None:
    """Micros as whole currency with six places."""
    return None if micros is None else Decimal(micros).scaleb(-6)
