"""`reelwright demo`: the main job from a brief to anchors, ending by itself."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import CEILING_S, Reelwright, all_gone, family, waits_for_worker
from tests.conftest import until
from workbench import embedded, samples
from workbench.settings import Settings


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_plans_every_episode_and_makes_the_first_to_its_end(reelwright: Reelwright, lang: str) -> None:
    ran = reelwright("demo", "--lang", lang, "--json")

    assert ran.code == 0, ran.err
    made = ran.json
    assert made["episodes"] == samples.load(samples.FIRST[lang])["episodes"]
    assert made["scenes"] >= 6
    assert made["seconds"] < 120
    assert {job["state"] for job in made["jobs"]} == {"succeeded"}
    tree = reelwright("projects", "tree", str(made["project_id"]), "--json").json
    kinds = [a["kind"] for node in tree["nodes"] for a in node["artifacts"]]
    assert kinds.count("episode_plan") == kinds.count("core_expression") == kinds.count("scene_list") == 1
    assert kinds.count("scene_anchor") == made["scenes"]
    assert not any(a["stale"] for node in tree["nodes"] for a in node["artifacts"])
    assert not embedded.is_alive(Settings.load(home=reelwright.home))


def test_a_brief_that_cannot_be_planned_from_is_refused_with_what_is_missing(
    reelwright: Reelwright, tmp_path: Path
) -> None:
    path = tmp_path / "short.json"
    path.write_text(json.dumps({"title": "Short", "summary": "x" * 30, "style": {"preset": "anime", "prompt": "cel"}}))

    ran = reelwright("demo", "--brief", str(path), "--json")

    assert (ran.code, ran.out) == (2, "")
    assert "70" in ran.err


def test_it_uses_what_already_runs_for_the_home(reelwright: Reelwright) -> None:
    process, _ = reelwright.up()
    waits_for_worker(process)

    ran = reelwright("demo", "--lang", "en")

    assert ran.code == 0, ran.err
    assert process.poll() is None


def test_interrupted_it_leaves_nothing_running(reelwright: Reelwright) -> None:
    process = reelwright.start("demo", "--json", REELWRIGHT_SIMULATE="latency_ms=60000")
    waits_for_worker(process)
    parts = family(process.pid)

    process.send_signal(signal.SIGINT)

    assert process.wait(CEILING_S) == 130
    until(all_gone(parts), 15)
