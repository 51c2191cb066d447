"""What has ended, as spans and metrics want it."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.db.rows.record import Record
from workbench.json_types import Json


@dataclass(frozen=True, slots=True)
class EndedJob(Record):
    id: int
    kind: str
    queue: str
    state: str
    project_id: int | None
    node_id: int | None
    parent_id: int | None
    replay_of: int | None
    error_kind: str | None
    failures: int
    losses: int
    created_at: int
    started_at: int | None
    finished_at: int


@dataclass(frozen=True, slots=True)
class EndedAttempt(Record):
    job_id: int
    claim: int
    worker: str
    started_at: int
    ended_at: int | None
    outcome: str | None
    error_kind: str | None


@dataclass(frozen=True, slots=True)
class EndedStep(Record):
    job_id: int
    name: str
    state: str
    claim: int | None
    reused_from: int | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class EndedCall(Record):
    """`prompt`, `raw_output`: None unless they were asked for."""

    id: int
    job_id: int | None
    claim: int | None
    step: str | None
    workflow: str | None
    project_id: int | None
    provider: str
    model: str
    capability: str
    mode: str | None
    outcome: str
    valid: bool | None
    error_kind: str | None
    http_status: int | None
    finish_reason: str | None
    prompt_name: str | None
    started_at: int
    ended_at: int | None
    ttft_ms: int | None
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    cost_micros: int | None
    currency: str | None
    prompt: Json
    raw_output: str | None
