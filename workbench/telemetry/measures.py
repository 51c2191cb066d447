"""Metrics by OpenTelemetry's SDK: what ended is counted once by one worker, what is there now by each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider

from workbench.db.connection import Database
from workbench.db.reads import telemetry as reads
from workbench.db.rows.telemetry import EndedCall, EndedJob
from workbench.telemetry.spans import OPERATIONS, PROVIDERS

#: seconds; as the GenAI conventions advise, up to the clips that take longest
SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 300, 900, 3600)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)


class Measures:
    """Counts what has ended, and tells how full the queues are when it is asked."""

    def __init__(self, provider: MeterProvider, database: Database) -> None:
        meter = provider.get_meter("reelwright")
        self._database = database
        #: (queue, state) in which there were jobs: once there are none, that is told, too
        self._depths: set[tuple[str, str]] = set()
        self._jobs = meter.create_counter("reelwright.jobs", "{job}", "Jobs that have ended")
        self._wait = meter.create_histogram(
            "reelwright.job.wait", "s", "From the order to the first start", explicit_bucket_boundaries_advisory=SECONDS
        )
        self._run = meter.create_histogram(
            "reelwright.job.run", "s", "From the first start to the end", explicit_bucket_boundaries_advisory=SECONDS
        )
        self._calls = meter.create_counter("reelwright.calls", "{call}", "Model calls")
        self._cost = meter.create_counter("reelwright.cost", "{currency}", "What calls cost, as far as it is known")
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration", "s", "Duration of a model call",
            explicit_bucket_boundaries_advisory=SECONDS,
        )  # fmt: skip
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", "Tokens of a model call",
            explicit_bucket_boundaries_advisory=TOKENS,
        )  # fmt: skip
        meter.create_observable_gauge("reelwright.queue.depth", [self._depth], "{job}", "Jobs that have not ended")
        meter.create_observable_gauge("reelwright.workers", [self._workers], "{worker}", "Workers")
        meter.create_observable_gauge("reelwright.threads", [self._threads], "{thread}", "Threads of all workers")

    def count_job(self, job: EndedJob) -> None:
        about = {"gen_ai.workflow.name": job.kind, "reelwright.queue": job.queue}
        self._jobs.add(1, about | {"reelwright.job.state": job.state})
        if job.started_at is not None:
            self._wait.record(max(0, job.started_at - job.created_at) / 1000, about)
            self._run.record(max(0, job.finished_at - job.started_at) / 1000, about)

    def count_call(self, call: EndedCall) -> None:
        about = {
            "gen_ai.operation.name": OPERATIONS.get(call.capability, "generate_content"),
            "gen_ai.provider.name": PROVIDERS.get(call.provider, call.provider),
            "gen_ai.request.model": call.model,
            "gen_ai.workflow.name": call.workflow or "",
        }
        error = {"error.type": call.error_kind or call.outcome} if call.outcome in ("error", "lost") else {}
        self._calls.add(1, about | error | {"reelwright.call.outcome": call.outcome})
        if call.ended_at is not None:
            self._duration.record(max(0, call.ended_at - call.started_at) / 1000, about | error)
        for kind, tokens in (("input", call.input_tokens), ("output", call.output_tokens)):
            if tokens is not None:
                self._tokens.record(tokens, about | {"gen_ai.token.type": kind})
        if call.cost_micros and call.currency:
            self._cost.add(call.cost_micros / 1_000_000, about | {"reelwright.currency": call.currency})

    def _depth(self, options: CallbackOptions) -> Iterable[Observation]:
        with self._database.read() as conn:
            counts = reads.count_active(conn)
        self._depths.update(counts)
        for queue, state in sorted(self._depths):
            about = {"reelwright.queue": queue, "reelwright.job.state": state}
            yield Observation(counts.get((queue, state), 0), about)

    def _workers(self, options: CallbackOptions) -> Iterator[Observation]:
        with self._database.read() as conn:
            yield Observation(reads.count_workers(conn)[0])

    def _threads(self, options: CallbackOptions) -> Iterator[Observation]:
        with self._database.read() as conn:
            _, threads, busy = reads.count_workers(conn)
        yield Observation(busy, {"reelwright.thread.state": "busy"})
        yield Observation(threads - busy, {"reelwright.thread.state": "idle"})
