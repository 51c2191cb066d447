"""Reference sheets through the real engine: candidates of a look, the pick, and that none is lost."""

from __future__ import annotations

import io
import sys
import types
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from PIL import Image

from tests.engine.conftest import Engine
from tests.workflows.conftest import run
from tests.workflows.frames import BRIEF, Painter
from workbench.artifacts import sheets
from workbench.errors import GuardUnmet, InvalidInput, ProviderError
from workbench.i18n import Text
from workbench.json_types import JsonObject
from workbench.providers.references import NONE as NO_REFERENCES
from workbench.settings import Settings
from workbench.story.plan import Mode
from workbench.usage import estimates

PEOPLE = [{"name": "Mara", "appearance": "a tall girl in a blue coat"}, {"name": "Old Fen"}]
PIER = {"name": "The pier", "kind": "geography", "description": "wet planks over dark water"}
STORY = {**BRIEF, "characters": PEOPLE, "world": [PIER]}


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def studio(settings: Settings, painter: Painter, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine whose pictures come from a paid service, which draws small plain ones."""
    numbers = count()

    def draw_plain(*given: Any) -> bytes:
        made = io.BytesIO()
        Image.new("RGB", (48, 32), (next(numbers), 90, 60)).save(made, format="PNG")
        return made.getvalue()

    stand_in = types.ModuleType("workbench.sketch.drawing.sheet")
    stand_in.draw_character_sheet = stand_in.draw_place_sheet = draw_plain  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "workbench.sketch.drawing.sheet", stand_in)

    made = Engine(settings, make_provider=lambda profile: painter)
    yield made
    made.close()


def nodes(engine: Engine, project: int, kind: str) -> dict[str, int]:
    rows = engine.wb.projects.list_contents(project, kind)
    return {str(r.content["name"]): r.node_id for r in rows}


def looks(engine: Engine, node: int, kind: str = "character_sheet") -> dict[str, dict[str, Any]]:
    head = engine.wb.artifact(node, kind)
    return {look["name"]: look for look in head.content["looks"]} if head else {}


def test_a_character_gets_candidates_and_the_first_is_picked(start: Callable[..., Engine]) -> None:
    engine = start()
    project = engine.wb.create_project(STORY)
    mara = nodes(engine, project, "character")["Mara"]
    assert run(engine, "generate_character_sheet", mara).state == "succeeded"
    usual = looks(engine, mara)["usual"]
    assert usual["chosen"] == usual["candidates"][0]["media"]
    assert len({c["media"] for c in usual["candidates"]}) == 2
    assert {(c["width"], c["height"], c["model"]) for c in usual["candidates"]} == {(1440, 960, "sketch-1")}
    # nothing changed: nothing is drawn
    run(engine, "generate_character_sheet", mara)
    assert looks(engine, mara)["usual"] == usual
    assert engine.wb.artifacts.list_stale_reasons(mara, "character_sheet") == []


def test_a_place_has_a_sheet_too_in_chinese(start: Callable[..., Engine]) -> None:
    engine = start()
    project = engine.wb.create_project({**STORY, "language": "zh", "world": [{"name": "旧码头"}]})
    pier = nodes(engine, project, "world_element")["旧码头"]
    assert run(engine, "generate_place_sheet", pier, {"candidates": 1}).state == "succeeded"
    assert [len(look["candidates"]) for look in looks(engine, pier, "place_sheet").values()] == [1]
    assert list(looks(engine, pier, "place_sheet")) == ["平时"]


@pytest.mark.parametrize(
    ("language", "place", "thing", "location"),
    [("en", "the flat", "the watch", "The flat, at dusk"), ("zh", "书斋", "竹简", "王生的书斋，夜")],
)
def test_only_places_have_sheets_and_are_planned(
    studio: Engine, language: str, place: str, thing: str, location: str
) -> None:
    world: list[JsonObject] = [{"name": place}, {"name": thing}, {"name": "X", "kind": "geography"},
                               {"name": "Y", "kind": "era"}]  # fmt: skip
    project = studio.wb.create_project({**STORY, "language": language, "world": world})
    there = nodes(studio, project, "world_element")

    def planned() -> list[str]:
        jobs = studio.wb.plans.build(project, include=["generate_place_sheet"]).jobs
        return [job.node.title for job in jobs if job.workflow == "generate_place_sheet"]

    def drawable() -> list[str]:
        return [n for n, at in there.items() if not studio.wb.workflows.list_unmet("generate_place_sheet", at)]

    # until there are scenes nobody can tell which of them is a place
    assert (planned(), drawable()) == (["X"], [place, thing, "X"])
    episode = {"order": 1, "title": "One", "logline": "They meet.", "scene_scope": "The flat."}
    studio.wb.artifacts.save(project, "episode_plan", {"episode_count": 1, "episodes": [episode]}, None)
    [first] = [n.id for n in studio.wb.projects.tree(project).nodes if n.kind == "episode"]
    scene = {"order": 1, "summary": f"She looks at {thing}.", "location": location, "cast": [], "beat": "She waits."}
    studio.wb.artifacts.save(first, "scene_list", {"scenes": [scene]}, None)
    assert (planned(), drawable()) == ([place, "X"], [place, "X"])
    with pytest.raises(GuardUnmet):
        studio.wb.submit("generate_place_sheet", there[thing])
    # who has a sheet all the same has it kept up
    own = studio.wb.media.add_picture(small_picture())
    studio.wb.artifacts.place_sheet_pictures(there[thing], "usual", [(own.sha256, "watch.png")])
    assert drawable() == [place, thing, "X"]


def test_a_new_look_is_drawn_from_the_usual_one_and_keeps_its_scenes(studio: Engine, painter: Painter) -> None:
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    run(studio, "generate_character_sheet", mara, {"candidates": 1})
    params = {"look": "short hair", "words": "hair cut to the chin", "scenes": "2.3–", "candidates": 1}
    run(studio, "generate_character_sheet", mara, params)
    first, second = painter.requests
    usual = looks(studio, mara)["usual"]
    assert second.references == (studio.wb.media.path(usual["chosen"]).read_bytes(),)
    assert first.references == ()
    assert "hair cut to the chin" in second.prompt
    assert "given picture shows this very person" in second.prompt
    assert "a tall girl in a blue coat" in first.prompt
    assert "front" in first.prompt
    short = looks(studio, mara)["short hair"]
    assert (short["words"], sheets.write_spans(short["spans"])) == ("hair cut to the chin", "2.3–")
    # and again by name alone: words and scenes stay
    run(studio, "generate_character_sheet", mara, {"look": "Short Hair", "candidates": 2})
    again = looks(studio, mara)["short hair"]
    assert (again["words"], again["spans"], again["chosen"]) == (short["words"], short["spans"], short["chosen"])
    assert len(again["candidates"]) == 2


def test_what_a_job_draws_keeps_the_scenes_that_its_looks_are_worn_in(studio: Engine, painter: Painter) -> None:
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]

    def plan(*titles: str) -> None:
        episodes = [
            {"order": n, "title": title, "logline": f"{title} {title}", "scene_scope": title}
            for n, title in enumerate(titles, start=1)
        ]
        head = studio.wb.artifact(project, "episode_plan")
        told = {"episode_count": len(titles), "episodes": episodes}
        studio.wb.artifacts.save(project, "episode_plan", told, head.version if head else None)

    def worn() -> str:
        return sheets.write_spans(looks(studio, mara)["short hair"]["spans"])

    plan("Frost", "Harbour", "Wedding")
    run(studio, "generate_character_sheet", mara, {"candidates": 1})
    run(studio, "generate_character_sheet", mara, {"look": "short hair", "scenes": "2.3–2, 3", "candidates": 1})
    plan("Orchard", "Frost", "Harbour", "Wedding")
    assert worn() == "3.3–3, 4"
    run(studio, "generate_character_sheet", mara, {"look": "short hair", "candidates": 2})
    assert worn() == "3.3–3, 4"
    plan("Orchard", "Wedding", "Harbour", "Frost")
    assert worn() == "3.3–3, 2"


def test_the_creators_pick_stays_until_the_look_is_told_otherwise(studio: Engine, painter: Painter) -> None:
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    run(studio, "generate_character_sheet", mara)
    head = studio.wb.artifact(mara, "character_sheet")
    assert head is not None
    picked = head.content["looks"][0]["candidates"][1]["media"]
    content = {"looks": [{**head.content["looks"][0], "chosen": picked}]}
    studio.wb.artifacts.save(mara, "character_sheet", content, head.version)
    run(studio, "generate_character_sheet", mara, {"new_candidates": True, "candidates": 3})
    usual = looks(studio, mara)["usual"]
    assert (usual["chosen"], len(usual["candidates"]), len(painter.requests)) == (picked, 5, 5)
    run(studio, "generate_character_sheet", mara, {"words": "a red coat", "candidates": 1})
    usual = looks(studio, mara)["usual"]
    assert usual["chosen"] == usual["candidates"][-1]["media"] != picked
    assert len(usual["candidates"]) == 6


def test_what_could_not_be_drawn_is_named_and_the_rest_is_kept(studio: Engine, painter: Painter) -> None:
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    painter.failures["Mara"] = [ProviderError("content_filter", Text("refused"), http_status=400)]
    done = run(studio, "generate_character_sheet", mara, {"candidates": 3})
    assert done.state == "partial"
    assert done.result is not None
    assert [f["error_kind"] for f in done.result["failed"]] == ["content_filter"]
    assert len(looks(studio, mara)["usual"]["candidates"]) == 2
    painter.failures["Old Fen"] = [ProviderError("content_filter", Text("refused"), http_status=400)] * 2
    fen = nodes(studio, project, "character")["Old Fen"]
    assert run(studio, "generate_character_sheet", fen).state == "failed"
    assert studio.wb.artifact(fen, "character_sheet") is None


def test_what_cannot_be_is_refused_with_the_reason(studio: Engine) -> None:
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    pier = nodes(studio, project, "world_element")["The pier"]
    with pytest.raises(InvalidInput, match="names no scenes"):
        studio.wb.submit("generate_character_sheet", mara, {"scenes": "soon"})
    with pytest.raises(InvalidInput, match=r"2\.3 comes after 1\.1"):
        studio.wb.submit("generate_character_sheet", mara, {"scenes": "2.3-1.1"})
    with pytest.raises(InvalidInput, match="works on a character"):
        studio.wb.submit("generate_character_sheet", pier)
    run(studio, "generate_character_sheet", mara, {"candidates": 1})
    with pytest.raises(GuardUnmet, match="Name the scenes"):
        studio.wb.submit("generate_character_sheet", mara, {"look": "bride"})


def test_a_sheet_is_stale_when_the_looks_change_and_not_for_the_personality(studio: Engine) -> None:
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    run(studio, "generate_character_sheet", mara, {"candidates": 1})

    def change(**fields: str) -> list[str]:
        head = studio.wb.artifact(mara, "character")
        assert head is not None
        studio.wb.artifacts.save(mara, "character", {**head.content, **fields}, head.version)
        return [r.kind for r in studio.wb.artifacts.list_stale_reasons(mara, "character_sheet")]

    assert change(personality="stubborn") == []
    assert change(appearance="a tall girl in a green coat") == ["character"]


def test_an_update_draws_the_looks_that_are_stale_and_no_other(
    studio: Engine, painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "measure", lambda *_: {})
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    typical = forecast(studio, mara, "missing")
    run(studio, "generate_character_sheet", mara, {"candidates": 1})
    for look, scenes in (("short hair", "2.3–"), ("bride", "3.1")):
        run(studio, "generate_character_sheet", mara, {"look": look, "scenes": scenes, "candidates": 1})
    own = studio.wb.media.add_picture(small_picture())
    studio.wb.artifacts.place_sheet_pictures(mara, "child", [(own.sha256, "me.png")], scenes="1.1")

    def stale() -> set[str]:
        reasons = studio.wb.artifacts.list_stale_reasons(mara, "character_sheet")
        return {name for name in looks(studio, mara) if any(r.touches(f"look:{name}") for r in reasons)}

    assert stale() == set()
    head = studio.wb.artifact(mara, "character")
    assert head is not None
    studio.wb.artifacts.save(mara, "character", {**head.content, "appearance": "a girl in a green coat"}, head.version)
    assert stale() == {"usual", "short hair", "bride"}
    assert forecast(studio, mara) == pytest.approx(3 * typical)
    # two are drawn one by one: the third stays stale
    for look in ("usual", "bride"):
        run(studio, "generate_character_sheet", mara, {"look": look, "candidates": 1})
    assert stale() == {"short hair"}
    assert forecast(studio, mara) == typical
    before, calls = looks(studio, mara), len(painter.requests)

    done = run(studio, "generate_character_sheet", mara, {"candidates": 1})

    assert done.state == "succeeded", done.error
    assert len(painter.requests) == calls + 1
    after = looks(studio, mara)
    assert {name for name in after if after[name] != before[name]} == {"short hair"}
    assert "a girl in a green coat" in painter.requests[-1].prompt
    assert stale() == set()


def test_an_update_of_all_looks_names_those_that_could_not_be_drawn_and_leaves_them_stale(
    studio: Engine, painter: Painter
) -> None:
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    run(studio, "generate_character_sheet", mara, {"candidates": 1})
    run(
        studio, "generate_character_sheet", mara, {"look": "bride", "words": "a veil", "scenes": "3.1", "candidates": 1}
    )
    head = studio.wb.artifact(mara, "character")
    assert head is not None
    studio.wb.artifacts.save(mara, "character", {**head.content, "appearance": "a girl in a green coat"}, head.version)
    painter.failures["a veil"] = [ProviderError("content_filter", Text("refused"), http_status=400)]
    done = run(studio, "generate_character_sheet", mara, {"candidates": 1})
    assert done.state == "partial"
    assert done.result is not None
    assert [f["item"] for f in done.result["failed"]] == ["bride: candidate 1"]
    reasons = studio.wb.artifacts.list_stale_reasons(mara, "character_sheet")
    assert [any(r.touches(f"look:{name}") for r in reasons) for name in ("usual", "bride")] == [False, True]
    # the next one draws it alone, from the new usual look
    calls = len(painter.requests)
    assert run(studio, "generate_character_sheet", mara, {"candidates": 1}).state == "succeeded"
    [again] = painter.requests[calls:]
    usual = looks(studio, mara)["usual"]["chosen"]
    assert again.references == (studio.wb.media.path(usual).read_bytes(),)
    assert studio.wb.artifacts.list_stale_reasons(mara, "character_sheet") == []


@pytest.mark.parametrize(("element", "kind"), [("Mara", "character_sheet"), ("The pier", "place_sheet")])
def test_a_look_is_stale_when_another_picture_of_the_usual_look_is_picked(
    studio: Engine, painter: Painter, monkeypatch: pytest.MonkeyPatch, element: str, kind: str
) -> None:
    monkeypatch.setattr(estimates, "measure", lambda *_: {})
    project = studio.wb.create_project(STORY)
    node = {**nodes(studio, project, "character"), **nodes(studio, project, "world_element")}[element]
    workflow = f"generate_{kind}"
    typical = forecast(studio, node, "missing", kind)
    run(studio, workflow, node)
    run(studio, workflow, node, {"look": "bride", "scenes": "3.1", "candidates": 1})
    own = studio.wb.media.add_picture(small_picture())
    studio.wb.artifacts.place_sheet_pictures(node, "widow", [(own.sha256, "me.png")], scenes="4.1")
    assert studio.wb.artifacts.list_stale_reasons(node, kind) == []
    before = looks(studio, node, kind)
    pick_other(studio, node, kind)
    [reason] = studio.wb.artifacts.list_stale_reasons(node, kind)
    assert (reason.part, reason.only_for) == ("look:usual", ["look:bride"])
    assert forecast(studio, node, kind=kind) == typical
    calls = len(painter.requests)

    assert run(studio, workflow, node, {"candidates": 1}).state == "succeeded"

    [drawn] = painter.requests[calls:]
    after = looks(studio, node, kind)
    assert drawn.references == (studio.wb.media.path(after["usual"]["chosen"]).read_bytes(),)
    assert after["bride"]["chosen"] not in {c["media"] for c in before["bride"]["candidates"]}
    assert {name for name in after if after[name]["chosen"] != before[name]["chosen"]} == {"usual", "bride"}
    assert studio.wb.artifacts.list_stale_reasons(node, kind) == []


def test_more_pictures_than_a_look_has_room_for_are_refused_and_none_is_lost(studio: Engine) -> None:
    mara = nodes(studio, studio.wb.create_project(STORY), "character")["Mara"]
    own = studio.wb.media.add_picture(small_picture())
    with pytest.raises(InvalidInput, match="room for 24 pictures; these are 25"):
        studio.wb.artifacts.place_sheet_pictures(mara, "usual", [(own.sha256, f"{n}.png") for n in range(25)])
    assert studio.wb.artifact(mara, "character_sheet") is None


def test_a_look_with_ones_own_picture_stays_whatever_picture_of_the_usual_look_is_picked(
    studio: Engine, painter: Painter
) -> None:
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    run(studio, "generate_character_sheet", mara)
    run(studio, "generate_character_sheet", mara, {"look": "bride", "scenes": "3.1", "candidates": 1})
    own = studio.wb.media.add_picture(small_picture())
    studio.wb.artifacts.place_sheet_pictures(mara, "bride", [(own.sha256, "me.png")])
    pick_other(studio, mara, "character_sheet")
    before, calls = looks(studio, mara), len(painter.requests)
    run(studio, "generate_character_sheet", mara, {"candidates": 1})
    assert (looks(studio, mara), len(painter.requests)) == (before, calls)
    assert studio.wb.artifacts.list_stale_reasons(mara, "character_sheet") == []


def test_one_update_draws_what_is_drawn_from_a_look_that_it_draws_anew(studio: Engine, painter: Painter) -> None:
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    run(studio, "generate_character_sheet", mara, {"candidates": 1})
    bride = {"look": "bride", "scenes": "3.1", "candidates": 1}
    run(studio, "generate_character_sheet", mara, bride)
    head = studio.wb.artifact(mara, "character")
    assert head is not None
    studio.wb.artifacts.save(mara, "character", {**head.content, "appearance": "a girl in a green coat"}, head.version)
    # from the usual look of before, which is stale itself
    run(studio, "generate_character_sheet", mara, bride)
    calls = len(painter.requests)
    run(studio, "generate_character_sheet", mara, {"candidates": 1})
    usual, drawn = painter.requests[calls:]
    chosen = studio.wb.media.path(looks(studio, mara)["usual"]["chosen"]).read_bytes()
    assert (usual.references, drawn.references) == ((), (chosen,))
    assert studio.wb.artifacts.list_stale_reasons(mara, "character_sheet") == []


def test_another_model_draws_a_look_that_is_not_stale_where_new_candidates_are_asked_for(
    studio: Engine, painter: Painter
) -> None:
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    run(studio, "generate_character_sheet", mara)
    studio.wb.profiles.add("mine", "sketch", image_model="sketch-2")
    studio.wb.projects.set_profile(project, "mine")
    run(studio, "generate_character_sheet", mara)
    assert len(painter.requests) == 2
    run(studio, "generate_character_sheet", mara, {"new_candidates": True, "candidates": 1})
    assert [c["model"] for c in looks(studio, mara)["usual"]["candidates"]] == ["sketch-1", "sketch-1", "sketch-2"]


def test_what_is_drawn_from_words_alone_is_fresh_whatever_picture_is_picked(
    studio: Engine, painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painter, "picture_references", lambda *_: NO_REFERENCES)
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    run(studio, "generate_character_sheet", mara)
    run(studio, "generate_character_sheet", mara, {"look": "bride", "scenes": "3.1", "candidates": 1})
    pick_other(studio, mara, "character_sheet")
    assert studio.wb.artifacts.list_stale_reasons(mara, "character_sheet") == []


def test_a_look_that_is_renamed_stays_made_from_what_it_was_made_from(studio: Engine) -> None:
    project = studio.wb.create_project(STORY)
    mara = nodes(studio, project, "character")["Mara"]
    run(studio, "generate_character_sheet", mara)
    run(studio, "generate_character_sheet", mara, {"look": "bride", "scenes": "3.1", "candidates": 1})

    def stale() -> set[str]:
        reasons = studio.wb.artifacts.list_stale_reasons(mara, "character_sheet")
        return {name for name in looks(studio, mara) if any(r.touches(f"look:{name}") for r in reasons)}

    def save(change: Callable[..., Any], *how: Any) -> None:
        head = studio.wb.artifact(mara, "character_sheet")
        assert head is not None
        studio.wb.artifacts.save(mara, "character_sheet", change(head.content, *how), head.version)

    def dress(coat: str) -> None:
        head = studio.wb.artifact(mara, "character")
        assert head is not None
        studio.wb.artifacts.save(mara, "character", {**head.content, "appearance": coat}, head.version)

    save(sheets.change_look, "bride", {"name": "in white"})
    assert stale() == set()
    save(sheets.change_look, "usual", {"name": "every day"})
    assert stale() == set()
    pick_other(studio, mara, "character_sheet")
    assert stale() == {"in white"}
    dress("a girl in a green coat")
    assert stale() == {"every day", "in white"}
    # a name alone is no look at what has changed
    save(sheets.change_look, "every day", {"name": "of old"})
    assert stale() == {"of old", "in white"}


def forecast(engine: Engine, node: int, mode: Mode = "stale", kind: str = "character_sheet") -> float:
    """The seconds that a plan foresees for a sheet: its looks are drawn one after the other."""
    [planned] = engine.wb.plans.build(node, mode, include=[f"generate_{kind}"]).jobs
    return planned.seconds


def pick_other(engine: Engine, node: int, kind: str) -> None:
    """Pick the other of two candidates of the first look."""
    head = engine.wb.artifact(node, kind)
    assert head is not None
    first = head.content["looks"][0]
    [other] = [c["media"] for c in first["candidates"] if c["media"] != first["chosen"]]
    engine.wb.artifacts.save(node, kind, sheets.pick_picture(head.content, first["name"], other), head.version)


def small_picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (90, 60), "red").save(made, "PNG")
    return made.getvalue()
