"""Whole old jobs are removed with what belongs to them; what they made, used and cost stays, on both databases."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, text, update

from tests.engine.conftest import Engine
from workbench.api.settings import InstallationSettings
from workbench.cli import run
from workbench.db.connection import Database, db_now_ms
from workbench.db.reads import exports, job_lists, usage
from workbench.db.reads import failures as failure_reads
from workbench.db.reads import jobs as reads
from workbench.db.reads import rollups as sums
from workbench.db.reads.rollups import Stretch
from workbench.db.rollup_tables import JOB_SUMS
from workbench.db.rows.exports import LedgerEntry
from workbench.db.rows.jobs import FailureGroup
from workbench.db.rows.usage import CallFilters
from workbench.db.schema import (
    artifact,
    attempt,
    bulk_item,
    forecast,
    job,
    job_child,
    job_count,
    job_event,
    job_text,
    model_call,
    node,
    profile,
    step,
)
from workbench.db.writes import failures, filing, prune, rollups, steps
from workbench.db.writes.prune import Keep
from workbench.errors import InvalidInput
from workbench.jobs import pruning
from workbench.settings import Settings

DAY_MS = 86_400_000
JOB = {"kind": "k", "queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1,
       "available_at": 1, "created_at": 1, "created_by": "ann"}  # fmt: skip
CALL = {"purpose": "generate", "provider": "p", "model": "m", "capability": "text", "outcome": "ok",
        "started_at": 1, "prompt": ["Say it"], "raw_output": "said", "input_tokens": 7, "output_tokens": 5}  # fmt: skip
BELONGS = (attempt, step, job_event, job_child, forecast, job_text)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    with opened.write() as conn:
        story = {"title": "P", "position": 0, "created_at": 1}
        conn.execute(insert(node).values(**story, id=1, kind="project"))
        conn.execute(insert(node).values(**story, id=2, kind="episode", project_id=1, parent_id=1))
        conn.execute(insert(node).values(**story, id=3, kind="scene", project_id=1, parent_id=2))
    yield opened
    opened.close()


def add(conn: Connection, age_days: float | None, state: str = "succeeded", **values: Any) -> int:
    """A job with one of everything; `age_days`: since it ended, None: it is at work."""
    now = int(conn.execute(select(db_now_ms())).scalar_one())
    ended = None if age_days is None else now - round(age_days * DAY_MS)
    row = {**JOB, "state": state, "finished_at": ended, "project_id": 1, "node_id": 3} | values
    job_id = int(conn.execute(insert(job).values(row).returning(job.c.id)).scalar_one())
    conn.execute(insert(attempt).values(job_id=job_id, claim=1, worker="w", started_at=1))
    conn.execute(insert(job_event).values(job_id=job_id, at=1, level="info", message="m"))
    conn.execute(
        insert(step).values(
            job_id=job_id, name="s", position=0, state="done", input_hash="h", created_at=1, updated_at=1
        )
    )
    conn.execute(insert(forecast).values(job_id=job_id, workflow="", jobs=1, ms=1, cost={}, unpriced=0))
    currency = "CNY" if job_id % 2 else "USD"
    call = {**CALL, "project_id": 1, "job_id": job_id, "currency": currency, "cost_micros": 100 + job_id}
    conn.execute(insert(model_call).values({**call, "call_id": str(job_id)}))
    return job_id


def make(conn: Connection, parent: int, *children: int) -> None:
    for position, child in enumerate(children):
        conn.execute(insert(job_child).values(parent_id=parent, position=position, child_id=child, item="i"))
        conn.execute(update(job).where(job.c.id == child).values(parent_id=parent))


def left(conn: Connection) -> set[int]:
    return set(conn.scalars(select(job.c.id)))


def totals(conn: Connection) -> list[Any]:
    user = func.coalesce(model_call.c.created_by, job.c.created_by)
    by_user = select(user, func.count()).outerjoin(job, job.c.id == model_call.c.job_id).group_by(user)
    return [
        usage.totals_by(conn, "day", "model", since=0),
        usage.cost_totals_by(conn, "day", "model", since=0),
        *(usage.spending_of_node(conn, node_id) for node_id in (1, 2, 3)),
        conn.execute(select(artifact.c.id, artifact.c.content, artifact.c.model)).all(),
        conn.execute(by_user).all(),
    ]


def test_old_jobs_go_with_all_that_is_theirs_and_every_total_stays(database: Database) -> None:
    with database.write() as conn:
        old = [add(conn, 40, state) for state in ("succeeded", "failed", "partial", "cancelled")]
        new = [add(conn, 3), add(conn, None, "waiting")]
        made = {"node_id": 3, "kind": "a", "content": {}, "content_hash": "h", "source": "ai", "inputs": [],
                "created_at": 1}  # fmt: skip
        conn.execute(insert(artifact).values(**made, version=1, job_id=old[0], model="m"))
        conn.execute(update(job).where(job.c.id == new[0]).values(replay_of=old[1]))
        filing.file_ended(conn)
        before = totals(conn)
    would = pruning.prune(database, Keep(days=30), dry_run=True)
    assert (would.jobs, would.texts) == (4, 4)
    counted = ("attempt", "step", "job_event", "forecast", "job_text")
    assert {name: would.rows[name] for name in counted} == dict.fromkeys(counted, 4)
    with database.read() as conn:
        assert left(conn) == {*old, *new}, "a dry run removes nothing"
    assert pruning.prune(database, Keep(days=30)) == would
    with database.read() as conn:
        assert left(conn) == set(new)
        assert totals(conn) == before
        for table in BELONGS:
            column = table.c.job_id if "job_id" in table.c else table.c.child_id
            assert set(conn.scalars(select(column))) <= set(new), table.name
        kept = conn.execute(select(model_call.c.prompt, model_call.c.raw_output).where(model_call.c.job_id.is_(None)))
        assert kept.all() == [(None, None)] * 4
        assert job_lists.count_states(conn) == {"succeeded": 1, "waiting": 1}
        assert conn.execute(select(func.sum(job_count.c.jobs)).where(job_count.c.model == "")).scalar_one() == 1
        assert [j.id for j in job_lists.list_jobs(conn, text="said")] == sorted(new, reverse=True)
        assert [j.replay_of for j in reads.find_many(conn, [new[0]])] == [None]
    assert pruning.prune(database, Keep(days=30)).jobs == 0
    assert database.vacuum() >= 0
    with database.read() as conn:
        assert totals(conn) == before


def test_the_file_for_accounts_says_of_a_removed_jobs_call_what_it_said_before(database: Database) -> None:
    def entries(**filters: Any) -> list[LedgerEntry]:
        own: dict[str, Any] = dict.fromkeys(("job_id", "job", "job_i18n", "job_state", "parent_job_id"))
        with database.read() as conn:
            return [replace(entry, **own) for entry in exports.list_entries(conn, 0, None, CallFilters(**filters), 99)]

    chosen: list[Any] = [{}, {"user": "ann"}, {"user": "bea"}, {"node": 1}, {"node": 2}, {"node": 3}]
    with database.write() as conn:
        removed = [add(conn, 40), add(conn, 40, created_by="bea", node_id=2), add(conn, 40, node_id=None)]
        add(conn, 1)
    before = [entries(**filters) for filters in chosen]
    assert [(e.person, e.node_id, e.node_kind, e.episode, e.scene) for e in before[0]] == [
        ("ann", 3, "scene", "P", "P"), ("bea", 2, "episode", "P", None), ("ann", None, None, None, None),
        ("ann", 3, "scene", "P", "P"),
    ]  # fmt: skip
    assert pruning.prune(database, Keep(days=30)).jobs == len(removed)
    assert [entries(**filters) for filters in chosen] == before


@pytest.mark.parametrize(
    ("keep", "stay"),
    [
        # jobs 1 to 10 ended 100, 90, … 10 days ago; 1, 4, 7 and 10 failed
        (Keep(), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
        (Keep(days=35), {8, 9, 10}),
        (Keep(last=2), {7, 8, 9, 10}),
        (Keep(days=65, last=1), {5, 6, 7, 8, 9, 10}),
        (Keep(days=15, last=3), {4, 6, 7, 8, 9, 10}),
        (Keep(last=0), {10}),
        (Keep(days=0), {10}),
        (Keep(last=1_000), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
    ],
)
def test_what_is_kept(database: Database, keep: Keep, stay: set[int]) -> None:
    with database.write() as conn:
        ids = [add(conn, 110 - 10 * n, "failed" if n % 3 == 1 else "succeeded") for n in range(1, 11)]
    pruning.prune(database, keep)
    with database.read() as conn:
        assert {ids.index(i) + 1 for i in left(conn)} == stay, "the newest job of all stays, and so its id is its own"


def test_a_family_goes_whole_or_stays_whole_and_nothing_goes_that_somebody_needs(database: Database) -> None:
    with database.write() as conn:
        gone = [add(conn, 50), add(conn, 60), add(conn, 60, "failed")]
        make(conn, gone[0], *gone[1:])
        grandparent, parent, child = add(conn, 5), add(conn, 60), add(conn, 70)
        make(conn, grandparent, parent)
        make(conn, parent, child)
        original, taken_over, read_again = (add(conn, 90, "failed") for _ in range(3))
        add(conn, None, "queued", replay_of=original, reused_from=taken_over, answers_from=read_again)
        orphan, adopter = add(conn, 80), add(conn, None, "waiting")
        conn.execute(insert(job_child).values(parent_id=adopter, position=0, child_id=orphan, item="i"))
        before = usage.spending_of_jobs(conn, [grandparent, adopter])
    assert pruning.prune(database, Keep(days=30)).jobs == 3
    with database.read() as conn:
        assert not left(conn) & set(gone)
        assert {grandparent, parent, child, original, taken_over, read_again, orphan} <= left(conn)
        assert usage.spending_of_jobs(conn, [grandparent, adopter]) == before


def test_many_are_removed_a_batch_at_a_time_and_it_stops_when_asked(
    database: Database,
) -> None:
    dice = random.Random(3)
    with database.write() as conn:
        ages = [dice.choice([10, 50]) for _ in range(40)] + [1]
        ids = [add(conn, age) for age in ages]
        filing.file_ended(conn, 25)
    asked = iter([False, False, True])
    first = pruning.prune(database, Keep(days=30), batch=7, should_stop=lambda: next(asked))
    assert 0 < first.jobs <= 14
    whole = first + pruning.prune(database, Keep(days=30), batch=7)
    assert whole.jobs == sum(age == 50 for age in ages)
    with database.read() as conn:
        assert left(conn) == {i for i, age in zip(ids, ages, strict=True) if age < 30}
        assert job_lists.count_states(conn) == {"succeeded": len(left(conn))}


def test_a_job_stays_until_what_its_clip_costs_is_known(database: Database) -> None:
    with database.write() as conn:
        asked_for, reserved, settled = (add(conn, 50, "cancelled") for _ in range(3))
        add(conn, 40)
        task = {"state": "submitted", "provider_task_id": "t", "poll_at": 1}
        conn.execute(update(step).where(step.c.job_id == asked_for).values(task))
        open_calls = model_call.c.job_id.in_((asked_for, reserved))
        conn.execute(update(model_call).where(open_calls).values(cost_micros=None, expected_micros=9))
    assert pruning.prune(database, Keep(last=0), dry_run=True).jobs == 1
    assert pruning.prune(database, Keep(last=0)).jobs == 1
    with database.write() as conn:
        assert left(conn) & {asked_for, reserved, settled} == {asked_for, reserved}
        [due] = steps.list_due_polls(conn)
        assert (due.job_id, due.provider_task_id) == (asked_for, "t")
        conn.execute(update(step).where(step.c.job_id == asked_for).values(state="done"))
        conn.execute(update(model_call).where(open_calls).values(cost_micros=7, expected_micros=None))
        before = totals(conn)
    assert pruning.prune(database, Keep(last=0)).jobs == 2
    with database.read() as conn:
        assert totals(conn) == before


@pytest.mark.parametrize("batch", [2, 7, 200])
def test_a_dry_run_tells_what_goes_however_the_jobs_fall_into_batches(database: Database, batch: int) -> None:
    with database.write() as conn:
        ids = [add(conn, 50) for _ in range(15)]
        # a parent before its children, one after, one that shares a child with it; and an act on some of these
        make(conn, ids[0], *ids[1:6])
        make(conn, ids[12], *ids[6:11])
        conn.execute(insert(job_child).values(parent_id=ids[13], position=0, child_id=ids[6], item="i"))
        young = add(conn, 1)
        conn.execute(insert(job_child).values(parent_id=ids[14], position=0, child_id=young, item="i"))
        items = [{"bulk_id": ids[11], "job_id": i, "state": "succeeded", "outcome": "done"} for i in (ids[2], young)]
        conn.execute(insert(bulk_item), items)
        before = count_rows(conn)
    would = pruning.prune(database, Keep(days=30), dry_run=True, batch=batch)
    assert pruning.prune(database, Keep(days=30), batch=batch) == would
    with database.read() as conn:
        after = count_rows(conn)
    assert {name: before[name] - after[name] for name in before} == {name: would.rows[name] for name in before}
    assert (would.rows["job_child"], would.rows["bulk_item"]) == (12, 2)


@pytest.mark.parametrize("seed", range(3))
def test_what_failures_are_of_is_told_of_those_that_are_left(database: Database, seed: int) -> None:
    dice, ids = random.Random(seed), list[int]()
    with database.write() as conn:
        conn.execute(insert(profile).values(id=5, name="p", provider="p", params={}, modes={}, created_at=1))
        conn.execute(insert(node).values(title="Q", position=1, created_at=1, id=9, kind="project"))
    for _ in range(6):
        with database.write() as conn:
            for _ in range(8):
                about = {"kind": dice.choice("ab"), "profile_id": dice.choice([None, 5])}
                place = dice.choice([(None, None), (1, 3), (9, 9)])
                about |= {"project_id": place[0], "node_id": place[1], "error_fingerprint": dice.choice("xyz")}
                ids.append(add(conn, dice.uniform(0, 60), dice.choice(["failed", "partial"]), **about))
                failures.add(conn, ids[-1], about["error_fingerprint"])
        with database.write() as conn:
            # the newest stays, as ever: its number is not given away again
            gone = dice.sample(ids[:-1], dice.randrange(len(ids)))
            prune.remove(conn, gone)
            ids = [i for i in ids if i not in gone]
        with database.read() as conn:
            for project in (None, 1, 9):
                groups = failure_reads.list_failures(conn, failure_reads.FailureScope(project))
                counted = failure_reads.list_failures(conn, failure_reads.FailureScope(project, since=0))
                # one reads what is kept of them, the other the failures
                assert [affected(g) for g in groups] == [affected(g) for g in counted]
            assert sum(g.count for g in failure_reads.list_failures(conn, failure_reads.FailureScope())) == len(ids)


def affected(group: FailureGroup) -> tuple[Any, ...]:
    return group.fingerprint, group.kinds, group.models, group.profiles, group.versions, group.projects


def count_rows(conn: Connection) -> dict[str, int]:
    tables = (*BELONGS, bulk_item)
    return {t.name: int(conn.execute(select(func.count()).select_from(t)).scalar_one()) for t in tables}


def test_what_no_rollup_holds_yet_stays_until_one_does(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.write() as conn:
        rolled_up = [add(conn, 50), add(conn, 50, "failed")]
        rollups.fold(conn)
        parent, child = add(conn, 50), add(conn, 50)
        make(conn, parent, child)
        rollups.fold(conn)
        waits, newest = add(conn, 50), add(conn, 1)
        # a change after it was rolled up puts it into the tail again; its parent waits for nobody
        conn.execute(update(job).where(job.c.id == parent).values(created_by="bea"))
        whole = count_ended(conn)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(rollups, "fold", lambda conn, most: 0)
        assert pruning.prune(database, Keep(days=30), dry_run=True).jobs == 5
        assert pruning.prune(database, Keep(days=30)).jobs == 2
    with database.read() as conn:
        assert left(conn) == {parent, child, waits, newest}
        assert not left(conn) & set(rolled_up)
        assert count_ended(conn) == whole
    assert pruning.prune(database, Keep(days=30)).jobs == 3
    with database.read() as conn:
        assert left(conn) == {newest}
        assert count_ended(conn) == whole


def count_ended(conn: Connection) -> dict[Any, Any]:
    stretch = Stretch(0, 1 << 61)
    return {
        groups: sums.sum_jobs(conn, list(groups), JOB_SUMS, stretch, {}) for groups in ((), ("kind",), ("created_by",))
    }


def test_settings_say_what_is_kept_when_nobody_else_does(database: Database, tmp_path: Any) -> None:
    settings = InstallationSettings(database, Settings.load(home=tmp_path))
    with database.write() as conn:
        ids = [add(conn, age) for age in (50, 20, 1)]
    for nothing in ({}, {"keep_days": -1}, {"keep_last": -3}):
        with pytest.raises(InvalidInput):
            settings.prune(**nothing)
    for bad in ((0, None), (None, 0), (99_999_999, None)):
        with pytest.raises(InvalidInput):
            settings.set_retention(90, None, *bad)
    settings.set_retention(90, None, 30, None)
    assert settings.retention().prune_days == 30
    assert settings.prune(dry_run=True).jobs == 1
    settings.set_retention(90, None, None, 1)
    assert settings.retention().prune_days is None
    assert settings.prune().jobs == 2
    with database.read() as conn:
        assert left(conn) == {ids[-1]}
        assert conn.execute(text("SELECT count(*) FROM model_call")).scalar_one() == 3


def test_the_command_says_what_went_and_gives_room_back(
    database: Database, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REELWRIGHT_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database.url.render_as_string(hide_password=False))
    with database.write() as conn:
        for age in (50, 20, 1):
            add(conn, age, error="words " * 20_000)
        filing.file_ended(conn)

    def prune(*arguments: str) -> Any:
        assert run(["prune", *arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert run(["prune"]) == 2, "nothing says what to keep"
    assert "keep" in capsys.readouterr().err
    would = prune("--keep-days", "30", "--dry-run")
    assert (would["jobs"], would["dry_run"], would["freed_bytes"]) == (1, True, None)
    gone = prune("--keep-last", "1")
    assert (gone["jobs"], gone["texts"], gone["rows"]["attempt"]) == (2, 2, 2)
    assert gone["freed_bytes"] > 0 or not database.is_sqlite
    assert prune("--keep-last", "1", "--no-vacuum")["freed_bytes"] is None


def test_a_worker_removes_what_the_schedule_does_not_keep(settings: Settings) -> None:
    engine = Engine(settings)
    with engine.wb.database.write() as conn:
        ids = [add(conn, age, project_id=None, node_id=None) for age in (50, 1, 0.5)]
    engine.worker._prune()
    assert [j.id for j in engine.wb.jobs.get_many(ids)] == ids, "without a schedule every job stays"
    engine.wb.settings.set_retention(90, None, 30, None)
    engine.worker._prune()
    assert [j.id for j in engine.wb.jobs.get_many(ids)] == ids[1:]
    engine.close()
