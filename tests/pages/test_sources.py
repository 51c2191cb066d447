"""A file in the new-project form, and a story that is made from a longer text."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import House, said
from tests.story.test_screenplay import FOUNTAIN
from tests.workflows.test_summarize_source import chapter
from workbench import samples

BRIEF = samples.load("painted-skin.zh")


def upload(house: House, name: str, data: bytes, lang: str = "en") -> AppTest:
    at = house.page("projects", lang, new=1)
    at.file_uploader(key="wizard_file").set_value((name, data, "text/plain")).run()
    return at


def test_a_file_fills_the_form_and_what_was_typed_beside_it_stays(house: House) -> None:
    at = house.page("projects", new=1)
    at.text_input(key="wizard.audience").set_value("grown-ups").run()
    brief = {key: value for key, value in BRIEF.items() if key != "audience"}
    data = json.dumps(brief, ensure_ascii=False).encode("gbk")
    at.file_uploader(key="wizard_file").set_value(("画皮.json", data, "application/json")).run()
    assert "is read as GBK" in said(at).replace("\\", "")
    at.button(key="wizard_fill").click().run()
    assert at.text_input(key="wizard+1.title").value == BRIEF["title"]
    assert at.text_area(key="wizard+1.summary").value == BRIEF["summary"]
    assert at.text_input(key="wizard+1.audience").value == "grown-ups"
    assert at.text_input(key="wizard+1.characters~0.name").value == BRIEF["characters"][0]["name"]
    at.button(key="wizard_create").click().run()
    (project,) = house.wb.projects.list()
    assert (project.brief["title"], project.brief["audience"]) == (BRIEF["title"], "grown-ups")
    assert len(house.nodes(project.id, "character")) == len(BRIEF["characters"])


@pytest.mark.parametrize(
    ("lang", "twice", "number"),
    [("en", "is there twice", "Must be a whole number"), ("zh", "写了两次", "必须是整数")],
)
def test_a_file_that_cannot_be_read_says_why_in_the_readers_language_and_changes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, lang: str, twice: str, number: str
) -> None:
    # AppTest words the options of a list outside of a run, where there is no reader
    monkeypatch.setattr("workbench.ui.language.current", lambda: lang)
    for text, sentence in ((b"title: a\ntitle: b\n", twice), (b"title: a\nepisodes: many\n", number)):
        at = upload(house, "a.yaml", text, lang)
        assert sentence in said(at)
        assert not [b for b in at.button if b.key == "wizard_fill"]
    assert house.wb.drafts.list("local") == []


def test_a_screenplay_becomes_a_story_with_its_people(house: House) -> None:
    at = upload(house, "salt.fountain", FOUNTAIN.encode())
    at.button(key="wizard_fill").click().run()
    assert at.text_area(key="wizard+1.source").value == FOUNTAIN.strip()
    at.button(key="wizard_create").click().run()
    (project,) = house.wb.projects.list()
    assert [n.title for n in house.nodes(project.id, "character")] == ["Mara", "Dr. O'Neil", "McCLANE"]
    assert house.wb.workflows.list_unmet("plan_episodes", project.id) == []


def test_a_story_made_from_a_text_shows_the_text_and_what_the_brief_left_out(house: House) -> None:
    at = house.page("projects", new=1)
    at.text_input(key="wizard.title").set_value("Salt")
    at.text_area(key="wizard.source").set_value(chapter(50_000, "en"))
    at.text_area(key="wizard.style.prompt").set_value("ink wash").run()
    at.button(key="wizard_create").click().run()
    (project,) = house.wb.projects.list()
    at = house.page("studio", project=project.id)
    assert "run “Brief from the source” first" in said(at)
    assert "The first 600 of " in said(at)
    at.button(key=f"cell_{project.id}_summarize_source_act_Run again").click().run()
    house.end(house.wb.jobs.list()[0].id)
    at = house.page("studio", project=project.id)
    assert "characters of the source the summary keeps" in said(at)
    assert house.wb.workflows.list_unmet("plan_episodes", project.id) == []


def test_a_story_without_a_source_has_no_cell_for_one(house: House) -> None:
    project = house.sample()
    at = house.page("studio", project=project)
    assert not [b for b in at.button if "summarize_source" in str(b.key)]
    assert "Source text" not in said(at)
