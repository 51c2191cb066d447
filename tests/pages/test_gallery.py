"""Gallery: pictures by scene, filtered, paged, zoomed, picked and packed; clips beside them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.media.clips import tiny_mp4
from tests.pages.conftest import House, said
from tests.workflows.frames import MOTION, shot
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version
from workbench.artifacts.storyboard import FRAMINGS
from workbench.artifacts.versions import hash_of
from workbench.db.reads import story as reads
from workbench.db.writes import story, sweep
from workbench.ui.gallery import pictures

BRIEF = {
    "title": "The Salt Lighthouse",
    "language": "en",
    "style": {"preset": "ink_wash"},
    "characters": [{"name": "Mara", "aliases": ["the keeper"]}, {"name": "Old Fen"}],
}


def picture(house: House, number: int, key: str, take: int = 0) -> dict[str, Any]:
    """A small picture in the store, its own for each frame and take."""
    made = io.BytesIO()
    Image.new("RGB", (64, 36), (number * 40 % 256, int(key[2:]) * 25, take * 90)).save(made, "PNG")
    media = house.wb.media._store.add_image(made.getvalue())
    return {
        "media": media.sha256,
        "width": media.width,
        "height": media.height,
        "made_of": hash_of([number, key, take]),
        "model": f"painter-{take}",
    }


def drawn(house: House, scenes: int = 2, takes: int = 2) -> tuple[int, list[int]]:
    """A story of one episode whose scenes have nine frames each, the first frame with several candidates."""
    wb = house.wb
    project = wb.create_project(BRIEF)
    with wb.database.write() as conn:
        above = {"parent_id": project, "project_id": project, "user": "local"}
        episode = story.add_node(conn, "episode", "One", position=1, **above)
        above["parent_id"] = episode
        nodes = [story.add_node(conn, "scene", f"Pier {n}", position=n, **above) for n in range(1, scenes + 1)]
    for number, node in enumerate(nodes, start=1):
        wb.artifacts.save(node, "keyframe_prompt", {"shots": [shot(n) for n in range(1, 10)]}, None)
        frames = []
        for key in pictures.KEYS:
            candidates = [picture(house, number, key, take) for take in range(takes if key == "KF0" else 1)]
            frames.append({"key": key, "chosen": candidates[-1]["media"], "candidates": candidates})
        wb.artifacts.save(node, "keyframe_images", {"aspect_ratio": "16:9", "frames": frames}, None)
    return project, nodes


def zooms(at: AppTest) -> list[str]:
    return [str(b.key) for b in at.button if str(b.key).startswith("zoom_")]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_says_what_to_do_when_there_is_nothing(house: House, lang: str) -> None:
    at = house.page("gallery", lang)
    assert not at.exception
    assert at.button(key="to_projects")
    house.sample()
    at = house.page("gallery", lang)
    assert not at.exception
    assert at.button(key="to_studio")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_chosen_picture_is_there_scene_by_scene(house: House, lang: str) -> None:
    project, nodes = drawn(house)
    at = house.page("gallery", lang, project=project)
    assert not at.exception
    assert len(zooms(at)) == 18
    assert [k.split("_")[1] for k in zooms(at)] == [str(nodes[0])] * 9 + [str(nodes[1])] * 9
    assert ("景" in said(at)) == (lang == "zh")


def test_the_filters_come_from_the_url(house: House) -> None:
    project, nodes = drawn(house)
    assert len(zooms(house.page("gallery", project=project, framing="CU"))) == 2
    assert len(zooms(house.page("gallery", project=project, candidates=1))) == 20
    episode = house.nodes(project, "episode")[0].id
    assert len(zooms(house.page("gallery", project=project, episode=episode, scene=nodes[1]))) == 9


def test_a_person_is_found_under_every_name_in_the_scenes_that_have_them(house: House) -> None:
    project, _ = drawn(house)
    episode = house.nodes(project, "episode")[0].id
    outline = {"summary": "s", "location": "the pier"}
    scenes = [
        {"order": 1, "cast": ["the keeper"], "beat": "Pier 1", **outline},
        {"order": 2, "cast": ["Old Fen"], "beat": "Pier 2", **outline},
    ]
    house.wb.artifacts.save(episode, "scene_list", {"scenes": scenes}, None)
    found = zooms(house.page("gallery", project=project, person="Mara"))
    assert len(found) == 9  # the shots of scene 2 show her too, but its outline does not know her
    assert zooms(house.page("gallery", project=project, person="Old Fen")) == []


def test_only_pictures_whose_shot_has_changed_are_stale(house: House) -> None:
    project, nodes = drawn(house)
    wb = house.wb
    with wb.database.write() as conn:
        plan = reads.find_head(conn, nodes[0], "keyframe_prompt")
        made_from = [
            {
                "node_id": nodes[0],
                "kind": "keyframe_prompt",
                "part": f"shot:{n}",
                "artifact_id": plan.id,
                "version": 1,
                "content_hash": plan.part_hashes[f"shot:{n}"],
            }
            for n in range(1, 10)
        ]
        images = reads.find_head(conn, nodes[0], "keyframe_images")
        add_version(conn, nodes[0], kinds.find("keyframe_images"), images.content, source="restore", inputs=made_from)
    shots = [shot(n, "Only the lamp is awake" if n == 3 else "") for n in range(1, 10)]
    wb.artifacts.save(nodes[0], "keyframe_prompt", {"shots": shots}, 1)
    found = zooms(house.page("gallery", project=project, stale=1))
    assert [k.split("_")[1:3] for k in found] == [[str(nodes[0]), "KF2"]]


def test_only_a_page_of_scenes_is_read_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    project, nodes = drawn(house, scenes=7)
    asked: list[list[int]] = []
    whole = reads.heads_with_content
    monkeypatch.setattr(
        reads, "heads_with_content", lambda conn, ids, kinds: asked.append(ids) or whole(conn, ids, kinds)
    )
    at = house.page("gallery", project=project)
    assert len(zooms(at)) == 27
    at.button(key="page_after").click().run()
    assert [k.split("_")[1] for k in zooms(at)][:1] == [str(nodes[3])]
    assert {len(ids) for ids in asked} == {3}
    assert at.query_params["page"] == "2"


def test_a_candidate_is_picked_as_a_new_version(house: House) -> None:
    project, nodes = drawn(house)
    frame = house.wb.artifact(nodes[0], "keyframe_images").content["frames"][0]
    at = house.page("gallery", project=project)
    at.button(key=f"zoom_{nodes[0]}_KF0_{frame['chosen'][:8]}").click().run()
    assert any("painter" in m.value for m in at.get("markdown"))
    at.button(key=f"pick_{nodes[0]}_KF0_1").click().run()
    assert not at.exception
    head = house.wb.artifact(nodes[0], "keyframe_images")
    assert head.version == 2
    assert head.content["frames"][0]["chosen"] == frame["candidates"][0]["media"]
    assert head.content["frames"][0]["candidates"] == frame["candidates"]


def test_a_pick_on_top_of_a_newer_version_is_told_and_chosen_again(house: House) -> None:
    project, nodes = drawn(house, takes=3)
    frame = house.wb.artifact(nodes[0], "keyframe_images").content["frames"][0]
    at = house.page("gallery", project=project)
    at.button(key=f"zoom_{nodes[0]}_KF0_{frame['chosen'][:8]}").click().run()
    content = house.wb.artifact(nodes[0], "keyframe_images").content
    first = {**content["frames"][0], "chosen": frame["candidates"][1]["media"]}
    house.wb.artifacts.save(
        nodes[0], "keyframe_images", {**content, "frames": [first, *content["frames"][1:]]}, 1, "somebody else"
    )
    at.button(key=f"pick_{nodes[0]}_KF0_1").click().run()
    assert house.wb.artifact(nodes[0], "keyframe_images").version == 2
    assert any("Version 2 was saved meanwhile" in w.value for w in at.warning)
    at.button(key=f"clash_mine_{nodes[0]}_KF0").click().run()
    head = house.wb.artifact(nodes[0], "keyframe_images")
    assert (head.version, head.content["frames"][0]["chosen"]) == (3, frame["candidates"][0]["media"])


def test_the_chosen_pictures_are_packed_by_scene_shot_and_framing(house: House) -> None:
    project, _ = drawn(house)
    found = pictures.select(pictures.of_scenes(pictures.scenes(project)), candidates=False, framing=None, stale=False)
    with zipfile.ZipFile(io.BytesIO(pictures.packer(found)())) as packed:
        names = packed.namelist()
        assert names[:9] == [f"E01-01 Pier 1/{n:02d}-{f}.webp" for n, f in enumerate(FRAMINGS, start=1)]
        assert len(names) == 18
        assert packed.read(names[0]) == house.wb.media.path(found[0].media).read_bytes()


@pytest.mark.parametrize(("title", "name"), [('A/B: "C"', "A B C"), ("..", "scene"), ("灯灭了", "灯灭了")])
def test_a_title_becomes_a_name_that_every_system_takes(title: str, name: str) -> None:
    assert " ".join(pictures.file_name(title).split()) == name


def test_clips_play_beside_the_pictures_and_outlast_the_jobs_history(house: House) -> None:
    project, nodes = drawn(house, scenes=1)
    house.wb.artifacts.save(nodes[0], "motion_prompt", MOTION, None)
    for params in ({"seconds": 2}, {"seconds": 3}):
        assert house.run("generate_scene_video", nodes[0], params).state == "succeeded"
    with house.wb.database.write() as conn:
        sweep.prune_history(conn, -1_000)
    video = house.wb.artifact(nodes[0], "scene_video")
    assert video is not None
    found = pictures.clips(pictures.scenes(project))
    assert [c.media for c in found] == [c["media"] for c in reversed(video.content["clips"])]
    assert [(c.chosen, c.of) for c in found] == [(True, 2), (False, 2)]
    at = house.page("gallery", project=project)
    assert not at.exception
    assert len(at.get("video")) == 2


def test_who_waits_for_another_candidate_is_told_that_the_queue_is_paused(house: House) -> None:
    project, (scene, _) = drawn(house)
    house.wb.queues.pause("queue:image")
    at = house.page("gallery", project=project)
    at.session_state["_frame"] = (scene, "KF1")
    at.run()
    at.button(key=f"another_{scene}_KF1").click().run()
    at.run()
    assert any("the queue image \\(by local, " in str(bar.proto.text) for bar in at.get("progress"))


def test_a_clip_of_ones_own_plays_with_its_shot_and_says_whose_it_is(house: House) -> None:
    project, nodes = drawn(house, scenes=1)
    wave, whole = (house.wb.media.add_clip(tiny_mp4(seconds=n)).sha256 for n in (2.0, 4.0))
    house.wb.artifacts.place_clip(nodes[0], whole, "take **3**.mp4")
    house.wb.artifacts.place_clip(nodes[0], wave, "wave.mp4", "KF1")
    at = house.page("gallery", project=project)
    first, second = (next(b for b in at.button if f"zoom_{nodes[0]}_{key}" in str(b.key)) for key in ("KF0", "KF1"))
    second.click().run()
    assert not at.exception
    told = [c.value for c in at.caption]
    assert "2.0 s · your own\\: wave.mp4" in told, told
    at = house.page("gallery", project=project)
    at.button(key=first.key).click().run()
    assert not any("wave.mp4" in c.value for c in at.caption)
    at = house.page("studio", project=project, node=nodes[0])
    assert not at.exception
    # the scene's own is shown large, the shot's beside it; a name is no markup
    told = [c.value for c in at.caption if ".mp4" in c.value]
    assert told == ["4.0 s · your own\\: take \\*\\*3\\*\\*.mp4", "2.0 s · your own\\: wave.mp4"]
    assert not any("Other clips of this scene" in c.value for c in at.caption)


@pytest.mark.parametrize(
    ("lang", "told", "shot"),
    [("en", "No clip shows the whole scene", "5 · Medium close\\-up"), ("zh", "还没有整个场景的片段", "5 · 中近景")],
)
def test_a_clip_of_a_shot_is_shown_by_it_and_shows_the_scene_only_once_picked(
    house: House, lang: str, told: str, shot: str
) -> None:
    project, [scene] = drawn(house, scenes=1)
    wave = house.wb.media.add_clip(tiny_mp4(seconds=2.0)).sha256
    house.wb.artifacts.place_clip(scene, wave, "wave.mp4", "KF4")
    at = house.page("studio", lang, project=project, node=scene)
    assert not at.exception
    assert any(told in m.value for m in at.markdown)
    assert f"**{shot}**" in [m.value for m in at.markdown]
    at.button(key=f"clip_use_{scene}_{wave[:12]}").click().run()
    assert house.wb.artifact(scene, "scene_video").content["chosen"] == wave
    at = house.page("gallery", lang, project=project)
    assert not at.exception
    assert any(shot in m.value for m in at.markdown)


@pytest.mark.parametrize(("page", "frames"), [("gallery", 18), ("studio", 9)])
def test_a_lost_file_leaves_the_rest_of_the_page_as_it_is(house: House, page: str, frames: int) -> None:
    project, (scene, _) = drawn(house)
    lost = house.wb.artifact(scene, "keyframe_images").content["frames"][2]["chosen"]
    for thumbnail in (True, False):
        house.wb.media.path(lost, thumbnail=thumbnail).unlink()

    at = house.page(page, project=project, **({"node": scene} if page == "studio" else {}))

    assert not at.exception
    assert sum(lost[:12] in str(m.value) for m in at.markdown) == 1
    assert len([b for b in at.button if str(b.key).startswith(("zoom_", f"open_{scene}_KF"))]) == frames
    at.session_state["_frame"] = (scene, "KF2")
    at.run()
    assert not at.exception
    assert sum(lost[:12] in str(m.value) for m in at.markdown) > 1
    found = pictures.select(pictures.of_scenes(pictures.scenes(project)), candidates=False, framing=None, stale=False)
    with zipfile.ZipFile(io.BytesIO(pictures.packer(found)())) as packed:
        assert (len(packed.namelist()), packed.read("missing.txt").count(lost.encode())) == (18, 1)
