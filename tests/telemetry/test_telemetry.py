"""Spans and metrics of what has ended, at a real OTLP/HTTP receiver and at /metrics. On both databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from sqlalchemy import insert

from tests.engine.conftest import Engine
from workbench.bootstrap import worker_engine
from workbench.db.connection import db_now_ms
from workbench.db.schema import model_call
from workbench.errors import InvalidInput, Unavailable
from workbench.settings import Settings
from workbench.telemetry import exporting
from workbench.telemetry.exporting import Telemetry

SECRET = "Della sold her hair for sk-live-0123456789abcdef"


class Collector:
    """What an OpenTelemetry collector takes in."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.metrics: dict[str, Any] = {}
        self.resources: list[dict[str, Any]] = []
        self.bodies = b""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.take(self.path, body)
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, path: str, body: bytes) -> None:
        self.bodies += body
        if path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resources.append(read(resource.resource.attributes))
                self.spans += [s for scope in resource.scope_spans for s in scope.spans]
        else:
            assert path == "/v1/metrics"
            for measured in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self.metrics.update({m.name: m for scope in measured.scope_metrics for m in scope.metrics})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def read(attributes: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in attributes}


def _value(value: AnyValue) -> Any:
    if value.WhichOneof("value") == "array_value":
        return [_value(v) for v in value.array_value.values]
    return getattr(value, value.WhichOneof("value"))


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    made = Collector()
    monkeypatch.setattr(exporting, "LAG_MS", 0)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
    yield made
    made.close()


def add_call(engine: Engine, job_id: int | None, **values: Any) -> None:
    usual = {
        "call_id": f"c{values}", "purpose": "generate", "provider": "gemini", "model": "gemini-3", "capability": "text",
        "outcome": "ok", "started_at": db_now_ms(), "ended_at": db_now_ms() + 1500, "claim": 1, "job_id": job_id,
    }  # fmt: skip
    with engine.wb.database.write() as conn:
        conn.execute(insert(model_call).values(usual | {"call_id": f"c{abs(hash(str(values)))}"[:40]} | values))


def send(engine: Engine, metrics: str | None = None) -> int:
    telemetry = Telemetry(engine.wb.database, "home", "worker-1", metrics)
    sent = telemetry.run_once()
    telemetry.stop()
    return sent


def test_jobs_attempts_steps_and_calls_go_out_once_as_one_trace_without_what_was_said(
    engine: Engine, project: int, collector: Collector
) -> None:
    assert send(engine) == 0
    failed = engine.finish(engine.wb.submit("test_fail", project, {"kind": "auth"}).id)
    add_call(
        engine, failed.id, input_tokens=100, cached_tokens=40, output_tokens=20, reasoning_tokens=5, cost_micros=2_500,
        currency="CNY", finish_reason="stop", ttft_ms=120, valid=False, prompt=[{"role": "user", "content": SECRET}],
        raw_output=SECRET, error=SECRET,
    )  # fmt: skip
    add_call(engine, failed.id, outcome="error", error_kind="rate_limit", http_status=429, error=SECRET)
    add_call(engine, failed.id, capability="image", model="draws", provider="ark", images=2)
    batch = engine.finish(engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]}).id)
    add_call(engine, None, model="tried", ended_at=db_now_ms())
    assert send(engine) == 3
    assert send(engine) == 0

    spans = {s.name: s for s in collector.spans}
    job_span, attempt = (
        spans["invoke_workflow test_fail"],
        next(s for s in collector.spans if s.parent_span_id == spans["invoke_workflow test_fail"].span_id),
    )
    assert read(job_span.attributes) | {"reelwright.job.id": failed.id, "error.type": "auth"} == read(
        job_span.attributes
    )
    assert job_span.status.code == 2
    assert attempt.name == "attempt 1"
    chat = next(s for s in collector.spans if s.name == "chat gemini-3" and not s.status.code)
    assert (chat.kind, chat.parent_span_id, chat.trace_id) == (3, attempt.span_id, job_span.trace_id)
    assert chat.end_time_unix_nano - chat.start_time_unix_nano >= 1_400_000_000
    told = read(chat.attributes)
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == "gcp.gemini"
    assert told["gen_ai.request.model"] == told["gen_ai.response.model"] == "gemini-3"
    assert told["gen_ai.response.finish_reasons"] == ["stop"]
    assert [told[f"gen_ai.usage.{n}_tokens"] for n in ("input", "output", "cache_read.input", "reasoning.output")] == [
        100, 20, 40, 5,
    ]  # fmt: skip
    assert (told["reelwright.cost"], told["reelwright.currency"], told["reelwright.call.valid"]) == (
        0.0025, "CNY", False,
    )  # fmt: skip
    refused = next(s for s in collector.spans if s.name == "chat gemini-3" and s.status.code)
    assert (read(refused.attributes)["error.type"], read(refused.attributes)["http.response.status_code"]) == (
        "rate_limit", 429,
    )  # fmt: skip
    assert read(spans["generate_content draws"].attributes)["gen_ai.output.type"] == "image"
    # a child's job is in its parent's trace, below its span
    parent, child = spans["invoke_workflow test_batch"], spans["invoke_workflow test_child_good"]
    assert (child.trace_id, child.parent_span_id) == (parent.trace_id, parent.span_id)
    assert parent.trace_id != job_span.trace_id
    assert read(parent.attributes)["reelwright.job.id"] == batch.id
    assert (spans["chat tried"].parent_span_id, len([s for s in collector.spans if s.name == "chat tried"])) == (b"", 1)
    assert collector.resources[0]["service.name"] == "reelwright"
    for hidden in (b"Della", b"sk-live", b"Salt Lighthouse", b"gen_ai.input.messages"):
        assert hidden not in collector.bodies

    calls = [(read(p.attributes), p.as_int) for p in collector.metrics["reelwright.calls"].sum.data_points]
    assert sorted(n for a, n in calls if a["gen_ai.request.model"] in ("gemini-3", "draws", "tried")) == [1, 1, 1, 1]
    [cost] = collector.metrics["reelwright.cost"].sum.data_points
    assert cost.as_double == 0.0025
    usage = [(read(p.attributes), p.sum) for p in collector.metrics["gen_ai.client.token.usage"].histogram.data_points]
    own = {a["gen_ai.token.type"]: total for a, total in usage if a["gen_ai.request.model"] == "gemini-3"}
    assert own == {"input": 100.0, "output": 20.0}
    states = {read(p.attributes)["reelwright.job.state"] for p in collector.metrics["reelwright.jobs"].sum.data_points}
    assert states == {"failed", "succeeded"}
    assert {"reelwright.job.wait", "reelwright.job.run", "gen_ai.client.operation.duration"} <= set(collector.metrics)


def test_a_call_that_never_reached_its_service_is_neither_a_span_nor_counted(
    engine: Engine, project: int, collector: Collector
) -> None:
    send(engine)
    job = engine.finish(engine.wb.submit("test_tell", project).id)
    unsent = {"outcome": "error", "error_kind": "network", "price_source": "not sent", "cost_micros": 0}
    add_call(engine, job.id, model="unreached", **unsent)
    add_call(engine, None, model="unreached", ended_at=db_now_ms(), **unsent)
    add_call(engine, job.id, model="reached", outcome="error", error_kind="overloaded", http_status=503)
    assert send(engine) == 1

    assert not [s.name for s in collector.spans if "unreached" in s.name]
    for name in ("reelwright.calls", "gen_ai.client.operation.duration"):
        measured = collector.metrics[name]
        points = measured.sum.data_points or measured.histogram.data_points
        assert {read(p.attributes)["gen_ai.request.model"] for p in points} >= {"reached"}
        assert "unreached" not in {read(p.attributes)["gen_ai.request.model"] for p in points}


def test_what_was_said_goes_out_where_it_is_asked_for_and_never_a_key(
    engine: Engine, project: int, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(exporting.CONTENT, "true")
    send(engine)
    job = engine.finish(engine.wb.submit("test_tell", project).id)
    add_call(engine, job.id, prompt=[{"role": "system", "content": SECRET}], raw_output=SECRET)
    send(engine)
    said = read(next(s for s in collector.spans if s.name == "chat gemini-3").attributes)
    [message] = json.loads(said["gen_ai.input.messages"])
    assert message["role"] == "system"
    assert message["parts"][0]["content"].startswith("Della sold her hair")
    assert json.loads(said["gen_ai.output.messages"])[0]["role"] == "assistant"
    assert b"sk-live" not in collector.bodies


def test_of_two_workers_one_sends_and_no_more_jobs_than_fit_are_forgotten(
    engine: Engine, project: int, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 2)
    send(engine)
    made = [engine.finish(engine.wb.submit("test_tell", project, {"about": f"{n}"}).id).id for n in range(5)]
    workers = [Telemetry(engine.wb.database, "home", f"w{n}", None) for n in range(2)]
    threads = [threading.Thread(target=w.run_once) for w in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in workers:
        worker.run_once()
        worker.stop()
    jobs = [read(s.attributes)["reelwright.job.id"] for s in collector.spans if s.name.startswith("invoke_workflow")]
    assert sorted(jobs) == made


def test_prometheus_is_shown_queues_and_what_ended_where_a_port_is_given(
    settings: Settings, engine: Engine, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "LAG_MS", 0)
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as taken:
        # of two workers with one address the second takes the next port
        port = taken.server_port
        telemetry = Telemetry(engine.wb.database, "home", "worker-1", f"127.0.0.1:{port}")
        telemetry.run_once()
        job = engine.finish(engine.wb.submit("test_tell", project).id)
        add_call(engine, job.id, cost_micros=7_000_000, currency="USD")
        engine.wb.queues.pause("kind:test_tell")
        waiting = engine.wb.submit("test_tell", project, {"about": "waits"})
        telemetry.run_once()
        shown = ""
        for number in range(port + 1, port + 16):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{number}/metrics", timeout=5) as answer:
                    shown = answer.read().decode()
                    break
            except OSError:
                continue
        engine.wb.jobs.cancel(waiting.id)
        with urllib.request.urlopen(f"http://127.0.0.1:{number}/metrics", timeout=5) as answer:
            emptied = answer.read().decode()
        telemetry.stop()
    lines = {line.rpartition(" ")[0].partition("{")[0]: line for line in shown.splitlines() if not line.startswith("#")}
    depth = lines["reelwright_queue_depth"]
    assert 'reelwright_queue="text"' in depth
    assert depth.endswith(" 1.0")
    assert f"{depth.removesuffix('1.0')}0.0" in emptied.splitlines(), (
        "an empty queue is one, and no longer the last number"
    )
    assert 'reelwright_currency="USD"' in next(v for k, v in lines.items() if k.startswith("reelwright_cost"))
    assert any(k.startswith("gen_ai_client_operation_duration") for k in lines)
    assert "Salt Lighthouse" not in shown


@pytest.mark.parametrize(
    ("variables", "metrics", "wanted"),
    [
        ({}, None, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, None, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, None, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, None, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, None, False),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318",
                "OTEL_TRACES_EXPORTER": "none",
                "OTEL_METRICS_EXPORTER": "none",
            },
            None,
            False,
        ),
        ({}, ":9464", True),
    ],
)
def test_nothing_goes_out_unless_the_environment_asks(
    variables: dict[str, str], metrics: str | None, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert exporting.is_wanted(metrics) is wanted


@pytest.mark.parametrize("address", ["0", "65536", "host:", "http://h:1", "12x"])
def test_an_address_of_metrics_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="REELWRIGHT_METRICS"):
        Settings.load(metrics=address)


def test_an_address_of_another_machine_is_refused_when_the_worker_starts(settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"metrics": "192.0.2.1:9464"})
    with pytest.raises(Unavailable, match="/metrics cannot be shown"):
        worker_engine(elsewhere, send=lambda ids: None, epoch_of=lambda: "one")


def test_a_worker_that_is_not_asked_loads_nothing_of_it(settings: Settings) -> None:
    program = (
        "import sys; from workbench.bootstrap import worker_engine; from workbench.settings import Settings; "
        "worker_engine(Settings.load(), send=lambda ids: None, epoch_of=lambda: 'one'); "
        "print([m for m in sys.modules if m.startswith(('opentelemetry', 'prometheus'))])"
    )
    environment = os.environ | {"REELWRIGHT_HOME": str(settings.home), "DATABASE_URL": settings.database_url}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
