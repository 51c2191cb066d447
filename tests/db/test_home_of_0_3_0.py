"""A home made by 0.3.0 is migrated, nothing in it is lost, and everything that was under way goes on. On both
databases."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text
from standardwebhooks import Webhook

from tests.conftest import until
from tests.engine.conftest import Engine
from tests.receiver import Receiver
from tests.recorded import batch, homes
from tests.recorded.homes import KEY, NAMES, SECRET
from tests.scripted_provider import ScriptedProvider
from workbench.db.connection import Database
from workbench.db.migrate import current, head, migrate
from workbench.db.search import INDEX
from workbench.security.keys import Vault
from workbench.settings import Settings

#: what no migration may change
JOB = (
    "id, kind, queue, state, waiting_for, params, params_hash, parent_id, submit_key, result, error_kind, error, claim"
)


@pytest.fixture
def service() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, empty_database_url: str) -> Settings:
    """Those of a home of 0.3.0, not yet migrated."""
    home = tmp_path / "höme of 0.3.0"
    return Settings.load(
        home=home,
        database_url=homes.unpack(home, empty_database_url),
        threads=2,
        sweep_seconds=0.2,
        retry_base_ms=1,
        retry_max_ms=1,
    )


@pytest.fixture
def engine(settings: Settings, service: ScriptedProvider) -> Iterator[Engine]:
    """The home opened with today's code, its profiles' services reached at the scripted one."""
    _call(settings, service)
    batch.register()
    made = Engine(settings)
    yield made
    made.close()


def _call(settings: Settings, service: ScriptedProvider) -> None:
    """Have every profile call the scripted service, and film the clip that is under way there."""
    body = {"model": "doubao-seedance-1-0-pro-250528", "duration": 4, "content": [{"type": "text", "text": "a lamp"}]}
    request = urllib.request.Request(
        f"{service.ark_url}/contents/generations/tasks", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    task = json.load(urllib.request.urlopen(request))["id"]
    base = create_engine(settings.database_url)
    with base.begin() as conn:
        conn.execute(text("UPDATE profile SET base_url = :url WHERE provider = 'openai'"), {"url": service.url})
        # SQLite keeps JSON as text
        params = "CAST(:params AS TEXT)" if conn.dialect.name == "sqlite" else "CAST(:params AS JSONB)"
        conn.execute(
            text(f"UPDATE profile SET base_url = :url, params = {params} WHERE provider = 'ark'"),
            {"url": service.ark_url, "params": json.dumps({"allow_private_media": True})},
        )
        conn.execute(text("UPDATE step SET provider_task_id = :task WHERE state = 'submitted'"), {"task": task})
    base.dispose()


def _state(engine: Engine, name: str) -> str:
    return str(engine.wb.jobs.get(NAMES[name]).state)


def test_it_is_migrated_and_every_row_is_there(settings: Settings) -> None:
    def rows() -> tuple[dict[str, int], list[Any], list[Any]]:
        base = create_engine(settings.database_url)
        with base.connect() as conn:
            # the index of words keeps no rows that could be counted
            names = set(inspect(conn).get_table_names()) - {"alembic_version"}
            tables = {name for name in names if not name.startswith(INDEX)}
            counts = {t: conn.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in tables}
            jobs = [tuple(map(str, r)) for r in conn.execute(text(f"SELECT {JOB} FROM job ORDER BY id"))]
            artifacts = [tuple(map(str, r)) for r in conn.execute(text("SELECT * FROM artifact ORDER BY id"))]
        base.dispose()
        return counts, jobs, artifacts

    counts, jobs, artifacts = rows()
    assert (len(jobs), counts["model_call"], counts["media"], counts["webhook_delivery"]) == (41, 44, 9, 1)

    database = Database(settings.database_url)
    migrate(database)
    with database.read() as conn:
        assert current(conn) == head()
    database.close()

    after, jobs_after, artifacts_after = rows()
    assert {t: after[t] for t in counts} == counts
    assert jobs_after == jobs
    assert [row[: len(artifacts[0])] for row in artifacts_after] == artifacts


def test_its_keys_open_and_an_old_failure_is_replayed_with_them(engine: Engine, service: ScriptedProvider) -> None:
    failed = NAMES["failed"]
    again = engine.finish(engine.wb.jobs.replay(failed).id)
    assert (again.state, again.replay_of) == ("succeeded", failed)
    assert [c["headers"]["authorization"] for c in service.calls() if c["kind"] == "chat"] == [f"Bearer {KEY}"]

    assert engine.finish(engine.wb.jobs.retry(failed, profile="sketch").id).state == "succeeded"
    assert _state(engine, "failed") == "failed"


def test_a_running_parent_goes_on_with_the_children_it_has(engine: Engine) -> None:
    first = engine.wb.jobs.list_children(NAMES["scene"])[0]
    done = engine.finish(NAMES["scene"], timeout=60)

    children = engine.wb.jobs.list_children(NAMES["scene"])
    assert done.state == "succeeded"
    assert [c.kind for c in children] == [
        "generate_scene_anchor", "generate_keyframe_prompt", "generate_motion_prompt", "generate_dialogue",
        "generate_sound_design", "estimate_duration",
    ]  # fmt: skip
    assert children[0].id == first.id
    assert {c.state for c in children} == {"succeeded"}


def test_a_parent_whose_child_was_refused_says_so_in_its_result(engine: Engine) -> None:
    done = engine.finish(NAMES["batch"], timeout=60)

    assert done.state == "partial"
    assert [f["error_kind"] for f in done.result["failed"]] == ["auth", "guard_unmet"]
    assert len(done.result["succeeded"]) == 1


def test_what_waited_for_somebody_goes_on(engine: Engine, service: ScriptedProvider) -> None:
    """For a decision, for a budget, for a limit, for a service's task, behind a paused gate."""
    wb = engine.wb
    for _ in range(3):
        engine.deliver()
        engine.worker.maintain()
    # whose wait was over by now, on a slow machine, asks and waits again
    engine.deliver()
    waiting = {"uncertain": "waiting", "no_budget": "waiting", "limited": "waiting"}
    assert {name: _state(engine, name) for name in waiting} == waiting
    # its clip is there, but its kind is paused
    until(lambda: (engine.worker.maintain(), _state(engine, "filming") == "queued")[1])

    wb.jobs.decide(NAMES["uncertain"], "send_again")
    wb.budgets.set(500_000_000, currency="CNY", project_id=NAMES["p2"], period="all")
    wb.profiles.update("slow", rpm=0)
    assert engine.finish(NAMES["limited"]).state == "succeeded"
    # the project is paused
    assert _state(engine, "uncertain") == "queued"
    assert {g.key for g in wb.queues.list_gates()} == {
        f"project:{NAMES['p2']}",
        "queue:image",
        "kind:generate_scene_video",
    }
    wb.queues.resume(f"project:{NAMES['p2']}")
    wb.queues.resume("kind:generate_scene_video")
    for name in ("uncertain", "no_budget", "filming"):
        assert engine.finish(NAMES[name]).state == "succeeded", name
    calls = sorted(c["kind"] for c in service.calls() if c["kind"] != "poll")
    assert calls == ["chat", "chat", "create", "image"]


def test_what_was_killed_or_queued_runs(engine: Engine) -> None:
    same = engine.wb.submit(
        "llm_chat", NAMES["p1"], {"messages": [{"content": "queued"}]}, submit_key="form-1", priority=2
    )
    assert same.id == NAMES["queued"]
    for name in ("killed", "queued", "not_sent"):
        assert engine.finish(NAMES[name]).state == "succeeded", name

    killed = engine.wb.jobs.get_detail(NAMES["killed"])
    assert [a.outcome for a in killed.attempts] == ["lost", "ok"]
    assert [c.outcome for c in killed.model_calls] == ["lost", "ok"]


def test_what_was_to_be_told_is_told(engine: Engine, settings: Settings, receiver: Receiver) -> None:
    base = create_engine(settings.database_url)
    with base.begin() as conn:
        sealed = Vault.open(settings).seal(receiver.url)
        values = {"url": sealed.ciphertext, "id": NAMES["hook"]}
        conn.execute(text("UPDATE webhook SET url_ciphertext = :url WHERE id = :id"), values)
    base.dispose()

    def told() -> set[int]:
        engine.worker.maintain()
        return {Webhook(SECRET).verify(g.body, g.headers)["data"]["job"]["id"] for g in receiver.got}

    until(lambda: told() >= {NAMES["told"], NAMES["untold"]})


def test_what_was_made_from_an_older_version_is_stale_still(engine: Engine) -> None:
    [scene] = [n for n in engine.wb.projects.tree(NAMES["p1"]).nodes if n.id == NAMES["s1"]]
    stale = {a.kind: a.stale for a in scene.artifacts}
    assert stale == {
        "dialogue": True,
        "duration": False,
        "keyframe_prompt": True,
        "motion_prompt": True,
        "scene_anchor": False,
        "sound_design": True,
    }
