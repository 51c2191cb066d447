"""Frames go by reference sheets: which pictures a service gets, what the prompt tells, and what becomes stale."""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from tests.engine.conftest import Engine
from tests.scripted_gemini import ScriptedGemini
from tests.scripted_provider import ScriptedProvider
from tests.workflows.conftest import run
from tests.workflows.frames import BRIEF, Painter, quick_drawing, scene_of
from workbench.providers.references import NONE as NO_REFERENCES
from workbench.settings import Settings
from workbench.story.elements import select_scenes

KEY = "sk-canary0123456789abcdef"
STORY = {
    **BRIEF,
    "characters": [{"name": "Mara", "aliases": ["the girl"]}, {"name": "Old Fen"}],
    "world": [{"name": "The pier", "description": "wet planks"}, {"name": "The lamp room"}],
}
SCENES = {
    "scenes": [
        {
            "order": 1,
            "summary": "Mara lights the lamp.",
            "location": "the pier at night",
            "cast": ["Mara"],
            "beat": "Pier",
        }
    ]
}


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def studio(settings: Settings, painter: Painter, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    quick_drawing(monkeypatch)
    made = Engine(settings, make_provider=lambda profile: painter)
    yield made
    made.close()


def picture(colour: tuple[int, int, int], size: tuple[int, int] = (240, 160)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, format="PNG")
    return made.getvalue()


def noise(size: tuple[int, int]) -> bytes:
    """A picture that no encoder makes small."""
    made = io.BytesIO()
    Image.frombytes("RGB", size, random.Random(7).randbytes(size[0] * size[1] * 3)).save(made, format="PNG")
    return made.getvalue()


class Told:
    """A scene on the pier with Mara, and what sheets there are."""

    def __init__(self, engine: Engine, story: dict[str, Any] = STORY) -> None:
        self.wb = engine.wb
        self.engine = engine
        self.scene = scene_of(engine, story)
        self.project = self.wb.projects.get_node(self.scene).project_id
        episode = self.wb.projects.get_node(self.scene).parent_id
        assert episode is not None
        self.wb.artifacts.save(episode, "scene_list", SCENES, None)

    def node(self, kind: str, name: str) -> int:
        rows = self.wb.projects.list_contents(self.project, kind)
        return next(r.node_id for r in rows if r.content["name"] == name)

    def add_sheet(self, name: str, *looks: dict[str, Any], place: bool = False) -> list[str]:
        """Save a sheet whose looks have these fields; `data` becomes the chosen picture. Returns the pictures."""
        node = self.node("world_element" if place else "character", name)
        kind = "place_sheet" if place else "character_sheet"
        made, content = [], []
        for look in looks:
            data = look.pop("data", None)
            filled: dict[str, Any] = {"words": "", "spans": [], "chosen": None, "candidates": [], **look}
            if data is not None:
                media = self.wb.media.add_picture(data)
                made.append(media.sha256)
                candidate = {"media": media.sha256, "width": media.width, "height": media.height}
                own = {"made_of": media.sha256, "model": "mara.png", "origin": "own"}
                filled |= {"chosen": media.sha256, "candidates": [{**candidate, **own}]}
            content.append(filled)
        head = self.wb.artifact(node, kind)
        self.wb.artifacts.save(node, kind, {"looks": content}, head.version if head else None)
        return made

    def frames(self) -> dict[str, Any]:
        head = self.wb.artifact(self.scene, "keyframe_images")
        assert head is not None
        return {f["key"]: f for f in head.content["frames"]}

    def frames_sheet(self, name: str) -> str:
        """The chosen picture of a place's first look."""
        head = self.wb.artifact(self.node("world_element", name), "place_sheet")
        assert head is not None
        return str(head.content["looks"][0]["chosen"])

    def sent(self, painter: Painter) -> list[tuple[bytes, ...]]:
        return [request.references for request in painter.requests]

    def bytes_of(self, sha: str) -> bytes:
        return self.wb.media.path(sha).read_bytes()

    def stale(self) -> list[tuple[str, list[str] | None]]:
        reasons = self.wb.artifacts.list_stale_reasons(self.scene, "keyframe_images")
        return [(r.kind, r.only_for) for r in reasons]


def rename(told: Told, kind: str, was: str, now: str) -> None:
    node = told.node(kind, was)
    head = told.wb.artifact(node, kind)
    assert head is not None
    told.wb.artifacts.save(node, kind, {**head.content, "name": now}, head.version)


def draw(told: Told, *keys: str) -> None:
    assert run(told.engine, "generate_keyframe_images", told.scene, {"keys": list(keys)}).state == "succeeded"


def test_the_sheets_of_person_and_place_go_along_and_the_frame_says_so(studio: Engine, painter: Painter) -> None:
    told = Told(studio)
    [mara] = told.add_sheet("Mara", {"name": "usual", "words": "grey oilskins", "data": picture((90, 60, 30))})
    [pier] = told.add_sheet("The pier", {"name": "usual", "data": picture((20, 30, 40))}, place=True)
    told.add_sheet("Old Fen", {"name": "usual", "data": picture((1, 2, 3))})
    told.add_sheet("The lamp room", {"name": "usual", "data": picture((3, 2, 1))}, place=True)
    draw(told, "KF0")
    [request] = painter.requests
    assert request.references == (told.bytes_of(mara), told.bytes_of(pier))
    assert "picture 1 is the reference sheet of Mara; picture 2 is the reference sheet of The pier" in request.prompt
    assert "Mara: grey oilskins" in request.prompt
    [candidate] = told.frames()["KF0"]["candidates"]
    assert candidate["references"] == [
        {"media": mara, "name": "Mara", "look": "usual"},
        {"media": pier, "name": "The pier", "look": "usual"},
    ]
    # what has not changed is not drawn again
    draw(told, "KF0")
    assert len(painter.requests) == 1


def test_who_and_what_is_renamed_stays_in_the_frames_as_it_looks(studio: Engine, painter: Painter) -> None:
    told = Told(studio)
    [mara] = told.add_sheet("Mara", {"name": "usual", "words": "grey oilskins", "data": picture((90, 60, 30))})
    [pier] = told.add_sheet("The pier", {"name": "usual", "data": picture((20, 30, 40))}, place=True)
    draw(told, "KF0")
    rename(told, "character", "Mara", "Adela")
    rename(told, "world_element", "The pier", "The jetty")
    draw(told, "KF0")
    # the shot, and the scene's place, say what they said: nothing is to be drawn anew
    assert len(painter.requests) == 1
    draw(told, "KF1")
    assert painter.requests[-1].references == (told.bytes_of(mara), told.bytes_of(pier))
    board = told.wb.likeness.board(told.node("character", "Adela"))
    assert [f.key for f in board.frames] == ["KF0", "KF1"]
    scenes = told.wb.projects.list_story_scenes(told.project)
    jetty = told.wb.artifact(told.node("world_element", "The jetty"), "world_element")
    assert jetty is not None
    assert [s.node_id for s in select_scenes(scenes, jetty.content, "world_element")] == [told.scene]


def test_a_frame_stays_where_another_model_takes_no_sheets(
    studio: Engine, painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told(studio)
    told.add_sheet("Mara", {"name": "usual", "words": "grey oilskins", "data": picture((90, 60, 30))})
    draw(told, "KF0")
    told.wb.profiles.add("mine", "sketch", image_model="painter-2")
    told.wb.projects.set_profile(told.project, "mine")
    monkeypatch.setattr(painter, "picture_references", lambda *_: NO_REFERENCES)
    draw(told, "KF0")
    assert len(painter.requests) == 1
    told.add_sheet("Mara", {"name": "usual", "words": "a red coat", "data": picture((90, 60, 30))})
    draw(told, "KF0")
    assert len(painter.requests) == 2


def test_without_sheets_nothing_is_told_of_them(studio: Engine, painter: Painter) -> None:
    told = Told(studio)
    draw(told, "KF0")
    assert told.sent(painter) == [()]
    assert "picture" not in painter.requests[0].prompt.lower().replace("picture:", "")
    assert "references" not in told.frames()["KF0"]["candidates"][0]


def test_each_shot_has_the_look_that_is_worn_in_it(studio: Engine, painter: Painter) -> None:
    told = Told(studio)
    cut = {"name": "short hair", "words": "hair cut to the chin", "spans": [{"first": "1.1.5", "last": ""}]}
    usual, short = told.add_sheet(
        "Mara", {"name": "usual", "data": picture((90, 60, 30))}, {**cut, "data": picture((10, 60, 30))}
    )
    draw(told, "KF3", "KF4")
    four, five = sorted(painter.requests, key=lambda r: "lamp 5" in r.prompt)
    assert (four.references, five.references) == ((told.bytes_of(usual),), (told.bytes_of(short),))
    assert "hair cut" not in four.prompt
    assert "Mara: hair cut to the chin" in five.prompt
    assert [told.frames()[k]["candidates"][0]["references"][0]["look"] for k in ("KF3", "KF4")] == [
        "usual",
        "short hair",
    ]


CROPPED = {"name": "cropped", "words": "hair cropped short, a green coat", "spans": [{"first": "1.1.5", "last": ""}]}
LIKE_DELLA = "slight, brown hair below the knee, old brown jacket, quick and warm"


def describe(told: Told, name: str, **fields: Any) -> None:
    node = told.node("character", name)
    head = told.wb.artifact(node, "character")
    assert head is not None
    told.wb.artifacts.save(node, "character", {**head.content, **fields}, head.version)


def test_a_look_that_is_worn_goes_before_the_description(studio: Engine, painter: Painter) -> None:
    told = Told(studio)
    describe(told, "Mara", appearance=LIKE_DELLA)
    told.add_sheet("Mara", {"name": "usual"}, CROPPED)
    draw(told, "KF3", "KF4")
    four, five = (looks_line(r.prompt) for r in sorted(painter.requests, key=lambda r: "lamp 5" in r.prompt))
    assert four == f"How they look: Mara: {LIKE_DELLA}."
    assert five == (
        "How they look: Mara: slight, quick and warm; in this scene, whatever else is told of them: hair cropped "
        "short, a green coat."
    )


def test_a_look_goes_before_what_the_shot_tells_itself(studio: Engine, painter: Painter) -> None:
    told = Told(studio)
    told.add_sheet("Mara", {"name": "usual"}, CROPPED)
    draw(told, "KF4")
    assert looks_line(painter.requests[0].prompt) == (
        "How they look: a girl in oilskins; in this scene, whatever else is told of them: Mara: hair cropped short, a "
        "green coat."
    )


def test_in_chinese_the_look_goes_before_the_description_as_well(studio: Engine, painter: Painter) -> None:
    told = Told(studio, {**STORY, "language": "zh"})
    describe(told, "Mara", appearance="身形瘦小，棕色长发及膝，旧棕色外套")
    told.add_sheet("Mara", {**CROPPED, "words": "短发，绿色外套"})
    draw(told, "KF4")
    line = looks_line(painter.requests[0].prompt)
    assert line == "人物造型：Mara: 身形瘦小；本场造型以此为准：短发，绿色外套。"


def test_of_a_look_that_a_picture_alone_tells_no_hair_and_clothes_are_told(studio: Engine, painter: Painter) -> None:
    told = Told(studio)
    describe(told, "Mara", appearance=LIKE_DELLA)
    usual, cropped = {"name": "usual", "data": picture((90, 60, 30))}, {**CROPPED, "words": ""}
    told.add_sheet("Mara", usual, {**cropped, "data": picture((10, 60, 30))})
    draw(told, "KF3", "KF4")
    four, five = (looks_line(r.prompt) for r in sorted(painter.requests, key=lambda r: "lamp 5" in r.prompt))
    assert (four, five) == (f"How they look: Mara: {LIKE_DELLA}.", "How they look: Mara: slight, quick and warm.")


def looks_line(prompt: str) -> str:
    return next(line for line in prompt.splitlines() if line.startswith(("How they look", "人物造型")))


def test_a_frame_is_stale_when_its_own_look_changes_and_not_for_another(studio: Engine, painter: Painter) -> None:
    told = Told(studio)
    usual = {"name": "usual", "data": picture((90, 60, 30))}
    told.add_sheet("Mara", dict(usual))
    draw(told, "KF3", "KF4")
    assert told.stale() == []
    # a look of another episode
    told.add_sheet("Mara", dict(usual), {"name": "bride", "spans": [{"first": "4", "last": "4"}]})
    assert told.stale() == []
    # a new name alone
    told.add_sheet("Mara", {**usual, "name": "as always"})
    assert told.stale() == []
    # a look from shot 5 on
    told.add_sheet("Mara", dict(usual), {"name": "wet", "words": "wet", "spans": [{"first": "1.1.5", "last": "1.1"}]})
    assert told.stale() == [("character_sheet", ["frame:KF4"])]
    painter.requests.clear()
    draw(told, "KF3", "KF4")
    assert [("Mara: wet" in r.prompt, r.references) for r in painter.requests] == [(True, ())]
    assert told.stale() == []
    # another pick
    told.add_sheet("Mara", {"name": "usual", "data": picture((9, 6, 3))})
    assert sorted(only[0] for _, only in told.stale() if only) == ["frame:KF3", "frame:KF4"]


def test_an_alias_in_a_shot_means_the_same_sheet(studio: Engine, painter: Painter) -> None:
    told = Told(studio)
    [mara] = told.add_sheet("Mara", {"name": "usual", "data": picture((90, 60, 30))})
    head = told.wb.artifact(told.scene, "keyframe_prompt")
    assert head is not None
    head.content["shots"][0]["subjects"][0]["name"] = "the girl"
    told.wb.artifacts.save(told.scene, "keyframe_prompt", head.content, head.version)
    draw(told, "KF0")
    assert told.sent(painter) == [(told.bytes_of(mara),)]


def test_a_sheet_is_made_as_small_as_a_service_wants_it() -> None:
    from workbench.media import pictures, references
    from workbench.providers.references import ReferenceLimits

    large = pictures.verify(noise((1500, 900))).data
    assert len(large) > 1_000_000
    assert references.fit(large, ReferenceLimits(most=1)) is large
    for limits in (
        ReferenceLimits(1, bytes_each=300_000),
        ReferenceLimits(1, edge=512),
        ReferenceLimits(1, formats=("JPEG", "PNG")),
        ReferenceLimits(3, bytes_each=9_000_000, bytes_all=600_000).share(3),
    ):
        made = references.fit(large, limits)
        with Image.open(io.BytesIO(made)) as opened:
            assert opened.format == "JPEG"
            assert max(opened.size) <= limits.edge
            assert abs(opened.width / opened.height - 5 / 3) < 0.02
        assert len(made) <= limits.bytes_each


# Real wires: what the scripted service's log shows.


@pytest.fixture
def wired(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    quick_drawing(monkeypatch)
    engine = Engine(settings)
    yield Told(engine)
    engine.close()


@pytest.fixture
def service() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as server:
        yield server


def sheets_of_two(told: Told) -> list[str]:
    mara = told.add_sheet("Mara", {"name": "usual", "words": "grey oilskins", "data": picture((90, 60, 30))})
    return mara + told.add_sheet("The pier", {"name": "usual", "data": picture((20, 30, 40))}, place=True)


def draw_by(told: Told, wire: str, url: str, model: str) -> None:
    told.wb.profiles.add("paint", wire, base_url=url, text_model="t", image_model=model, key=KEY)
    told.wb.projects.set_profile(told.project, "paint")
    draw(told, "KF0")


def test_openai_gets_the_sheets_as_files_of_an_edit(wired: Told, service: ScriptedProvider) -> None:
    media = sheets_of_two(wired)
    draw_by(wired, "openai", service.url, "gpt-image-1")
    [call] = service.calls()
    assert call["path"].endswith("/images/edits")
    assert call["request"]["image"] == [
        {"name": f"reference-{n}.webp", "bytes": len(wired.bytes_of(sha)), "sha256": sha}
        for n, sha in enumerate(media, start=1)
    ]
    assert "picture 2 is the reference sheet of The pier" in call["request"]["prompt"]


def test_a_model_that_takes_none_gets_the_words(wired: Told, service: ScriptedProvider) -> None:
    sheets_of_two(wired)
    draw_by(wired, "openai", service.url, "dall-e-3")
    [call] = service.calls()
    assert call["path"].endswith("/images/generations")
    assert "Mara: grey oilskins" in call["request"]["prompt"]
    assert "reference sheet" not in call["request"]["prompt"]
    assert "references" not in wired.frames()["KF0"]["candidates"][0]


@pytest.mark.parametrize(
    ("model", "count"),
    [("doubao-seedream-4-0-250828", 2), ("doubao-seededit-3-0-i2i-250628", 1), ("doubao-seedream-3-0-t2i-250415", 0)],
)
def test_seedream_gets_them_as_data_urls(wired: Told, service: ScriptedProvider, model: str, count: int) -> None:
    media = sheets_of_two(wired)
    draw_by(wired, "ark", service.ark_url, model)
    sent = service.calls()[0]["request"].get("image", [])
    urls = [sent] if isinstance(sent, str) else sent
    assert len(urls) == count
    for url, sha in zip(urls, media, strict=False):
        head, _, data = url.partition(",")
        assert head == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as got, Image.open(wired.wb.media.path(sha)) as own:
            assert got.size == own.size
    used = wired.frames()["KF0"]["candidates"][0].get("references", [])
    assert [reference["media"] for reference in used] == media[:count]


@pytest.mark.parametrize(("model", "most"), [("gemini-2.5-flash-image", 3), ("gemini-3-pro-image-preview", 14)])
def test_gemini_gets_them_inline_as_many_as_the_model_takes(wired: Told, model: str, most: int) -> None:
    everybody = [f"Keeper {n}" for n in range(1, 6)]
    for name in everybody:
        wired.wb.projects.add_element(wired.project, "character", {"name": name})
        wired.add_sheet(name, {"name": "usual", "data": picture((len(name) * 9, ord(name[-1]), 30))})
    head = wired.wb.artifact(wired.scene, "keyframe_prompt")
    assert head is not None
    [subject] = head.content["shots"][0]["subjects"]
    head.content["shots"][0]["subjects"] = [{**subject, "name": name} for name in everybody]
    wired.wb.artifacts.save(wired.scene, "keyframe_prompt", head.content, head.version)
    with ScriptedGemini() as server:
        server.script({"images": [picture((9, 9, 9), (1024, 576))]})
        draw_by(wired, "gemini", server.url, model)
        parts = server.calls[0]["body"]["contents"][0]["parts"]
    taken = min(most, len(everybody))
    files = [base64.urlsafe_b64decode(part["inlineData"]["data"] + "==") for part in parts if "inlineData" in part]
    used = wired.frames()["KF0"]["candidates"][0]["references"]
    assert files == [wired.bytes_of(reference["media"]) for reference in used]
    assert [reference["name"] for reference in used] == everybody[:taken]
    assert f"picture {taken} is" in parts[-1]["text"]
    assert f"picture {taken + 1} is" not in parts[-1]["text"]


def test_who_answers_instead_and_takes_fewer_is_told_of_no_more(wired: Told, service: ScriptedProvider) -> None:
    sheets_of_two(wired)
    wired.wb.profiles.add("words", "openai", base_url=service.url, text_model="t", image_model="dall-e-3", key=KEY)
    with ScriptedProvider() as broken:
        broken.script(default={"status": 402, "body": {"error": {"code": "insufficient_quota"}}})
        told = {"base_url": broken.url, "text_model": "t", "image_model": "gpt-image-1", "key": KEY}
        wired.wb.profiles.add("paint", "openai", fallback=["words"], **told)
        wired.wb.projects.set_profile(wired.project, "paint")
        draw(wired, "KF0")
    [call] = service.calls()
    assert "reference sheet" not in call["request"]["prompt"]
    assert "Mara: grey oilskins" in call["request"]["prompt"]
    assert "references" not in wired.frames()["KF0"]["candidates"][0]


def test_the_sketch_draws_people_in_the_colours_of_their_sheet(start: Callable[..., Engine]) -> None:
    told = Told(start(), {**STORY, "style": {"preset": "anime"}})
    draw(told, "KF3")
    [before] = told.frames()["KF3"]["candidates"]
    told.add_sheet("Mara", {"name": "usual", "data": picture((30, 200, 60))})
    draw(told, "KF3")
    after = told.frames()["KF3"]["candidates"][-1]

    def green(sha: str) -> int:
        with Image.open(told.wb.media.path(sha)) as opened:
            pixels = opened.convert("RGB").tobytes()
        return sum(g > r + 60 and g > b + 60 for r, g, b in zip(*[iter(pixels)] * 3, strict=True))

    assert green(before["media"]) < 200 < green(after["media"])


@pytest.mark.parametrize("environment", ["a wet pier at night", "inside the lamp room, an old study by day"])
def test_the_sketch_draws_the_set_in_the_colours_of_its_sheet(start: Callable[..., Engine], environment: str) -> None:
    told = Told(start(), {**STORY, "style": {"preset": "anime"}})
    head = told.wb.artifact(told.scene, "keyframe_prompt")
    assert head is not None
    shots = [{**s, "visual": {**s["visual"], "environment": environment}} for s in head.content["shots"]]
    told.wb.artifacts.save(told.scene, "keyframe_prompt", {"shots": shots}, head.version)
    draw(told, "KF3")
    [before] = told.frames()["KF3"]["candidates"]
    told.add_sheet("The pier", {"name": "usual", "words": "", "data": picture((200, 60, 30))}, place=True)
    draw(told, "KF3")
    after = told.frames()["KF3"]["candidates"][-1]

    def warmth(sha: str) -> float:
        with Image.open(told.wb.media.path(sha)) as opened:
            red, _, blue = opened.convert("RGB").resize((1, 1)).split()
        return float(red.tobytes()[0] - blue.tobytes()[0])

    assert warmth(after["media"]) > warmth(before["media"]) + 15
    assert after["references"] == [{"media": told.frames_sheet("The pier"), "name": "The pier", "look": "usual"}]


def test_the_words_of_a_places_sheet_furnish_the_set(start: Callable[..., Engine]) -> None:
    told = Told(start(), {**STORY, "style": {"preset": "anime"}})
    draw(told, "KF0")
    [before] = told.frames()["KF0"]["candidates"]
    told.add_sheet("The pier", {"name": "usual", "words": "a study"}, place=True)
    draw(told, "KF0")
    assert told.frames()["KF0"]["candidates"][-1]["media"] != before["media"]
