"""A scene keeps its page of the script, an episode its part of the arc, when others come before it or it moves."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import nodes, run
from tests.workflows.test_scene_script import content, listed, service
from workbench import bundles
from workbench.handoff.book import read_book
from workbench.story import scene_script
from workbench.story.facts import NodeView

Start = Callable[..., Engine]
SAMPLE = "gift-of-the-magi.en"
GATE = {
    "summary": "A stranger in a grey cape knocks at an iron gate in the hills; wolves howl.", "cast": [],
    "location": "Iron gate", "beat": "The gate",
}  # fmt: skip
HARBOUR = {
    "summary": "Sailors unload oranges while thunder rolls over masts and gulls.", "cast": [],
    "location": "Harbour", "beat": "The harbour",
}  # fmt: skip


def edit(engine: Engine, node: int, kind: str, change: Callable[[list[dict[str, Any]]], Any]) -> None:
    """Change the scenes of a list or a script by hand; they are numbered anew."""
    head = engine.wb.artifact(node, kind)
    assert head is not None
    made = copy.deepcopy(head.content)
    scenes = change(made["scenes"]) or made["scenes"]
    made["scenes"] = [{**scene, "order": order} for order, scene in enumerate(scenes, start=1)]
    engine.wb.artifacts.save(node, kind, made, head.version)


def insert(at: int, scene: dict[str, Any] = GATE) -> Callable[[list[dict[str, Any]]], Any]:
    return lambda scenes: scenes.insert(at, {**scene})


def add_word(scenes: list[dict[str, Any]]) -> None:
    scenes[2]["elements"].append({"type": "action", "text": "A carriage rolls by outside."})


def page_of(summary: str) -> dict[str, Any]:
    return {
        "heading": {"setting": "ext", "place": "Iron gate"}, "summary": summary, "seconds": 20,
        "elements": [{"type": "action", "text": summary}],
    }  # fmt: skip


def pages(engine: Engine, episode: int) -> dict[str, str | None]:
    """Title of a scene → the summary of its page, in story order."""
    [told] = read_book(NodeView.load(engine.wb.database, episode)).episodes
    return {scene.title: None if scene.script is None else scene.script["summary"] for scene in told.scenes}


def scripted(engine: Engine) -> tuple[int, list[int]]:
    """An episode with its scene list and a script, and its scenes."""
    episode, below = listed(engine, SAMPLE, 6)
    assert run(engine, "generate_scene_script", episode).state == "succeeded"
    return episode, below


def copies(engine: Engine, episode: int, folder: Path) -> list[dict[str, str | None]]:
    """The pages of the first episode in a copy of its project, and in its archive read in again."""
    project, archive = engine.wb.projects.get_node(episode).project_id, folder / "out.zip"
    engine.wb.projects.export(project, archive)
    copied = [engine.wb.projects.duplicate(project, "Copy"), engine.wb.projects.import_archive(archive).project_id]
    return [pages(engine, nodes(engine, one, "episode")[0].id) for one in copied]


def stale_for_the_script(engine: Engine, scene: int, kind: str) -> bool:
    return "scene_script" in {r.kind for r in engine.wb.artifacts.list_stale_reasons(scene, kind)}


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_scene_reads_its_own_page_when_another_comes_before_it(start: Start, by_hand: bool) -> None:
    engine = start()
    episode, scenes = scripted(engine)
    if by_hand:
        edit(engine, episode, "scene_script", add_word)
    kinds = ("generate_scene_anchor", "estimate_duration", "generate_keyframe_prompt")
    for kind in kinds:
        assert run(engine, kind, scenes[1]).state == "succeeded"
    before = pages(engine, episode)
    assert None not in before.values()
    edit(engine, episode, "scene_list", insert(0))

    assert pages(engine, episode) == {"The gate": None, **before}
    for kind in ("keyframe_prompt", "duration"):
        assert not stale_for_the_script(engine, scenes[1], kind)
    for kind in kinds:
        assert run(engine, kind, scenes[2]).state == "succeeded"
    script = content(engine, episode, "scene_script")["scenes"]
    asked = "\n".join(m.content for request in service(engine).requests[-4:] for m in request.messages)
    shown = [e["text"] for e in script[2]["elements"] if e["type"] == "action"]
    assert all(text in asked for text in shown)
    assert ("A carriage rolls by outside." in asked) == by_hand
    assert [engine.wb.artifacts.find_number(scene, "scene_script") for scene in scenes] == [1, 2, 3, 4, 5, 6]
    project = engine.wb.projects.get_node(episode).project_id
    gate = next(n.id for n in nodes(engine, project, "scene") if n.title == "The gate")
    assert engine.wb.artifacts.find_number(gate, "scene_script") is None

    # what is written on a page makes stale what was made from it, and nothing else
    def reword(scenes: list[dict[str, Any]]) -> None:
        scenes[2]["elements"][0]["text"] += " Snow falls."

    edit(engine, episode, "scene_script", reword)
    assert [stale_for_the_script(engine, s, "keyframe_prompt") for s in scenes[1:3]] == [False, True]
    assert pages(engine, episode) == {"The gate": None, **before}


def test_pages_go_with_scenes_that_change_places_leave_and_come_back(start: Start) -> None:
    engine = start()
    episode, scenes = scripted(engine)
    before = pages(engine, episode)
    first, *others = before
    first_list = engine.wb.artifact(episode, "scene_list")
    assert first_list is not None
    edit(engine, episode, "scene_list", lambda scenes: [*reversed(scenes)])
    assert list(pages(engine, episode)) == [*reversed(before)]
    assert pages(engine, episode) == before
    edit(engine, episode, "scene_list", lambda scenes: scenes[:-1])
    assert pages(engine, episode) == {title: before[title] for title in others}
    engine.wb.artifacts.restore(episode, "scene_list", first_list.version)
    assert pages(engine, episode) == before
    assert engine.wb.projects.get_node(scenes[0]).title == first


def test_an_entry_stays_whose_it_was_when_a_person_edits_it_later(start: Start) -> None:
    engine = start()
    episode, _ = scripted(engine)
    before = pages(engine, episode)
    edit(engine, episode, "scene_list", insert(0))
    edit(engine, episode, "scene_script", add_word)
    assert pages(engine, episode) == {"The gate": None, **before}

    def write_anew(scenes: list[dict[str, Any]]) -> None:
        scenes[1] = page_of("Nobody knows what happens.")

    edit(engine, episode, "scene_script", write_anew)
    second = [*before][1]
    changed = before | {second: "Nobody knows what happens."}
    assert pages(engine, episode) == {"The gate": None, **changed}
    # the page that was missing, under the number that the scene has by now
    edit(engine, episode, "scene_script", insert(0, page_of("Wolves howl at the gate.")))
    assert pages(engine, episode) == {"The gate": "Wolves howl at the gate.", **changed}
    edit(engine, episode, "scene_list", insert(0, HARBOUR))
    assert pages(engine, episode) == {"The harbour": None, "The gate": "Wolves howl at the gate.", **changed}


def test_a_page_may_be_written_before_its_scene_is_there(start: Start, tmp_path: Path) -> None:
    engine = start()
    episode, _ = scripted(engine)
    before = pages(engine, episode)
    edit(engine, episode, "scene_script", insert(1, page_of("Wolves howl at the gate.")))
    assert pages(engine, episode) == before
    edit(engine, episode, "scene_list", insert(1))
    assert pages(engine, episode) == {"The gate": "Wolves howl at the gate.", **before}
    assert copies(engine, episode, tmp_path) == [pages(engine, episode)] * 2


def test_a_script_that_is_new_in_all_its_pages_is_that_of_the_list_of_now(start: Start) -> None:
    engine = start()
    episode, _ = scripted(engine)
    edit(engine, episode, "scene_list", insert(0))
    told = [f"Omen number {sign * 5} appears." for sign in "tuvwxyz"]
    edit(engine, episode, "scene_script", lambda scenes: [page_of(text) for text in told])
    assert [*pages(engine, episode).values()] == told


def test_a_restored_script_has_the_numbers_that_it_had(start: Start) -> None:
    engine = start()
    episode, _ = scripted(engine)
    before = pages(engine, episode)
    edit(engine, episode, "scene_script", add_word)
    edit(engine, episode, "scene_list", insert(0))
    assert run(engine, "generate_scene_script", episode, {}).state == "succeeded"
    anew = pages(engine, episode)
    assert anew["The gate"] is not None
    for version in (1, 2):
        engine.wb.artifacts.restore(episode, "scene_script", version)
        assert pages(engine, episode) == {"The gate": None, **before}
        engine.wb.artifacts.pin(episode, "scene_script", 3)
        assert pages(engine, episode) == anew


def test_a_script_that_a_person_wrote_first_has_the_numbers_of_then(start: Start) -> None:
    engine = start()
    episode, _ = listed(engine, SAMPLE, 6)
    script = {"title": "By hand", "scenes": [{**page_of(f"Page {n}"), "order": n} for n in range(1, 7)]}
    engine.wb.artifacts.save(episode, "scene_script", script, None)
    before = pages(engine, episode)
    assert [*before.values()] == [f"Page {n}" for n in range(1, 7)]
    edit(engine, episode, "scene_list", insert(0))
    assert pages(engine, episode) == {"The gate": None, **before}


def test_a_copy_and_an_archive_keep_whose_pages_they_are(start: Start, tmp_path: Path) -> None:
    engine = start()
    episode, _ = scripted(engine)
    edit(engine, episode, "scene_script", add_word)
    told = {"The gate": None, **pages(engine, episode)}
    edit(engine, episode, "scene_list", insert(0))
    assert copies(engine, episode, tmp_path) == [told] * 2


def test_a_bundle_tells_the_same_page(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = start()
    episode, scenes = scripted(engine)
    edit(engine, episode, "scene_list", lambda scenes: [*reversed(scenes)])
    assert run(engine, "generate_scene_anchor", scenes[0]).state == "succeeded"
    told: list[str] = []
    tell = scene_script.tell

    def listen(scene: dict[str, Any], language: str) -> str:
        told.append(tell(scene, language))
        return told[-1]

    monkeypatch.setattr(scene_script, "tell", listen)
    bundle = engine.wb.jobs.bundle(run(engine, "generate_keyframe_prompt", scenes[0]).id)
    (tmp_path / bundle.name).write_bytes(bundle.data)
    asked = set(told)
    told.clear()
    assert bundles.run(tmp_path / bundle.name).is_same
    assert set(told) == asked
    assert len(asked) == 1


def test_an_episode_keeps_its_part_of_the_arc(start: Start) -> None:
    engine = start()
    episode, _ = listed(engine, SAMPLE, 6)
    project = engine.wb.projects.get_node(episode).project_id
    assert run(engine, "generate_emotion_arc", project).state == "succeeded"
    plan = engine.wb.artifact(project, "episode_plan")
    assert plan is not None
    before = sorted(nodes(engine, project, "episode"), key=lambda n: n.position)
    turned = [{**e, "order": n} for n, e in enumerate(reversed(plan.content["episodes"]), start=1)]
    engine.wb.artifacts.save(project, "episode_plan", {**plan.content, "episodes": turned}, plan.version)

    def numbers() -> list[int | None]:
        return [engine.wb.artifacts.find_number(n.id, "emotion_arc") for n in before]

    assert numbers() == [n.position for n in before]
    arc = engine.wb.artifact(project, "emotion_arc")
    assert arc is not None
    arc.content["points"][0]["label"] = "Nobody sleeps"
    engine.wb.artifacts.save(project, "emotion_arc", arc.content, arc.version)
    assert numbers() == [n.position for n in before]
