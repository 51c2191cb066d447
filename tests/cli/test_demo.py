"""`reelwright demo`: the main job from a brief to a storyboard, ending by itself, also when it was killed."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.conftest import CEILING_S, Ran, Reelwright, all_gone, family, waits_for_worker
from tests.conftest import until
from tests.recorded import demo as recorded_demo
from workbench import samples
from workbench.broker import embedded
from workbench.settings import Settings

#: a whole demo on a busy machine, several times
pytestmark = pytest.mark.timeout(3600)

SCENE_KINDS = (
    "scene_anchor", "keyframe_prompt", "keyframe_images", "motion_prompt", "dialogue", "sound_design", "duration",
)  # fmt: skip


def hashes(reelwright: Reelwright, project: int) -> dict[tuple[str, int, int, str], str]:
    """(kind of node, its parent's position, its own, kind of artifact) → content hash: the same on any machine."""
    nodes = reelwright("projects", "tree", str(project), "--json").json["nodes"]
    position = {n["id"]: n["position"] for n in nodes}
    return {
        (n["kind"], position.get(n["parent_id"], 0), n["position"], a["kind"]): a["content_hash"]
        for n in nodes
        for a in n["artifacts"]
    }


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Reelwright, Ran]]:
    """A home whose English demo came to its end undisturbed."""
    made = Reelwright(tmp_path_factory.mktemp("demo") / "片 场")
    yield made, made("demo", "--lang", "en", "--json")
    made.close()


def test_it_plans_every_episode_and_makes_the_first_to_its_end(english: tuple[Reelwright, Ran]) -> None:
    _made_to_its_end(*english, "en")
    assert not embedded.is_alive(Settings.load(home=english[0].home))


def test_its_artifacts_and_frames_are_those_of_before_byte_for_byte(english: tuple[Reelwright, Ran]) -> None:
    assert recorded_demo.hashes(english[0].home) == recorded_demo.recorded("en")


def test_it_does_so_in_chinese_with_what_already_runs_for_the_home(reelwright: Reelwright) -> None:
    process, _ = reelwright.up()
    waits_for_worker(process)
    _made_to_its_end(reelwright, reelwright("demo", "--lang", "zh", "--json"), "zh")
    assert process.poll() is None
    assert recorded_demo.hashes(reelwright.home) == recorded_demo.recorded("zh")


def _made_to_its_end(reelwright: Reelwright, ran: Ran, lang: str) -> None:
    assert ran.code == 0, ran.err
    made = ran.json
    assert made["episodes"] == samples.load(samples.FIRST[lang])["episodes"]
    assert made["scenes"] >= 6
    assert made["frames"] == 9 * made["scenes"]
    assert {job["state"] for job in made["jobs"]} == {"succeeded"}
    tree = reelwright("projects", "tree", str(made["project_id"]), "--json").json
    kinds = [a["kind"] for node in tree["nodes"] for a in node["artifacts"]]
    assert kinds.count("episode_plan") == kinds.count("core_expression") == kinds.count("scene_list") == 1
    for kind in SCENE_KINDS:
        assert kinds.count(kind) == made["scenes"], kind
    assert not any(a["stale"] for node in tree["nodes"] for a in node["artifacts"])


def test_a_brief_that_cannot_be_planned_from_is_refused_with_what_is_missing(
    reelwright: Reelwright, tmp_path: Path
) -> None:
    path = tmp_path / "short.json"
    path.write_text(json.dumps({"title": "Short", "summary": "x" * 30, "style": {"preset": "anime", "prompt": "cel"}}))

    ran = reelwright("demo", "--brief", str(path), "--json")

    assert (ran.code, ran.out) == (2, "")
    assert "70" in ran.err


def test_interrupted_it_leaves_nothing_running(reelwright: Reelwright) -> None:
    process = reelwright.start("demo", "--json", REELWRIGHT_SIMULATE="latency_ms=60000")
    waits_for_worker(process)
    # in the middle of its work, not while Python is still starting what it needs
    until(lambda: _running(reelwright), CEILING_S, "a running job")
    parts = family(process.pid)

    process.send_signal(signal.SIGINT)

    assert process.wait(CEILING_S) == 130, reelwright.stderr()
    until(all_gone(parts), 15)


def test_killed_twice_on_the_way_and_started_again_it_ends_with_the_same_artifacts_and_no_step_paid_twice(
    reelwright: Reelwright, english: tuple[Reelwright, Ran]
) -> None:
    undisturbed, whole = english[0], english[1].json
    wanted = hashes(undisturbed, whole["project_id"])
    # the jobs of the killed worker are another's when their lease has run out
    reelwright.env["REELWRIGHT_LEASE_SECONDS"] = "5"

    for after in (0.3, 0.7):
        process = reelwright.begin("demo", "--lang", "en", "--json")
        jobs_there = round(len(whole["jobs"]) * after)
        until(lambda: count_done(reelwright) >= jobs_there, CEILING_S, f"{jobs_there} ended jobs")  # noqa: B023
        parts = family(process.pid)
        for part in [psutil.Process(process.pid), *parts]:
            with contextlib.suppress(psutil.NoSuchProcess):
                part.kill()
        process.gone()
        until(all_gone(parts), 15)

    ran = reelwright("demo", "--lang", "en", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["project_id"] == 1
    assert hashes(reelwright, 1) == wanted
    assert count_lost(reelwright) > 0
    assert paid_twice(reelwright) == []


def _running(reelwright: Reelwright) -> bool:
    return _count(reelwright, "SELECT count(*) FROM job WHERE state = 'running'") > 0


def count_done(reelwright: Reelwright) -> int:
    """How many jobs of the home have ended."""
    return _count(reelwright, "SELECT count(*) FROM job WHERE state = 'succeeded'")


def count_claims(reelwright: Reelwright) -> int:
    """How often a worker has taken a job."""
    return _count(reelwright, "SELECT count(*) FROM attempt")


def count_lost(reelwright: Reelwright) -> int:
    """How often a worker was lost at work; the number on a job begins anew with each of its steps."""
    return _count(reelwright, "SELECT count(*) FROM attempt WHERE outcome = 'lost'")


def paid_twice(reelwright: Reelwright) -> list[tuple[int, str, int]]:
    """Job, step and how many answers it has paid, where one was enough; of every job, whoever has lost it."""
    return _ask(
        reelwright,
        "SELECT job_id, step, count(*) FROM model_call WHERE outcome = 'ok' AND valid IS NOT 0"
        " GROUP BY job_id, step HAVING count(*) > 1",
    )


def _count(reelwright: Reelwright, query: str) -> int:
    if not (reelwright.home / "reelwright.db").exists():
        return 0
    with contextlib.suppress(sqlite3.Error):
        return int(_ask(reelwright, query)[0][0])
    return 0


def _ask(reelwright: Reelwright, query: str) -> list[Any]:
    """Of the database itself, which is quicker than a command."""
    with contextlib.closing(sqlite3.connect(reelwright.home / "reelwright.db", timeout=5)) as base:
        return base.execute(query).fetchall()
