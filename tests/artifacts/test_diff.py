"""What changed between two contents."""

from __future__ import annotations

from workbench.artifacts.diff import Change, changes, flatten, words


def test_leaves_have_paths_with_items_counted_from_one() -> None:
    content = {"title": "Lamp", "beats": [{"zh": "灯"}, {"zh": "海"}], "hook": None}
    assert flatten(content) == {"title": "Lamp", "beats.1.zh": "灯", "beats.2.zh": "海"}


def test_changed_and_new_fields_come_first_and_then_those_that_are_gone() -> None:
    was = {"title": "Lamp", "hook": "A knock", "beats": ["a", "b"]}
    now = {"beats": ["a", "c", "d"], "title": "Lamp"}
    assert changes(was, now) == [
        Change("beats.2", "b", "c"),
        Change("beats.3", None, "d"),
        Change("hook", "A knock", None),
    ]
    assert changes(was, was) == []


def test_words_are_marked_on_the_side_where_they_differ() -> None:
    left, right = words("the old lamp", "the lamp glass")
    assert "".join(text for text, _ in left) == "the old lamp"
    assert "".join(text for text, _ in right) == "the lamp glass"
    assert ("old", True) in left
    assert ("glass", True) in right
    assert words("黄衣", "赭衣") == ([("黄", True), ("衣", False)], [("赭", True), ("衣", False)])
