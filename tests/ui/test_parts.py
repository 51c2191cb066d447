"""Which parts of a page a look finds out of date, and what it does when those that were asked for do not come."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from workbench.ui import parts


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    state: dict[str, Any] = {}
    monkeypatch.setattr(parts.st, "session_state", state)
    return state


def see(seen: parts._Seen, now: int, drawn: Counter[str], **shown: Any) -> tuple[str, ...]:
    """The parts that are due after a look at a page that shows `shown`."""
    assert parts._look_again(seen, now, lambda: shown, (), drawn)
    return tuple(seen.due)


def test_what_changed_between_drawing_and_the_first_look_is_seen() -> None:
    seen = parts._Seen(None, {"tree": 1, "cell": "ready"})
    assert see(seen, 7, Counter(tree=1, cell=1), tree=1, cell="fresh") == ("cell",)


def test_a_part_is_due_until_it_was_drawn() -> None:
    drawn = Counter(tree=1, cell=1)
    seen = parts._Seen(None, {"tree": 1, "cell": "ready"})
    assert see(seen, 1, drawn, tree=1, cell="fresh") == ("cell",)
    number = seen.number
    # asked for under one number, so that a browser which has not seen it yet is not kept from it
    assert see(seen, 1, drawn, tree=1, cell="fresh") == ("cell",)
    assert seen.number == number
    drawn["cell"] += 1
    assert see(seen, 1, drawn, tree=1, cell="fresh") == ()


def test_what_changes_meanwhile_is_asked_for_together_with_what_waits() -> None:
    drawn = Counter(tree=1, cell=1)
    seen = parts._Seen(None, {"tree": 1, "cell": "ready"})
    see(seen, 1, drawn, tree=1, cell="fresh")
    number = seen.number
    assert see(seen, 2, drawn, tree=2, cell="fresh") == ("tree", "cell")
    assert seen.number > number
    drawn["tree"] += 1
    assert see(seen, 2, drawn, tree=2, cell="fresh") == ("cell",)


def test_a_part_that_changes_again_before_it_was_drawn_is_drawn_once() -> None:
    drawn = Counter(cell=1)
    seen = parts._Seen(None, {"cell": 1})
    see(seen, 1, drawn, cell=2)
    see(seen, 2, drawn, cell=3)
    drawn["cell"] += 1
    assert see(seen, 2, drawn, cell=3) == ()


def test_a_request_that_led_to_nothing_is_repeated_under_another_number() -> None:
    drawn = Counter(cell=1)
    seen = parts._Seen(None, {"cell": 1})
    see(seen, 1, drawn, cell=2)
    numbers = []
    for _ in range(3 * (parts._PATIENCE + 1)):
        assert see(seen, 1, drawn, cell=2) == ("cell",)
        numbers.append(seen.number)
    assert len(set(numbers)) == 4
    assert numbers == sorted(numbers)


def test_a_page_with_other_parts_is_drawn_as_a_whole() -> None:
    seen = parts._Seen(None, {"cell": 1})
    assert not parts._look_again(seen, 1, lambda: {"cell": 1, "another": 1}, (), Counter(cell=1))


def test_a_part_that_was_drawn_from_older_answers_is_drawn_once_more() -> None:
    drawn = Counter(tree=1, cell=1)
    seen = parts._Seen(None, {"tree": 1, "cell": "ready"})
    assert see(seen, 1, drawn, tree=1, cell="ready") == ()
    # one that the page has no more is not asked for
    assert parts._look_again(seen, 1, dict, ("cell", "gone"), drawn)
    assert [*seen.due] == ["cell"]
