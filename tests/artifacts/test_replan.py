"""Which node becomes which child when a plan is saved again."""

from __future__ import annotations

from workbench.artifacts.declared import Child
from workbench.artifacts.replan import Existing, match

A, B = Existing(1, 1, "A", False), Existing(2, 2, "B", False)


def test_a_child_keeps_the_node_of_its_title_wherever_it_stands_now() -> None:
    plan = match([A, B], [Child(1, "B"), Child(2, "A")])
    assert plan.keep == {1: Child(2, "A"), 2: Child(1, "B")}
    assert (plan.create, plan.archive) == ([], [])


def test_a_child_of_a_new_title_keeps_the_node_of_its_position() -> None:
    plan = match([A, B], [Child(1, "A"), Child(2, "C")])
    assert plan.keep == {1: Child(1, "A"), 2: Child(2, "C")}


def test_what_is_new_is_created_and_what_is_gone_is_archived() -> None:
    assert match([A], [Child(1, "A"), Child(2, "B")]).create == [Child(2, "B")]
    assert match([A, B], [Child(1, "A")]).archive == [2]


def test_an_archived_node_comes_back_under_its_own_title_alone() -> None:
    archived = Existing(2, 2, "B", True)
    assert match([A, archived], [Child(1, "A"), Child(2, "B")]).keep[2] == Child(2, "B")
    plan = match([A, archived], [Child(1, "A"), Child(2, "C")])
    assert plan.create == [Child(2, "C")]
    assert 2 not in plan.keep
    assert plan.archive == []


def test_a_title_that_comes_twice_takes_the_nearest_node_first() -> None:
    same = [Existing(1, 1, "A", False), Existing(2, 5, "A", False)]
    assert match(same, [Child(4, "A"), Child(1, "A")]).keep == {1: Child(1, "A"), 2: Child(4, "A")}
