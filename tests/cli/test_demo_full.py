"""`reelwright demo --full`: every workflow on one episode, to its end, however often it is killed on the way."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.conftest import CEILING_S, Ran, Reelwright, all_gone, family
from tests.cli.test_demo import count_claims, count_done, count_lost, hashes, paid_twice
from tests.conftest import until
from workbench.cli import demo_full
from workbench.workflows import registry

#: a whole demo on a busy machine, several times
pytestmark = pytest.mark.timeout(3600)

KILLS = 10
#: a kill comes within so long of a job's beginning; most of the sketch's are shorter
LONGEST_S = 1.0
SCENES = ("--scenes", "6")
#: started by somebody who brings a text, a prompt or a choice of jobs
NOT_FOR_A_SAMPLE = {"summarize_source", "try_prompt", "act_on_jobs"}


@pytest.fixture(scope="module", params=["en", "zh"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any, Ran]]:
    """The language, and a home whose demo came to its end undisturbed."""
    made = Reelwright(tmp_path_factory.mktemp("full") / request.param)
    yield request.param, made, made("demo", "--full", *SCENES, "--lang", request.param, "--json")
    made.close()


def jobs_of(reelwright: Reelwright) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = reelwright("jobs", "list", "--limit", "1000", "--json").json
    return found


def test_every_workflow_runs_and_every_job_succeeds(whole: tuple[str, Reelwright, Ran]) -> None:
    _, reelwright, ran = whole
    assert ran.code == 0, ran.err
    jobs = jobs_of(reelwright)
    assert Counter(j["state"] for j in jobs) == {"succeeded": len(jobs)}
    every = {w["name"] for w in reelwright("workflows", "list", "--json").json}
    assert every - {j["kind"] for j in jobs} == NOT_FOR_A_SAMPLE
    assert ran.json["scenes"] == 6
    assert ran.json["frames"] == 54
    [back] = [j["id"] for j in jobs if j["kind"] == demo_full.BACK]
    assert reelwright("jobs", "show", str(back), "--json").json["model_calls"], "an edited panel goes into English"


def test_the_stages_are_workflows_and_each_stands_behind_what_it_reads() -> None:
    registry.load()
    kinds = [stage.kind for stage in demo_full.STAGES]
    assert len(kinds) == len(set(kinds))
    assert {registry.find(kind).name for kind in kinds} == set(kinds)
    assert kinds[-1] == demo_full.FullRun.LAST


def test_killed_ten_times_it_ends_with_the_same_artifacts_and_nothing_paid_twice(
    whole: tuple[str, Reelwright, Ran], tmp_path: Path
) -> None:
    lang, undisturbed, ran = whole
    wanted, all_jobs = hashes(undisturbed, ran.json["project_id"]), len(jobs_of(undisturbed))
    reelwright = Reelwright(tmp_path / lang)
    # the jobs of the killed worker are another's when their lease has run out
    reelwright.env["REELWRIGHT_LEASE_SECONDS"] = "3"
    seed = os.environ.get("REELWRIGHT_KILLS_SEED") or str(random.SystemRandom().randrange(10**9))
    # where it fails this is told; given again it kills at the same places
    print(f"REELWRIGHT_KILLS_SEED={seed}")
    chance = random.Random(f"{lang} {seed}")
    # behind the last jobs there would be nothing left to kill
    moments = sorted(chance.sample(range(1, all_jobs * 9 // 10), KILLS))
    try:
        for done in moments:
            process = reelwright.begin("demo", "--full", *SCENES, "--lang", lang, "--json")
            until(lambda: count_done(reelwright) >= done, CEILING_S, f"{done} ended jobs")  # noqa: B023
            claims = count_claims(reelwright)
            until(lambda: count_claims(reelwright) > claims, CEILING_S, "the next job")  # noqa: B023
            # at the end of nothing: somewhere inside what runs
            time.sleep(chance.uniform(0, LONGEST_S))
            assert process.is_alive()
            parts = family(process.pid)
            for part in [psutil.Process(process.pid), *parts]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    part.kill()
            process.gone()
            until(all_gone(parts), 15)
        ended = reelwright("demo", "--full", *SCENES, "--lang", lang, "--json")
        assert ended.code == 0, ended.err
        assert hashes(reelwright, ended.json["project_id"]) == wanted
        jobs = jobs_of(reelwright)
        assert {j["state"] for j in jobs} == {"succeeded"}
        # as many jobs as without a kill: none was made anew for one that was lost
        assert Counter(j["kind"] for j in jobs) == Counter(j["kind"] for j in jobs_of(undisturbed))
        assert count_lost(reelwright) > 0
        assert paid_twice(reelwright) == []
    finally:
        reelwright.close()
