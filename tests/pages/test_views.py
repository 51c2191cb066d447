"""What holds a story together, as the Studio shows it: every word of it, letter for letter, and nothing as markup."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import House
from tests.ui.studio.contents import CONTENTS
from workbench.artifacts import kinds

NASTY = "<script>x</script> **bold** $a$ :material/home: [l](http://x)"


def draw(kind: str, content: dict[str, Any], lang: str) -> AppTest:
    """The view alone, as a cell draws it."""

    def page(kind, content, lang):  # type: ignore[no-untyped-def]
        import streamlit as st

        from workbench.ui import language
        from workbench.ui.studio import artifacts

        st.query_params["lang"] = lang
        language.resolve(lang)
        artifacts.show(kind, content, 1)

    return AppTest.from_function(page, args=(kind, content, lang), default_timeout=240).run()


def html(at: AppTest) -> str:
    return "\n".join(str(e.proto.body) for e in at.get("html"))


def leaves(value: Any) -> list[str]:
    """Every text in a content."""
    if isinstance(value, dict):
        return [t for v in value.values() for t in leaves(v)]
    if isinstance(value, list):
        return [t for v in value for t in leaves(v)]
    return [value] if isinstance(value, str) else []


#: choices, which are told by a word of ours
OURS = {"three_act", "main", "sub1", "romantic", "stranger", "int", "ext", "action", "dialogue", "sound", "dissolve",
        "none", "off_screen", "pass", "needs_revision", "pending", "accepted", "rejected"}  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", list(CONTENTS))
def test_a_view_shows_every_word(house: House, kind: str, lang: str) -> None:
    house.sample()
    content = kinds.validate(kinds.find(kind), CONTENTS[kind])
    at = draw(kind, content, lang)
    if kind == "scene_script":
        at.selectbox[0].select_index(0).run()
    assert not at.exception
    shown = html(at) + "\n".join(str(m.value) for m in at.markdown)
    # a screenplay names places and speakers in capitals
    flat = re.sub(r"<br>|\\|\s+", " ", shown.replace("&lt;", "<").replace("&gt;", ">")).casefold()
    hidden = {"title", "summary"} if kind == "scene_script" else set()
    texts = leaves({k: v for k, v in content.items() if k not in hidden})
    script_summaries = {s["summary"] for s in content.get("scenes", [])}
    for text in texts:
        if text and text not in OURS and text not in script_summaries:
            assert " ".join(text.split()).casefold() in flat, text


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("causal_chain", ("outline", "first_mover", "initiator")),
        ("causal_chain", ("knowledge", "layers", 0, "name")),
        ("causal_chain", ("knowledge", "character_matrix", 0, "name")),
        ("causal_chain", ("beats", "acts", 0, "name")),
        ("causal_chain", ("beats", "acts", 0, "beats", 0, "location")),
        ("causal_chain", ("weave", "plot_lines", 0, "driver")),
        ("causal_chain", ("weave", "notes", 0)),
        ("emotion_arc", ("points", 0, "label")),
        ("character_relationships", ("relationships", 0, "from_name")),
        ("character_relationships", ("relationships", 0, "label")),
        ("character_candidates", ("candidates", 0, "name")),
        ("character_candidates", ("candidates", 0, "role_type")),
        ("character_candidates", ("candidates", 0, "evidence", 0, "source")),
        ("scene_script", ("scenes", 0, "heading", "place")),
        ("scene_script", ("scenes", 0, "elements", 2, "speaker")),
        ("scene_script", ("scenes", 0, "elements", 2, "parenthetical")),
    ],
)
def test_what_a_model_has_written_is_never_markup(house: House, kind: str, path: tuple[Any, ...]) -> None:
    house.sample()
    content = copy.deepcopy(kinds.validate(kinds.find(kind), CONTENTS[kind]))
    at: Any = content
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = NASTY
    page = draw(kind, content, "en")
    assert not page.exception
    assert "<script>" not in html(page)
    for element in page.markdown:
        assert "**bold**" not in element.value
        assert "http://x" not in element.value
    for chart in page.get("plotly_chart"):
        assert "<script>" not in chart.proto.spec


def test_a_chain_that_is_not_complete_shows_the_phases_that_there_are(house: House) -> None:
    house.sample()
    for count in (1, 2, 3):
        phases = dict(list(CONTENTS["causal_chain"].items())[:count])
        page = draw("causal_chain", kinds.validate(kinds.find("causal_chain"), phases), "en")
        assert not page.exception
        assert len(page.tabs) == count
        assert "Not complete yet" in page.markdown[0].value


def test_the_acts_that_are_done_of_a_phase_that_is_being_written_are_shown(house: House) -> None:
    house.sample()
    whole = CONTENTS["causal_chain"]
    acts = whole["beats"]["acts"][:2]
    so_far = {"outline": whole["outline"], "knowledge": whole["knowledge"], "begun": {"acts": acts, "of": 3}}
    page = draw("causal_chain", kinds.validate(kinds.find("causal_chain"), so_far), "en")
    assert not page.exception
    assert [tab.label for tab in page.tabs] == ["Acts so far: 2 of 3", "Who knows what", "Outline and conflict"]
    assert all(beat["surface_event"] in html(page) for act in acts for beat in act["beats"])


def test_the_speakers_of_a_script_have_the_colours_of_the_cast(house: House) -> None:
    """Della is the first of the sample's cast, whoever speaks first."""
    house.sample()
    content = kinds.validate(kinds.find("scene_script"), CONTENTS["scene_script"])
    dialogue = {
        "silent": False, "reason": "",
        "lines": [
            {"type": "dialogue", "speaker": "Jim", "emotion": "", "notes": [], "text": "You?"},
            {"type": "dialogue", "speaker": "Della", "emotion": "", "notes": [], "text": "I."},
        ],
    }  # fmt: skip
    in_script = re.search(
        r"rw-cue'><i class='rw-point' style='background:(\S+?)'>", html(draw("scene_script", content, "en"))
    )
    spoken = re.findall(r"<i style='background:(\S+?)'></i>(\w+)", html(draw("dialogue", dialogue, "en")))
    assert in_script
    assert {name: colour for colour, name in spoken}["Della"] == in_script.group(1)
    assert len({colour for colour, _ in spoken}) == 2


def test_a_candidate_is_accepted_into_the_library_or_rejected_where_they_are_shown(house: House) -> None:
    story = house.sample()
    house.wb.artifacts.save(story, "character_candidates", CONTENTS["character_candidates"], None)

    def page(story):  # type: ignore[no-untyped-def]
        from workbench.ui import language, live
        from workbench.ui.studio import artifacts

        language.resolve("en")
        artifacts.show("character_candidates", live.workbench().artifact(story, "character_candidates").content, story)

    at = AppTest.from_function(page, args=(story,), default_timeout=240).run()
    assert [b.key for b in at.button] == [f"accept_{story}_Otto", f"reject_{story}_Otto", f"accept_{story}_Ida"]
    at.button(key=f"reject_{story}_Otto").click().run()
    at.button(key=f"accept_{story}_Ida").click().run()
    assert not at.exception
    head = house.wb.artifact(story, "character_candidates")
    assert head is not None
    assert {c["name"]: c["status"] for c in head.content["candidates"]} == {
        "Ida": "accepted",
        "Otto": "rejected",
        "Ruth": "accepted",
    }
    cast = [n.title for n in house.wb.projects.tree(story).nodes if n.kind == "character"]
    assert cast[-1] == "Ida"
    # a version of before the decisions: who is in the library is not asked for again
    house.wb.artifacts.restore(story, "character_candidates", 1)
    at.run()
    assert [b.key for b in at.button] == [f"accept_{story}_Otto", f"reject_{story}_Otto"]
    assert "1 to decide" in at.caption[0].value


def test_every_kind_has_a_view_of_its_own() -> None:
    from workbench.ui.studio import artifacts

    others = [kind for kind in kinds.all_kinds() if artifacts.find_view(kind) is None]
    assert others == sorted(artifacts.DRAWN_BY_CELLS), "a kind of ours is never shown field by field"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_kind_without_a_view_is_told_in_words(house: House, lang: str) -> None:
    """A kind that a package adds."""
    house.sample()
    content = {
        "summary": "A lamp goes out",
        "count_of_boats": 3,
        "is_night": True,
        "nobody": None,
        "tide": {"high": "at nine", "winds": ["north", {"from": "the west", "force": [7, 8]}]},
        "keepers": [
            {"name": NASTY, "watch": "dusk"},
            {"name": "Old Fen", "watch": "dawn", "boats": [{"name": "Gull"}]},
        ],
        "empty": [],
    }
    at = draw("log_of_the_lighthouse", content, lang)
    assert not at.exception
    assert not at.get("json")
    shown = "\n".join(m.value for m in at.markdown)
    for words in (
        "A lamp goes out",
        "count of boats",
        "3",
        "at nine",
        "north",
        "the west",
        "7",
        "8",
        "Old Fen",
        "Gull",
    ):
        assert words in shown, words
    assert "**bold**" not in shown
    assert "[l](http" not in shown
