"""The drift board: every frame of a character beside their sheet, the least alike first, the worst drawn again."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.media.test_likeness import model, person
from tests.pages.conftest import House, said
from tests.workflows.frames import shot
from workbench.api.likeness import Likeness
from workbench.artifacts import sheets
from workbench.db.reads import story as reads
from workbench.db.writes import story
from workbench.errors import NotAllowed
from workbench.media import likeness
from workbench.settings import Settings
from workbench.story.figures import find_box
from workbench.ui import live

BRIEF = {
    "title": "The Salt Lighthouse", "language": "en", "style": {"preset": "ink_wash"},
    "characters": [{"name": "Mara", "aliases": ["the keeper"]}, {"name": "Old Fen"}],
}  # fmt: skip


def stored(house: House, image: Image.Image) -> dict[str, Any]:
    made = io.BytesIO()
    image.save(made, "PNG")
    media = house.wb.media.add_picture(made.getvalue())
    return {
        "media": media.sha256,
        "width": media.width,
        "height": media.height,
        "made_of": media.sha256,
        "model": "p-1",
    }


def frame_of(house: House, planned: dict[str, Any], coat: str) -> dict[str, Any]:
    """A frame with somebody in this coat where its shot puts them."""
    picture = Image.new("RGB", (640, 360), "lightgrey")
    box = find_box(planned, planned["subjects"][0]["name"], "16:9") or (0.4, 0.2, 0.6, 0.9)
    left, top, right, bottom = (round(n * (640, 360)[i % 2]) for i, n in enumerate(box))
    figure = person(coat, size=(240, 180)).crop((72, 0, 168, 180)).resize((right - left, bottom - top))
    picture.paste(figure, (left, top))
    ImageDraw.Draw(picture).point((planned["order"], 0), fill="black")  # no two frames are one file
    return stored(house, picture)


def drawn(house: House, coats: dict[int, str]) -> tuple[int, int, int]:
    """A story whose one scene has nine frames of Mara in red, but for these shots: project, Mara, scene."""
    wb = house.wb
    project = wb.create_project(BRIEF)
    mara = next(n.id for n in wb.projects.tree(project).nodes if n.title == "Mara")
    with wb.database.write() as conn:
        own = {"project_id": project, "user": "local", "position": 1}
        episode = story.add_node(conn, "episode", "One", parent_id=project, **own)
        scene = story.add_node(conn, "scene", "Pier", parent_id=episode, **own)
    shots = [shot(n) for n in range(1, 10)]
    shots[1]["subjects"][0]["name"] = "the keeper"
    shots[2]["subjects"][0]["name"] = "Old Fen"
    wb.artifacts.save(scene, "keyframe_prompt", {"shots": shots}, None)
    frames = []
    for planned in shots:
        candidate = frame_of(house, planned, coats.get(planned["order"], "firebrick"))
        key = f"KF{planned['order'] - 1}"
        frames.append({"key": key, "chosen": candidate["media"], "candidates": [candidate]})
    wb.artifacts.save(scene, "keyframe_images", {"aspect_ratio": "16:9", "frames": frames}, None)
    return project, mara, scene


def give_sheet(house: House, node: int, **looks: str) -> None:
    """A sheet with a look in each coat: name → coat, and the first is the usual one."""
    made = []
    for name, coat in looks.items():
        candidate = stored(house, person(coat, size=(960, 640)))
        spans = [] if not made else [{"first": "1.1.9", "last": ""}]
        made.append({"name": name, "spans": spans, "chosen": candidate["media"], "candidates": [candidate]})
    house.wb.artifacts.save(node, "character_sheet", {"looks": made}, None)


def test_an_own_picture_is_measured_whole_whatever_its_file_is_called(house: House) -> None:
    _, mara, scene = drawn(house, {5: "royalblue"})
    give_sheet(house, mara, usual="firebrick")

    def measure(name: str) -> float | None:
        head = house.wb.artifact(scene, "keyframe_images")
        assert head is not None
        made = head.content
        made["frames"][4]["candidates"][0] |= {"origin": "own", "model": name}
        house.wb.artifacts.save(scene, "keyframe_images", made, head.version)
        return next(f.distance for f in house.wb.likeness.board(mara).frames if f.order == 5)

    assert measure("sketchbook, page 3.png") == measure("photograph.png")


def test_a_frame_is_held_against_the_look_of_its_scene_wherever_that_stands(house: House) -> None:
    project, mara, scene = drawn(house, {})
    give_sheet(house, mara, usual="firebrick", cropped="royalblue")
    sheet = house.wb.artifact(mara, "character_sheet")
    assert sheet is not None
    worn = sheets.change_look(sheet.content, "cropped", {"spans": sheets.read_spans("1.1.9")})
    house.wb.artifacts.save(mara, "character_sheet", worn, sheet.version)

    def held_against() -> dict[int, str | None]:
        return {f.order: f.look for f in house.wb.likeness.board(mara).frames if f.order > 7}

    assert held_against() == {8: "usual", 9: "cropped"}
    with house.wb.database.write() as conn:
        node = reads.find_node(conn, scene)
        assert node is not None
        story.set_node(conn, scene, position=2)
        story.add_node(
            conn, "scene", "Gate", parent_id=node.parent_id, project_id=project, user="local", position=1
        )  # fmt: skip
    assert held_against() == {8: "usual", 9: "cropped"}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_least_alike_comes_first_and_is_drawn_again_in_one_click(house: House, lang: str) -> None:
    project, mara, scene = drawn(house, {5: "royalblue"})
    give_sheet(house, mara, usual="firebrick")
    board = house.wb.likeness.board(mara)
    # an alias is the character, another person is not
    assert [f.order for f in board.frames] == [1, 2, 4, 5, 6, 7, 8, 9]
    distances = {f.order: f.distance for f in board.frames}
    # an extreme long shot and an extreme close-up show too little
    assert [n for n, d in distances.items() if d is None] == [1, 7]
    ranked = sorted((d, n) for n, d in distances.items() if d is not None)
    assert ranked[-1][1] == 5
    assert ranked[-1][0] > ranked[-2][0] + 0.1
    assert (board.measure, board.problem, board.scenes, board.waiting) == ("colours", None, 1, 0)

    at = house.page("drift", lang, project=project, node=mara)
    assert not at.exception
    zooms = [str(b.key) for b in at.button if str(b.key).startswith("zoom_")]
    assert zooms[0] == f"zoom_{scene}_KF4"
    assert len(zooms) == 8
    at.button(key="draw_worst").click().run()
    assert not at.exception
    [job] = house.wb.jobs.list(kind="generate_keyframe_images")
    assert (job.node_id, job.params["keys"], job.params["new_candidate"]) == (scene, ["KF4"], True)
    assert ("being drawn" if lang == "en" else "正在画") in said(at)
    # one job at a time draws a scene; then the next worst is offered
    assert "draw_worst" not in [b.key for b in at.button]
    assert house.end(job.id).state == "succeeded"
    live.invalidate()
    at.run()
    head = house.wb.artifact(scene, "keyframe_images")
    assert head is not None
    assert head.content["frames"][4]["chosen"] != board.frames[3].media
    assert "draw_worst" in [b.key for b in at.button]
    at.query_params["order"] = "story"
    at.run()
    assert next(str(b.key) for b in at.button if str(b.key).startswith("zoom_")) == f"zoom_{scene}_KF0"


def lengthen(house: House, scene: int, episodes: int, scenes: int, worst: str) -> int:
    """Further episodes with the frames of this scene in each of theirs; the last one's fifth frame is in this coat.
    Returns the last scene."""
    wb = house.wb
    project = wb.projects.get_node(scene).project_id
    prompt, images = (wb.artifact(scene, kind) for kind in ("keyframe_prompt", "keyframe_images"))
    assert prompt is not None
    assert images is not None
    with wb.database.write() as conn:
        made = []
        for number in range(2, episodes + 2):
            own = {"project_id": project, "user": "local"}
            episode = story.add_node(conn, "episode", "E", parent_id=project, position=number, **own)
            made += [
                story.add_node(conn, "scene", "S", parent_id=episode, position=n, **own) for n in range(1, scenes + 1)
            ]
    other = frame_of(house, prompt.content["shots"][4], worst)
    for node in made:
        frames = [dict(f) for f in images.content["frames"]]
        if node == made[-1]:
            frames[4] = {"key": "KF4", "chosen": other["media"], "candidates": [other]}
        wb.artifacts.save(node, "keyframe_prompt", prompt.content, None)
        wb.artifacts.save(node, "keyframe_images", {"aspect_ratio": "16:9", "frames": frames}, None)
    return made[-1]


def test_the_worst_of_a_long_story_is_the_worst_of_all_its_episodes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, mara, scene = drawn(house, {})
    give_sheet(house, mara, usual="firebrick")
    last = lengthen(house, scene, 8, 8, "royalblue")
    looked: list[object] = []
    whole = likeness.fingerprint
    monkeypatch.setattr(likeness, "fingerprint", lambda *a, **more: (looked.append(a), whole(*a, **more))[1])
    # no longer than somebody waits for a page, and on from there
    board = house.wb.likeness.board(mara, seconds=0)
    assert (board.scenes, len({f.node_id for f in board.frames}) + board.waiting) == (65, 65)
    assert 0 < board.waiting < 65
    at = house.page("drift", project=project, node=mara)
    for _ in range(20):
        board = house.wb.likeness.board(mara, seconds=0)
    assert (board.waiting, len(board.frames)) == (0, 65 * 8)
    count = len(looked)
    live.invalidate()
    at.run()
    assert not at.exception
    # nothing is looked at twice, and a changed scene alone again
    assert len(looked) == count
    zooms = [str(b.key) for b in at.button if str(b.key).startswith("zoom_")]
    assert (zooms[0], len(zooms)) == (f"zoom_{last}_KF4", 60)
    at.button(key="page_after").click().run()
    assert not {str(b.key) for b in at.button if str(b.key).startswith("zoom_")} & set(zooms)
    at.button(key="draw_worst").click().run()
    [job] = house.wb.jobs.list(kind="generate_keyframe_images")
    assert (job.node_id, job.params["keys"]) == (last, ["KF4"])
    head = house.wb.artifact(last, "keyframe_images")
    assert head is not None
    redrawn = frame_of(house, shot(5), "firebrick")
    head.content["frames"][4] = {"key": "KF4", "chosen": redrawn["media"], "candidates": [redrawn]}
    house.wb.artifacts.save(last, "keyframe_images", head.content, head.version)
    house.wb.likeness.board(mara)
    assert len(looked) <= count + 1


@pytest.mark.parametrize(("lang", "told"), [("en", "Looked at 8 of 9 scenes"), ("zh", "已看过 8 / 9 个场景")])
def test_a_board_that_is_still_looked_at_says_how_far_it_is(
    house: House, monkeypatch: pytest.MonkeyPatch, lang: str, told: str
) -> None:
    project, mara, scene = drawn(house, {})
    give_sheet(house, mara, usual="firebrick")
    lengthen(house, scene, 2, 4, "royalblue")
    own = house.wb.likeness.board
    monkeypatch.setattr(Likeness, "board", lambda self, person, episode=None, seconds=None: own(person, episode, 0.0))
    at = house.page("drift", lang, project=project, node=mara)
    assert not at.exception
    assert any(told in str(bar.proto.text) for bar in at.get("progress"))


def test_each_frame_is_held_against_the_look_that_is_worn_there(house: House) -> None:
    _, mara, _ = drawn(house, {9: "royalblue"})
    give_sheet(house, mara, usual="firebrick", sailor="royalblue")
    frames = {f.order: f for f in house.wb.likeness.board(mara).frames}
    assert (frames[8].look, frames[9].look) == ("usual", "sailor")
    near = [frames[n].distance for n in (8, 9)]
    assert all(d is not None and d < 0.42 for d in near)


def test_a_persons_own_picture_is_measured_and_not_offered_to_be_drawn_again(house: House) -> None:
    project, mara, scene = drawn(house, {})
    give_sheet(house, mara, usual="firebrick")
    planned = shot(6)
    house.wb.artifacts.place_pictures(scene, {"KF5": (frame_of(house, planned, "gold")["media"], "mine.png")})
    frames = house.wb.likeness.board(mara).frames
    worst = max((f for f in frames if f.distance is not None), key=lambda f: f.distance or 0)
    assert (worst.key, worst.own) == ("KF5", True)
    at = house.page("drift", project=project, node=mara)
    at.button(key="draw_worst").click().run()
    [job] = house.wb.jobs.list(kind="generate_keyframe_images")
    assert job.params["keys"] != ["KF5"]


def test_what_cannot_be_measured_says_why(house: House) -> None:
    project, mara, _ = drawn(house, {})
    at = house.page("drift", project=project, node=mara)
    assert not at.exception
    assert "There is no sheet yet" in said(at)
    assert {f.distance for f in house.wb.likeness.board(mara).frames} == {None}
    fen = next(n.id for n in house.wb.projects.tree(project).nodes if n.title == "Old Fen")
    at = house.page("drift", project=project, node=fen)
    assert not at.exception
    with pytest.raises(NotAllowed):
        house.wb.likeness.board(project)
    empty = house.wb.create_project({"title": "Nobody"})
    assert "Nobody is in this story yet" in str(house.page("drift", project=empty).get("html")) + said(
        house.page("drift", project=empty)
    )


@pytest.mark.parametrize(("data", "measure"), [(model("n", 3, 8, 8), "mine"), (b"no model", "colours")])
def test_a_model_of_ones_own_measures_or_says_why_it_cannot(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, measure: str
) -> None:
    project, mara, _ = drawn(house, {5: "royalblue"})
    give_sheet(house, mara, usual="firebrick")
    (tmp_path / "mine.onnx").write_bytes(data)
    monkeypatch.setenv("REELWRIGHT_EMBEDDING_MODEL", os.fspath(tmp_path / "mine.onnx"))
    with House(Settings.load()).wb as wb:
        board = wb.likeness.board(mara)
    assert board.measure == measure
    assert (board.problem is None) is (measure == "mine")
    worst = max((f for f in board.frames if f.distance is not None), key=lambda f: f.distance or 0)
    assert worst.order == 5
    at = house.page("drift", project=project, node=mara)
    assert not at.exception
    assert ("by the model mine" if measure == "mine" else "mine.onnx cannot be used") in said(at)
