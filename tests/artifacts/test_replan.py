"""Which node becomes which child when a plan is saved again."""

from __future__ import annotations

import pytest

from workbench.artifacts.declared import Child
from workbench.artifacts.replan import Existing, match

A, B = Existing(1, 1, "A", False), Existing(2, 2, "B", False)
COMB = "Della counts her savings and sells her hair to buy a chain for his watch"
RAIN = "Behrman paints the last leaf on the wall during the storm at night"
YUGONG = "愚公召集全家人商量，要移走太行王屋两座大山"
ZHISOU = "智叟来到河曲，嘲笑愚公年老力衰"


def test_a_child_keeps_the_node_of_its_title_wherever_it_stands_now() -> None:
    plan = match([A, B], [Child(1, "B"), Child(2, "A")])
    assert plan.keep == {1: Child(2, "A"), 2: Child(1, "B")}
    assert (plan.create, plan.archive) == ([], [])


def test_a_position_alone_matches_nothing() -> None:
    plan = match([A, B], [Child(1, "A"), Child(2, "C")])
    assert plan.keep == {1: Child(1, "A")}
    assert (plan.create, plan.archive) == ([Child(2, "C")], [2])


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (COMB, COMB),
        (COMB, "Della sells her long hair; a chain for the watch is what she wants to buy"),
        (YUGONG, "愚公把全家人召集起来商量，移走挡路的太行王屋两座大山"),
    ],
)
def test_a_renamed_child_is_known_by_what_happens_in_it(was: str, now: str) -> None:
    """At another position too, and beside one that stands where it stood."""
    old = [Existing(1, 1, "A", False, was), Existing(2, 2, "B", False, RAIN)]
    plan = match(old, [Child(1, "New", "Nobody has ever heard of this before"), Child(2, "Renamed", now)])
    assert plan.keep == {1: Child(2, "Renamed", now)}
    assert plan.archive == [2]


@pytest.mark.parametrize(("was", "now"), [(COMB, RAIN), (YUGONG, ZHISOU), (COMB, ""), ("", "")])
def test_another_story_at_the_same_place_is_another_node(was: str, now: str) -> None:
    plan = match([Existing(1, 1, "A", False, was)], [Child(1, "C", now)])
    assert (plan.keep, plan.create, plan.archive) == ({}, [Child(1, "C", now)], [1])


def test_a_title_that_every_story_has_does_not_keep_another_scene_elsewhere() -> None:
    """“Resolve” may be the beat of any scene; where it stood, and by its events, it is the same one."""
    old = [Existing(1, 4, "Resolve", False, COMB)]
    assert match(old, [Child(9, "Resolve", RAIN)]).archive == [1]
    assert match(old, [Child(4, "Resolve", RAIN)]).keep.keys() == {1}
    assert match(old, [Child(9, "Resolve", COMB)]).keep.keys() == {1}


def test_of_two_with_one_title_what_happens_decides() -> None:
    old = [Existing(1, 1, "Night", False, COMB), Existing(2, 2, "Night", False, RAIN)]
    swapped = [Child(5, "Night", RAIN), Child(6, "night ", COMB)]
    assert match(old, swapped).keep == {2: swapped[0], 1: swapped[1]}


def test_what_is_new_is_created_and_what_is_gone_is_archived() -> None:
    assert match([A], [Child(1, "A"), Child(2, "B")]).create == [Child(2, "B")]
    assert match([A, B], [Child(1, "A")]).archive == [2]


def test_an_archived_node_comes_back_under_its_own_title_alone() -> None:
    archived = Existing(2, 2, "B", True, COMB)
    assert match([A, archived], [Child(1, "A"), Child(2, "B")]).keep[2] == Child(2, "B")
    plan = match([A, archived], [Child(1, "A"), Child(2, "C", COMB)])
    assert plan.create == [Child(2, "C", COMB)]
    assert 2 not in plan.keep
    assert plan.archive == []


def test_a_live_node_comes_before_an_archived_one_of_its_title() -> None:
    assert match([Existing(1, 2, "A", True), Existing(2, 3, "A", False)], [Child(1, "A")]).keep.keys() == {2}


def test_a_title_that_comes_twice_takes_the_nearest_node_first() -> None:
    same = [Existing(1, 1, "A", False), Existing(2, 5, "A", False)]
    assert match(same, [Child(4, "A"), Child(1, "A")]).keep == {1: Child(1, "A"), 2: Child(4, "A")}


def test_a_version_that_was_the_head_once_brings_back_exactly_its_nodes() -> None:
    """Whatever they are called meanwhile, and archived or not; nodes that are gone from the table are made anew."""
    old = [Existing(1, 2, "Renamed", False, RAIN), Existing(2, 1, "A", False, COMB), Existing(3, 1, "A", True, COMB)]
    plan = match(old, [Child(1, "A", COMB), Child(2, "B"), Child(3, "C")], {1: 3, 2: 1, 3: 99})
    assert plan.keep == {3: Child(1, "A", COMB), 1: Child(2, "B")}
    assert (plan.create, plan.archive) == ([Child(3, "C")], [2])
