from __future__ import annotations

import base64
import html
import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from workbench import log_file
from workbench.security.redact import HIDDEN, Redactor, protect_logging

CANARY = "canary+key/0123<456>789&=="


@pytest.fixture
def red() -> Redactor:
    return Redactor([CANARY])


@pytest.mark.parametrize(
    "form",
    [
        CANARY,
        quote(CANARY, safe=""),
        re.sub("%..", lambda hexed: hexed[0].lower(), quote(CANARY, safe="")),
        json.dumps(CANARY)[1:-1],
        CANARY.replace("/", "\\/"),
        html.escape(CANARY),
        base64.b64encode(CANARY.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
    ],
)
def test_a_known_key_is_hidden_in_every_form_it_is_echoed_in(form: str, red: Redactor) -> None:
    assert red.text(f"before {form} after") == f"before {HIDDEN} after"


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


DISGUISES = {
    "hexadecimal": CANARY.encode().hex(),
    "capital hexadecimal": CANARY.encode().hex().upper(),
    "a dump": CANARY.encode().hex(":"),
    "a packed header": _packed(f"Bearer {CANARY}"),
    "a packed name and password": _packed(f"user:{CANARY}"),
    "packed JSON": _packed(json.dumps({"id": 7, "key": CANARY, "more": [1, 2]})),
    "a packed header in lines": re.sub("(.{20})", r"\1\n", _packed(f"Authorization: Bearer {CANARY}\r\n")),
    "capitals": CANARY.upper(),
    "the other case": CANARY.swapcase(),
    "backwards": CANARY[::-1],
    "two lines": f"{CANARY[:9]}\n{CANARY[9:]}",
    "two strings": f'"{CANARY[:9]}", "{CANARY[9:]}"',
    "letters apart": " ".join(CANARY),
    "percent codes": "".join(f"%{byte:02X}" for byte in CANARY.encode()),
    "escapes": "".join(f"\\u{ord(c):04x}" for c in CANARY),
    "byte escapes": "".join(f"\\x{ord(c):02x}" for c in CANARY),
    "numbers": str(list(CANARY.encode())),
    "entities": "".join(f"&#{ord(c)};" for c in CANARY),
}


@pytest.mark.parametrize("form", DISGUISES.values(), ids=DISGUISES)
def test_a_known_key_is_hidden_in_every_disguise_that_a_service_plausibly_echoes(form: str, red: Redactor) -> None:
    for hide in (red.text, red.exact, red.mask):
        hidden = hide(f"before {form} after")
        assert HIDDEN in hidden
        assert hidden.startswith("before ")
        assert hidden.endswith(" after")


def test_words_that_somebody_took_for_a_password_stay_where_they_are_said_otherwise() -> None:
    red = Redactor(["correct horse", "lighthouse keeper"])
    for said in ("Correct. Horse!", "the Lighthouse-Keeper's cat", "esroh tcerroc"):
        assert red.text(said) == said


def test_a_disguised_key_that_arrives_in_pieces_is_held_back(red: Redactor) -> None:
    said = f"it is {CANARY.encode().hex()}, it says"
    for end in range(len(said)):
        assert not re.search("63616e61", red.whole(red.exact(said[:end])))


@pytest.mark.parametrize(
    "said",
    [
        "sk-proj-abcDEF123456_-xyz",
        "Authorization: Bearer abcdefgh12345678",
        "AIza" + "b" * 35,
        "GET /v1?key=abcdefgh12345678&x=1",
        "gAAAAA" + "c" * 60,
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "d" * 36,
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
    assert red.value({"a": [CANARY, 1, {"b": f"x{CANARY}"}], "c": None, CANARY: 2}) == {
        "a": [HIDDEN, 1, {"b": f"x{HIDDEN}"}],
        "c": None,
        HIDDEN: 2,
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
def protected(red: Redactor, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process whose records and tracebacks are cleaned; as it was afterwards."""
    before = logging.getLogRecordFactory()
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    logging.setLogRecordFactory(logging.LogRecord)
    protect_logging(red)
    protect_logging(red)
    yield
    logging.setLogRecordFactory(before)


@pytest.fixture
def logged(protected: None) -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    logger = logging.Logger("canary")
    logger.addHandler(logging.StreamHandler(stream))
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


def test_a_logger_with_a_handler_of_its_own_is_no_way_out(protected: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Streamlit's say what a page failed with; without any handler Python has one of last resort."""
    from streamlit.logger import get_logger

    for logger in (get_logger("streamlit.canary"), logging.Logger("bare")):
        try:
            raise ValueError(f"refused {CANARY}")
        except ValueError:
            logger.warning("with %s", CANARY, exc_info=True)
    said = capsys.readouterr().err
    assert said.count("ValueError: refused") == 2
    assert CANARY not in said


def test_what_nobody_caught_shows_no_key(protected: None, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ValueError(f"refused {CANARY}")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    said = capsys.readouterr().err
    assert said.count("ValueError: refused [hidden key]") == 2


def test_a_key_that_arrives_in_pieces_is_held_back_until_it_is_whole(red: Redactor) -> None:
    said = f"the key is {CANARY}, it says"
    for end in range(len(said)):
        shown = red.whole(red.exact(said[:end]))
        assert not any(CANARY[:n] in shown for n in range(4, len(CANARY) + 1)), shown
    assert red.whole("canary birds sing") == "canary birds sing"
    assert red.whole("sings a canary") == "sings a "


def test_pages_keep_their_own_words_whatever_somebody_called_a_key() -> None:
    red = Redactor(["none", "a-long-secret-0123"])
    assert red.mask("none but a-long-secret-0123") == f"none but {HIDDEN}"


def test_streamlits_own_printer_of_tracebacks_is_no_way_out(
    protected: None, red: Redactor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It writes with Rich, past every handler."""
    from streamlit import config, error_util

    from workbench.ui import server

    monkeypatch.setenv("REELWRIGHT_HOME", str(tmp_path))
    monkeypatch.setattr(log_file, "keep_stderr", lambda *_: None)
    config.set_option("logger.enableRich", True)
    server.middleware()
    try:
        raise ValueError(f"refused {CANARY}")
    except ValueError as error:
        error_util.handle_uncaught_app_exception(error)
    said = capsys.readouterr()
    assert "refused" in said.err
    assert CANARY not in said.out + said.err
