"""The order of jobs follows from what workflows read and write."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from workbench.db.rows.story import Node
from workbench.story import plan


@dataclass(frozen=True)
class Maker:
    name: str
    scope: str
    reads: tuple[str, ...]
    writes: str | None


MAKERS = (
    Maker("outline", "project", ("brief",), "outline"),
    Maker("anchor", "scene", ("outline", "previous.anchor"), "anchor"),
    Maker("shots", "scene", ("anchor",), "shots"),
    Maker("motion", "scene", ("shots", "previous.shots", "next.shots"), "motion"),
    Maker("images", "scene", ("shots",), "images"),
)


def story(scenes: int) -> list[Node]:
    def node(number: int, kind: str, parent_id: int | None, position: int) -> Node:
        return Node(number, kind, 1, parent_id, position, f"{kind} {position}", None, None, None, 0)

    return [node(1, "project", None, 0), *(node(10 + i, "scene", 1, i) for i in range(1, scenes + 1))]


def keys(items: list[plan.Item]) -> list[tuple[str, int]]:
    return [i.key for i in items]


def test_everything_missing_comes_in_an_order_where_each_job_follows_what_it_reads() -> None:
    items = plan.find_work(story(3), MAKERS, lambda _node, _kind: "missing")
    assert len(items) == 1 + 3 * 4
    place = {i.key: n for n, i in enumerate(items)}
    assert place["anchor", 12] > place["anchor", 11]
    assert place["motion", 12] > max(place["shots", 11], place["shots", 12], place["shots", 13])
    for number, item in enumerate(items):
        assert all(before < number for before in item.after)
    assert {items[i].key for i in items[place["motion", 11]].after} == {("shots", 11), ("shots", 12)}


def test_what_is_stale_takes_with_it_what_was_made_from_it_and_nothing_else() -> None:
    stale = {(12, "shots")}
    state = lambda node, kind: "stale" if (node, kind) in stale else "fresh"  # noqa: E731
    items = plan.find_work(story(3), MAKERS, state, "stale")
    assert keys(items)[0] == ("shots", 12)
    assert {i.key: i.state for i in items} == {
        ("shots", 12): "stale",
        ("images", 12): "downstream",
        ("motion", 11): "downstream",
        ("motion", 12): "downstream",
        ("motion", 13): "downstream",
    }


@pytest.mark.parametrize(("outline", "made"), [("missing", ["outline"]), ("begun", ["outline", "anchor", "shots"])])
def test_what_was_made_without_something_stays_when_that_is_made_and_goes_where_it_is_finished(
    outline: plan.State, made: list[str]
) -> None:
    states: dict[str, plan.State] = {"outline": outline}
    items = plan.find_work(story(1), MAKERS[:3], lambda _node, kind: states.get(kind, "fresh"))
    assert [i.workflow for i in items] == made


def test_an_update_of_what_is_stale_starts_nothing_that_was_never_made() -> None:
    states = {(11, "anchor"): "stale", (11, "shots"): "missing"}
    items = plan.find_work(story(1), MAKERS, lambda n, k: states.get((n, k), "missing"), "stale")
    assert keys(items) == [("anchor", 11)]


def test_a_job_waits_for_the_nearest_earlier_scene_that_is_made_anew_even_past_a_fresh_one() -> None:
    states = {(11, "anchor"): "stale", (13, "anchor"): "stale"}
    items = plan.find_work(story(3), MAKERS[1:2], lambda n, k: states.get((n, k), "fresh"), "stale")
    place = {i.key: i for i in items}
    assert [items[a].key for a in place["anchor", 13].after] == [("anchor", 11), ("anchor", 12)]


def test_named_jobs_are_ordered_and_those_of_nodes_that_are_gone_left_out() -> None:
    items = plan.order_jobs(story(2), MAKERS, [("shots", 12), ("anchor", 12), ("anchor", 99), ("nothing", 11)])
    assert keys(items) == [("anchor", 12), ("shots", 12)]


def test_waves_hold_what_can_run_side_by_side() -> None:
    rounds = plan.waves(plan.find_work(story(2), MAKERS, lambda _n, _k: "missing"))
    assert [sorted(keys(r)) for r in rounds] == [
        [("outline", 1)],
        [("anchor", 11)],
        [("anchor", 12), ("shots", 11)],
        [("images", 11), ("shots", 12)],
        [("images", 12), ("motion", 11), ("motion", 12)],
    ]


@pytest.mark.parametrize(("slots", "seconds"), [(8, 30.0), (1, 50.0)])
def test_a_plan_takes_its_longest_chain_or_all_its_work_over_the_workers(slots: int, seconds: float) -> None:
    items = [plan.Item("a", 1, "missing"), plan.Item("b", 1, "missing", (0,)), plan.Item("c", 1, "missing")]
    assert plan.time_needed(items, [10, 20, 20], slots) == seconds


@pytest.mark.parametrize("drawn_from_panels", [True, False])
def test_what_is_read_only_where_it_was_used_is_waited_for_only_there(drawn_from_panels: bool) -> None:
    makers = (Maker("panels", "scene", ("bible",), "panels"), Maker("images", "scene", ("used.panels",), "images"))
    made_from = lambda node, kind: [("panels", node)] if kind == "images" and drawn_from_panels else []  # noqa: E731
    state = lambda _node, kind: "stale" if kind == "panels" else "fresh"  # noqa: E731
    items = plan.find_work(story(1), makers, state, "stale", made_from=made_from)
    assert [(i.workflow, i.after) for i in items] == [("panels", ()), ("images", (0,))][: 1 + drawn_from_panels]

    ordered = plan.order_jobs(story(1), makers, [("images", 11), ("panels", 11)], made_from)
    assert [i.workflow for i in ordered] == (["panels", "images"] if drawn_from_panels else ["images", "panels"])


def test_what_reads_from_below_follows_everything_there() -> None:
    makers = (*MAKERS[:2], Maker("arc", "project", ("outline", "below.anchor"), "arc"))
    items = plan.find_work(story(2), makers, lambda _n, _k: "missing")
    assert keys(items) == [("outline", 1), ("anchor", 11), ("anchor", 12), ("arc", 1)]
    assert items[-1].after == (0, 1, 2)

    stale = lambda node, kind: "stale" if (node, kind) == (12, "anchor") else "fresh"  # noqa: E731
    items = plan.find_work(story(2), makers, stale, "stale")
    assert [(*i.key, i.state) for i in items] == [("anchor", 12, "stale"), ("arc", 1, "downstream")]


def test_jobs_that_wait_for_each_other_are_refused() -> None:
    circle = (Maker("a", "scene", ("y",), "x"), Maker("b", "scene", ("x",), "y"))
    with pytest.raises(ValueError, match="wait for each other"):
        plan.find_work(story(1), circle, lambda _n, _k: "missing")


def test_what_is_not_for_its_node_is_kept_up_and_not_begun() -> None:
    first = MAKERS[0]
    [node] = [n.id for n in story(1) if n.kind == first.scope][:1]
    unfit = [(first.name, node)]

    def made(state: plan.State) -> bool:
        return (first.name, node) in {i.key for i in plan.find_work(story(1), MAKERS, lambda *_: state, unfit=unfit)}

    assert (made("missing"), made("stale")) == (False, True)
