"""Each kind of artifact as the sketch makes it: its view tells its own words, and its editor gives back what it got."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.engine.conftest import Engine
from tests.pages.conftest import House
from tests.pages.test_views import html
from tests.workflows.test_every_workflow import Story, declared, make_all
from workbench.artifacts import kinds
from workbench.settings import Settings
from workbench.ui.studio import artifacts, looks

SAMPLE = "gift-of-the-magi.en"
OWN = sorted(kinds.all_kinds())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A home with a story that has every kind."""
    home = tmp_path_factory.mktemp("told")
    shutil.copyfile(sqlite_template, home / "reelwright.db")
    engine = Engine(Settings.load(home=home))
    ended = make_all(engine, Story.create(engine, SAMPLE), [w for w in declared() if w.writes])
    engine.close()
    assert {(name, job.state) for name, job in ended if job.state != "succeeded"} == set()
    return home


@pytest.fixture
def house(told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("REELWRIGHT_HOME", str(tmp_path / "home"))
    st.cache_resource.clear()
    st.cache_data.clear()
    shutil.copytree(told, tmp_path / "home")
    made = House(Settings.load())
    yield made
    made.wb.close()


def find(house: House, kind: str) -> tuple[int, Any]:
    """The first node that has the kind, and what it has."""
    for project in house.wb.projects.list():
        for node in house.wb.projects.tree(project.id).nodes:
            if any(own.kind == kind for own in node.artifacts):
                return node.id, house.wb.artifact(node.id, kind)
    raise AssertionError(f"nothing has made {kind}")


def edit(node_id, kind):  # type: ignore[no-untyped-def]
    """The editor alone, as a cell draws it."""
    import streamlit as st

    from workbench.ui import language, live
    from workbench.ui.studio import cells, editing

    language.resolve("en")
    shown = live.workbench().artifact(node_id, kind)
    st.button("Edit", key="open", on_click=editing.begin_edit, args=(node_id, kind, shown))
    cells.editor(node_id, kind)


@pytest.mark.parametrize("kind", [kind for kind in OWN if kind not in artifacts.NOT_TYPED])
def test_an_editor_saves_what_nobody_has_changed_as_it_was(house: House, kind: str) -> None:
    node_id, before = find(house, kind)
    at = AppTest.from_function(edit, args=(node_id, kind), default_timeout=240).run()
    at.button(key="open").click().run()
    for number in range(1, len(_parts(at)) + 1):
        # each part in its form
        next(g for g in at.get("button_group") if "_part_" in str(g.key)).set_value(number).run()
        assert not at.exception
    at.button(key=f"cell_{node_id}_{kind}_edit_save").click().run()
    assert not at.exception
    assert f"cell_{node_id}_{kind}_edit_save" not in {b.key for b in at.button}, "it was not saved"
    after = house.wb.artifact(node_id, kind)
    assert after is not None
    assert after.content == before.content
    assert after.version <= before.version + 1


def _parts(at: AppTest) -> list[Any]:
    groups = [g for g in at.get("button_group") if "_part_" in str(g.key)]
    return list(groups[0].options) if groups else []


def _leaves(value: Any, *fields: str) -> list[str]:
    """The texts in these fields, however deep."""
    if isinstance(value, list):
        return [text for item in value for text in _leaves(item, *fields)]
    if not isinstance(value, dict):
        return []
    own = [text for name in fields if name in value for text in _texts(value[name])]
    return own + [text for name, part in value.items() if name not in fields for text in _leaves(part, *fields)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


#: kind → which of its fields its view tells, word for word
WORDS: dict[str, tuple[str, ...]] = {
    "brief": ("summary", "genre", "prompt"),
    "source": ("text",),
    "character": ("name", "description", "aliases"),
    "world_element": ("name", "description"),
    "episode_plan": ("title", "logline", "beats", "main_characters", "cliffhanger"),
    "core_expression": ("theme", "emotional_arc", "core_conflict", "payoff", "visual_motifs", "ending_beat"),
    "scene_list": ("summary", "beat", "location", "cast"),
    "scene_anchor": ("name", "details", "direction", "colour", "intensity", "mood", "weather", "time"),
    "emotion_arc": ("label",),
    "causal_chain": ("outline_summary", "surface_event", "identity", "true_goal"),
    "character_relationships": ("label", "description", "change"),
    "character_candidates": ("name", "brief", "text"),
    # one scene at a time; test_views reads all of it
    "scene_script": (),
    "keyframe_prompt": ("caption", "summary", "intent"),
    "motion_prompt": ("subject", "camera", "environment", "constraints"),
    "dialogue": ("speaker", "text", "emotion"),
    "sound_design": ("master_mood", "description"),
    "duration": (),
    "storyboard_bible": ("premise", "name", "identity", "relation", "setting_lock", "must_happen_beats", "props_list"),
    "storyboard_plan": ("goal", "emotion"),
    "storyboard_groups": (),
    "storyboard_translation": (),
    "storyboard_back_translation": ("zh", "en", "was"),
    "character_sheet": ("words",),
    "place_sheet": ("words",),
    "frame_ranking": ("remark",),
}
#: kind → what else stands there
BESIDE: dict[str, tuple[str, ...]] = {
    "scene_script": ("the flat",),
    "sound_design": ("Cues on the time line", "Ambience"),
    "motion_prompt": ("Stays as it is",),
    "duration": ("Dialogue", "Action", "Transition", "Pauses"),
    "storyboard_plan": ("in fields of its own",),
    "storyboard_groups": ("Goal", "How it ends", "Picture prompt of all nine"),
    "storyboard_translation": ("81 of 81 panels in Chinese",),
    "frame_ranking": ("of the ranking",),
}


def show(node_id, kind, lang):  # type: ignore[no-untyped-def]
    """The view alone, as a cell draws it."""
    import streamlit as st

    from workbench.ui import language, live
    from workbench.ui.studio import artifacts

    st.query_params["lang"] = lang
    language.resolve(lang)
    artifacts.show(kind, live.workbench().artifact(node_id, kind).content, node_id)


def draw(house: House, node_id: int, kind: str, lang: str) -> AppTest:
    """The view; what has links to other pages on its own page."""
    if kind in looks.KINDS:
        return house.page("studio", lang, project=house.wb.projects.get_node(node_id).project_id, node=node_id)
    return AppTest.from_function(show, args=(node_id, kind, lang), default_timeout=240).run()


def said(at: AppTest) -> str:
    """All that is drawn, without the marks of markup."""
    shown = [html(at), *(str(m.value) for m in (*at.markdown, *at.caption, *at.code))]
    shown += [str(e.proto) for name in ("expander", "popover", "badge") for e in at.get(name)]
    return _flat(unescape("\n".join(shown)).replace("\\", ""))


def _flat(text: str) -> str:
    return " ".join(text.split()).casefold()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", [kind for kind in OWN if kind not in artifacts.DRAWN_BY_CELLS])
def test_a_view_tells_what_its_kind_holds(house: House, kind: str, lang: str) -> None:
    node_id, artifact = find(house, kind)
    at = draw(house, node_id, kind, lang)
    assert not at.exception
    assert not at.get("json")
    shown = said(at)
    texts = _leaves(artifact.content, *WORDS[kind])
    assert [text for text in texts if _flat(text[: artifacts.SOURCE_SHOWN]) not in shown] == []
    assert texts or not WORDS[kind]
    assert [words for words in BESIDE.get(kind, ()) if lang == "en" and _flat(words) not in shown] == []


def test_the_panels_of_a_group_stand_in_both_languages_side_by_side(house: House) -> None:
    node_id, groups = find(house, "storyboard_groups")
    shown = said(draw(house, node_id, "storyboard_groups", "en"))
    chinese = house.wb.artifact(node_id, "storyboard_translation")
    assert chinese is not None
    first = [content["groups"][0]["panels"] for content in (groups.content, chinese.content)]
    assert [p["zh"] for p in first[1] if _flat(p["zh"]) not in shown] == []
    # the first panel's Chinese was edited, and its English follows
    assert [p["en"] for p in first[0][1:] if _flat(p["en"]) not in shown] == []


def test_a_scene_shows_its_frames_and_plays_its_clip(house: House) -> None:
    node_id, video = find(house, "scene_video")
    project = house.wb.projects.get_node(node_id).project_id
    at = house.page("studio", project=project, node=node_id)
    assert not at.exception
    assert not at.get("json")
    assert len(at.get("video")) == len(video.content["clips"])
    plan = house.wb.artifact(node_id, "keyframe_prompt")
    assert plan is not None
    shown = said(at)
    assert [shot["caption"] for shot in plan.content["shots"] if _flat(shot["caption"]) not in shown] == []
