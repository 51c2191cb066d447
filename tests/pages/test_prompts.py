"""The page of prompts: words of one's own, compared, tried, adopted and taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.pages.conftest import House, said
from workbench import prompts
from workbench.db.schema import model_call

NAME = "planning/plan_episodes"
KEY = "planning_plan_episodes_en"


def typed(at: object, project: int, name: str) -> object:
    return at.text_area(key=f"p_{project}_{KEY}.{name}")  # type: ignore[attr-defined]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_prompt_is_there_with_nothing_made_yet(house: House, lang: str) -> None:
    at = house.page("prompts", lang)
    assert not at.exception
    listed = [b for b in at.button if b.key and b.key.startswith("prompt_open_")]
    assert len(listed) == len([f for f in prompts.all_files() if f.language == lang])
    for view in ("compare", "try", "uses"):
        at = house.page("prompts", lang, prompt=NAME, view=view)
        assert not at.exception
        assert not at.error


def test_what_breaks_it_is_said_beside_it_and_cannot_be_saved(house: House) -> None:
    project = house.sample()
    at = house.page("prompts", prompt=NAME, project=project)
    typed(at, project, "user").set_value("{{ title }} {{ nothing }}")  # type: ignore[attr-defined]
    at.button(key=f"p_{project}_{KEY}_save").click().run()
    assert house.wb.prompts.list_versions(NAME, "en", project) == []
    assert "There is no variable nothing" in said(at)
    assert "summary is no longer in it" in said(at)
    # and stays typed for whoever comes back
    again = house.page("prompts", prompt=NAME, project=project)
    assert typed(again, project, "user").value == "{{ title }} {{ nothing }}"  # type: ignore[attr-defined]


def test_words_are_tried_adopted_and_taken_back_and_what_was_made_before_is_stale(house: House) -> None:
    project, _ = house.planned()
    at = house.page("prompts", prompt=NAME, project=project)
    typed(at, project, "system").set_value("You plan like a sea captain.").run()  # type: ignore[attr-defined]
    at = house.page("prompts", prompt=NAME, project=project, view="compare")
    assert "rw-prompt" in str([h.proto for h in at.get("html")])
    at = house.page("prompts", prompt=NAME, project=project, view="try")
    at.button(key=f"p_{project}_{KEY}_go").click().run()
    assert not at.exception
    [trial] = house.wb.jobs.list(kind="try_prompt")
    assert trial.params["system"] == "You plan like a sea captain."
    assert house.end(trial.id).state == "succeeded"
    assert house.wb.prompts.get(NAME, "en", project).state == "shipped"
    at = house.page("prompts", prompt=NAME, project=project, view="try", trial=trial.id)
    assert "100 % valid (1 of 1)" in said(at) or "valid" in said(at)
    at.button(key=f"p_{project}_{KEY}_adopt").click().run()
    assert not at.exception
    assert house.wb.prompts.get(NAME, "en", project).counting["system"] == "You plan like a sea captain."
    studio = house.page("studio", project=project, node=project)
    assert "Stale because it was made with prompt" in said(studio)
    at = house.page("prompts", prompt=NAME, project=project)
    at.button(key=f"p_{project}_{KEY}_reset").click().run()
    assert house.wb.prompts.get(NAME, "en", project).state == "shipped"
    assert not at.exception


def test_past_jobs_are_counted_as_jobs_and_failed_checks_stand_by_version_and_model(house: House) -> None:
    project = house.sample()
    chunk, key = "planning/plan_episodes.chunk", "planning_plan_episodes_chunk_en"
    jobs = [house.run("plan_episodes", project, {"target_episode_count": 14}) for _ in range(2)]
    asked = house.wb.trials.list_calls(chunk, "en", project_id=project)
    assert len(asked) > len(jobs)
    at = house.page("prompts", prompt=chunk, project=project)
    at.text_area(key=f"p_{project}_{key}.system").set_value("You plan like a sea captain.").run()
    at = house.page("prompts", prompt=chunk, project=project, view="try")
    modes = next(g for g in at.get("button_group") if str(g.key) == f"p_{project}_{key}_mode")
    assert [o.content for o in modes.proto.options][1] == "On the last 2 jobs"
    modes.set_value("many").run()
    assert not at.exception
    assert at.slider(key=f"p_{project}_{key}_many").max == len(jobs)
    at.button(key=f"p_{project}_{key}_go").click().run()
    [trial] = house.wb.jobs.list(kind="try_prompt")
    assert sorted(trial.params["calls"]) == sorted(c.id for c in asked)

    with house.wb.database.write() as conn:
        conn.execute(
            update(model_call).where(model_call.c.id == asked[0].id).values(valid=False, finish_reason="length")
        )
    at = house.page("prompts", prompt=chunk, project=project, view="uses")
    assert not at.exception
    [row] = at.dataframe[-1].value.to_dict("records")
    assert (row["Model"], row["Check"], row["Answers"]) == (asked[0].model, "The answer was cut off", 1)
    assert row["Version"] == asked[0].prompt_version


def test_whoever_saves_second_is_told_and_keeps_what_they_typed(house: House) -> None:
    project = house.sample()
    at = house.page("prompts", prompt=NAME, project=project)
    typed(at, project, "system").set_value("Mine.").run()  # type: ignore[attr-defined]
    shipped = house.wb.prompts.get(NAME, "en").shipped
    house.wb.prompts.save(NAME, "en", "Theirs.", shipped["user"], project_id=project, base_version=0)
    at.button(key=f"p_{project}_{KEY}_save").click().run()
    assert "Version 1 was saved meanwhile" in said(at)
    assert house.wb.prompts.get(NAME, "en", project).counting["system"] == "Theirs."
    assert typed(at, project, "system").value == "Mine."  # type: ignore[attr-defined]
    at.button(key=f"p_{project}_{KEY}_save").click().run()
    assert house.wb.prompts.get(NAME, "en", project).counting["system"] == "Mine."
