"""A worker's part that sends what has ended: made only where the environment asks for it (docs/telemetry.md)."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workbench.db.connection import Database
from workbench.db.reads import telemetry as reads
from workbench.db.writes import installation

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader

    from workbench.telemetry.measures import Measures
    from workbench.telemetry.spans import Spans

log = logging.getLogger(__name__)

#: how far everything that ended has been sent: finished_at and id of the last job
MARK = "telemetry.sent"
#: an end is looked for so much later: others may have written an earlier time and not have committed yet
LAG_MS = 2_000
BATCH = 200
#: where nothing ends, the mark is moved this seldom
IDLE_MS = 10_000
#: what ended while no worker looked is not sent for longer than this
MOST_AGE_MS = 3_600_000
CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


def _endpoint(signal: str) -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if os.environ.get(f"OTEL_{signal}_EXPORTER", "").strip().lower() == "none":
        return False
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    return any(os.environ.get(name, "").strip() for name in names)


def is_wanted(metrics_address: str | None) -> bool:
    return metrics_address is not None or _endpoint("TRACES") or _endpoint("METRICS")


class Telemetry:
    """`run_once` is called again and again, on one thread; of several workers one sends what has ended."""

    def __init__(self, database: Database, installation_name: str, worker: str, metrics_address: str | None) -> None:
        from opentelemetry.sdk.resources import Resource

        self._database = database
        self._stops: list[Callable[[], object]] = []
        self._content = os.environ.get(CONTENT, "").strip().lower() in ("true", "span_only", "span_and_event")
        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win
        named = {"service.name": "reelwright"} if not os.environ.get("OTEL_SERVICE_NAME") else {}
        resource = Resource.create({"service.instance.id": worker, **named})
        self._spans = self._make_spans(resource, installation_name) if _endpoint("TRACES") else None
        self._measures = self._make_measures(resource, metrics_address)

    def _make_spans(self, resource: Any, installation_name: str) -> Spans:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from workbench.telemetry.spans import Ids, Spans

        ids = Ids()
        provider = TracerProvider(resource=resource, id_generator=ids, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._stops.append(provider.shutdown)
        return Spans(provider, ids, installation_name, content=self._content)

    def _make_measures(self, resource: Any, metrics_address: str | None) -> Measures | None:
        readers: list[MetricReader] = []
        if _endpoint("METRICS"):
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

            readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
        if metrics_address is not None:
            readers.append(self._serve(metrics_address))
        if not readers:
            return None
        from opentelemetry.sdk.metrics import MeterProvider

        from workbench.telemetry.measures import Measures

        provider = MeterProvider(readers, resource, shutdown_on_exit=False)
        self._stops.append(provider.shutdown)
        return Measures(provider, self._database)

    def _serve(self, address: str) -> MetricReader:
        """/metrics for Prometheus; of several workers with the same address each takes the next port."""
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from prometheus_client import CollectorRegistry, start_http_server

        registry = CollectorRegistry()
        reader = PrometheusMetricReader(registry=registry)
        host, _, port = address.rpartition(":")
        for number in range(int(port), min(int(port) + 16, 65_536)):
            try:
                server, _ = start_http_server(number, host.strip("[]") or "127.0.0.1", registry)
            except OSError as error:
                last = error
                continue
            self._stops.append(server.shutdown)
            self._stops.append(server.server_close)
            log.info("metrics: http://%s:%s/metrics", host or "127.0.0.1", number)
            return reader
        raise last

    def run_once(self) -> int:
        """Send what has ended; returns how many jobs."""
        sent = 0
        while (count := self._send_batch()) is not None:
            sent += count
            if count < BATCH:
                break
        return sent

    def _send_batch(self) -> int | None:
        """None: another worker sends."""
        with self._database.read() as conn:
            now = reads.now(conn)
            stored = installation.get_meta(conn, MARK)
            after = _parse(stored) or (now, 0)
            after = max(after, (now - MOST_AGE_MS, 0))
            until = now - LAG_MS
            jobs = reads.list_ended_jobs(conn, after, until, BATCH)
            ids = [job.id for job in jobs]
            mark = (jobs[-1].finished_at, jobs[-1].id) if len(jobs) == BATCH else (max(until, after[0]), 0)
            if len(jobs) < BATCH and jobs and jobs[-1].finished_at >= mark[0]:
                mark = (jobs[-1].finished_at, jobs[-1].id)
            steps = reads.list_steps(conn, ids) if ids else []
            attempts = reads.list_attempts(conn, ids) if ids else []
            calls = reads.list_calls(conn, ids, after[0], mark[0], self._content)
            roots = {job.id: reads.find_root(conn, job.id) for job in jobs if job.parent_id is not None}
        if not jobs and not calls and stored is not None and mark[0] - after[0] < IDLE_MS:
            return 0
        with self._database.write() as conn:
            if not installation.exchange_meta(conn, MARK, stored, f"{mark[0]}:{mark[1]}"):
                return None
        by_job: dict[int, tuple[list[Any], list[Any], list[Any]]] = defaultdict(lambda: ([], [], []))
        for attempt in attempts:
            by_job[attempt.job_id][0].append(attempt)
        for step in steps:
            by_job[step.job_id][1].append(step)
        for call in calls:
            if call.job_id is not None:
                by_job[call.job_id][2].append(call)
        if self._spans is not None:
            for job in jobs:
                self._spans.write_job(job, roots.get(job.id, job.id), *by_job[job.id])
            for tried in (c for c in calls if c.job_id is None):
                self._spans.write_call(tried)
        if self._measures is not None:
            for job in jobs:
                self._measures.count_job(job)
            for call in calls:
                self._measures.count_call(call)
        return len(jobs)

    def stop(self) -> None:
        """Send what is still here."""
        for stop in self._stops:
            try:
                stop()
            except Exception as error:
                log.warning("telemetry: %s", error)


def _parse(stored: str | None) -> tuple[int, int] | None:
    if stored is None:
        return None
    at, _, job_id = stored.partition(":")
    return int(at), int(job_id or 0)
