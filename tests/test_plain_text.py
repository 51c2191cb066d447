"""Text as databases, terminals and spreadsheets can take it."""

from __future__ import annotations

import json

import pytest

from workbench.plain_text import (
    cell,
    passwords_of,
    printable,
    printable_json,
    storable,
    storable_json,
    without_password,
)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "＝1", "|calc", "%x"])
def test_no_text_is_run_by_a_spreadsheet(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["a=b", "一二三", "", 5, -5, None, 1.5])
def test_other_cells_stay_as_they_are(value: object) -> None:
    assert cell(value) == value


def test_what_is_stored_can_be_encoded_and_read_back() -> None:
    assert storable("a\x00\ud83d\ude00\ud83d") == "a😀�"
    dirty = {"\ud83d": ["\x00", float("nan"), {"n": float("inf")}]}
    assert storable_json(dirty) == {"�": ["", None, {"n": None}]}


def test_a_terminal_shows_what_was_sent_to_steer_it() -> None:
    assert printable("a\x1b[2J\x07b\x9b\u202e\r\n\tc") == "a�[2J�b���\n\tc"


def test_json_keeps_its_values_without_steering_a_terminal() -> None:
    value = {"a": "\x9b31m\u202e\x7f", "b": "字"}
    said = printable_json(json.dumps(value, ensure_ascii=False))
    assert said.isprintable()
    assert json.loads(said) == value


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:a@b/c@h:5/x", "postgresql://***@h:5/x"),
        ("redis://:secret@h/0", "redis://***@h/0"),
        ("postgresql://h/x?password=secret", "postgresql://h/x?***"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
        ("me:secret@h", "***@h"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_the_pieces_of_a_password_are_known_that_a_driver_takes_for_something_else() -> None:
    assert {"12/ab@cd", "cd", "ab", "12"} <= set(passwords_of("postgresql://me:12/ab@cd@h/x?sslpassword=ef"))
    assert "ef" in passwords_of("postgresql://me:12/ab@cd@h/x?sslpassword=ef")


def has_chinese(text: str) -> bool:
    """For tests of sentences in both languages."""
    return any("一" <= c <= "鿿" for c in text)
