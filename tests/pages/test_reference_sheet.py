"""The reference sheet on the Cast page: drawn, picked, told in other words, and a picture of one's own."""

from __future__ import annotations

import io
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import pytest
from PIL import Image

from tests.pages.conftest import House, open_popover, said
from workbench.errors import InvalidInput, NotAllowed, ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.sketch.provider import Sketch
from workbench.ui import live
from workbench.ui.cast.reference_sheet import SHEETS


def first(house: House, project: int, kind: str) -> int:
    return int(house.wb.projects.list_contents(project, kind)[0].node_id)


def looks(house: House, node: int, kind: str = "character_sheet") -> list[JsonObject]:
    head = house.wb.artifact(node, kind)
    return list(head.content["looks"]) if head else []


def png(colour: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (90, 60), colour).save(made, "PNG")
    return made.getvalue()


def picture(house: House, colour: str) -> str:
    return house.wb.media.add_picture(png(colour)).sha256


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("kind", "sheet", "workflow"),
    [
        ("character", "character_sheet", "generate_character_sheet"),
        ("world_element", "place_sheet", "generate_place_sheet"),
    ],
)
def test_a_sheet_is_drawn_and_shown(house: House, lang: str, kind: str, sheet: str, workflow: str) -> None:
    project = house.sample("painted-skin.zh" if lang == "zh" else "gift-of-the-magi.en")
    node = first(house, project, kind)
    at = house.page("cast", lang, project=project, kind=kind, node=node)
    assert not at.exception
    at.button(key=f"draw_sheet_{node}_first").click().run()
    [job] = house.wb.jobs.list(kind=workflow)
    assert house.end(job.id).state == "succeeded"
    at.run()
    assert not at.exception
    [look] = looks(house, node, sheet)
    assert look["name"] in said(at)
    assert len(look["candidates"]) == 2


@pytest.mark.parametrize(("lang", "told"), [("en", "It is no place so far"), ("zh", "目前还不是地点")])
def test_a_thing_has_no_sheet_and_its_card_says_why(house: House, lang: str, told: str) -> None:
    project = house.sample()
    for node in house.nodes(project, "world"):
        head = house.wb.artifact(node.id, "world_element")
        if head.content["name"] == "the watch":
            house.wb.artifacts.save(node.id, "world_element", {**head.content, "kind": "technology"}, 1)
            watch = node.id
    at = house.page("cast", lang, project=project, kind="world_element", node=watch)
    assert not at.exception
    assert told in said(at)
    assert not [b for b in at.button if str(b.key).startswith("draw_sheet_")]
    at = house.page("studio", lang, project=project, node=watch)
    assert told in said(at)


def test_a_candidate_that_could_not_be_drawn_is_named_beside_the_sheet(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = house.sample()
    node = first(house, project, "character")
    draw, drawn = Sketch.images, count()

    async def refuse_second(self: Sketch, request: Any) -> Any:
        if next(drawn) % 2:
            raise ProviderError("content_filter", Text(N_("The model answered with nothing, twice.")), http_status=400)
        return await draw(self, request)

    monkeypatch.setattr(Sketch, "images", refuse_second)
    assert house.run("generate_character_sheet", node).state == "partial"
    at = house.page("cast", "zh", project=project, kind="character", node=node)
    assert not at.exception
    assert "**候选 2** :gray[模型两次都没有返回内容。]" in said(at)


def test_another_candidate_is_picked_and_a_look_told_otherwise(house: House) -> None:
    project = house.sample()
    node = first(house, project, "character")
    assert house.run("generate_character_sheet", node).state == "succeeded"
    at = house.page("cast", "en", project=project, node=node)
    at.button(key=f"pick_sheet_{node}_0_2").click().run()
    [look] = looks(house, node)
    assert look["chosen"] == look["candidates"][1]["media"]
    version = house.wb.artifact(node, "character_sheet").version  # type: ignore[union-attr]
    slot = f"{node}_0_v{version}"
    at.text_input(key=f"look_name_{slot}").set_value("long hair")
    at.text_area(key=f"look_words_{slot}").set_value("hair to the knees")
    at.text_input(key=f"look_scenes_{slot}").set_value("1.1–1.2")
    at.button(key=f"save_look_{node}_0").click().run()
    [look] = looks(house, node)
    assert (look["name"], look["words"], look["spans"]) == (
        "long hair",
        "hair to the knees",
        [{"first": "1.1", "last": "1.2"}],
    )
    assert "1.1–1.2" in said(at)


def test_what_is_no_scene_is_said_and_what_was_typed_stays(house: House) -> None:
    project = house.sample()
    node = first(house, project, "character")
    house.wb.artifacts.place_sheet_pictures(node, "usual", [(picture(house, "red"), "me.png")])
    at = house.page("cast", "en", project=project, node=node)
    key = f"look_scenes_{node}_0_v1"
    at.text_input(key=key).set_value("soon")
    at.button(key=f"save_look_{node}_0").click().run()
    assert "“soon” names no scenes" in said(at)
    assert at.text_input(key=key).value == "soon"
    assert len(house.wb.artifacts.list_versions(node, "character_sheet")) == 1


def test_ones_own_pictures_become_candidates_and_the_last_is_picked(house: House) -> None:
    project = house.sample()
    node = first(house, project, "character")
    red, blue = picture(house, "red"), picture(house, "blue")
    place = house.wb.artifacts.place_sheet_pictures
    place(node, "usual", [(red, "one.png"), (blue, "two.heic")])
    [usual] = looks(house, node)
    assert [(c["media"], c["origin"], c["model"]) for c in usual["candidates"]] == [
        (red, "own", "one.png"),
        (blue, "own", "two.heic"),
    ]
    assert looks(house, node)[0]["chosen"] == blue
    with pytest.raises(InvalidInput):
        place(node, "usual", [])
    with pytest.raises(InvalidInput, match="only one look can be the usual one"):
        place(node, "bride", [(red, "one.png")])
    with pytest.raises(NotAllowed):
        place(project, "usual", [(red, "one.png")])


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", ["character", "world_element"])
def test_a_new_look_begins_with_ones_own_pictures_and_nothing_is_drawn(house: House, lang: str, kind: str) -> None:
    project = house.sample("painted-skin.zh" if lang == "zh" else "gift-of-the-magi.en")
    node = first(house, project, kind)
    sheet = SHEETS[kind][0]
    at = house.page("cast", lang, project=project, kind=kind, node=node)
    for name, words, scenes in (("plain", "", ""), ("storm", "torn and wet", "1.2–1.4")):
        drop = next(u for u in at.get("file_uploader") if str(u.key).startswith(f"new_look_{node}_files"))
        drop.set_value((f"{name}.png", png("red" if name == "plain" else "blue"), "image/png")).run()
        assert not at.exception
        assert f"new_look_go_{node}" not in [b.key for b in at.button]
        # without a name it is refused, and the pictures stay
        if name == "storm":
            at.button(key=f"new_look_place_{node}").click().run()
            assert [k["name"] for k in looks(house, node, sheet)] == ["plain"]
        at.text_input(key=f"new_look_name_{node}").set_value(name)
        at.text_area(key=f"new_look_words_{node}").set_value(words)
        at.text_input(key=f"new_look_scenes_{node}").set_value(scenes)
        at.button(key=f"new_look_place_{node}").click().run()
        assert not at.exception
        assert not at.error
    plain, storm = looks(house, node, sheet)
    assert (plain["name"], plain["spans"], len(plain["candidates"])) == ("plain", [], 1)
    assert (storm["words"], storm["spans"]) == ("torn and wet", [{"first": "1.2", "last": "1.4"}])
    assert storm["chosen"] == storm["candidates"][0]["media"] != plain["chosen"]
    assert storm["candidates"][0]["origin"] == "own"
    assert house.wb.jobs.list() == []
    with pytest.raises(InvalidInput, match="names no scenes"):
        house.wb.artifacts.place_sheet_pictures(node, "third", [(picture(house, "red"), "a.png")], scenes="soon")


def test_an_open_page_saves_and_shows_the_scenes_of_a_look_that_have_moved_meanwhile(house: House) -> None:
    project = house.sample()
    node = first(house, project, "character")

    def plan(*titles: str) -> None:
        episodes = [
            {"order": n, "title": title, "logline": f"{title} {title}", "scene_scope": title}
            for n, title in enumerate(titles, start=1)
        ]
        head = house.wb.artifact(project, "episode_plan")
        told = {"episode_count": len(titles), "episodes": episodes}
        house.wb.artifacts.save(project, "episode_plan", told, head.version if head else None)

    plan("Lamp", "Harbour")
    for look, scenes in (("usual", ""), ("wet", "1.2–1.4")):
        house.wb.artifacts.place_sheet_pictures(node, look, [(picture(house, "red"), "me.png")], scenes=scenes)
    at = house.page("cast", "en", project=project, node=node)
    assert at.text_input(key=f"look_scenes_{node}_1_v2").value == "1.2–1.4"
    plan("Comet", "Lamp", "Harbour")
    at.text_area(key=f"look_words_{node}_1_v2").set_value("a dripping coat")
    at.button(key=f"save_look_{node}_1").click().run()
    assert not at.exception
    wet = looks(house, node)[1]
    assert (wet["words"], wet["spans"]) == ("a dripping coat", [{"first": "2.2", "last": "2.4"}])
    assert at.text_input(key=f"look_scenes_{node}_1_v3").value == "2.2–2.4"
    plan("Comet", "Snow", "Lamp", "Harbour")
    live.invalidate()
    at.run()
    assert at.text_input(key=f"look_scenes_{node}_1_v3").value == "3.2–3.4"
    assert "3.2–3.4" in said(at)


def test_who_saves_second_keeps_what_was_typed_and_loses_nothing_of_the_other(house: House) -> None:
    project = house.sample()
    node = first(house, project, "character")
    house.wb.artifacts.place_sheet_pictures(node, "usual", [(picture(house, "red"), "me.png")])
    at = house.page("cast", "en", project=project, node=node)
    at.text_area(key=f"look_words_{node}_0_v1").set_value("a red scarf")
    house.wb.artifacts.place_sheet_pictures(node, "usual", [(picture(house, "blue"), "me.png")])
    at.button(key=f"save_look_{node}_0").click().run()
    assert not at.exception
    assert len(looks(house, node)[0]["candidates"]) == 2
    assert at.text_area(key=f"look_words_{node}_0_v2").value == "a red scarf"
    at.button(key=f"save_look_{node}_0").click().run()
    assert (looks(house, node)[0]["words"], len(looks(house, node)[0]["candidates"])) == ("a red scarf", 2)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", ["character", "world_element"])
def test_the_studio_shows_the_sheet_and_leads_to_where_it_is_changed(house: House, lang: str, kind: str) -> None:
    project = house.sample("painted-skin.zh" if lang == "zh" else "gift-of-the-magi.en")
    node = first(house, project, kind)
    sheet, workflow = SHEETS[kind]
    job = house.run(workflow, node)
    at = house.page("studio", lang, project=project, node=node)
    assert not at.exception
    assert not at.get("json")
    [look] = looks(house, node, sheet)
    assert len(at.get("image")) == 1 + len(look["candidates"])
    assert look["name"] in said(at)
    assert all(candidate["media"] not in said(at) for candidate in look["candidates"])
    # pictures are picked, not typed
    assert not [b for b in at.button if str(b.key).endswith("edit_open")]
    cast = {"project": [str(project)], "kind": [kind], "node": [str(node)]}
    for shown in (at, house.page("job", lang, id=job.id), house.page("lineage", lang, node=node, kind=sheet)):
        assert cast in [ways(e) for e in shown.get("page_link") if e.proto.page == "cast"]


def ways(link: Any) -> dict[str, list[str]]:
    return parse_qs(link.proto.query_string)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_two_versions_are_compared_in_pictures(house: House, lang: str) -> None:
    project = house.sample("painted-skin.zh" if lang == "zh" else "gift-of-the-magi.en")
    node = first(house, project, "character")
    artifacts = house.wb.artifacts
    red, blue = picture(house, "red"), picture(house, "blue")
    artifacts.place_sheet_pictures(node, "usual", [(red, "one.png")])
    artifacts.place_sheet_pictures(node, "usual", [(blue, "two.png")])
    head = house.wb.artifact(node, "character_sheet")
    [usual] = head.content["looks"]
    bride = {**usual, "name": "bride", "spans": [{"first": "2.1", "last": ""}]}
    changed = {"looks": [{**usual, "words": "hair to the knees"}, bride]}
    artifacts.save(node, "character_sheet", changed, head.version)
    at = house.page("cast", lang, project=project, node=node)
    before = len(at.get("image"))
    open_popover(at, f"cell_{node}_character_sheet_versions")
    at.button(key=f"cell_{node}_character_sheet_cmp_1").click().run()
    assert not at.exception
    # old: red; new: the chosen blue, small what only it has, and the other look with its two
    assert len(at.get("image")) == before + 6
    shown = said(at)
    assert r"green-background[\+ hair to the knees]" in shown
    assert "bride" in shown
    assert red not in shown
    assert blue not in shown
    assert usual["candidates"][0]["made_of"] not in shown
    at.button(key=f"cell_{node}_character_sheet_endcmp").click().run()
    assert len(at.get("image")) == before


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("kind", "field"), [("character", "appearance"), ("world_element", "description")])
def test_a_stale_sheet_says_so_with_its_reason_and_is_updated(house: House, lang: str, kind: str, field: str) -> None:
    project = house.sample("painted-skin.zh" if lang == "zh" else "gift-of-the-magi.en")
    node = first(house, project, kind)
    workflow = SHEETS[kind][1]
    house.run(workflow, node)
    update = f"update_sheet_{node}"
    at = house.page("cast", lang, project=project, kind=kind, node=node)
    assert badge("fresh", lang) in said(at)
    assert update not in [b.key for b in at.button]
    head = house.wb.artifact(node, kind)
    house.wb.artifacts.save(node, kind, {**head.content, field: "a torn yellow oilskin"}, head.version)
    at = house.page("cast", lang, project=project, kind=kind, node=node)
    assert badge("stale", lang) in said(at)
    assert "torn yellow oilskin" in said(at)
    # nor is it told to be there already where it is launched
    launch = house.page("launch", lang, workflow=workflow, project=project)
    assert badge("stale", lang) in said(launch)
    at.button(key=update).click().run()
    [job] = house.wb.jobs.list(state="queued")
    assert (job.kind, house.end(job.id).state) == (workflow, "succeeded")
    at = house.page("cast", lang, project=project, kind=kind, node=node)
    assert update not in [b.key for b in at.button]
    assert badge("fresh", lang) in said(at)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_another_picture_of_the_usual_look_makes_stale_what_is_drawn_from_it_and_says_so(
    house: House, lang: str
) -> None:
    project = house.sample("painted-skin.zh" if lang == "zh" else "gift-of-the-magi.en")
    node = first(house, project, "character")
    house.run("generate_character_sheet", node)
    house.run("generate_character_sheet", node, {"look": "bride", "scenes": "1.3", "candidates": 1})
    usual = looks(house, node)[0]
    at = house.page("cast", lang, project=project, kind="character", node=node)
    at.button(key=f"pick_sheet_{node}_0_2").click().run()
    assert not at.exception
    reason = {"en": f"picture of the look “{usual['name']}”", "zh": f"造型“{usual['name']}”的图片"}[lang]
    cast = house.page("cast", lang, project=project, kind="character", node=node)
    for page in (cast, house.page("studio", lang, project=project, node=node)):
        assert badge("stale", lang) in said(page)
        assert reason in said(page)
        assert usual["chosen"] not in said(page), "a picture's hash is told to nobody"


def badge(state: str, lang: str) -> str:
    return {"fresh": {"en": "Fresh", "zh": "最新"}, "stale": {"en": "Stale", "zh": "已过时"}}[state][lang]
