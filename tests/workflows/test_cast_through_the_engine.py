"""Casts as stories have them, on the real engine: large ones, a lead without a sheet, parts of names, traditional
Chinese."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import events, nodes, run
from workbench import samples
from workbench.cli.demo_run import DemoRun
from workbench.story.hanzi import is_traditional

Start = Callable[..., Engine]
STYLE = {"preset": "anime", "prompt": "soft light"}
#: characters that only simplified Chinese has
SIMPLIFIED = set("们个来时会说对国过还无发现从见长进点动经实开问关样与将两间东车马门风为这头听让认识亲觉视书画")


def prompts_of(engine: Engine) -> str:
    return "\n".join(m.content for request in engine.provider.requests for m in request.messages)  # type: ignore[attr-defined]


def test_of_a_cast_of_forty_the_leads_and_the_first_are_told_and_the_others_named(start: Start) -> None:
    engine = start()
    names = [f"Person{n}" for n in range(1, 41)]
    characters = [{"name": n, "description": f"the story of {n}."} for n in names]
    world = [{"name": f"Place{n}", "description": f"the look of Place{n}."} for n in range(1, 33)]
    summary = "Person1 calls Person40 to the square. " + "All of them wait for the flood that never comes. " * 4
    story = engine.wb.create_project(
        {"title": "Forty", "language": "en", "summary": summary, "style": STYLE, "episodes": 3,
         "protagonist": "Person40", "characters": characters, "world": world}
    )  # fmt: skip

    job = run(engine, "plan_episodes", story)

    assert job.state == "succeeded", job.error
    told = [n for n in names if f"the story of {n}." in prompts_of(engine)]
    assert told == [*names[:29], "Person40"]
    said = " ".join(events(engine, job))
    assert "30 of 40 characters are told in full, these by name alone: Person30, Person31" in said
    assert "Person40," not in said
    assert "30 of 32 world elements are told in full, these by name alone: Place31, Place32" in said
    assert all(f'"{n}"' in prompts_of(engine) for n in (*names, "Place32"))
    assert not engine.wb.artifact(story, "episode_plan").warnings


def test_a_protagonist_without_a_sheet_is_in_plan_scenes_and_shots(start: Start) -> None:
    engine = start()
    summary = (
        "Mara keeps the last lighthouse. Mara burns her letters, then the furniture. Mara waits for the boat. " * 2
    )
    story = engine.wb.create_project(
        {"title": "The Lamp", "language": "en", "summary": summary, "style": STYLE, "episodes": 2,
         "protagonist": "Mara, fifty, in a salt-grey coat"}
    )  # fmt: skip
    assert run(engine, "plan_episodes", story).state == "succeeded"
    plan = engine.wb.artifact(story, "episode_plan")
    assert plan.content["episodes"][0]["main_characters"] == ["Mara"]
    assert not plan.warnings
    episode = nodes(engine, story, "episode")[0].id
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        assert run(engine, kind, episode).state == "succeeded"
    scene = next(n for n in nodes(engine, story, "scene") if n.parent_id == episode)
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt"):
        assert run(engine, kind, scene.id).state == "succeeded"
    shots = engine.wb.artifact(scene.id, "keyframe_prompt").content["shots"]
    assert {s["name"] for shot in shots for s in shot["subjects"]} == {"Mara"}
    assert "salt-grey coat" in shots[0]["visual"]["character"]


def test_a_model_may_use_parts_of_names_and_the_cast_gets_the_whole_ones(start: Start) -> None:
    def shorten(answer: dict[str, Any]) -> dict[str, Any]:
        for scene in answer.get("scenes", []):
            scene["cast"] = [name.split()[0] for name in scene["cast"]]
        return answer

    engine = start(lambda made: None, lambda made: None, shorten)
    summary = (
        "Peyton Farquhar stands on the bridge. The sergeant steps aside. Peyton falls, and runs through the wood. " * 2
    )
    story = engine.wb.create_project(
        {"title": "The Bridge", "language": "en", "summary": summary, "style": STYLE, "episodes": 2,
         "characters": [{"name": "Peyton Farquhar", "description": "a planter, thirty-five"}]}
    )  # fmt: skip
    assert run(engine, "plan_episodes", story).state == "succeeded"
    episode = nodes(engine, story, "episode")[0].id
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        assert run(engine, kind, episode).state == "succeeded"
    casts = [s["cast"] for s in engine.wb.artifact(episode, "scene_list").content["scenes"]]
    assert {name for cast in casts for name in cast} == {"Peyton Farquhar"}
    assert len(engine.provider.requests) == 3  # type: ignore[attr-defined]


def test_a_story_in_traditional_chinese_stays_in_it(start: Start) -> None:
    engine = start()
    summary = (
        "太原書生王生清晨在路上遇見獨自趕路的女子，把她藏在書齋，瞞著妻子陳氏。幾日後道士說他周身被邪氣纏繞，王生不信。"
        "回到書齋，他從窗縫裡看見厲鬼把一張人皮鋪在榻上。王生追上道士求救，道士贈他拂塵掛在門上。夜裡厲鬼折斷拂塵，取走了王生的心。"
    )
    characters = [
        {"name": "王生", "description": "二十七歲的書生"},
        {"name": "陳氏", "description": "王生之妻"},
        {"name": "范後", "description": "道士"},
    ]
    story = engine.wb.create_project(
        {"title": "畫皮", "summary": summary, "style": {"preset": "ink_wash", "prompt": "水墨"}, "episodes": 2,
         "characters": characters, "world": [{"name": "書齋", "description": "後院的獨立書齋"}]}
    )  # fmt: skip
    assert run(engine, "plan_episodes", story).state == "succeeded"
    episode = nodes(engine, story, "episode")[0].id
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        assert run(engine, kind, episode).state == "succeeded"
    scene = next(n for n in nodes(engine, story, "scene") if n.parent_id == episode)
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt", "generate_keyframe_images"):
        assert run(engine, kind, scene.id).state == "succeeded"
    made = [
        engine.wb.artifact(node, kind).content
        for node, kind in (
            (story, "episode_plan"), (episode, "core_expression"), (episode, "scene_list"),
            (scene.id, "scene_anchor"), (scene.id, "keyframe_prompt"),
        )
    ]  # fmt: skip
    for content in made:
        text = json.dumps(content, ensure_ascii=False)
        assert is_traditional(text)
        assert not SIMPLIFIED & set(text), SIMPLIFIED & set(text)
    assert "書齋" in {s["location"] for s in made[2]["scenes"]}
    assert "王生追上道士求救" in json.dumps(made[0], ensure_ascii=False)
    assert "一律使用繁體字" in prompts_of(engine)


def test_a_draft_is_in_the_language_of_the_brief_whatever_names_are_in_it(start: Start) -> None:
    engine = start()
    summary = (
        "李明和Peyton在New York的Central Park遇见Della，Peyton把Golden Gate的地图给了她。Della把Golden Gate的地图卖掉。"
        * 2
    )
    characters = [{"name": "李明"}, {"name": "Peyton"}, {"name": "Della"}]
    story = engine.wb.create_project(
        {"title": "Golden Gate", "summary": summary, "style": STYLE, "episodes": 2, "characters": characters}
    )
    assert run(engine, "plan_episodes", story).state == "succeeded"
    episodes = engine.wb.artifact(story, "episode_plan").content["episodes"]
    assert all("一" <= e["scene_scope"][-2] <= "鿿" for e in episodes)
    assert episodes[0]["main_characters"] == ["李明", "Peyton", "Della"]


def test_a_demo_plans_again_what_was_edited_since_and_nothing_else(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = start()
    sample = samples.load("gift-of-the-magi.en")
    story = engine.wb.create_project(sample, user=DemoRun.USER)
    monkeypatch.setattr(DemoRun, "_follow", lambda demo, bars, job_id: [engine.finish(job_id, timeout=60)])

    def plan_again() -> int:
        demo: Any = DemoRun(engine.wb)
        demo.project_id = story
        demo._stage(None, "plan_episodes", story, demo._plan)
        return int(engine.wb.artifact(story, "episode_plan").version)

    assert (plan_again(), plan_again()) == (1, 1)
    della = next(n.id for n in nodes(engine, story, "character") if n.title == "Della")
    content = engine.wb.artifact(della, "character").content
    engine.wb.artifacts.save(della, "character", {**content, "description": "forty, tall, grey"}, 1)
    assert (plan_again(), plan_again()) == (2, 2)
    fen = engine.wb.projects.add_element(story, "character", {"name": "Fen", "description": "her brother"})
    assert (plan_again(), plan_again()) == (3, 3)
    assert "her brother" in prompts_of(engine)
    engine.wb.projects.archive(fen)
    assert (plan_again(), plan_again()) == (4, 4)


def test_a_source_in_traditional_chinese_becomes_a_brief_in_it(start: Start) -> None:
    def simplify_it(answer: dict[str, Any]) -> dict[str, Any]:
        return {
            **answer,
            "summary": "太原书生王生在路上遇见独自赶路的女子，把她藏在书斋里。" * 5,
            "protagonist": "书生王生",
        }

    engine = start(simplify_it)
    source = "太原書生王生清晨在路上遇見獨自趕路的女子，把她藏在書齋，瞞著妻子陳氏。幾日後道士說他周身被邪氣纏繞。" * 4
    story = engine.wb.create_project({"title": "王生", "style": STYLE, "source": source})
    assert run(engine, "summarize_source", story).state == "succeeded"
    brief = engine.wb.artifact(story, "brief").content
    assert brief["language"] == "zh"
    assert brief["summary"].startswith("太原書生王生在路上遇見獨自趕路的女子，把她藏在書齋裡。")
    assert brief["protagonist"] == "書生王生"
