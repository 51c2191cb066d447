"""What is typed and not saved is kept by person and place, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from workbench.api.client import Workbench
from workbench.errors import InvalidInput
from workbench.settings import Settings


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def fields_of(wb: Workbench, person: str, place: str) -> Any:
    draft = wb.drafts.find(person, place)
    return None if draft is None else draft.fields


def test_a_draft_is_its_persons_and_its_places_until_it_is_saved_or_thrown_away(wb: Workbench):
    wb.drafts.keep("ann", "edit/12/brief", {"title": "Salt", "lines": ["a", "b"], "n": None}, base=3)
    wb.drafts.keep("bob", "edit/12/brief", {"title": "Pepper"})
    assert fields_of(wb, "ann", "edit/12/brief") == {"title": "Salt", "lines": ["a", "b"], "n": None}
    assert wb.drafts.find("ann", "edit/12/brief").base == 3
    assert wb.drafts.find("ann", "edit/1/brief") is None

    wb.drafts.discard("ann", "edit/12/brief")
    closed = wb.drafts.find("ann", "edit/12/brief")
    assert (closed.fields, closed.base, closed.turn) == ({}, None, 1)
    assert fields_of(wb, "bob", "edit/12/brief") == {"title": "Pepper"}


def test_windows_that_type_into_different_fields_keep_both(wb: Workbench):
    barrier = threading.Barrier(4)

    def type_in(n: int) -> None:
        barrier.wait()
        wb.drafts.keep("ann", "wizard", {f"field {n}": str(n)})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(type_in, range(4)))
    assert fields_of(wb, "ann", "wizard") == {f"field {n}": str(n) for n in range(4)}


def test_a_field_that_is_put_back_leaves_the_draft_and_with_the_last_one_the_draft_ends(wb: Workbench):
    wb.drafts.keep("ann", "wizard", {"title": "Salt", "genre": "ghosts"})
    assert wb.drafts.keep("ann", "wizard", {}, cleared=["title"]).fields == {"genre": "ghosts"}
    assert wb.drafts.keep("ann", "wizard", {}, cleared=["genre"]) is None
    assert wb.drafts.list("ann") == []


def test_drafts_are_listed_by_place_newest_first_without_those_that_ended(wb: Workbench):
    for place in ("edit/1/brief", "edit/12/brief", "edit/1_/brief", "launch/x"):
        wb.drafts.keep("ann", place, {"a": 1})
    wb.drafts.discard("ann", "launch/x")
    wb.drafts.keep("ann", "edit/1/brief", {"a": 2})
    assert {d.place for d in wb.drafts.list("ann")} == {"edit/1/brief", "edit/1_/brief", "edit/12/brief"}
    assert [d.place for d in wb.drafts.list("ann", "edit/1_/")] == ["edit/1_/brief"]


@pytest.mark.parametrize(
    ("person", "place", "fields", "more", "wrong"),
    [
        ("", "wizard", {"a": 1}, {}, "person"),
        ("x" * 121, "wizard", {"a": 1}, {}, "person"),
        ("ann", "", {"a": 1}, {}, "place"),
        ("ann", "p" * 201, {"a": 1}, {}, "place"),
        ("ann", "wiz\x00ard", {"a": 1}, {}, "place"),
        ("ann", "wizard", {"a": float("nan")}, {}, "fields"),
        ("ann", "wizard", {"a": object()}, {}, "fields"),
        ("ann", "wizard", {1: "a"}, {}, "fields"),
        ("ann", "wizard", {"a": "x" * 2_000_001}, {}, "fields"),
        ("ann", "wizard", {"a": 1}, {"base": 2**31}, "base"),
        ("ann", "wizard", {"a": 1}, {"base": -1}, "base"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(wb: Workbench, person, place, fields, more, wrong):
    with pytest.raises(InvalidInput) as refused:
        wb.drafts.keep(person, place, fields, **more)
    assert [i.path for i in refused.value.issues] == [wrong]
    assert wb.drafts.list("ann") == []


def test_half_a_character_and_a_nul_do_not_keep_the_rest_from_being_kept(wb: Workbench):
    deep: Any = "end"
    for _ in range(90):
        deep = [deep]
    wb.drafts.keep("ann", "wizard", {"a": "salt\x00y", "b\ud83d": "\ud83d\ude00 \ud800", "deep": deep})
    assert fields_of(wb, "ann", "wizard") == {"a": "salty", "b\ufffd": "😀 \ufffd", "deep": deep}


def test_what_is_nested_too_deep_is_refused(wb: Workbench):
    deep: Any = "end"
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(InvalidInput):
        wb.drafts.keep("ann", "wizard", {"deep": deep})
