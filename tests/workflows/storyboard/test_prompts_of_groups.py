"""A prompt in other words makes stale what was made with it, group by group, and an update makes just that anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tests.engine.conftest import Engine
from tests.workflows.conftest import run
from tests.workflows.storyboard.scenes import content, edit, planned, service, stale
from workbench import bundles, prompts
from workbench.artifacts.panels import GROUP_KEYS
from workbench.db.schema import artifact_prompt
from workbench.usage import estimates

Start = Callable[..., Engine]
GROUP, GROUPS = "generate_storyboard_group", "generate_storyboard_groups"
TRANSLATE, BACK = "translate_storyboard_panels", "back_translate_storyboard_panels"
KIND, ZH, EN = "storyboard_groups", "storyboard_translation", "storyboard_back_translation"
ALL = {*GROUP_KEYS}


def adopt(engine: Engine, workflow: str, words: str = "Be brief.", language: str = "en") -> None:
    name = f"storyboard/{workflow}"
    prompts_ = engine.wb.prompts
    now = prompts_.get(name, language)
    prompts_.save(name, language, words, prompts.find(name, language).sections["user"],
                  base_version=now.newest_version)  # fmt: skip


def asked(engine: Engine, workflow: str, scene: int, **params: Any) -> int:
    """How many calls a run of it makes."""
    since = len(service(engine).requests)
    job = run(engine, workflow, scene, params)
    assert job.state == "succeeded", job.error
    return len(service(engine).requests) - since


def test_an_update_writes_anew_what_was_written_with_another_prompt(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    asked(engine, GROUP, scene)
    asked(engine, TRANSLATE, scene)
    for workflow, kind in ((GROUP, KIND), (TRANSLATE, ZH)):
        adopt(engine, workflow)
        assert stale(engine, scene, kind) == ALL
        assert asked(engine, workflow, scene) == 9
        assert service(engine).requests[-1].messages[0].content == "Be brief."
        assert stale(engine, scene, kind) == set()
        # what stays is what it was made with
        assert asked(engine, workflow, scene) == 0
        engine.wb.prompts.reset(f"storyboard/{workflow}", "en", base_version=1)
        assert stale(engine, scene, kind) == ALL
        assert asked(engine, workflow, scene) == 9


def test_a_group_written_alone_leaves_the_others_stale_and_is_not_paid_twice(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    asked(engine, GROUP, scene)
    adopt(engine, GROUP)
    assert asked(engine, GROUP, scene, group_id="KF8") == 1
    assert stale(engine, scene) == ALL - {"KF8"}
    assert asked(engine, GROUPS, scene) == 8
    assert stale(engine, scene) == set()


def test_a_price_is_of_the_groups_that_are_asked_for_in_other_words(start: Start, monkeypatch: Any) -> None:
    monkeypatch.setattr(estimates, "measure", lambda *_: {})
    engine = start()
    scene = planned(engine)

    def price() -> int:
        forecast = engine.wb.plans.price(TRANSLATE, [scene])
        assert forecast is not None
        return forecast.tokens or 0

    whole = price()
    asked(engine, GROUP, scene)
    asked(engine, TRANSLATE, scene)
    adopt(engine, TRANSLATE)
    assert price() == pytest.approx(whole, abs=9)
    asked(engine, TRANSLATE, scene, group_id="KF8")
    assert price() == pytest.approx(whole * 8 / 9, abs=9)


def test_a_repair_in_other_words_touches_the_group_that_was_repaired(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    asked(engine, GROUP, scene, group_id="KF0")

    def vanish(made: dict[str, Any]) -> None:
        made["end"]["characters"].pop()

    service(engine).changes = [vanish]
    assert asked(engine, GROUP, scene, group_id="KF1") == 2
    asked(engine, GROUP, scene)
    adopt(engine, f"{GROUP}.continuity")
    assert stale(engine, scene) == {"KF1"}


def test_what_a_person_edits_is_stale_by_no_prompt_and_the_rest_stays_so(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    asked(engine, GROUP, scene)
    edit(engine, scene, lambda made: made["groups"][4]["panels"][0].update(en="Della laughs aloud."))
    adopt(engine, GROUP)
    assert stale(engine, scene) == ALL - {"KF4"}
    assert asked(engine, GROUP, scene) == 8
    assert content(engine, scene, KIND)["groups"][4]["panels"][0]["en"] == "Della laughs aloud."
    assert stale(engine, scene) == set()


def test_english_of_edited_panels_is_asked_for_again_in_the_new_words(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    asked(engine, GROUP, scene)
    asked(engine, TRANSLATE, scene)
    for group in (2, 5):
        edit(engine, scene, lambda made, g=group: made["groups"][g]["panels"][0].update(zh="[中景] 她站着。"), ZH)
    assert asked(engine, BACK, scene, group_id="KF2") == 1
    adopt(engine, BACK)
    assert stale(engine, scene, EN) == {"KF2"}
    # the one that has none yet comes in them anyway
    assert asked(engine, BACK, scene, group_id="KF5") == 1
    assert stale(engine, scene, EN) == {"KF2"}
    assert asked(engine, BACK, scene) == 1
    assert stale(engine, scene, EN) == set()
    assert asked(engine, BACK, scene) == 0


def test_of_before_parts_were_told_apart_each_part_counts_as_made_with_all_of_it(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    asked(engine, GROUP, scene)
    with engine.wb.database.write() as conn:
        conn.execute(artifact_prompt.delete().where(artifact_prompt.c.part.notin_(("", "group:KF0"))))
        conn.execute(update(artifact_prompt).values(part=""))
    adopt(engine, GROUP)
    assert stale(engine, scene) == ALL
    assert asked(engine, GROUP, scene, group_id="KF8") == 1
    assert stale(engine, scene) == ALL - {"KF8"}
    assert asked(engine, GROUP, scene) == 8
    assert stale(engine, scene) == set()


def test_a_bundle_asks_again_for_what_was_stale_by_its_prompt(start: Start, tmp_path: Path) -> None:
    engine = start()
    scene = planned(engine)
    asked(engine, GROUP, scene)
    adopt(engine, GROUP)
    job = run(engine, GROUP, scene)
    bundle = engine.wb.jobs.bundle(job.id, with_story=True)
    path = tmp_path / bundle.name
    path.write_bytes(bundle.data)
    found = bundles.run(path)
    assert (found.is_same, found.unanswered, found.unused) == (True, 0, 0)
