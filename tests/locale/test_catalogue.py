"""The catalogue is complete, and the check sees when it is not."""

import json

import pytest
from babel.messages.catalog import Catalog

from workbench import i18n
from workbench.errors import Issue, all_of
from workbench.i18n import LANGUAGES, Text, translate
from workbench.locale import check


def test_every_interface_string_has_a_chinese_translation_with_the_same_fields():
    assert check.problems(check.extract_messages(), check.load(check.catalogue_path())) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_said_with_its_fields_whatever_they_are_called(language):
    sentences = [*check.extract_messages(), "{text} {language} {self} {cls} {msgid} {params} {language}"]
    for msgid in sentences:
        # an example of JSON in a sentence without fields is no field
        values = {name: f"<{name}>" for name in check.fields(msgid) if name.isidentifier()}
        for spoken in (translate(msgid, language, **values), translate(Text(msgid, **values), language)):
            assert all(value in spoken for value in values.values()), msgid


@pytest.mark.parametrize("field", ["{x:30000000}", "{x.__class__}", "{x[0]}", "{x!r}", "{}", "{0}", "{{x", "{"])
def test_a_sentence_takes_values_by_name_alone_whatever_was_stored(field):
    stored = Text.from_json({"msgid": field + " {x}", "params": {"x": "y"}})
    assert stored == f"{field} y"
    for language in LANGUAGES:
        assert translate(stored, language) == translate(field + " {x}", language, x="y") == f"{field} y"


def test_a_sentence_with_its_values_has_an_end():
    said = Text("y" * 1000)
    for _ in range(40):
        said = Text("{x}{x}", x=said)
    assert len(said) == len(translate(said, "zh")) == i18n.MOST_CHARS


def test_missing_different_and_obsolete_entries_are_each_named():
    catalogue = Catalog(locale="zh")
    catalogue.add("{n} jobs", "{m} 个任务")
    catalogue.add("gone", "没了")
    catalogue.add("{n:.1f} MB", "{n} MB")
    said = check.problems({"{n} jobs": ["a.py:1"], "new": ["b.py:2"], "{n:.1f} MB": ["c.py:3"]}, catalogue)
    assert said == [
        "b.py:2: no translation of 'new'",
        "c.py:3: fields differ in '{n:.1f} MB': ['n']",
        "c.py:3: a field is a name alone in '{n:.1f} MB'",
        "a.py:1: fields differ in '{n} jobs': ['m', 'n']",
        "obsolete: 'gone'",
    ]


def test_strings_inside_f_strings_and_both_branches_of_a_choice_are_found(tmp_path):
    for name in ("workbench", "pages"):
        (tmp_path / name).mkdir()
    (tmp_path / "workbench" / "a.py").write_text("x = f\"{t('inside')}\"\ny = t('one' if z else 'two')\n", "utf-8")
    (tmp_path / "app.py").write_text("N_('app')\nText('{message}')\n", "utf-8")
    assert set(check.extract_messages(tmp_path)) == {"inside", "one", "two", "app"}


def test_several_issues_are_one_sentence_in_either_language_also_from_a_row():
    found = all_of(
        [
            Issue("scenes.1", Text("must be Chinese")),
            Issue("", Text("This is needed.")),
            Issue("a{b}", Text("{have} scenes, but {want} were asked for", have=1, want=3)),
        ]
    )
    assert str(found) == "scenes.1: must be Chinese; This is needed.; a{b}: 1 scenes, but 3 were asked for"
    stored = Text.from_json(json.loads(json.dumps(found.to_json())))
    assert translate(stored, "zh") == "scenes.1: 必须是中文; 此项必填。; a{b}: 有 1 个场景，要求 3 个"
