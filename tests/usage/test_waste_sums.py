"""The sums over wasted calls, with what they do not hold yet, are what a recount of the raw rows gives: after any
writes, crashes, rebuilds and prunes, on both databases."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from tests.usage.test_rollups import BEGIN, HOUR, History
from workbench import periods
from workbench.api.client import Workbench
from workbench.db.reads.waste import sum_by
from workbench.db.rollup_tables import wasted_call
from workbench.db.rollups import HOUR_MS, cover
from workbench.db.schema import TERMINAL, artifact, job, model_call, node, step
from workbench.db.waste import CAUSES, FACETS
from workbench.db.writes import prune, rollups
from workbench.settings import Settings
from workbench.story.spending import By

DAY = 24 * HOUR
END = BEGIN + 25 * DAY
STRETCHES = (
    (BEGIN, END), (BEGIN + 7 * HOUR + 123, BEGIN + 50 * HOUR + 456), (BEGIN + 5, BEGIN + HOUR), (0, 2 * END),
    (BEGIN + DAY + 77, END - 2 * DAY - 13), (BEGIN // DAY * DAY, BEGIN // DAY * DAY + 19 * DAY),
)  # fmt: skip


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


class WastefulHistory(History):
    """Of some weeks, most of it in the first days, with episodes and scenes, retries that take steps over, and versions
    that replace and use each other."""

    def __init__(self, wb: Workbench, seed: int) -> None:
        super().__init__(wb, seed)
        #: node → itself and those below it; of a project those that are not asked for by their project
        self.places: dict[int, list[int]] = {project: [] for project in self.nodes}
        with wb.database.write() as conn:
            for project in self.nodes[:2]:
                episode = self._add_node(conn, "episode", project, project)
                scene = self._add_node(conn, "scene", project, episode)
                self.places |= {episode: [episode, scene], scene: [scene]}

    def _add_node(self, conn: Connection, kind: str, project: int, parent: int) -> int:
        row = insert(node).values(
            kind=kind, position=0, title=kind, project_id=project, parent_id=parent, created_at=1
        )  # fmt: skip
        return int(conn.execute(row.returning(node.c.id)).scalar_one())

    def time(self) -> int:
        return super().time() if self.random.random() < 0.5 else BEGIN + self.random.randrange(END - BEGIN)

    def add_job(self, conn: Connection) -> None:
        super().add_job(conn)
        self._place(conn, self.jobs)

    def _place(self, conn: Connection, job_id: int) -> None:
        place = self.random.choice([None, *self.places])
        conn.execute(update(job).where(job.c.id == job_id).values(node_id=place))

    def move_job(self, conn: Connection) -> None:
        self._place(conn, self.random.randrange(1, self.jobs + 2))

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
            + [self.change_ended_job, self.move_job, self.delete_call, self.crash_while_folding]
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


def check(history: WastefulHistory) -> set[str]:
    """Compare some of it; returns the causes that there are."""
    wb, dice = history.wb, history.random
    with wb.database.snapshot() as conn:
        wasted = causes(conn)
        of_jobs = {i: row for i, *row in conn.execute(select(job.c.id, job.c.created_by, job.c.node_id))}
        projects = {i: project for i, project in conn.execute(select(node.c.id, node.c.project_id))}

    def value_of(call: Any, name: str) -> Any:
        user, place = of_jobs.get(call.job_id, (None, None))
        if name == "user":
            return call.created_by or user
        if name == "node":
            return call.node_id or place
        return getattr(call, {"profile": "profile_id", "project": "project_id"}.get(name, name))

    def matches(call: Any, name: str, value: Any) -> bool:
        if name != "node":
            return bool(value_of(call, name) == value)
        below = history.places[value]
        if not below:
            return bool(call.project_id == value)
        return call.project_id == projects[value] and value_of(call, "node") in below

    zone = dice.choice(["UTC", "Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu"])
    filters: list[dict[str, Any]] = [
        {"model": "m"}, {"workflow": "a"}, {"model": "n", "workflow": "b"}, {"profile": 1}, {"user": "Ann"},
        {"user": "Bo", "profile": 2, "model": "m"}, {"capability": "text"}, {"capability": "image", "workflow": "a"},
        {"project": history.nodes[0]}, {"project": history.nodes[1], "user": "Ann"}, {"profile": 0},
        {"project": history.nodes[0], "workflow": "a"}, {"user": "Ann", "workflow": "b"},
        {"project": history.nodes[0], "node": history.nodes[1]},
        *({"node": place} for place in history.places),
        *({"node": place, "user": "Ann"} for place in history.places),
    ]  # fmt: skip
    bys: tuple[By, ...] = ("project", "workflow", "model", "profile", "user")
    for since, until in dice.sample(STRETCHES, 2):
        for given in ({}, *dice.sample(filters, 2)):
            own = {
                c: cause
                for c, cause in wasted.items()
                if since <= c.started_at < until and all(matches(c, name, value) for name, value in given.items())
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
            with wb.database.snapshot() as conn:
                by_node = sum_by(conn, "node", since, until, given)  # type: ignore[arg-type]
            counted = Counter((value_of(c, "node"), cause, c.currency) for c, cause in own.items())
            assert {(row.key, row.cause, row.currency): row.calls for row in by_node} == counted
            assert sum(row.cost_micros for row in by_node) == sum(c.cost_micros or 0 for c in own)
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
        seen |= check(history)
        if turn >= 8 and seen == {*CAUSES}:
            break
    with wb.database.write() as conn:
        while rollups.fold(conn):
            pass
    seen |= check(history)
    assert seen == {*CAUSES}, "a history with waste of every cause"


def _group_all(wb: Workbench, given: dict[str, Any]) -> list[Any]:
    """By everything that waste can be grouped by, in an order of its own."""
    since, until, rows = BEGIN + HOUR, END - HOUR, list[Any]()
    for by in get_args(By):
        groups = wb.usage.waste_by(by, since=since, until=until, **given)
        rows += [(by, asdict(row) | {"causes": sorted(row.causes)}) for row in groups]
    with wb.database.snapshot() as conn:
        rows += [("node", asdict(row)) for row in sum_by(conn, "node", since, until, given)]  # type: ignore[arg-type]
    return sorted(rows, key=repr)


@pytest.mark.parametrize("seed", range(3))
def test_what_was_wasted_stays_so_when_jobs_are_pruned_and_sums_are_rebuilt(wb: Workbench, seed: int) -> None:
    history = WastefulHistory(wb, 300 + seed)
    history.waste(220)
    scene = next(place for place, below in history.places.items() if below == [place])

    def everything() -> Any:
        days = wb.usage.waste_by_day(since=BEGIN, until=END, time_zone="Europe/Berlin")
        calls = [c.id for why in CAUSES for c in wb.usage.list_wasted(why, since=0, until=END, limit=999)]  # type: ignore[arg-type]
        sums = [wb.usage.waste(since=since, until=until) for since, until in STRETCHES]
        return sums, days, calls, [_group_all(wb, given) for given in ({}, {"user": "Ann"}, {"node": scene})]

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
    check(history)
    with wb.database.write() as conn:
        assert rollups.is_due(conn)
        while rollups.fold(conn):
            pass
    check(history)


@pytest.mark.parametrize("spans", [FACETS["work"][1], FACETS["full"][1], (24, 192), ()])
def test_a_stretch_of_time_is_covered_once_and_whole(spans: tuple[int, ...]) -> None:
    dice = random.Random(7)
    for _ in range(300):
        since = dice.randrange(100 * DAY)
        until = since + dice.choice([0, 5, HOUR, 3 * DAY, dice.randrange(90 * DAY)])
        covered, rest = cover(spans, since, until)
        for hours, (begin, end) in covered:
            assert begin % (hours * HOUR_MS) == end % (hours * HOUR_MS) == 0
        ends = sorted([*(stretch for _, stretch in covered), *rest])
        assert all(begin < end for begin, end in ends)
        assert [begin for begin, _ in ends] == [since, *(end for _, end in ends)][: len(ends)]
        assert (ends[-1][1] if ends else since) == until
        shortest = min(spans, default=0) * HOUR_MS
        assert not spans or all(end - begin < 2 * shortest for begin, end in rest)
