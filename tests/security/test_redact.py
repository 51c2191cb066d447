from __future__ import annotations

import io
import json
import logging
from urllib.parse import quote

import pytest

from workbench.security.redact import HIDDEN, RedactingFilter, Redactor, protect_logging

CANARY = "canary+key/0123456789=="


@pytest.fixture
def red() -> Redactor:
    return Redactor([CANARY])


@pytest.mark.parametrize("form", [CANARY, quote(CANARY, safe=""), json.dumps(CANARY)[1:-1]])
def test_a_known_key_is_hidden_in_every_form_it_is_echoed_in(form: str, red: Redactor) -> None:
    assert red.text(f"before {form} after") == f"before {HIDDEN} after"


@pytest.mark.parametrize(
    "said",
    [
        "sk-proj-abcDEF123456_-xyz",
        "Authorization: Bearer abcdefgh12345678",
        "AIza" + "b" * 35,
        "GET /v1?key=abcdefgh12345678&x=1",
        "gAAAAA" + "c" * 60,
    ],
)
def test_what_looks_like_a_key_is_hidden_unasked(said: str) -> None:
    hidden = Redactor().text(f"failed: {said}")

    assert HIDDEN in hidden
    assert not any(part in hidden for part in ("abcDEF123456", "abcdefgh12345678", "bbbbbbbb", "cccccccc"))


@pytest.mark.parametrize(
    "said", ["a bearer of bad news", "the task-force", "key=value", "risk-taking behaviour", "Bearer of arms"]
)
def test_ordinary_words_stay(said: str) -> None:
    assert Redactor(["", "abc", "none"]).text(said) == said


def test_a_short_key_is_hidden_as_a_word_only() -> None:
    assert Redactor(["none"]).text("key none, nonetheless") == f"key {HIDDEN}, nonetheless"


def test_a_key_that_begins_another_hides_neither_half(red: Redactor) -> None:
    red.remember(CANARY + "-longer")

    assert red.text(CANARY + "-longer") == HIDDEN


def test_values_are_cleaned_all_the_way_down(red: Redactor) -> None:
    assert red.value({"a": [CANARY, 1, {"b": f"x{CANARY}"}], "c": None}) == {
        "a": [HIDDEN, 1, {"b": f"x{HIDDEN}"}],
        "c": None,
    }


def test_tracebacks_are_cleaned_with_their_causes(red: Redactor) -> None:
    try:
        try:
            raise ValueError(f"inner {CANARY}")
        except ValueError as error:
            raise RuntimeError(f"outer {CANARY}") from error
    except RuntimeError as error:
        said = red.traceback(error)

    assert CANARY not in said
    assert "inner" in said
    assert "outer" in said


@pytest.fixture
def logged(red: Redactor) -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter(red))
    logger = logging.Logger("canary")
    logger.addHandler(handler)
    return logger, stream


def test_no_log_line_shows_a_key(logged: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = logged

    logger.error("key %s in %r", CANARY, {"key": CANARY})
    logger.error(f"formatted {CANARY}", stack_info=True)
    logger.error("broken %d", CANARY)
    try:
        raise ValueError(CANARY)
    except ValueError:
        logger.exception("failed")

    assert CANARY not in stream.getvalue()
    assert stream.getvalue().count(HIDDEN) >= 4
    assert "ValueError" in stream.getvalue()


def test_every_root_handler_gets_the_filter_once(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = logging.NullHandler()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])

    protect_logging()
    protect_logging()

    assert len(handler.filters) == 1
