"""An episode shows its part of the emotion arc, a scene its page of the script, where they are read."""

from __future__ import annotations

from tests.pages.conftest import House
from tests.pages.test_by_hand import texts
from workbench.ui import live


def test_an_episode_has_its_part_of_the_arc_and_a_scene_its_page_of_the_script(house: House) -> None:
    project, episodes = house.planned()
    first, second = episodes[0], episodes[1]
    for kind, node in (
        ("generate_emotion_arc", project), ("generate_episode_core_expression", first.id),
        ("generate_episode_scene_list", first.id),
    ):  # fmt: skip
        assert house.run(kind, node).state == "succeeded"
    scenes = [n.id for n in house.nodes(project, "scene")]

    bare = house.page("studio", project=project, node=scenes[1])
    assert "Page of the script" not in texts(bare), "nothing is shown of what is not there"

    assert house.run("generate_scene_script", first.id).state == "succeeded"
    live.invalidate()
    arc = house.wb.artifact(project, "emotion_arc")
    script = house.wb.artifact(first.id, "scene_script")
    assert arc is not None
    assert script is not None
    points = {e.id: [p["label"] for p in arc.content["points"] if p["episode_order"] == e.position] for e in episodes}
    for episode, other in ((first, second), (second, first)):
        shown = "".join(h.proto.body for h in house.page("studio", project=project, node=episode.id).get("html"))
        assert all(label in shown for label in points[episode.id])
        assert f"<b>E{episode.position}</b>" in shown
        assert f"<b>E{other.position}</b>" not in shown

    page, others = script.content["scenes"][1], script.content["scenes"]
    at = house.page("studio", project=project, node=scenes[1])
    assert not at.exception
    shown = "".join(h.proto.body for h in at.get("html"))
    action = next(e["text"] for e in page["elements"] if e["type"] == "action")
    assert action in shown.replace("&#x27;", "'").replace("&quot;", '"')
    assert shown.count("<section class='rw-screenplay'>") == 1, [s["order"] for s in others]

    # what a person has taken out of the script leaves no empty card
    shorter = {**script.content, "scenes": others[:1]}
    house.wb.artifacts.save(first.id, "scene_script", shorter, script.version)
    live.invalidate()
    assert "Page of the script" not in texts(house.page("studio", project=project, node=scenes[1]))


def test_a_scene_that_stands_elsewhere_shows_its_own_page_under_its_number(house: House) -> None:
    project, (first, *_) = house.planned()
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list", "generate_scene_script"):
        assert house.run(kind, first.id).state == "succeeded"
    scene = [n.id for n in house.nodes(project, "scene")][1]
    script, listed = house.wb.artifact(first.id, "scene_script"), house.wb.artifact(first.id, "scene_list")
    assert script is not None
    assert listed is not None
    turned = [{**s, "order": n} for n, s in enumerate(reversed(listed.content["scenes"]), start=1)]
    house.wb.artifacts.save(first.id, "scene_list", {"scenes": turned}, listed.version)
    place = house.wb.projects.get_node(scene).position
    assert place == len(turned) - 1
    live.invalidate()
    at = house.page("studio", project=project, node=scene)
    [shown] = [h.proto.body for h in at.get("html") if "<section class='rw-screenplay'>" in h.proto.body]
    action = next(e["text"] for e in script.content["scenes"][1]["elements"] if e["type"] == "action")
    assert action in shown.replace("&#x27;", "'").replace("&quot;", '"')
    assert f"<h4><span>{place}</span>" in shown


def test_a_slice_says_that_it_is_stale(house: House) -> None:
    project, (first, *_) = house.planned()
    assert house.run("generate_emotion_arc", project).state == "succeeded"
    plan = house.wb.artifact(project, "episode_plan")
    assert plan is not None
    told = [{**e, "logline": "Something else happens."} for e in plan.content["episodes"]]
    house.wb.artifacts.save(project, "episode_plan", {**plan.content, "episodes": told}, plan.version)
    live.invalidate()
    at = house.page("studio", project=project, node=first.id)
    assert "Emotion arc of this episode" in texts(at)
    assert "Stale" in texts(at)
