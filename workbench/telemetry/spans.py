"""Jobs as traces: job → attempt → step → call, by the GenAI conventions (opentelemetry.io/docs/specs/semconv/gen-ai).

No text of a story, prompt, answer or error is in them unless OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT asks
for what was said. Ids follow from the rows: a job that is sent twice is the same span.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from workbench.db.rows.telemetry import EndedAttempt, EndedCall, EndedJob, EndedStep
from workbench.security.redact import redactor

Attributes = dict[str, Any]
#: of a provider's wire; services behind an OpenAI-compatible address say nothing better of themselves
PROVIDERS = {"gemini": "gcp.gemini", "openai": "openai"}
OPERATIONS = {"text": "chat", "image": "generate_content", "video": "generate_content"}
OUTPUTS = {"image": "image", "video": "video"}
FAILED = ("failed", "error", "lost")


class Ids(IdGenerator):
    """The ids that the next span has."""

    def __init__(self) -> None:
        self.trace_id = 1
        self.span_id = 1

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


def _number(bits: int, *parts: object) -> int:
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[: bits // 8]) or 1


class Spans:
    """Writes the spans of ended jobs. `installation`: its name, so that two homes' jobs 1 are two traces."""

    def __init__(self, provider: TracerProvider, ids: Ids, installation: str, *, content: bool) -> None:
        self._tracer = provider.get_tracer("reelwright")
        self._ids = ids
        self._installation = installation
        self._content = content

    def write_job(
        self,
        job: EndedJob,
        root: int,
        attempts: Sequence[EndedAttempt],
        steps: Sequence[EndedStep],
        calls: Sequence[EndedCall],
    ) -> None:
        trace_id = _number(128, self._installation, "job", root)
        above = None if job.parent_id is None else self._context(trace_id, "job", job.parent_id)
        attributes: Attributes = {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": job.kind,
            "reelwright.job.id": job.id,
            "reelwright.job.state": job.state,
            "reelwright.queue": job.queue,
            "reelwright.project.id": job.project_id,
            "reelwright.node.id": job.node_id,
            "reelwright.job.replay_of": job.replay_of,
            "reelwright.job.attempts": len(attempts),
        }
        name = f"invoke_workflow {job.kind}"
        self._write(
            name, trace_id, above, ("job", job.id), attributes, job.created_at, job.finished_at,
            job.error_kind if job.state == "failed" else None,
        )  # fmt: skip
        own = self._context(trace_id, "job", job.id)
        for attempt in attempts:
            attributes = {
                "reelwright.attempt": attempt.claim,
                "reelwright.attempt.outcome": attempt.outcome,
                "reelwright.worker": attempt.worker,
            }
            error = (attempt.error_kind or attempt.outcome) if attempt.outcome in FAILED else None
            key = ("attempt", job.id, attempt.claim)
            end = attempt.ended_at or job.finished_at
            self._write(f"attempt {attempt.claim}", trace_id, own, key, attributes, attempt.started_at, end, error)
        claims = {a.claim for a in attempts}
        for step in steps:
            above = self._context(trace_id, "attempt", job.id, step.claim) if step.claim in claims else own
            attributes = {
                "reelwright.step": step.name,
                "reelwright.step.state": step.state,
                "reelwright.step.reused_from": step.reused_from,
            }
            self._write(
                f"step {step.name}", trace_id, above, ("step", job.id, step.name), attributes, step.created_at,
                step.updated_at, None,
            )  # fmt: skip
        names = {s.name: s.claim for s in steps}
        for call in calls:
            if call.step in names and names[call.step] == call.claim:
                above = self._context(trace_id, "step", job.id, call.step)
            elif call.claim in claims:
                above = self._context(trace_id, "attempt", job.id, call.claim)
            else:
                above = own
            self.write_call(call, trace_id, above)

    def write_call(self, call: EndedCall, trace_id: int | None = None, above: Context | None = None) -> None:
        """A call below a span, or, of a profile that was tried, a trace of its own."""
        operation = OPERATIONS.get(call.capability, "generate_content")
        attributes: Attributes = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": PROVIDERS.get(call.provider, call.provider),
            "gen_ai.request.model": call.model,
            "gen_ai.response.model": call.model if call.outcome in ("ok", "late") else None,
            "gen_ai.response.finish_reasons": [call.finish_reason] if call.finish_reason else None,
            "gen_ai.response.time_to_first_chunk": None if call.ttft_ms is None else call.ttft_ms / 1000,
            "gen_ai.output.type": OUTPUTS.get(call.capability, "json" if call.valid is not None else "text"),
            "gen_ai.prompt.name": call.prompt_name,
            "gen_ai.usage.input_tokens": call.input_tokens,
            "gen_ai.usage.cache_read.input_tokens": call.cached_tokens,
            "gen_ai.usage.output_tokens": call.output_tokens,
            "gen_ai.usage.reasoning.output_tokens": call.reasoning_tokens,
            "http.response.status_code": call.http_status,
            "reelwright.call.id": call.id,
            "reelwright.call.outcome": call.outcome,
            "reelwright.call.valid": call.valid,
            "reelwright.cost": None if call.cost_micros is None else call.cost_micros / 1_000_000,
            "reelwright.currency": call.currency,
            "reelwright.workflow": call.workflow,
        }
        if self._content:
            attributes["gen_ai.input.messages"] = _messages(call.prompt)
            attributes["gen_ai.output.messages"] = (
                None if call.raw_output is None else _messages([{"role": "assistant", "content": call.raw_output}])
            )
        error = (call.error_kind or call.outcome) if call.outcome in FAILED else None
        trace_id = trace_id or _number(128, self._installation, "call", call.id)
        name = redactor.text(f"{operation} {call.model}")
        end = call.ended_at or call.started_at
        self._write(name, trace_id, above, ("call", call.id), attributes, call.started_at, end, error, SpanKind.CLIENT)

    def _context(self, trace_id: int, *key: object) -> Context:
        """That of a span that is, was or will be written somewhere."""
        span_id = _number(64, self._installation, *key)
        above = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        return trace.set_span_in_context(NonRecordingSpan(above), Context())

    def _write(
        self,
        name: str,
        trace_id: int,
        above: Context | None,
        key: tuple[object, ...],
        attributes: Attributes,
        start: int,
        end: int,
        error: str | None,
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> None:
        self._ids.trace_id, self._ids.span_id = trace_id, _number(64, self._installation, *key)
        known = {n: redactor.text(v) if isinstance(v, str) else v for n, v in attributes.items() if v is not None}
        if error is not None:
            known["error.type"] = error
        span = self._tracer.start_span(
            name, above if above is not None else Context(), kind, known, start_time=start * 1_000_000
        )
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(max(start, end) * 1_000_000)


def _messages(prompt: Any) -> str | None:
    """In the conventions' shape: a role and parts of a type."""
    if prompt is None:
        return None
    listed = prompt if isinstance(prompt, list) else [prompt]
    told = []
    for message in listed:
        role, content = "user", message
        if isinstance(message, dict):
            role, content = str(message.get("role", "user")), message.get("content", message)
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        told.append({"role": role, "parts": [{"type": "text", "content": redactor.text(text)}]})
    return json.dumps(told, ensure_ascii=False)
