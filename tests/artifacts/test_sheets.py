"""Looks by name: which one is worn where, and what a sheet may hold."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from workbench.artifacts import sheets
from workbench.artifacts.sheets import CharacterSheet, look_at, read_spans, write_spans

MEDIA = "a" * 64


def look(name: str, *spans: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "words": name, "spans": [s for t in spans for s in read_spans(t)], "chosen": None, **more}


def sheet(*looks: dict[str, Any]) -> dict[str, Any]:
    return CharacterSheet.model_validate({"looks": list(looks)}).model_dump(mode="json")


MARA = sheet(look("usual"), look("short hair", "2.3-"), look("oilskins", "1.2–1.4, 2.5"), look("wet", "3.1.4-3.1.6"))


@pytest.mark.parametrize(
    ("place", "worn"),
    [
        ("1.1.1", "usual"),
        ("1.2.1", "oilskins"),
        ("1.4.9", "oilskins"),
        ("1.5.1", "usual"),
        ("2.2.9", "usual"),
        ("2.3.1", "short hair"),
        # the later one in the list counts
        ("2.5.2", "oilskins"),
        ("3.1.3", "short hair"),
        ("3.1.4", "wet"),
        ("3.1.6", "wet"),
        ("3.1.7", "short hair"),
        ("90.24", "short hair"),
    ],
)
def test_a_place_has_the_look_that_is_worn_there(place: str, worn: str) -> None:
    found = look_at(MARA, place)
    assert found is not None
    assert found["name"] == worn


def test_without_a_usual_look_there_may_be_none() -> None:
    assert look_at(sheet(look("bride", "4")), "3.9.9") is None
    assert look_at(sheet(look("bride", "4")), "4.1.1") is not None


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("1.2–1.4, 2.3-", "1.2–1.4, 2.3–"),
        (" 3 ；4.1 到 4.2", "3, 4.1–4.2"),
        ("1 to 2、5~", "1–2, 5–"),
        ("", ""),
        ("2.3.5", "2.3.5"),
    ],
)
def test_spans_are_read_as_people_type_them(typed: str, written: str) -> None:
    assert write_spans(read_spans(typed)) == written
    assert read_spans(written) == read_spans(typed)


@pytest.mark.parametrize("typed", ["two", "1.2–1.4–1.6", "–3", "1,,x"])
def test_what_is_no_span_is_named(typed: str) -> None:
    with pytest.raises(ValueError, match=typed.rpartition(",")[2].replace(".", r"\.")):
        read_spans(typed)


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ([], "at least 1"),
        ([look("a"), look("A", "1")], "two looks are named"),
        ([look("a"), look("b")], "only one look can be the usual one"),
        ([look("a", "2.3-2.1")], "2.3 comes after 2.1"),
        ([look("a", "2-1")], "2 comes after 1"),
        ([{**look("a"), "spans": [{"first": "0.1", "last": ""}]}], "pattern"),
        ([{**look("a"), "spans": [{"first": "1.2.3.4", "last": ""}]}], "pattern"),
        ([look("a", chosen=MEDIA)], "none of the candidates"),
        ([look(f"look {n}", str(n + 1)) for n in range(13)], "at most 12"),
    ],
)
def test_a_sheet_that_contradicts_itself_is_refused(looks: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        sheet(*looks)


def test_an_episode_and_a_scene_of_it_do_not_contradict() -> None:
    assert look_at(sheet(look("a", "2-2.4")), "2.4.9") is not None
    assert look_at(sheet(look("a", "2-2.4")), "2.5") is None
    assert look_at(sheet(look("a", "2.3-2")), "2.24.9") is not None
    assert sheets.view_look(sheet(look("a", "2.3-2")), "3.1") is None
