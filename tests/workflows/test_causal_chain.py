"""The causal chain on the real engine: four phases, each saved as it ends, stale by phase, repaired where it lacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import SAMPLES, run
from workbench import samples
from workbench.artifacts.drama import PHASES, CausalChain
from workbench.db.rows.jobs import Job
from workbench.errors import GuardUnmet, InvalidInput, ProviderError
from workbench.i18n import Text
from workbench.story import chain as rules
from workbench.story.facts import Inputs, NodeView
from workbench.story.freshness import find_stale_parts
from workbench.story.leads import find_leads
from workbench.story.names import NameIndex

Start = Callable[..., Engine]
KIND, WORKFLOW = "causal_chain", "build_narrative_causal_chain"


def project(engine: Engine, name: str = SAMPLES[0], **changed: Any) -> int:
    return engine.wb.create_project({**samples.load(name), **changed})


def build(engine: Engine, story: int, phase: int | None = None, **params: Any) -> Job:
    return run(engine, WORKFLOW, story, {"phase": phase, **params})


def built(engine: Engine, story: int, *phases: int | None) -> dict[str, Any]:
    for phase in phases or (None,):
        job = build(engine, story, phase)
        assert job.state == "succeeded", job.error
    return content(engine, story)


def content(engine: Engine, story: int) -> dict[str, Any]:
    head = engine.wb.artifact(story, KIND)
    assert head is not None
    return dict(head.content)


def stale(engine: Engine, story: int) -> set[str]:
    return find_stale_parts(NodeView.load(engine.wb.database, story, Inputs()), KIND)


def asked(engine: Engine) -> list[str]:
    """The last message of each request."""
    return [r.messages[-1].content for r in engine.provider.requests]  # type: ignore[attr-defined]


def steps(engine: Engine, job: Job) -> list[str]:
    return [s.name for s in engine.wb.jobs.get_detail(job.id).steps]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_brief_becomes_a_whole_chain_and_each_phase_is_saved_as_it_ends(start: Start, name: str) -> None:
    engine = start()
    story = project(engine, name)

    job = build(engine, story)

    assert job.state == "succeeded", job.error
    assert steps(engine, job) == ["phase1", "phase2", "beats", "act-1", "act-2", "act-3", "weave"]
    versions = engine.wb.artifacts.list_versions(story, KIND)
    # phase 3: its directory, and two acts before its last one
    phases = (1, 2, 2, 2, 2, 3, 4)
    assert [sorted(v.part_hashes or {}) for v in reversed(versions)] == [sorted(PHASES[:n]) for n in phases]
    assert stale(engine, story) == set()
    brief = samples.load(name)
    chain = CausalChain.model_validate(content(engine, story))
    assert chain.knowledge is not None
    assert chain.beats is not None
    assert chain.weave is not None
    people = rules.people_of(brief["characters"], chain.knowledge)
    leads = find_leads(brief["protagonist"], NameIndex(brief["characters"]))
    names = [b.name for b in rules.list_beats(chain.beats)]
    assert not rules.knowledge_issues(chain.knowledge, brief["characters"], leads)
    assert not rules.beats_issues(chain.beats, people)
    assert not rules.weave_issues(chain.weave, names, people)
    assert content(engine, story)["validation_status"] == "pass"
    assert rules.count(chain).information_shifts >= 2


@pytest.mark.parametrize("phase", [None, 3])
def test_acts_that_are_done_are_in_the_chain_before_phase_3_ends_and_are_not_paid_for_by_the_next_job(
    start: Start, phase: int | None
) -> None:
    engine = start(*[lambda made: None] * 5, refused)
    story = project(engine)
    assert build(engine, story).state == "failed"
    so_far = content(engine, story)
    assert so_far["completed_phase"] == 2
    assert so_far.get("beats") is None
    assert ([act["act"] for act in so_far["begun"]["acts"]], so_far["begun"]["of"]) == ([1, 2], 3)
    assert stale(engine, story) == set()
    before = len(asked(engine))

    job = build(engine, story, phase)

    assert job.state == "succeeded", job.error
    assert len(asked(engine)) - before == (2 if phase is None else 1), "act 3, and where it goes on phase 4"
    made = content(engine, story)
    assert made["beats"]["acts"][:2] == so_far["begun"]["acts"]
    assert "begun" not in made
    assert stale(engine, story) == set()
    reused = {s.name for s in engine.wb.jobs.get_detail(job.id).steps if s.reused_from is not None}
    assert reused == {"beats", "act-1", "act-2"}
    before = len(asked(engine))
    assert build(engine, story, 3).state == "succeeded"
    assert len(asked(engine)) - before == 4, "a phase that has ended is built anew"


def test_acts_that_were_begun_on_another_phase_2_are_written_anew_and_the_old_phase_3_stays_until_then(
    start: Start,
) -> None:
    def other_secret(made: dict[str, Any]) -> None:
        made["character_matrix"][0]["secret"] = "另一个秘密"

    engine = start(*[lambda made: None] * 9, refused, other_secret)
    story = project(engine)
    old = built(engine, story)
    assert build(engine, story, 3).state == "failed"
    assert content(engine, story)["beats"] == old["beats"]
    assert len(content(engine, story)["begun"]["acts"]) == 1
    assert stale(engine, story) == set(), "what the old acts were made from is what it was"

    built(engine, story, 2)

    assert "begun" not in content(engine, story)
    assert stale(engine, story) == {"beats", "weave"}
    before = len(asked(engine))
    built(engine, story, 3)
    assert len(asked(engine)) - before == 4


def test_a_replay_of_a_job_that_broke_off_makes_every_act_itself(start: Start) -> None:
    engine = start(*[lambda made: None] * 5, refused)
    story = project(engine)
    broken = build(engine, story)
    before = len(asked(engine))

    replay = engine.finish(engine.wb.jobs.replay(broken.id).id, timeout=60)

    assert replay.state == "succeeded", replay.error
    assert len(asked(engine)) - before == 5


def test_phases_can_be_built_one_by_one_and_come_out_the_same(start: Start) -> None:
    engine = start()
    whole, single = project(engine), project(engine)

    assert built(engine, whole) == built(engine, single, 1, 2, 3, 4)


def test_a_phase_waits_for_the_one_before_it_and_a_whole_chain_for_a_choice(start: Start) -> None:
    engine = start()
    story = project(engine)
    with pytest.raises(GuardUnmet, match="Finish phase 1 first"):
        build(engine, story, 3)
    built(engine, story, 1)
    with pytest.raises(GuardUnmet, match="Finish phase 2 first"):
        build(engine, story, 4)
    built(engine, story)
    with pytest.raises(GuardUnmet, match="All four phases"):
        build(engine, story)


def test_building_phase_2_again_makes_3_and_4_stale_and_leaves_them_there(start: Start) -> None:
    def other_secret(made: dict[str, Any]) -> None:
        made["character_matrix"][0]["secret"] = "另一个秘密"

    engine = start(*[lambda made: None] * 7, other_secret)
    story = project(engine)
    before = built(engine, story)

    after = built(engine, story, 2)

    assert after["knowledge"] != before["knowledge"]
    assert (after["beats"], after["weave"]) == (before["beats"], before["weave"])
    assert stale(engine, story) == {"beats", "weave"}
    reasons = engine.wb.artifacts.list_stale_reasons(story, KIND)
    assert {(r.kind, r.part) for r in reasons} == {(KIND, "knowledge")}
    with pytest.raises(GuardUnmet, match="Phase 3 is stale"):
        build(engine, story, 4)
    asked_before = len(asked(engine))
    job = build(engine, story)
    assert steps(engine, job) == ["beats", "act-1", "act-2", "act-3", "weave"]
    assert len(asked(engine)) == asked_before + 5
    assert stale(engine, story) == set()


def test_a_changed_brief_makes_stale_what_was_built_on_it_and_a_rebuilt_phase_alone_is_fresh(start: Start) -> None:
    engine = start()
    story = project(engine)
    built(engine, story, 1, 2)
    brief = engine.wb.artifact(story, "brief")
    assert brief is not None
    engine.wb.artifacts.save(story, "brief", {**brief.content, "genre": "志怪"}, brief.version)
    assert stale(engine, story) == {"outline", "knowledge"}

    built(engine, story, 1)

    assert "outline" not in stale(engine, story)
    assert "knowledge" in stale(engine, story)


def test_an_edit_by_hand_of_one_phase_makes_the_later_ones_stale_and_is_kept_to(start: Start) -> None:
    engine = start()
    story = project(engine)
    made = built(engine, story)
    head = engine.wb.artifact(story, KIND)
    assert head is not None
    edited = {**made, "knowledge": {**made["knowledge"]}}
    edited["knowledge"]["character_matrix"] = [
        {**row, "goal": "活下去"} for row in made["knowledge"]["character_matrix"]
    ]
    engine.wb.artifacts.save(story, KIND, edited, head.version)
    assert stale(engine, story) == {"beats", "weave"}

    after = built(engine, story, 2)

    assert after["knowledge"] == edited["knowledge"], "the sketch keeps to all of it"
    assert "活下去" in asked(engine)[-1]
    built(engine, story, 3)
    assert "keep_to" not in asked(engine)[-1]
    assert content(engine, story)["knowledge"] == edited["knowledge"]


def lose(beat: int, *fields: str) -> Callable[[dict[str, Any]], None]:
    def change(made: dict[str, Any]) -> None:
        for field in fields:
            made["beats"][beat][field] = [] if field == "characters" else ""

    return change


KEEP: list[Any] = [lambda made: None] * 3


@pytest.mark.parametrize("fields", [("location",), ("visual_hook", "characters"), ("surface_event", "info_flow")])
def test_what_a_beat_lacks_is_asked_for_by_name_and_the_good_beats_stay(start: Start, fields: tuple[str, ...]) -> None:
    def only_the_missing_one(made: dict[str, Any]) -> None:
        assert len(made["beats"]) == 1
        made["beats"][0]["emotional_tone"] = "something else that nobody asked for"

    engine = start(*KEEP, lose(1, *fields), only_the_missing_one)
    story = project(engine)

    job = build(engine, story)

    assert job.state == "succeeded", job.error
    assert "act-1-fix-1" in steps(engine, job)
    asked_again = next(r for r in asked(engine) if "beats.1." in r)
    beats = content(engine, story)["beats"]["acts"][0]["beats"]
    assert beats[1]["name"] in asked_again
    assert all(f"beats.1.{field}" in asked_again for field in fields)
    plain = start()
    other = project(plain)
    expected = built(plain, other)["beats"]["acts"][0]["beats"]
    assert [b["surface_event"] for b in beats] == [b["surface_event"] for b in expected]
    assert beats[1]["emotional_tone"] == expected[1]["emotional_tone"], "what was good already is not touched"


def test_a_beat_that_is_left_out_altogether_and_a_stranger_are_asked_for_too(start: Start) -> None:
    def spoil(made: dict[str, Any]) -> None:
        made["beats"].pop(2)
        made["beats"][0]["characters"] = ["路人甲"]

    engine = start(*KEEP, spoil)
    story = project(engine)

    job = build(engine, story)

    assert job.state == "succeeded", job.error
    asked_again = next(r for r in asked(engine) if "beats.2." in r)
    assert "路人甲" in asked_again
    assert len(content(engine, story)["beats"]["acts"][0]["beats"]) == 3


def test_two_rounds_that_do_not_help_end_in_a_clean_failure_and_the_phases_before_stay(start: Start) -> None:
    engine = start(*KEEP, lose(1, "location"), lose(0, "location"), lose(0, "location"))
    story = project(engine)

    job = build(engine, story)

    assert (job.state, job.error_kind) == ("failed", "invalid_output")
    assert "beats.1.location" in str(job.error) or "location" in str(job.error)
    assert steps(engine, job)[-2:] == ["act-1-fix-1", "act-1-fix-2"]
    assert content(engine, story)["completed_phase"] == 2
    calls = len(asked(engine))
    retried = engine.finish(engine.wb.jobs.retry(job.id).id, timeout=60)
    assert retried.state == "failed", "the same answers are not paid for again"
    assert len(asked(engine)) == calls


SPOILT: list[tuple[int, Callable[[dict[str, Any]], Any], str]] = [
    (1, lambda m: m["layers"][0].update(roles=["路人甲"]), "not in the character matrix: 路人甲"),
    (1, lambda m: m.update(character_matrix=m["character_matrix"][1:]), "lead is missing"),
    (1, lambda m: m["character_matrix"].append(m["character_matrix"][0]), "is there twice"),
    (2, lambda m: m.update(act_mode="four_act"), "the acts must be 1, 2, 3, 4, are 1, 2, 3"),
    (2, lambda m: m["acts"][1]["beats"][0].update(name=m["acts"][0]["beats"][0]["name"]), "is there twice"),
    (2, lambda m: m["acts"][0]["beats"][0].update(escalation=10), "is in act 1"),
    (3, lambda m: m["beats"][0].update(name="别的节拍"), "is none of these beats"),
    (3, lambda m: m["beats"].reverse(), "must stand in this order"),
    (6, lambda m: m["plot_lines"][0].update(driver="路人甲"), "路人甲"),
    (6, lambda m: m["plot_lines"][0].update(key_interlocks=["没有的节拍"]), "no beat has this name"),
    (6, lambda m: m["plot_lines"][1].update(point_of_no_return="没有的节拍"), "no beat has this name"),
    (6, lambda m: m["plot_lines"][1].update(line_type="main"), "exactly one main line"),
    (6, lambda m: m["audit"].update(no_redundant_role=False), "no note says what to revise"),
]


@pytest.mark.parametrize(("call", "spoil", "said"), SPOILT)
def test_what_does_not_hold_together_is_repaired_with_the_exact_issue(
    start: Start, call: int, spoil: Callable[[dict[str, Any]], Any], said: str
) -> None:
    def change(made: dict[str, Any]) -> None:
        spoil(made)

    engine = start(*[lambda made: None] * call, change)
    story = project(engine)

    job = build(engine, story)

    assert job.state == "succeeded", job.error
    assert said in asked(engine)[call + 1]
    assert content(engine, story)["completed_phase"] == 4


def test_aliases_and_spellings_become_own_names(start: Start) -> None:
    def by_alias(made: dict[str, Any]) -> None:
        made["layers"][0]["roles"] = ["della"]

    engine = start(lambda made: None, by_alias)
    story = project(engine, SAMPLES[2])

    assert built(engine, story)["knowledge"]["layers"][0]["roles"] == ["Della"]


def test_an_audit_that_fails_is_saved_as_in_need_of_revision_with_a_warning(start: Start) -> None:
    def fail(made: dict[str, Any]) -> None:
        made["audit"]["three_way_tension"] = False
        made["notes"] = ["第三方要更早出手"]

    engine = start(*[lambda made: None] * 6, fail)
    story = project(engine)

    made = built(engine, story)

    assert (made["validation_status"], made["revision_suggestions"]) == ("needs_revision", ["第三方要更早出手"])
    head = engine.wb.artifact(story, KIND)
    assert head is not None
    assert any("第三方要更早出手" in str(w) for w in head.warnings or [])


def test_a_pinned_chain_stays_the_head_and_the_new_one_stands_beside_it_whole(start: Start) -> None:
    engine = start()
    story = project(engine)
    built(engine, story, 1)
    engine.wb.artifacts.pin(story, KIND, 1)

    build(engine, story)

    newest = engine.wb.artifacts.list_versions(story, KIND)[0]
    assert sorted(newest.part_hashes or {}) == sorted(PHASES)
    assert content(engine, story)["completed_phase"] == 1
    engine.wb.artifacts.pin(story, KIND, None)
    assert stale(engine, story) == set()


def test_plans_core_expressions_and_scene_lists_read_the_chain_where_there_is_one(start: Start) -> None:
    engine = start()
    bare, chained = project(engine), project(engine)
    made = built(engine, chained)
    beat = made["beats"]["acts"][1]["beats"][0]["name"]
    before = len(asked(engine))

    for story in (bare, chained):
        assert run(engine, "plan_episodes", story, {"target_episode_count": 2}).state == "succeeded"
        episode = next(n.id for n in engine.wb.projects.tree(story).nodes if n.kind == "episode")
        for workflow in ("generate_episode_core_expression", "generate_episode_scene_list"):
            assert run(engine, workflow, episode).state == "succeeded"

    plain, read = asked(engine)[before : before + 3], asked(engine)[before + 3 :]
    assert not any("因果链" in request for request in plain)
    assert all("因果链" in request and beat in request for request in read)
    edited = {**made, "outline": {**made["outline"], "core_object_or_event": "一封信"}}
    head = engine.wb.artifact(chained, KIND)
    assert head is not None
    engine.wb.artifacts.save(chained, KIND, edited, head.version)
    assert [bool(engine.wb.artifacts.list_stale_reasons(story, "episode_plan")) for story in (bare, chained)] == [
        False,
        True,
    ]


def test_a_long_chain_is_summarised_and_the_cut_is_told(start: Start) -> None:
    engine = start()
    story = project(engine)
    made = built(engine, story)
    for act in made["beats"]["acts"]:
        for beat in act["beats"]:
            beat.update(surface_event="山" * 1900, visual_hook="海" * 900)
    head = engine.wb.artifact(story, KIND)
    assert head is not None
    engine.wb.artifacts.save(story, KIND, made, head.version)

    job = run(engine, "plan_episodes", story)

    request = asked(engine)[-1]
    assert "山" * 1000 in request
    assert "海海" not in request
    told = [str(e.message) for e in engine.wb.jobs.get_detail(job.id).events]
    assert any("12000" in line for line in told)


def test_a_supervisor_that_is_forced_builds_a_fresh_chain_again(start: Start) -> None:
    engine = start()
    story = project(engine)
    built(engine, story)

    job = run(engine, "run_workflow_supervisor", story, {"force": True})

    children = engine.wb.jobs.list(kind=WORKFLOW)
    assert job.state in ("succeeded", "partial")
    assert [child.state for child in children] == ["succeeded", "succeeded"]


def overloaded(made: dict[str, Any]) -> Any:
    raise ProviderError("overloaded", Text("Try again."), retryable=True)


def refused(made: dict[str, Any]) -> Any:
    raise ProviderError("auth", Text("Wrong key."), retryable=False)


@pytest.mark.parametrize("call", [1, 2, 4, 6])
def test_a_job_that_goes_on_after_an_outage_saves_no_phase_and_pays_no_step_twice(start: Start, call: int) -> None:
    engine = start(*[lambda made: None] * call, overloaded)
    story = project(engine)

    job = build(engine, story)

    assert job.state == "succeeded", job.error
    assert job.failures == 1
    assert [v.version for v in engine.wb.artifacts.list_versions(story, KIND)] == [7, 6, 5, 4, 3, 2, 1]
    assert len(asked(engine)) == 7 + 1
    assert content(engine, story) == built(engine, project(engine))
    assert stale(engine, story) == set()


def test_a_story_in_traditional_chinese_has_its_chain_in_its_own_script(start: Start) -> None:
    engine = start()
    story = project(
        engine,
        title="燈塔",
        summary="林晚在燈塔裡發現一本舊日誌，裡面寫著船難當夜燈是滅的。" * 2 + "她去碼頭質問老陳，老陳說那夜他在修燈。"
        "她把日誌交給港務長，港務長卻把它燒了。最後她點亮了燈，全港的人都看見她站在窗前。",
        protagonist="林晚",
        characters=[{"name": "林晚"}, {"name": "老陳"}, {"name": "港務長"}],
        world=[{"name": "燈塔"}],
    )

    made = built(engine, story)
    relations = run(engine, "generate_character_relationships", story)
    newcomers = run(engine, "expand_story_characters", story)

    assert relations.state == newcomers.state == "succeeded", (relations.error, newcomers.error)
    assert "發現" in made["outline"]["outline_summary"]
    assert "发现" not in json.dumps(made, ensure_ascii=False)


@pytest.mark.parametrize(
    ("language", "people"),
    [("en", []), ("zh", []), ("en", [{"name": "{a}"}, {"name": "<b>"}]), ("zh", [{"name": "甲"}])],
)
def test_a_cast_of_nobody_of_one_and_of_odd_names_has_a_chain_too(
    start: Start, language: str, people: list[dict[str, Any]]
) -> None:
    engine = start()
    name = SAMPLES[2] if language == "en" else SAMPLES[1]
    story = project(engine, name, characters=people, protagonist="", world=[])

    assert built(engine, story)["completed_phase"] == 4


def test_what_is_saved_by_hand_while_a_phase_is_built_is_in_what_the_job_saves(start: Start) -> None:
    story = 0

    def edit_meanwhile(made: dict[str, Any]) -> None:
        head = engine.wb.artifact(story, KIND)
        assert head is not None
        weave = {**head.content["weave"], "notes": ["写在半路"]}
        engine.wb.artifacts.save(story, KIND, {**head.content, "weave": weave}, head.version)
        made["character_matrix"][0]["secret"] = "另一个秘密"

    engine = start(*[lambda made: None] * 7, edit_meanwhile)
    story = project(engine)
    built(engine, story)

    assert build(engine, story, 2).state == "succeeded"

    newest = engine.wb.artifacts.list_versions(story, KIND)[0]
    made = engine.wb.artifacts.get(story, KIND, newest.version)
    assert made is not None
    assert made.content["weave"]["notes"] == ["写在半路"]
    assert made.content["knowledge"]["character_matrix"][0]["secret"] == "另一个秘密"
    assert content(engine, story)["weave"]["notes"] == ["写在半路"], "what a person saved goes on counting"


def test_a_phase_on_a_stale_one_is_built_when_that_is_asked_for(start: Start) -> None:
    engine = start(*[lambda made: None] * 7, lambda made: made["character_matrix"][0].update(secret="另一个秘密"))
    story = project(engine)
    built(engine, story)
    built(engine, story, 2)

    assert build(engine, story, 4, force=True).state == "succeeded"

    assert stale(engine, story) == {"beats"}


@pytest.mark.parametrize("phase", [0, 5])
def test_there_are_four_phases(start: Start, phase: int) -> None:
    engine = start()
    with pytest.raises(InvalidInput, match="phase"):
        build(engine, project(engine), phase)


def around(made: dict[str, Any]) -> str:
    return "Here it is:\n```json\n" + json.dumps(made, ensure_ascii=False)[:-1] + ",}\n```\nDone."


@pytest.mark.parametrize("call", range(7))
def test_an_answer_in_a_fence_with_prose_around_and_a_comma_too_many_is_read_in_every_phase(
    start: Start, call: int
) -> None:
    engine = start(*[lambda made: None] * call, around)
    story = project(engine)

    built(engine, story)

    assert len(asked(engine)) == 7


def test_a_beat_that_repeats_its_directory_is_read(start: Start) -> None:
    engine = start(*KEEP, lambda made: made["beats"][0].update(escalation=3, interlock="…", act=1))
    story = project(engine)

    built(engine, story)

    assert len(asked(engine)) == 7


def adopt(engine: Engine, story: int, variant: str, words: str = "简短些。") -> None:
    name = f"planning/{WORKFLOW}{variant}"
    now = engine.wb.prompts.get(name, "zh", story)
    engine.wb.prompts.save(name, "zh", words, now.shipped["user"], project_id=story, base_version=now.newest_version)


@pytest.mark.parametrize(
    ("variant", "anew"),
    [("", PHASES), (".knowledge", PHASES[1:]), (".beats", PHASES[2:]), (".act", PHASES[2:]), (".weave", PHASES[3:])],
)
def test_a_phase_in_other_words_is_built_again_with_those_behind_it(
    start: Start, variant: str, anew: tuple[str, ...]
) -> None:
    engine = start()
    story = project(engine)
    built(engine, story)
    adopt(engine, story, variant)
    assert stale(engine, story) == {anew[0]}
    since = len(asked(engine))
    assert run(engine, "run_workflow_supervisor", story).result["skipped"] == []
    # a directory and its acts for the beats, one call each for the others
    acts = 1 + len(content(engine, story)["beats"]["acts"])
    assert len(asked(engine)) - since >= sum(acts if phase == "beats" else 1 for phase in anew)
    assert stale(engine, story) == set()
    with pytest.raises(GuardUnmet, match="All four phases"):
        build(engine, story)


def test_a_phase_is_not_built_on_one_in_other_words_and_leaves_it_stale(start: Start) -> None:
    engine = start()
    story = project(engine)
    built(engine, story)
    adopt(engine, story, ".act")
    with pytest.raises(GuardUnmet, match="Phase 3 is stale"):
        build(engine, story, 4)
    assert build(engine, story, 4, force=True).state == "succeeded"
    assert stale(engine, story) == {"beats"}
    assert build(engine, story).state == "succeeded"
    assert stale(engine, story) == set()
    # whatever was built since, each phase knows its own
    adopt(engine, story, ".knowledge")
    assert stale(engine, story) == {"knowledge"}


def test_nobody_has_two_rows_under_two_of_their_names(start: Start) -> None:
    engine = start()
    story = project(engine)
    chain = CausalChain.model_validate(built(engine, story, 1, 2))
    assert chain.knowledge is not None
    row = chain.knowledge.character_matrix[0]
    characters = [{"name": row.name, "aliases": ["The Other Name"]}, *samples.load(SAMPLES[0])["characters"][1:]]
    chain.knowledge.character_matrix.append(row.model_copy(update={"name": "the other name"}))

    found = [i for i in rules.knowledge_issues(chain.knowledge, characters, ()) if "twice" in str(i)]
    assert [i.path for i in found] == [f"character_matrix.{len(chain.knowledge.character_matrix) - 1}.name"]
    assert row.name in str(found[0])


def test_a_faction_has_one_stake_and_counts_once(start: Start) -> None:
    engine = start()
    chain = CausalChain.model_validate(built(engine, project(engine), 1))
    assert chain.outline is not None
    assert rules.outline_issues(chain.outline) == []
    first = chain.outline.stakes_by_faction[0]
    chain.outline.stakes_by_faction = [first, first.model_copy(update={"faction": f" {first.faction} "}), first]
    chain.outline.necessity_derivation = ["a", "a"]

    found = [i.path for i in rules.outline_issues(chain.outline)]
    assert found == ["stakes_by_faction.1.faction", "stakes_by_faction.2.faction", "necessity_derivation.1"]
    assert rules.count(chain).factions == 1
