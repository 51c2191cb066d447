"""A page knows whether it was drawn from answers that are older than what it says it shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.ui import live


@pytest.fixture(autouse=True)
def shared(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, Any]]:
    """What is shared between pages, as long as a test wants; each test is one session."""
    answers: dict[str, tuple[int, Any]] = {}

    def answer(database: str, question: str, arguments: str, ask: Callable[[], Any]) -> tuple[int, Any]:
        return answers.setdefault(question, (time.monotonic_ns(), ask()))

    monkeypatch.setattr(live, "_answer", answer)
    monkeypatch.setattr(live, "settings", lambda: SimpleNamespace(database_url="sqlite://"))
    live._seen.clear()
    return answers


def test_an_answer_from_before_a_change_was_seen_does_not_know_of_it(shared: dict[str, tuple[int, Any]]) -> None:
    state = ["running"]
    live.cached("the board of another session", lambda: state[0])
    state[0] = "succeeded"
    look = live.look("jobs", lambda: state[0])
    assert live.cached("the board of another session", lambda: state[0]) == "running"
    assert not live.know_of(look.since)
    # nothing changes any more: the next look sees the same as this one, and asks anew what is no longer shared
    shared.clear()
    look = look.again()
    assert live.cached("the board of another session", lambda: state[0]) == "succeeded"
    assert live.know_of(look.since)


def test_what_another_session_asked_after_the_change_was_seen_knows_of_it() -> None:
    first = live.look("jobs", lambda: "succeeded")
    live.cached("the board", lambda: "succeeded")
    second = live.look("jobs", lambda: "succeeded")
    assert second.since == first.since
    live.cached("the board", lambda: "asked again")
    assert live.know_of(second.since)


def test_one_old_answer_among_new_ones_is_enough() -> None:
    live.cached("costs", lambda: 1)
    look = live.look("jobs", lambda: 7)
    live.cached("states", lambda: 2)
    assert live.know_of(look.since)
    live.cached("costs", lambda: 1)
    live.cached("counts", lambda: 3)
    assert not live.know_of(look.since)


def test_what_a_signature_was_made_of_knows_of_what_it_tells(shared: dict[str, tuple[int, Any]]) -> None:
    live.cached("the tree", lambda: "drawn in another session")
    look = live.look("studio", lambda: live.cached("states", lambda: 1))
    live.cached("states", lambda: 1)
    live.cached("costs", lambda: 2)
    assert live.know_of(look.since)
    live.cached("the tree", lambda: "drawn here")
    assert not live.know_of(look.since)
    # a later look sees the same, whatever it was made of
    shared.clear()
    again = look.again()
    assert again.since == look.since
    live.cached("states", lambda: 1)
    assert live.know_of(again.since)


def test_looks_at_other_things_are_apart() -> None:
    assert live.look("drift_1", lambda: "a").since < live.look("drift_2", lambda: "a").since
    assert live.look("drift_1", lambda: "a").since < live.look("drift_1", lambda: "b").since


def test_looks_are_not_kept_without_end() -> None:
    for number in range(live._MANY_LOOKS + 10):
        live.look(f"drift_{number}", lambda: 1)
    assert len(live._seen) == live._MANY_LOOKS
