"""The catalogue is complete, and the check sees when it is not."""

from babel.messages.catalog import Catalog

from workbench.locale import check


def test_every_interface_string_has_a_chinese_translation_with_the_same_fields():
    assert check.problems(check.extracted(), check.load(check.catalogue_path())) == []


def test_missing_different_and_obsolete_entries_are_each_named():
    catalogue = Catalog(locale="zh")
    catalogue.add("{n} jobs", "{m} 个任务")
    catalogue.add("gone", "没了")
    said = check.problems({"{n} jobs": ["a.py:1"], "new": ["b.py:2"]}, catalogue)
    assert said == [
        "b.py:2: no translation of 'new'",
        "a.py:1: fields differ in '{n} jobs': ['m', 'n']",
        "obsolete: 'gone'",
    ]


def test_strings_inside_f_strings_and_both_branches_of_a_choice_are_found(tmp_path):
    for name in ("workbench", "pages"):
        (tmp_path / name).mkdir()
    (tmp_path / "workbench" / "a.py").write_text("x = f\"{t('inside')}\"\ny = t('one' if z else 'two')\n", "utf-8")
    (tmp_path / "app.py").write_text("N_('app')\nText('{message}')\n", "utf-8")
    assert set(check.extracted(tmp_path)) == {"inside", "one", "two", "app"}
