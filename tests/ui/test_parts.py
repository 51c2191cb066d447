"""Which parts of a page a look finds out of date."""

from __future__ import annotations

from typing import Any

from workbench.ui import parts


def see(seen: parts._Seen, now: int, **shown: Any) -> list[str] | None:
    """The parts that are due after a look at a page that shows `shown`."""
    return parts._look_again(seen, now, lambda: shown, ())


def test_what_changed_between_drawing_and_the_first_look_is_seen() -> None:
    seen = parts._Seen(None, {"tree": 1, "cell": "ready"})
    assert see(seen, 7, tree=1, cell="fresh") == ["cell"]


def test_a_change_is_due_once() -> None:
    seen = parts._Seen(None, {"tree": 1, "cell": 1})
    assert see(seen, 1, tree=1, cell=2) == ["cell"]
    assert see(seen, 1, tree=1, cell=2) == []
    assert see(seen, 2, tree=2, cell=3) == ["tree", "cell"]
    # under the same signature nobody asks what the parts show
    assert see(seen, 2, tree=9, cell=9) == []


def test_a_page_with_other_parts_is_drawn_as_a_whole() -> None:
    seen = parts._Seen(None, {"cell": 1})
    assert see(seen, 1, cell=1, another=1) is None


def test_a_page_that_shows_something_else_beside_its_parts_is_drawn_as_a_whole() -> None:
    seen = parts._Seen(None, {"cell": 1, parts.PAGE: "paused"})
    assert see(seen, 1, cell=2, **{parts.PAGE: "paused"}) == ["cell"]
    assert see(seen, 2, cell=2, **{parts.PAGE: "resumed"}) is None


def test_a_part_that_was_drawn_from_older_answers_is_drawn_once_more() -> None:
    seen = parts._Seen(None, {"tree": 1, "cell": "ready"})
    assert see(seen, 1, tree=1, cell="ready") == []
    # one that the page has no more is not asked for
    assert parts._look_again(seen, 1, dict, ("cell", "gone")) == ["cell"]
