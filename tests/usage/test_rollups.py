"""Rollups and what they do not hold yet are together what a recount of the raw rows gives, on both databases."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, insert, or_, select, text, update

from workbench.api.client import Workbench
from workbench.db import histograms
from workbench.db.migrate import _MIGRATIONS
from workbench.db.reads import rollups as reads
from workbench.db.reads import usage as usage_reads
from workbench.db.rollup_tables import JOB_SUMS, USAGE_SUMS, job_hour, job_tail, usage_hour, usage_tail
from workbench.db.rollups import JOB_DIMENSIONS, JOB_FACETS, MODEL_FACETS, USAGE_DIMENSIONS, USAGE_FACETS
from workbench.db.schema import job, model_call, node
from workbench.db.writes import prune, rollups
from workbench.errors import InvalidInput
from workbench.settings import Settings

HOUR = 3_600_000
BEGIN = 1_790_000_000_000 // HOUR * HOUR
GROUPS = (
    [], ["model"], ["workflow"], ["project_id"], ["created_by"], ["node_id"], ["profile_id", "capability"],
    ["workflow", "model"], ["currency"], ["project_id", "created_by", "workflow"], ["project_id", "profile_id"],
    ["project_id", "node_id", "capability"], ["node_id", "currency"],
)  # fmt: skip
FACETS = {"usage_hour": USAGE_FACETS, "job_hour": {**JOB_FACETS, **MODEL_FACETS}}
DIMENSIONS = {"usage_hour": USAGE_DIMENSIONS, "job_hour": JOB_DIMENSIONS}


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


class History:
    """Random writes of every kind that the ledger and the jobs see. `seed` decides all of them."""

    def __init__(self, wb: Workbench, seed: int) -> None:
        self.wb = wb
        self.random = random.Random(seed)
        self.nodes = [0, 0, 0]
        with wb.database.write() as conn:
            for n in range(3):
                row = insert(node).values(kind="project", position=0, title=f"P{n}", created_at=1)
                self.nodes[n] = conn.execute(row.returning(node.c.id)).scalar_one()
        self.jobs = 0
        self.calls = 0

    def time(self) -> int:
        return BEGIN + self.random.randrange(60 * HOUR)

    def add_job(self, conn: Connection) -> None:
        pick, self.jobs = self.random.choice, self.jobs + 1
        created = self.time()
        place = pick(self.nodes)
        conn.execute(
            insert(job).values(
                id=self.jobs, kind=pick("abc"), queue="text", title="t", params={}, params_hash="h", max_attempts=1,
                state="running", available_at=1, created_at=created, started_at=pick([None, created + 700]),
                project_id=pick([None, place]), node_id=pick([None, place]), created_by=pick(["Ann", "Bo", None]),
            )
        )  # fmt: skip

    def end_job(self, conn: Connection) -> None:
        running = conn.scalars(select(job.c.id).where(job.c.state == "running")).all()
        if running:
            state = self.random.choice(["succeeded", "failed", "partial", "cancelled"])
            ended = update(job).where(job.c.id == self.random.choice(running))
            conn.execute(ended.values(state=state, finished_at=self.time()))

    def add_call(self, conn: Connection) -> None:
        pick, self.calls = self.random.choice, self.calls + 1
        jobs = conn.execute(select(job.c.id, job.c.project_id)).all()
        owner = pick(jobs) if jobs and self.random.random() < 0.9 else None
        conn.execute(
            insert(model_call).values(
                id=self.calls, call_id=str(self.calls), job_id=owner and owner.id, purpose=pick(["generate", "repair"]),
                project_id=owner and owner.project_id, workflow=pick(["a", "b", None]), provider=pick(["p", "sketch"]),
                profile_id=pick([1, 2, None]), model=pick(["m", "n"]), capability=pick(["text", "text", "image"]),
                mode=pick(["plain", "json_schema"]), outcome="sent", started_at=self.time(),
            )
        )  # fmt: skip

    def change_call(self, conn: Connection) -> None:
        ids = conn.scalars(select(model_call.c.id)).all()
        if not ids:
            return
        pick = self.random.choice
        settled = update(model_call).where(model_call.c.id == pick(ids))
        conn.execute(
            settled.values(
                outcome=pick(["ok", "ok", "error", "lost", "late"]), valid=pick([True, False, None]),
                model=pick(["m", "n", "o"]), error_kind=pick([None, "malformed_output", "timeout"]),
                cost_micros=pick([None, 0, 7, 1_000_000]), currency=pick([None, "CNY", "USD"]),
                expected_micros=pick([None, None, None, 5]), price_source=pick([None, "user", "not sent"]),
                input_tokens=pick([None, 10, 2000]), output_tokens=pick([None, 5]), cached_tokens=pick([None, 3]),
                reasoning_tokens=pick([None, 2]), images=pick([None, 1]), latency_ms=pick([None, 90, 4000, 71_000]),
                ttft_ms=pick([None, 40, 900]), http_status=pick([None, 200, 429, 503]),
            )
        )  # fmt: skip

    def change_ended_job(self, conn: Connection) -> None:
        conn.execute(
            update(job)
            .where(job.c.state.in_(("succeeded", "cancelled")), job.c.id == self.random.randrange(1, self.jobs + 2))
            .values(finished_at=self.time(), created_by=self.random.choice(["Ann", "Cy"]))
        )

    def delete_call(self, conn: Connection) -> None:
        conn.execute(delete(model_call).where(model_call.c.id == self.random.randrange(1, self.calls + 2)))

    def fold(self, conn: Connection) -> None:
        rollups.fold(conn, self.random.choice([1, 3, 50]))

    def crash_while_folding(self, conn: Connection) -> None:
        half = conn.begin_nested()
        rollups.fold(conn, 5)
        half.rollback()

    def rebuild(self, conn: Connection) -> None:
        rollups.start_anew(conn)

    def run(self, steps: int, also: Callable[[], None] = lambda: None) -> None:
        acts = (
            [self.add_job] * 3 + [self.end_job] * 3 + [self.add_call] * 6 + [self.change_call] * 6 + [self.fold] * 3
            + [self.change_ended_job, self.delete_call, self.crash_while_folding, self.rebuild]
        )  # fmt: skip
        for _ in range(steps):
            act = self.random.choice(acts if self.random.random() < 0.95 else [self.rebuild])
            with self.wb.database.write() as conn:
                act(conn)
            also()


#: what a test's own SQL counts, beside the product's definitions
RECOUNT = """
SELECT {groups} SUM(CASE WHEN sent THEN 1 ELSE 0 END) AS calls, SUM(CASE WHEN sent THEN 0 ELSE 1 END) AS unsent,
 SUM(CASE WHEN sent AND outcome IN ('error', 'lost') THEN 1 ELSE 0 END) AS errors,
 SUM(CASE WHEN outcome = 'late' THEN 1 ELSE 0 END) AS late,
 SUM(CASE WHEN structured AND (valid IS NOT NULL OR (outcome = 'error' AND error_kind = 'malformed_output'))
   THEN 1 ELSE 0 END) AS judged,
 SUM(CASE WHEN structured AND valid THEN 1 ELSE 0 END) AS valid,
 SUM(CASE WHEN useless THEN 1 ELSE 0 END) AS wasted,
 SUM(COALESCE(input_tokens, 0)) AS input_tokens, COUNT(input_tokens) AS input_known,
 SUM(COALESCE(cached_tokens, 0)) AS cached_tokens, COUNT(cached_tokens) AS cached_known,
 SUM(COALESCE(output_tokens, 0)) AS output_tokens, COUNT(output_tokens) AS output_known,
 SUM(COALESCE(reasoning_tokens, 0)) AS reasoning_tokens, COUNT(reasoning_tokens) AS reasoning_known,
 SUM(COALESCE(input_tokens + output_tokens, 0)) AS tokens, COUNT(input_tokens + output_tokens) AS tokens_known,
 SUM(CASE WHEN useless THEN COALESCE(input_tokens, 0) + COALESCE(output_tokens, 0) ELSE 0 END) AS wasted_tokens,
 SUM(COALESCE(cost_micros, 0)) AS cost_micros, COUNT(cost_micros) AS priced,
 SUM(CASE WHEN useless THEN COALESCE(cost_micros, 0) ELSE 0 END) AS wasted_micros,
 SUM(CASE WHEN cost_micros IS NULL AND expected_micros IS NULL AND provider <> 'sketch'
   AND (outcome IN ('ok', 'late', 'lost') OR (outcome = 'error' AND (http_status IS NULL OR http_status < 400
     OR (http_status >= 500 AND capability <> 'text')))) THEN 1 ELSE 0 END) AS unpriced,
 SUM(COALESCE(images, 0)) AS images, SUM(COALESCE(video_seconds, 0)) AS video_seconds,
 SUM(CASE WHEN outcome IN ('ok', 'late') AND latency_ms IS NOT NULL THEN 1 ELSE 0 END) AS timed,
 SUM(CASE WHEN outcome IN ('ok', 'late') THEN COALESCE(latency_ms, 0) ELSE 0 END) AS latency_ms
FROM (SELECT c.*, COALESCE(c.node_id, j.node_id) AS at_node, COALESCE(c.created_by, j.created_by) AS person,
   (c.price_source IS NULL OR c.price_source <> 'not sent') AS sent,
   (c.capability = 'text' AND (c.mode = 'json_schema' OR c.purpose = 'repair')) AS structured,
   ((c.price_source IS NULL OR c.price_source <> 'not sent')
     AND (c.outcome IN ('error', 'lost', 'late') OR (c.valid IS NOT NULL AND NOT c.valid))) AS useless
 FROM model_call c LEFT JOIN job j ON j.id = c.job_id
 WHERE c.started_at >= :since AND c.started_at < :until) AS calls {grouped}
"""
OWN = {"node_id": "at_node", "created_by": "person"}


def recount(conn: Connection, groups: list[str], since: int, until: int) -> dict[tuple[Any, ...], list[int]]:
    names = [OWN.get(g, g) for g in groups]
    sql = RECOUNT.format(
        groups="".join(f"{n}, " for n in names), grouped=f"GROUP BY {', '.join(names)}" if names else ""
    )
    rows = conn.execute(text(sql), {"since": since, "until": until}).all()
    size = len(groups)
    counted = {(None, *row[:size]): [int(v or 0) for v in row[size:]] for row in rows}
    return {key: sums for key, sums in counted.items() if any(sums)}


def check(wb: Workbench, since: int, until: int) -> None:
    with wb.database.snapshot() as conn:
        for groups in GROUPS:
            asked = reads.stretch(since, until)
            assert reads.sum_usage(conn, groups, USAGE_SUMS, asked, {}) == recount(conn, groups, since, until), groups


@pytest.mark.parametrize("seed", range(3))
def test_rollups_and_their_tail_are_a_recount_after_any_writes_crashes_and_rebuilds(wb: Workbench, seed: int) -> None:
    history = History(wb, seed)
    stretches = [
        (BEGIN, BEGIN + 60 * HOUR), (BEGIN + 7 * HOUR + 123, BEGIN + 50 * HOUR + 456), (BEGIN + 5, BEGIN + 9),
        (BEGIN - 100 * HOUR, BEGIN + 100 * HOUR),
    ]  # fmt: skip
    steps = iter(range(10_000))

    def look() -> None:
        if next(steps) % 20 == 0:
            check(wb, *stretches[history.random.randrange(len(stretches))])

    history.run(120, look)
    with wb.database.write() as conn:
        while rollups.fold(conn):
            pass
    for stretch in stretches:
        check(wb, *stretch)
    with wb.database.read() as conn:
        left = conn.scalars(select(model_call.c.outcome).join(usage_tail, usage_tail.c.call_id == model_call.c.id))
        assert conn.execute(select(job_tail)).all() == []
        assert {*left} <= {"sent", "ok", "error", "lost", "late"}


def test_a_long_tail_is_passed_by_until_it_is_rolled_up(wb: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(wb, 21)
    history.run(120)
    stretches = ((BEGIN, BEGIN + 60 * HOUR), (BEGIN + 123, BEGIN + 40 * HOUR + 4))

    def everything() -> list[Any]:
        with wb.database.snapshot() as conn:
            usage = [reads.sum_usage(conn, g, USAGE_SUMS, reads.stretch(*s), {}) for s in stretches for g in GROUPS]
            times = [reads.merge_usage(conn, [], reads.stretch(*s), {}) for s in stretches]
            jobs = [
                reads.sum_jobs(conn, [group], JOB_SUMS, reads.stretch(*s, zone), {})
                for s in stretches
                for group in ("state", "node_id", "project_id")
                for zone in (None, "UTC", "Asia/Kathmandu")
            ]
            return [*usage, *times, *jobs]

    with wb.database.write() as conn:
        ended = conn.scalars(select(job.c.id).where(job.c.finished_at.isnot(None)).order_by(job.c.id)).all()[:5]
        rollups.keep_pruned(conn, ended)
    before = everything()
    with wb.database.write() as conn:
        rollups.fold(conn)
        rollups.start_anew(conn)
    monkeypatch.setattr(reads, "LONG_TAIL", 3)
    assert everything() == before


def count_jobs(
    conn: Connection, model: str | None, since: int, until: int, **own: Any
) -> dict[tuple[Any, ...], list[int]]:
    called = "AND EXISTS (SELECT 1 FROM model_call c WHERE c.job_id = job.id AND c.model = :model)" if model else ""
    rows = conn.execute(
        text(
            "SELECT state, COUNT(*), COUNT(started_at), SUM(COALESCE(started_at - created_at, 0)), "
            "SUM(COALESCE(finished_at - started_at, 0)) FROM job WHERE finished_at >= :since AND finished_at < :until "
            f"{called} {' '.join(f'AND {name} = :{name}' for name in own)} GROUP BY state"
        ),
        {"since": since, "until": until, **own} | ({"model": model} if model else {}),
    )
    return {(None, row[0]): [int(v) for v in row[1:]] for row in rows}


def test_months_are_put_together_from_the_longest_spans_and_what_is_left_at_both_ends(wb: Workbench) -> None:
    day, chance = 24 * HOUR, random.Random(8)
    common = {"purpose": "g", "provider": "p", "capability": "text", "outcome": "ok", "latency_ms": 9}
    with wb.database.write() as conn:
        rows = [
            common | {"call_id": str(n), "model": chance.choice("mn"), "workflow": chance.choice("ab"),
                      "started_at": BEGIN + chance.randrange(40 * day), "cost_micros": n, "currency": "CNY"}
            for n in range(600)
        ]  # fmt: skip
        conn.execute(insert(model_call), rows)
        rollups.fold(conn)
        # what is rolled up stands in several spans, and is taken away from each
        conn.execute(update(model_call).where(model_call.c.id % 3 == 0).values(model="o", cost_micros=5))
        rollups.fold(conn)
    for _ in range(12):
        since, until = sorted(BEGIN + chance.randrange(-9 * day, 60 * day) for _ in range(2))
        check(wb, since, until)
        check(wb, since // day * day, until // day * day)
    check(wb, BEGIN - 20 * day, BEGIN + 60 * day)
    assert [r.calls for r in wb.usage.latencies(since=0)] == [600]


@pytest.mark.parametrize("seed", range(2))
def test_ended_jobs_are_counted_by_what_they_are_and_by_the_models_that_they_called(wb: Workbench, seed: int) -> None:
    history = History(wb, 100 + seed)
    for _ in range(6):
        history.run(30)
        for model in (None, "m", "n", "o"):
            asked = reads.stretch(BEGIN + 90, BEGIN + 55 * HOUR + 7)
            with wb.database.snapshot() as conn:
                own = count_jobs(conn, model, asked.since, asked.until)
                assert reads.sum_jobs(conn, ["state"], JOB_SUMS, asked, {"model": model}) == own
        # what no facet tells apart
        for given in ({"created_by": "Ann"}, {"node_id": history.nodes[0], "created_by": "Bo"}, {"profile_id": 1}):
            filters = {"model": "m", "kind": "a", **given}
            with wb.database.snapshot() as conn:
                own = count_jobs(conn, "m", asked.since, asked.until, kind="a", **given)
                assert reads.sum_jobs(conn, ["state"], JOB_SUMS, asked, filters) == own


def test_what_pruned_jobs_count_for_stays_through_folds_and_rebuilds(
    wb: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(wb, 7)
    history.run(150)
    asked = reads.stretch(BEGIN, BEGIN + 60 * HOUR)
    # stretches that begin and end within hours, and days that begin on a half or a quarter of one
    begun = [
        reads.stretch(BEGIN + 5 * HOUR + 90, BEGIN + 55 * HOUR - 7, zone)
        for zone in (None, "UTC", "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe")
    ]
    begun += [reads.stretch(BEGIN + 90, BEGIN + 2_000_000), reads.stretch(0, None, "Asia/Kolkata"),
              reads.stretch(BEGIN + 90, BEGIN + 50 * HOUR + 7, hourly=True)]  # fmt: skip

    def everything() -> list[Any]:
        with wb.database.snapshot() as conn:
            usage = [reads.sum_usage(conn, groups, USAGE_SUMS, asked, {}) for groups in GROUPS]
            jobs = [reads.sum_jobs(conn, ["state"], JOB_SUMS, asked, {"model": m}) for m in (None, "m", "n", "o")]
            of_begun = [
                reads.sum_jobs(conn, groups, JOB_SUMS, stretch, filters)
                for stretch in begun
                for groups, filters in (
                    (["state"], {}), (["kind", "project_id"], {}), (["created_by"], {"kind": ["a", "b"]}),
                    (["node_id"], {}), (["state"], {"model": "m"}), (["state"], {"model": "m", "created_by": "Ann"}),
                    (["kind"], {"node_id": history.nodes[0], "created_by": "Bo"}),
                )
                if not stretch.hourly or groups in (["state"], ["kind", "project_id"])
            ]  # fmt: skip
            times = [reads.merge_jobs(conn, ["state"], stretch, {}) for stretch in (asked, *begun)]
            return [*usage, *jobs, *of_begun, *times]

    before = everything()
    with wb.database.write() as conn:
        ended = conn.scalars(select(job.c.id).where(job.c.finished_at.isnot(None)).order_by(job.c.id)).all()[:-1]
        rollups.fold(conn, 10)
        prune.remove(conn, ended)
    assert everything() == before
    with wb.database.write() as conn:
        while rollups.fold(conn):
            pass
    assert everything() == before
    with wb.database.write() as conn:
        rollups.start_anew(conn)
    assert everything() == before
    with monkeypatch.context() as behind:
        behind.setattr(reads, "LONG_TAIL", 0)
        assert everything() == before, "while a long history is rolled up again"
    with wb.database.write() as conn:
        while rollups.fold(conn):
            pass
    assert everything() == before


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Australia/Adelaide"])
def test_days_of_a_zone_add_up_to_the_whole_after_a_prune(wb: Workbench, zone: str) -> None:
    chance = random.Random(zone)
    row = {"kind": "k", "queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1}
    with wb.database.write() as conn:
        jobs = []
        for n in range(1, 401):
            began = BEGIN + chance.randrange(20 * 24 * HOUR)
            times = {"created_at": began - 900, "started_at": began, "finished_at": began + 60_000, "available_at": 1}
            jobs.append(row | times | {"id": n, "state": chance.choice(["succeeded", "failed"])})
        conn.execute(insert(job), jobs)
        while rollups.fold(conn):
            pass

    def everything() -> list[Any]:
        asked: dict[str, Any] = {"since": 0, "time_zone": zone}
        success, times = wb.usage.job_success(**asked, by_day=True), wb.usage.job_times(**asked, by_day=True)
        [whole] = wb.usage.job_success(since=0)
        assert (sum(d.done or 0 for d in success), sum(d.jobs for d in times)) == (whole.done, 400)
        days = [(row.day, row.day + 24 * HOUR) for row in success if row.day is not None]
        return [success, times, *(wb.usage.job_success(since=since, until=until) for since, until in days)]

    before = everything()
    with wb.database.write() as conn:
        prune.remove(conn, range(1, 390))
        while rollups.fold(conn):
            pass
    assert everything() == before


@pytest.mark.parametrize(
    "zone",
    ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Asia/Beirut", "America/Santiago"],
)
def test_days_are_those_of_the_zone_through_a_change_of_clocks(wb: Workbench, zone: str) -> None:
    from datetime import datetime

    # the last Sunday of October 2026 has 25 hours in Berlin
    first = round(datetime(2026, 10, 24, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    until = round(datetime(2026, 10, 28, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    times = list(range(first, until, HOUR // 4))
    with wb.database.write() as conn:
        common = {"purpose": "g", "provider": "p", "model": "m", "capability": "text", "outcome": "ok"}
        conn.execute(insert(model_call), [common | {"call_id": str(t), "started_at": t} for t in times])
        rollups.fold(conn)
    with wb.database.write() as conn:
        # nothing of the year before is in question, but where a stretch without an end begins
        conn.execute(insert(model_call).values(common | {"call_id": "old", "started_at": first - 500 * 24 * HOUR}))
    times.append(first - 500 * 24 * HOUR)
    # and from a moment within an hour, to another; and everything, which has more days than are asked for one by one
    for since, end in ((first, until), (first + 5 * HOUR + 7, until - 9 * HOUR - 7), (0, None)):
        rows = wb.usage.totals_by("day", since=since, until=end, time_zone=zone)
        inside = [at for at in times if at >= since and (end is None or at < end)]
        counted: dict[int, int] = {}
        for at in inside:
            local = datetime.fromtimestamp(at / 1000, ZoneInfo(zone))
            day = round(datetime(local.year, local.month, local.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
            counted[day] = counted.get(day, 0) + 1
        assert {row.day: row.calls for row in rows} == counted


def test_percentiles_are_within_two_percent_of_the_exact_ones_and_of_texts_alone(wb: Workbench) -> None:
    chance = random.Random(3)
    times = [round(chance.lognormvariate(8, 1.4)) for _ in range(3000)]
    with wb.database.write() as conn:
        common = {"purpose": "g", "provider": "p", "model": "m", "outcome": "ok"}
        rows = [
            common | {"call_id": str(n), "capability": "text", "started_at": BEGIN + n * 40_000, "latency_ms": ms}
            for n, ms in enumerate(times)
        ]
        film = common | {"call_id": "film", "capability": "video", "started_at": BEGIN, "latency_ms": 900_000_000}
        conn.execute(insert(model_call), [*rows, film])
        rollups.fold(conn)
    [latency] = wb.usage.latencies(since=BEGIN)
    exact = sorted(times)
    assert latency.calls == 3000
    for share, shown in ((0.5, latency.p50), (0.95, latency.p95), (0.99, latency.p99)):
        right = exact[int(-(-share * 3000 // 1)) - 1]
        assert shown is not None
        assert abs(shown - right) <= 0.02 * right + 1
    assert [r.capability for r in wb.usage.latencies("capability", since=BEGIN)] == ["text", "video"]


@pytest.mark.parametrize("ms", [0, 1, 2, 9, 10, 999, 12_345, 3_600_000, 2**31 - 1])
def test_a_bucket_stands_for_its_values_within_two_percent(ms: int) -> None:
    assert abs(histograms.value_of(histograms.bucket_of(ms)) - ms) <= 0.02 * ms + 0.5


def test_a_histogram_holds_many_of_one_value_and_gives_back_what_is_taken_away() -> None:
    packed = histograms.pack({5: 100_000, 7: -3})
    again: histograms.Histogram = {}
    histograms.add(again, [packed, None, packed])
    assert again == {5: 200_000, 7: -6}
    assert histograms.pack({5: 0}) is None


@pytest.mark.parametrize("many", [3, 400])
def test_histograms_come_to_the_same_however_many_are_merged(many: int) -> None:
    chance = random.Random(many)
    counted: histograms.Histogram = {4: 7}
    packed = []
    for _ in range(many):
        own = {chance.randrange(600): chance.choice([1, 2, 90_000, -5]) for _ in range(20)}
        packed += [histograms.pack(own), None]
        for bucket, count in own.items():
            counted[bucket] = counted.get(bucket, 0) + count
    merged: histograms.Histogram = {4: 7}
    histograms.add(merged, packed)
    assert {b: n for b, n in merged.items() if n} == {b: n for b, n in counted.items() if n}
    again: histograms.Histogram = {}
    histograms.add(again, [histograms.pack(merged)])
    assert again == {b: n for b, n in counted.items() if n}


def test_a_worker_rolls_up_what_has_ended(wb: Workbench) -> None:
    history = History(wb, 11)
    history.run(60)
    with wb.database.write() as conn:
        rollups.start_anew(conn)
        assert rollups.is_due(conn)
        while rollups.fold(conn):
            pass
        assert not rollups.is_due(conn)
        assert conn.execute(select(usage_hour.c.id).limit(1)).first() is not None
        assert conn.execute(select(job_hour.c.id).limit(1)).first() is not None


def test_rebuild_counts_everything_anew_and_days_need_a_zone_that_there_is(wb: Workbench) -> None:
    history = History(wb, 5)
    history.run(80)
    before = wb.usage.totals_by("model", since=0), wb.usage.cost_totals_by("user", since=0)
    with wb.database.write() as conn:
        # as a bug would leave it
        conn.execute(update(usage_hour).values(calls=99))
    assert wb.usage.rebuild() > 0
    assert (wb.usage.totals_by("model", since=0), wb.usage.cost_totals_by("user", since=0)) == before
    with pytest.raises(InvalidInput, match="Mars"):
        wb.usage.totals_by("day", since=0, time_zone="Mars/Olympus")


def test_filters_and_groups_give_what_the_rows_of_a_finer_question_give(wb: Workbench) -> None:
    history = History(wb, 9)
    history.run(150)
    whole = {"since": BEGIN, "until": BEGIN + 60 * HOUR}
    for group, filter_ in (
        ("model", "model"), ("workflow", "workflow"), ("project", "project"), ("profile", "profile"),
        ("user", "user"), ("capability", "capability"),
    ):  # fmt: skip
        for row in wb.usage.totals_by(group, **whole):
            value = getattr(row, usage_reads.GROUPS[group])
            if value is not None:
                [alone] = wb.usage.totals_by(**whole, **{filter_: value})
                assert (alone.calls, alone.errors, alone.input_tokens) == (row.calls, row.errors, row.input_tokens)
                listed = wb.usage.list_calls(**whole, **{filter_: value}, limit=1000)
                assert len([c for c in listed if c.price_source != "not sent"]) == row.calls, (group, value)
    with pytest.raises(TypeError, match="planet"):
        wb.usage.totals_by(since=0, planet=3)


def test_success_of_a_model_is_that_of_the_jobs_that_called_it_and_waits_are_theirs(wb: Workbench) -> None:
    with wb.database.write() as conn:
        row = {"kind": "k", "queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1}
        times = {"available_at": 1, "created_at": BEGIN, "started_at": BEGIN + 1000, "finished_at": BEGIN + 5000}
        states = {1: "succeeded", 2: "failed", 3: "cancelled", 4: "partial", 5: "succeeded"}
        for number, state in states.items():
            conn.execute(insert(job).values(row | times | {"id": number, "state": state}))
            called = {1: ["m", "n"], 2: ["m"], 3: ["m"], 4: ["n"], 5: []}[number]
            for model in called:
                conn.execute(
                    insert(model_call).values(
                        call_id=f"{number}{model}", job_id=number, purpose="g", provider="p", model=model,
                        capability="text", outcome="ok", started_at=BEGIN,
                    )
                )  # fmt: skip
        rollups.fold(conn)

    def success(**filters: Any) -> tuple[int | None, int | None]:
        [row] = wb.usage.job_success(since=BEGIN, **filters)
        return row.done, row.succeeded

    assert (success(), success(model="m"), success(model="n")) == ((4, 2), (2, 1), (2, 1))
    assert success(model="none") == (None, None)
    [times_of] = wb.usage.job_times(since=BEGIN, model="m")
    assert times_of.jobs == 3
    assert times_of.wait_p95 == pytest.approx(1000, rel=0.02)
    assert times_of.run_p50 == pytest.approx(4000, rel=0.02)


def _list_rows(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the rollups but their numbers, in one order."""
    tables = {"usage_hour": usage_hour, "job_hour": job_hour}
    rows = {name: [tuple(row)[1:] for row in conn.execute(select(table))] for name, table in tables.items()}
    return {name: sorted(own, key=str) for name, own in rows.items()}


def test_a_facet_has_the_rows_that_its_calls_and_jobs_make_by_each_of_its_spans(wb: Workbench) -> None:
    History(wb, 31).run(150)
    with wb.database.write() as conn:
        while rollups.fold(conn):
            pass
        found: dict[Any, set[int]] = {}
        for table in (usage_hour, job_hour):
            for facet, hours in conn.execute(select(table.c.facet, table.c.hours).distinct()):
                found.setdefault((table.name, facet), set()).add(hours)
                shown = FACETS[table.name][facet].dimensions
                others = set(DIMENSIONS[table.name]) - {*shown, "currency", "state"}
                told = [table.c[name].isnot(None) for name in others]
                assert (
                    not told or conn.execute(select(table.c.id).where(table.c.facet == facet, or_(*told))).all() == []
                )
    spans = {(table, name): {*facet.spans} for table, facets in FACETS.items() for name, facet in facets.items()}
    assert found == spans


def test_facets_of_a_later_release_are_summed_up_from_what_an_earlier_one_rolled_up(wb: Workbench) -> None:
    History(wb, 41).run(250)
    facets = ScriptDirectory(str(_MIGRATIONS)).get_revision("0034")
    assert facets is not None
    with wb.database.write() as conn:
        ended = conn.scalars(select(job.c.id).where(job.c.finished_at.isnot(None)).order_by(job.c.id)).all()
        prune.remove(conn, ended[: len(ended) // 2])
        while rollups.fold(conn):
            pass
        fresh = _list_rows(conn)
        assert {pruned for (pruned,) in conn.execute(select(job_hour.c.pruned).distinct())} == {True, False}
        with Operations.context(MigrationContext.configure(conn)):
            facets.module.downgrade()
            spans = {(f, h) for f, h in conn.execute(select(usage_hour.c.facet, usage_hour.c.hours).distinct())}
            assert {("project", 1), ("workflow", 1)} <= spans
            assert not {("place", 24), ("proj_model", 1), ("all", 192)} & spans
            facets.module.upgrade()
        assert _list_rows(conn) == fresh
