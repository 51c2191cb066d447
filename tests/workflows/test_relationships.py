"""Relationships on the real engine: of people and episodes that exist, each once, and what a person wrote stays."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import SAMPLES, run
from tests.workflows.test_causal_chain import asked, project
from workbench import samples
from workbench.errors import GuardUnmet

Start = Callable[..., Engine]
KIND, WORKFLOW = "character_relationships", "generate_character_relationships"


def related(engine: Engine, story: int) -> list[dict[str, Any]]:
    job = run(engine, WORKFLOW, story)
    assert job.state == "succeeded", job.error
    return content(engine, story)


def content(engine: Engine, story: int) -> list[dict[str, Any]]:
    head = engine.wb.artifact(story, KIND)
    assert head is not None
    return list(head.content["relationships"])


def edit(engine: Engine, story: int, relations: list[dict[str, Any]]) -> None:
    head = engine.wb.artifact(story, KIND)
    engine.wb.artifacts.save(story, KIND, {"relationships": relations}, head.version if head else None)


def told(a: str, b: str, **more: Any) -> dict[str, Any]:
    return {"from_name": a, "to_name": b, "type": "rivalry", "label": "手写", "description": "由人写下", **more}


@pytest.mark.parametrize("name", SAMPLES)
def test_people_of_the_library_are_bound_each_pair_once(start: Start, name: str) -> None:
    engine = start()
    story = project(engine, name)
    assert run(engine, "plan_episodes", story, {"target_episode_count": 4}).state == "succeeded"

    relations = related(engine, story)

    library = {c["name"] for c in samples.load(name)["characters"]}
    pairs = [(r["from_name"], r["to_name"]) for r in relations]
    assert len(pairs) == len(set(pairs))
    assert {n for pair in pairs for n in pair} <= library
    assert all(a != b for a, b in pairs)
    assert any(r["arc"] for r in relations)
    assert not any(r["pinned"] for r in relations)


def test_one_person_alone_stands_to_nobody(start: Start) -> None:
    engine = start()
    alone = [samples.load(SAMPLES[0])["characters"][0]]
    with pytest.raises(GuardUnmet, match="at least two people"):
        run(engine, WORKFLOW, project(engine, characters=alone))


SPOILT: list[tuple[Callable[[list[dict[str, Any]]], Any], str]] = [
    (lambda r: r[0].update(to_name="路人甲"), "not in the character library: 路人甲"),
    (lambda r: r[0].update(to_name=r[0]["from_name"]), "stands to themselves"),
    (lambda r: r.append(dict(r[0])), "is there twice"),
    (lambda r: r[0].update(type="frenemy"), "type"),
    (lambda r: r[0].update(arc=[{"episode_order": 9, "change": "x", "new_intensity": 3}]), "no episode 9"),
    (lambda r: r[0].update(arc=[{"episode_order": o, "change": "x", "new_intensity": 3} for o in (2, 1)]), "ascend"),
    (lambda r: r[0].update(arc=[{"episode_order": o, "change": "x", "new_intensity": 3} for o in (1, 1)]), "ascend"),
    (lambda r: r[0].update(description="They have been rivals for years."), "must be Chinese"),
    (lambda r: r[0].update(intensity=0), "greater than or equal to 1"),
    (lambda r: r.clear(), "at least 1 item"),
]


@pytest.mark.parametrize(("spoil", "said"), SPOILT)
def test_what_cannot_be_resolved_is_an_issue_and_not_a_silent_loss(
    start: Start, spoil: Callable[[list[dict[str, Any]]], Any], said: str
) -> None:
    def change(made: dict[str, Any]) -> None:
        spoil(made["relationships"])

    engine = start(lambda made: None, change)
    story = project(engine)
    assert run(engine, "plan_episodes", story, {"target_episode_count": 3}).state == "succeeded"

    relations = related(engine, story)

    assert said in asked(engine)[-1]
    assert relations


def test_a_person_who_goes_by_an_alias_gets_their_own_name(start: Start) -> None:
    def by_alias(made: dict[str, Any]) -> None:
        for relation in made["relationships"]:
            for end in ("from_name", "to_name"):
                relation[end] = relation[end].replace("愚公", "愚公爷爷")

    engine = start(by_alias)
    people = [{"name": "小禾"}, {"name": "愚公", "aliases": ["愚公爷爷"]}, {"name": "智叟"}]
    story = project(engine, SAMPLES[1], characters=people)

    names = {r[end] for r in related(engine, story) for end in ("from_name", "to_name")}
    assert "愚公" in names
    assert names <= {"小禾", "愚公", "智叟"}


def test_whom_a_person_calls_by_an_alias_is_bound_once_in_later_runs(start: Start) -> None:
    people = [{"name": "小禾"}, {"name": "愚公", "aliases": ["愚公爷爷"]}, {"name": "智叟"}]
    engine = start()
    story = project(engine, SAMPLES[1], characters=people)
    [first, *_] = [r for r in related(engine, story) if "愚公" in (r["from_name"], r["to_name"])]
    ends = {end: first[end].replace("愚公", "愚公爷爷") for end in ("from_name", "to_name")}
    edit(engine, story, [told(ends["from_name"], ends["to_name"])])

    def bare(relation: dict[str, Any]) -> list[str]:
        return [relation[end].replace("愚公爷爷", "愚公") for end in ends]

    of_both = [r for r in related(engine, story) if bare(r) == bare(first)]
    assert [r["label"] for r in of_both] == ["手写"]


def test_what_a_person_wrote_or_edited_stays_through_later_runs(start: Start) -> None:
    engine = start()
    story = project(engine)
    made = related(engine, story)
    mine = told("乞丐", "道士")
    edited = [{**made[0], "description": "我改过的"}, *made[1:], mine]
    edit(engine, story, edited)

    second = related(engine, story)
    third = related(engine, story)

    for relations in (second, third):
        pinned = [r for r in relations if r["pinned"]]
        assert [r["description"] for r in pinned] == ["我改过的", "由人写下"]
        assert len(relations) == len(made) + 1
    assert "由人写下" in asked(engine)[-1]


def test_of_somebody_who_is_gone_nothing_is_kept_and_the_creator_is_told(start: Start) -> None:
    engine = start()
    story = project(engine)
    related(engine, story)
    edit(engine, story, [told("乞丐", "道士", pinned=True), told("王生", "陈氏", pinned=True)])
    gone = next(n.id for n in engine.wb.projects.tree(story).nodes if n.title == "道士")
    engine.wb.projects.archive(gone)

    relations = related(engine, story)

    assert [r["from_name"] for r in relations if r["pinned"]] == ["王生"]
    head = engine.wb.artifact(story, KIND)
    assert head is not None
    assert "乞丐 → 道士" in str(head.warnings)


def change_plan(engine: Engine, story: int, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> int:
    """Change the episodes by hand; they are numbered anew. The version before that."""
    head = engine.wb.artifact(story, "episode_plan")
    assert head is not None
    episodes = [{**e, "order": order} for order, e in enumerate(change(copy.deepcopy(head.content["episodes"])), 1)]
    plan = {**head.content, "episodes": episodes, "episode_count": len(episodes)}
    engine.wb.artifacts.save(story, "episode_plan", plan, head.version)
    return head.version


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_change_stays_in_its_episode_when_that_moves(start: Start, by_hand: bool) -> None:
    engine = start()
    story = project(engine)
    assert run(engine, "plan_episodes", story, {"target_episode_count": 3}).state == "succeeded"
    arc = [{"episode_order": n, "change": f"change {n}", "new_intensity": n} for n in (1, 2, 3)]
    if by_hand:
        edit(engine, story, [told("乞丐", "道士", arc=arc)])
    else:
        # what a run keeps of a person's is saved by the job
        edit(engine, story, [told("乞丐", "道士", arc=arc, pinned=True)])
        keep = content(engine, story)
        assert next(r for r in related(engine, story) if r["pinned"])["arc"] == keep[0]["arc"]
        engine.wb.artifacts.pin(story, KIND, 2)

    def told_now() -> list[tuple[int, str]]:
        arc = next(r for r in content(engine, story) if r["label"] == "手写")["arc"]
        return [(c["episode_order"], c["change"]) for c in arc]

    prologue = {
        "title": "Prologue", "logline": "Frost covers an empty orchard.", "scene_scope": "An orchard.",
        "beats": ["frost", "silence", "dawn"],
    }  # fmt: skip
    change_plan(engine, story, lambda episodes: [prologue, *episodes])
    assert told_now() == [(2, "change 1"), (3, "change 2"), (4, "change 3")]
    change_plan(engine, story, lambda episodes: [*reversed(episodes)])
    assert told_now() == [(1, "change 3"), (2, "change 2"), (3, "change 1")]
    before = change_plan(engine, story, lambda episodes: episodes[1:])
    assert told_now() == [(1, "change 2"), (2, "change 1")]
    engine.wb.artifacts.restore(story, "episode_plan", before)
    assert told_now() == [(1, "change 3"), (2, "change 2"), (3, "change 1")]


def test_relationships_are_stale_when_there_is_another_episode(start: Start) -> None:
    engine = start()
    story = project(engine)
    assert run(engine, "plan_episodes", story, {"target_episode_count": 3}).state == "succeeded"
    related(engine, story)
    assert engine.wb.artifacts.list_stale_reasons(story, KIND) == []
    change_plan(engine, story, lambda episodes: episodes[:-1])
    reasons = engine.wb.artifacts.list_stale_reasons(story, KIND)
    assert ("episode_count", "3", "2") in [(c.path, c.was, c.now) for reason in reasons for c in reason.changes]


def test_what_a_model_wrote_is_not_taken_for_a_persons_when_episodes_move(start: Start) -> None:
    engine = start()
    story = project(engine)
    assert run(engine, "plan_episodes", story, {"target_episode_count": 3}).state == "succeeded"
    made = related(engine, story)
    assert any(relation["arc"] for relation in made)
    edit(engine, story, [*made, told("乞丐", "道士")])
    change_plan(engine, story, lambda episodes: [*reversed(episodes)])
    assert [r["label"] for r in related(engine, story) if r["pinned"]] == ["手写"]
