"""New characters on the real engine: with evidence, nobody twice, decided one by one; the agent that looks around."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import SAMPLES, run
from tests.workflows.test_causal_chain import asked, built, project, steps
from workbench import samples
from workbench.errors import GuardUnmet, NotAllowed
from workbench.providers.base import OnDelta, TextReply, TextRequest
from workbench.story.names import NameIndex
from workbench.workflows.planning import looking

Start = Callable[..., Engine]
KIND, WORKFLOW = "character_candidates", "expand_story_characters"


def expanded(engine: Engine, story: int, **params: Any) -> dict[str, Any]:
    job = run(engine, WORKFLOW, story, params)
    assert job.state == "succeeded", job.error
    return content(engine, story)


def content(engine: Engine, story: int) -> dict[str, Any]:
    head = engine.wb.artifact(story, KIND)
    assert head is not None
    return dict(head.content)


def proposal(name: str, source: str, **more: Any) -> dict[str, Any]:
    evidence = [{"source": source, "text": "这里提到他"}]
    return {"name": name, "brief": "一个配角", "confidence": 0.8, "evidence": evidence, **more}


@pytest.mark.parametrize("use_tools", [False, True])
@pytest.mark.parametrize("name", SAMPLES)
def test_candidates_are_new_and_name_what_the_story_has(start: Start, name: str, use_tools: bool) -> None:
    engine = start()
    story = project(engine, name)
    chain = built(engine, story)

    made = expanded(engine, story, use_tools=use_tools)

    brief = samples.load(name)
    library = NameIndex(brief["characters"])
    beats = {b["name"] for act in chain["beats"]["acts"] for b in act["beats"]}
    sources = beats | {layer["name"] for layer in chain["knowledge"]["layers"]} | {w["name"] for w in brief["world"]}
    assert 1 <= len(made["candidates"]) <= 8
    for candidate in made["candidates"]:
        assert candidate["status"] == "pending"
        assert library.find(candidate["name"]) is None
        assert {e["source"] for e in candidate["evidence"]} <= sources
    assert not engine.wb.artifacts.list_stale_reasons(story, KIND)


def test_a_story_without_chain_and_world_is_its_own_source(start: Start) -> None:
    engine = start()
    story = project(engine, SAMPLES[1], world=[])

    made = expanded(engine, story)

    assert {e["source"] for c in made["candidates"] for e in c["evidence"]} <= {"brief", "简报"}


def answer(*proposals: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda made: {**made, "candidates": list(proposals)}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (answer(proposal("甲", "没有的节拍")), "nothing of this story is named"),
        (answer(proposal("甲", "书斋", evidence=[])), "evidence"),
        (answer(proposal("王生", "书斋")), "1 are in the library"),
        (answer(proposal("甲", "书斋", aliases=["陈氏"])), "1 are in the library"),
        (answer(proposal("甲", "书斋", confidence=0.3)), "1 are below 0.45"),
        (answer(), "at least 1 item"),
    ],
)
def test_a_proposal_that_is_not_usable_is_repaired_with_the_issue(
    start: Start, spoil: Callable[[dict[str, Any]], Any], said: str
) -> None:
    engine = start(spoil)
    story = project(engine)

    made = expanded(engine, story)

    assert said in asked(engine)[-1]
    assert made["candidates"]


def test_what_is_left_out_beside_a_usable_one_is_counted(start: Start) -> None:
    engine = start(
        answer(
            proposal("船夫", "书斋"),
            proposal("船夫", "书斋", confidence=0.6),
            proposal("王生", "书斋"),
            proposal("更夫", "书斋", confidence=0.2),
        )
    )
    story = project(engine)

    made = expanded(engine, story)

    assert [c["name"] for c in made["candidates"]] == ["船夫"]
    assert made["counts"] == {"total": 4, "existing": 1, "duplicate": 1, "low_confidence": 1, "carried_over": 0}


def test_a_later_run_keeps_the_undecided_and_never_goes_beyond_the_maximum(start: Start) -> None:
    first = answer(proposal("船夫", "书斋"), proposal("更夫", "书斋"))
    second = answer(proposal("船夫", "书斋"), proposal("里正", "书斋"), proposal("货郎", "书斋", confidence=0.7))
    engine = start(first, second)
    story = project(engine)
    expanded(engine, story, max_new_characters=2)
    with pytest.raises(GuardUnmet, match="2 candidates wait for your decision"):
        run(engine, WORKFLOW, story, {"max_new_characters": 2})

    made = expanded(engine, story, max_new_characters=3)

    assert [c["name"] for c in made["candidates"]] == ["船夫", "更夫", "里正"]
    assert (made["counts"]["carried_over"], made["counts"]["duplicate"]) == (2, 1)
    assert "先前提过" in asked(engine)[-1]


def test_accepting_makes_a_character_and_rejecting_keeps_them_from_coming_back(start: Start) -> None:
    first = answer(proposal("船夫", "书斋", aliases=["老船"], appearance="蓑衣"), proposal("更夫", "书斋"))
    engine = start(first, answer(proposal("更夫", "书斋"), proposal("里正", "书斋")))
    story = project(engine)
    expanded(engine, story)

    node = engine.wb.candidates.accept(story, "船夫")
    engine.wb.candidates.reject(story, "更夫")

    sheet = engine.wb.artifact(node, "character")
    assert sheet is not None
    assert (sheet.content["name"], sheet.content["aliases"]) == ("船夫", ["老船"])
    assert sheet.content["appearance"] == "蓑衣"
    assert {c["name"]: c["status"] for c in content(engine, story)["candidates"]} == {
        "船夫": "accepted",
        "更夫": "rejected",
    }
    made = expanded(engine, story)
    assert {c["name"]: c["status"] for c in made["candidates"]} == {
        "船夫": "accepted",
        "更夫": "rejected",
        "里正": "pending",
    }


def test_a_decision_is_made_once_and_a_name_that_is_taken_meanwhile_is_refused(start: Start) -> None:
    engine = start(answer(proposal("船夫", "书斋"), proposal("更夫", "书斋")))
    story = project(engine)
    expanded(engine, story)
    engine.wb.candidates.accept(story, "船夫")
    engine.wb.projects.add_element(story, "character", {"name": "更夫"})

    with pytest.raises(Exception, match="already"):
        engine.wb.candidates.accept(story, "船夫")
    with pytest.raises(Exception, match="更夫 is in the library already"):
        engine.wb.candidates.accept(story, "更夫")
    with pytest.raises(Exception, match="no candidate"):
        engine.wb.candidates.reject(story, "里正")
    assert [c["status"] for c in content(engine, story)["candidates"]] == ["accepted", "pending"]


def test_who_is_in_the_library_is_decided_also_in_a_version_of_before(start: Start) -> None:
    proposed = (proposal("船夫", "书斋", aliases=["老船"]), proposal("更夫", "书斋"))
    engine = start(answer(*proposed), answer(proposal("里正", "书斋"), proposal("货郎", "书斋")))
    story = project(engine)
    expanded(engine, story, max_new_characters=2)
    before = engine.wb.artifact(story, KIND)
    assert before is not None
    engine.wb.candidates.accept(story, "船夫")
    engine.wb.artifacts.restore(story, KIND, before.version)

    for decide in (engine.wb.candidates.accept, engine.wb.candidates.reject):
        with pytest.raises(NotAllowed, match="船夫 is in the library already"):
            decide(story, "船夫")
    # the other one alone waits for a decision, so that there is room for one more
    made = expanded(engine, story, max_new_characters=2)
    assert [c["name"] for c in made["candidates"]] == ["船夫", "更夫", "里正"]
    assert made["counts"]["carried_over"] == 1
    assert ("船夫", "accepted") in [(d["name"], d["status"]) for d in decided(asked(engine)[-1])]
    engine.wb.candidates.reject(story, "更夫")


def decided(prompt: str) -> list[dict[str, Any]]:
    """What a prompt tells of earlier candidates."""
    told = re.search(r'\[\s*\{[^\]]*"status"[^\]]*\]', prompt)
    return list(json.loads(told.group(0))) if told else []


def test_the_agent_reads_what_it_asks_for_and_each_turn_is_a_step(start: Start) -> None:
    engine = start()
    story = project(engine)
    built(engine, story)

    job = run(engine, WORKFLOW, story, {"use_tools": True})

    assert steps(engine, job) == ["agent-1", "agent-2", "agent-3", "agent-4"]
    last = asked(engine)[-1]
    assert samples.load(SAMPLES[0])["summary"][:20] in last
    told = [str(e.message) for e in engine.wb.jobs.get_detail(job.id).events]
    assert any("names_in_chain" in line for line in told)
    assert any("after 4 turns" in line for line in told)


@pytest.mark.parametrize("start_at", [0, 100])
def test_the_chain_is_read_in_pieces(start: Start, start_at: int) -> None:
    engine = start(*[lambda made: None] * 7, lambda made: {"tool": "chain", "start": start_at, "length": 300})
    story = project(engine)
    built(engine, story)

    expanded(engine, story, use_tools=True)

    assert f'"start": {start_at}' in asked(engine)[8]


def test_an_agent_that_never_finishes_or_answers_nonsense_falls_back_to_one_call(start: Start) -> None:
    def read_on(made: dict[str, Any]) -> dict[str, Any]:
        return {"tool": "world"}

    for changes in ([read_on] * 7, [lambda made: "no json at all"] * 2):
        engine = start(*changes)
        story = project(engine)

        job = run(engine, WORKFLOW, story, {"use_tools": True})

        assert job.state == "succeeded", job.error
        assert steps(engine, job)[-1] == "candidates"
        head = engine.wb.artifact(story, KIND)
        assert head is not None
        assert "led nowhere" in str(head.warnings)


def test_an_agent_that_takes_too_long_falls_back_too(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "ALL_S", 0.0)
    engine = start()
    story = project(engine)

    job = run(engine, WORKFLOW, story, {"use_tools": True})

    assert steps(engine, job) == ["candidates"]
    assert job.state == "succeeded"


def test_a_look_around_has_six_turns_of_45_seconds_and_180_in_all() -> None:
    assert (looking.MAX_TURNS, looking.TURN_S, looking.ALL_S) == (6, 45.0, 180.0)


@pytest.mark.parametrize("turns_before", [0, 2])
@pytest.mark.parametrize("limit", ["TURN_S", "ALL_S"])
def test_a_turn_that_hangs_ends_the_looking_around_and_not_the_job(
    start: Start, monkeypatch: pytest.MonkeyPatch, turns_before: int, limit: str
) -> None:
    engine = start(*[lambda made: {"tool": "world"}] * turns_before)
    story = project(engine)
    provider = engine.provider  # type: ignore[attr-defined]
    answer, given, hung = provider.text, 0, 0
    clocks: list[asyncio.Timeout] = []

    async def text(request: TextRequest, on_delta: OnDelta) -> TextReply:
        nonlocal given, hung
        given += 1
        if given == turns_before + 1:
            hung += 1
            clocks[-1].reschedule(asyncio.get_running_loop().time())  # its time is over, however long that took
            await asyncio.Event().wait()
        return await answer(request, on_delta)

    class Clock:
        """Runs only when the test says so."""

        @staticmethod
        def timeout(seconds: float) -> asyncio.Timeout:
            assert 0 < seconds <= {"TURN_S": 45.0, "ALL_S": 30.0}[limit]
            clocks.append(asyncio.timeout(None))
            return clocks[-1]

    if limit == "ALL_S":
        monkeypatch.setattr(looking, "ALL_S", 30.0)
    monkeypatch.setattr(looking, "asyncio", Clock)
    monkeypatch.setattr(provider, "text", text)

    job = run(engine, WORKFLOW, story, {"use_tools": True})

    assert (job.state, hung) == ("succeeded", 1), job.error
    assert steps(engine, job)[-1] == "candidates"
    head = engine.wb.artifact(story, KIND)
    assert head is not None
    assert "took too long" in str(head.warnings)


def test_a_story_that_tells_nothing_is_refused(start: Start) -> None:
    engine = start()
    with pytest.raises(GuardUnmet, match="of at least 100 characters"):
        run(engine, WORKFLOW, project(engine, summary="太短"))
