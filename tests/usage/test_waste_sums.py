"""The sums over wasted calls, with what they do not hold yet, are what a recount of the raw rows gives: after any
writes, crashes, rebuilds and prunes, on both databases."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from tests.usage.test_rollups import BEGIN, HOUR, History
from workbench.api.client import Workbench
from workbench.db.rollup_tables import wasted_call
from workbench.db.schema import TERMINAL, artifact, job, model_call, step
from workbench.db.waste import CAUSES
from workbench.db.writes import prune, rollups
from workbench.settings import Settings
from workbench.story.spending import By
from workbench.usage import periods

END = BEGIN + 60 * HOUR
STRETCHES = ((BEGIN, END), (BEGIN + 7 * HOUR + 123, BEGIN + 50 * HOUR + 456), (BEGIN + 5, BEGIN + HOUR), (0, 2 * END))


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


class WastefulHistory(History):
    """With retries that take steps over, and versions that replace and use each other."""

    def retry(self, conn: Connection) -> None:
        dice = self.random
        ended = conn.scalars(select(job.c.id).where(job.c.state.in_(TERMINAL)).order_by(job.c.id)).all()
        if not ended:
            return
        before, self.jobs = dice.choice(ended), self.jobs + 1
        row = {"id": self.jobs, "kind": "a", "queue": "text", "title": "t", "params": {}, "params_hash": "h",
               "max_attempts": 1, "state": "running", "available_at": 1, "created_at": self.time(),
               "replay_of": dice.choice([before, before, before, None])}  # fmt: skip
        conn.execute(insert(job).values(row))
        common = {"job_id": self.jobs, "state": "done", "input_hash": "h", "created_at": 1, "updated_at": 1}
        for n, name in enumerate(("plan", "draw")):
            if dice.random() < 0.7:
                conn.execute(insert(step).values(common | {"name": name, "position": n, "reused_from": before}))

    def name_step(self, conn: Connection) -> None:
        """What a call belongs to is known when it is written: of one in no tail nothing changes."""
        ids = conn.scalars(select(model_call.c.id).where(model_call.c.outcome == "sent")).all()
        if ids:
            named = update(model_call).where(model_call.c.id == self.random.choice(ids))
            conn.execute(named.values(step=self.random.choice(["plan", "draw", None])))

    def settle_good(self, conn: Connection) -> None:
        ids = conn.scalars(select(model_call.c.id).where(model_call.c.outcome == "sent")).all()
        if ids:
            settled = update(model_call).where(model_call.c.id == self.random.choice(ids))
            dearly = {"cost_micros": self.random.choice([5, 700, None]), "currency": self.random.choice(["CNY", "USD"])}
            conn.execute(settled.values(outcome="ok", valid=self.random.choice([True, None]), **dearly))

    def save_version(self, conn: Connection) -> None:
        dice = self.random
        place, kind = dice.choice(self.nodes), dice.choice(["plan", "script"])
        versions = conn.scalars(
            select(artifact.c.version).where(artifact.c.node_id == place, artifact.c.kind == kind)
        ).all()
        known = conn.scalars(select(artifact.c.id)).all()
        jobs = conn.scalars(select(job.c.id).order_by(job.c.id)).all()
        by_hand = not jobs or dice.random() < 0.2
        used = [{"artifact_id": dice.choice(known)}] if known and dice.random() < 0.15 else []
        conn.execute(
            insert(artifact).values(
                node_id=place, kind=kind, version=max(versions, default=0) + 1, content={}, content_hash="h",
                source="manual" if by_hand else "ai", job_id=None if by_hand else dice.choice(jobs), inputs=used,
                created_at=BEGIN + dice.randrange(HOUR * 3 // 2),
            )
        )  # fmt: skip

    def waste(self, steps: int) -> None:
        acts = (
            [self.add_job] * 3 + [self.end_job] * 4 + [self.add_call] * 6 + [self.name_step] * 4 + [self.fold] * 3
            + [self.change_call] * 3 + [self.settle_good] * 4 + [self.retry] * 3 + [self.save_version] * 6
            + [self.change_ended_job, self.delete_call, self.crash_while_folding]
        )  # fmt: skip
        for _ in range(steps):
            act = self.random.choice(acts if self.random.random() < 0.98 else [self.rebuild])
            with self.wb.database.write() as conn:
                act(conn)


def causes(conn: Connection) -> dict[Any, str]:
    """Call → its cause, by plain loops over all rows."""
    jobs = {r.id: r for r in conn.execute(select(job.c.id, job.c.state, job.c.replay_of))}
    steps = conn.execute(select(step.c.job_id, step.c.name, step.c.reused_from)).all()
    versions = conn.execute(select(artifact)).all()
    used_versions = {entry["artifact_id"] for v in versions for entry in v.inputs}

    def is_taken(job_id: int, name: str | None) -> bool:
        for s in steps:
            if s.reused_from == job_id and s.name == name:
                by = jobs[s.job_id]
                if by.replay_of is not None and by.state not in ("failed", "cancelled"):
                    return True
                if is_taken(s.job_id, name):
                    return True
        return False

    replaced = {
        v.job_id
        for v in versions
        for w in versions
        if (v.node_id, v.kind, v.version + 1) == (w.node_id, w.kind, w.version)
        and v.source == w.source == "ai"
        and w.created_at - v.created_at < HOUR
        and v.id not in used_versions
    }
    found = {}
    for c in conn.execute(select(model_call)):
        unpriced = c.cost_micros is None and c.expected_micros is None and c.provider != "sketch" and (
            c.outcome in ("ok", "late", "lost") or (c.outcome == "error" and (
                c.http_status is None or c.http_status < 400 or (c.http_status >= 500 and c.capability != "text")))
        )  # fmt: skip
        if not unpriced and not c.cost_micros:
            continue
        own = jobs.get(c.job_id)
        cause = None
        if c.outcome in ("lost", "late"):
            cause = "lost"
        elif c.outcome == "error":
            cause = "cancelled" if c.error_kind == "cancelled" else "error"
        elif c.valid is False:
            cause = "invalid"
        elif c.outcome == "ok" and own is not None and own.state in ("failed", "cancelled"):
            if not is_taken(own.id, c.step):
                cause = "cancelled" if own.state == "cancelled" else "job_failed"
        elif c.outcome == "ok" and own is not None and own.state in ("succeeded", "partial") and own.id in replaced:
            cause = "superseded"
        if cause is not None:
            found[c] = cause
    return found


def check(wb: Workbench, dice: random.Random) -> set[str]:
    """Compare some of it; returns the causes that there are."""
    with wb.database.snapshot() as conn:
        wasted = causes(conn)
        askers = {i: by for i, by in conn.execute(select(job.c.id, job.c.created_by))}

    def value_of(call: Any, name: str) -> Any:
        if name == "user":
            return call.created_by or askers.get(call.job_id)
        return getattr(call, {"profile": "profile_id", "project": "project_id"}.get(name, name))

    zone = dice.choice(["UTC", "Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu"])
    filters: list[dict[str, Any]] = [
        {"model": "m"}, {"workflow": "a"}, {"model": "n", "workflow": "b"}, {"profile": 1}, {"user": "Ann"},
        {"user": "Bo", "profile": 2, "model": "m"},
    ]  # fmt: skip
    bys: tuple[By, ...] = ("project", "workflow", "model", "profile", "user")
    for since, until in dice.sample(STRETCHES, 2):
        for given in ({}, dice.choice(filters)):
            own = {
                c: cause
                for c, cause in wasted.items()
                if since <= c.started_at < until and all(value_of(c, name) == value for name, value in given.items())
            }
            rows = wb.usage.waste(since=since, until=until, **given)
            counted = Counter((cause, c.workflow, c.currency) for c, cause in own.items())
            assert {(r.cause, r.workflow, r.currency): r.calls for r in rows} == counted
            assert sum(r.cost_micros for r in rows) == sum(c.cost_micros or 0 for c in own)
            assert sum(r.unpriced for r in rows) == sum(c.cost_micros is None for c in own)
            days = wb.usage.waste_by_day(since=since, until=until, time_zone=zone, **given)
            by_day = Counter(
                (periods.start_of(periods.day_of(c.started_at, ZoneInfo(zone)), ZoneInfo(zone)), c.currency)
                for c in own
            )
            assert {(d.day, d.currency): d.calls for d in days} == by_day
            by = dice.choice(bys)
            groups = wb.usage.waste_by(by, since=since, until=until, **given)
            assert {g.key: g.calls for g in groups} == Counter(value_of(c, by) for c in own)
            assert sum(sum(g.cost.values()) for g in groups) == sum(c.cost_micros or 0 for c in own if c.currency)
            assert sum(g.unpriced for g in groups) == sum(c.cost_micros is None for c in own)
            assert {g.key: {*g.causes} for g in groups} == {
                g.key: {cause for c, cause in own.items() if value_of(c, by) == g.key} for g in groups
            }
            for cause in sorted(set(wasted.values())):
                listed = wb.usage.list_wasted(cause, since=since, until=until, limit=7, **given)  # type: ignore[arg-type]
                newest = sorted((c for c, why in own.items() if why == cause), key=lambda c: (-c.started_at, -c.id))
                assert [c.call_id for c in listed] == [c.call_id for c in newest[:7]]
    return {*wasted.values()}


@pytest.mark.parametrize("seed", range(3))
def test_waste_is_a_recount_after_any_writes_crashes_and_rebuilds(wb: Workbench, seed: int) -> None:
    history = WastefulHistory(wb, 200 + seed)
    seen: set[str] = set()
    for turn in range(50):
        history.waste(25)
        seen |= check(wb, history.random)
        if turn >= 8 and seen == {*CAUSES}:
            break
    with wb.database.write() as conn:
        while rollups.fold(conn):
            pass
    seen |= check(wb, history.random)
    assert seen == {*CAUSES}, "a history with waste of every cause"


@pytest.mark.parametrize("seed", range(3))
def test_what_was_wasted_stays_so_when_jobs_are_pruned_and_sums_are_rebuilt(wb: Workbench, seed: int) -> None:
    history = WastefulHistory(wb, 300 + seed)
    history.waste(220)

    def everything() -> Any:
        days = wb.usage.waste_by_day(since=BEGIN, until=END, time_zone="Europe/Berlin")
        calls = [c.id for why in CAUSES for c in wb.usage.list_wasted(why, since=0, until=END, limit=999)]  # type: ignore[arg-type]
        return [wb.usage.waste(since=since, until=until) for since, until in STRETCHES], days, calls

    # nobody is at work: what of its own accord would become something else is no loss
    with wb.database.write() as conn:
        conn.execute(update(job).where(job.c.state == "running").values(state="succeeded", finished_at=END))
        rollups.fold(conn, 10)
        ended = conn.scalars(select(job.c.id).where(job.c.state.in_(TERMINAL)).order_by(job.c.id)).all()
    before = everything()
    assert before[2]
    dice = random.Random(seed)
    for share in (0.3, 0.5, 1):
        gone = [i for i in ended if dice.random() < share]
        with wb.database.write() as conn:
            prune.remove(conn, gone)
        ended = [i for i in ended if i not in gone]
        assert everything() == before
        with wb.database.write() as conn:
            while rollups.fold(conn):
                pass
        assert everything() == before
        assert wb.usage.rebuild() > 0
        assert everything() == before


def test_a_call_that_goes_is_wasted_no_more(wb: Workbench) -> None:
    history = WastefulHistory(wb, 5)
    history.waste(120)
    with wb.database.write() as conn:
        while rollups.fold(conn):
            pass
        gone = conn.scalars(select(wasted_call.c.call_id).where(wasted_call.c.cause.isnot(None)).limit(3)).all()
        assert gone
        conn.execute(delete(model_call).where(model_call.c.id.in_(gone)))
    check(wb, history.random)
    with wb.database.write() as conn:
        assert rollups.is_due(conn)
        while rollups.fold(conn):
            pass
    check(wb, history.random)
