"""Dialogue, sound and length on the real engine: bad answers go back by name or save nothing; a length asks no
model."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import Editing, nodes, run
from workbench import samples
from workbench.errors import GuardUnmet, InvalidInput
from workbench.story import script, timing

Start = Callable[..., Engine]
SAMPLE = "gift-of-the-magi.en"
ALIASES = {"Della": ["Mrs Young", "Dell"], "Jim": ["Mr James Dillingham Young"]}
PLANNED = ("generate_scene_anchor", "generate_keyframe_prompt", "generate_motion_prompt")


def scene_of(engine: Engine, people: int = 2, through: tuple[str, ...] = PLANNED) -> int:
    """A scene of so many people, made as far as `through`; the library knows its people under other names too."""
    brief = samples.load(SAMPLE)
    brief["characters"] = [{**c, "aliases": ALIASES.get(c["name"], [])} for c in brief["characters"]]
    project = engine.wb.create_project(brief)
    run(engine, "plan_episodes", project)
    episode = nodes(engine, project, "episode")[0].id
    run(engine, "generate_episode_core_expression", episode)
    run(engine, "generate_episode_scene_list", episode, {"scene_count_hint": 6})
    head = engine.wb.artifact(episode, "scene_list")
    assert head is not None
    head.content["scenes"][0]["cast"] = ["Della", "Jim"][:people]
    engine.wb.artifacts.save(episode, "scene_list", head.content, head.version)
    scene: int = min(nodes(engine, project, "scene"), key=lambda n: n.position).id
    for kind in through:
        job = run(engine, kind, scene)
        assert job.state == "succeeded", job.error
    return scene


def content(engine: Engine, node: int, kind: str) -> dict[str, Any]:
    head = engine.wb.artifact(node, kind)
    assert head is not None, kind
    made: dict[str, Any] = head.content
    return made


def service(engine: Engine) -> Editing:
    found: Editing = engine.provider  # type: ignore[attr-defined]
    return found


def asked(engine: Engine, since: int) -> list[str]:
    """The last message of every request since then."""
    return [r.messages[-1].content for r in service(engine).requests[since:]]


def spoken(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"silent": False, "reason": "", "lines": list(lines)}


def line(text: str, speaker: str = "Della", kind: str = "dialogue", **more: Any) -> dict[str, Any]:
    return {"type": kind, "speaker": speaker, "text": text, **more}


# --- dialogue --------------------------------------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "a stranger": (spoken(line("I am not here.", "Mr Nobody")), "Mr Nobody is not in this scene", "invalid_output"),
    "not of this scene": (
        spoken(line("Take off your hat.", "Madame Sofronie")),
        "Madame Sofronie is not in this scene",
        "invalid_output",
    ),
    "said twice": (spoken(line("Jim!"), line("jim!", "Jim")), "same as an earlier line", "invalid_output"),
    "too long": (spoken(*(line(f"{n} " + "word " * 20) for n in range(3))), "there are 15 s", "invalid_output"),
    "wrong language": (spoken(line("你到哪里去了？")), "must be English", "invalid_output"),
    "silent without reason": ({"silent": True, "reason": "", "lines": []}, "needs a reason", "invalid_output"),
    "wrong type": (spoken(line("Jim!", kind="shout")), "lines.0.type", "malformed_output"),
    "too many": (spoken(*(line(f"Line {n}.") for n in range(7))), "at most 6", "malformed_output"),
    "no text": (spoken({"type": "dialogue", "speaker": "Della"}), "lines.0.text", "malformed_output"),
    "nothing at all": (spoken(), "at least one", "malformed_output"),
    "silent and spoken": ({"silent": True, "reason": "hush", "lines": [line("Jim!")]}, "no lines", "malformed_output"),
    "a narrator with a name": (spoken(line("It snows.", "Della", "narration")), "narration", "malformed_output"),
}


def test_a_bad_dialogue_is_repaired_with_its_issues_named(start: Start) -> None:
    engine = start()
    scene = scene_of(engine)
    for name, (bad, named, _kind) in BAD.items():
        before = len(service(engine).requests)
        service(engine).changes = [lambda _made, bad=bad: bad]  # type: ignore[misc]
        job = run(engine, "generate_dialogue", scene)
        assert job.state == "succeeded", (name, job.error)
        _first, repair = asked(engine, before)
        assert named in repair, name


def test_a_dialogue_that_stays_bad_saves_nothing(start: Start) -> None:
    engine = start()
    scene = scene_of(engine)
    for name, (bad, _named, kind) in BAD.items():
        before = len(service(engine).requests)
        service(engine).changes = [lambda _made, bad=bad: bad] * 20  # type: ignore[misc]
        job = run(engine, "generate_dialogue", scene)
        assert (job.state, job.error_kind) == ("failed", kind), name
        # the same issues again end the repairs early
        assert len(asked(engine, before)) == 2, name
        assert engine.wb.artifact(scene, "dialogue") is None, name


def test_other_issues_each_time_are_repaired_three_times_and_no_more(start: Start) -> None:
    engine = start()
    scene = scene_of(engine)
    before = len(service(engine).requests)
    service(engine).changes = [
        lambda _made, n=n: spoken(line("I am not here.", f"Stranger {n}"))  # type: ignore[misc]
        for n in range(20)
    ]
    job = run(engine, "generate_dialogue", scene)
    assert (job.state, job.error_kind) == ("failed", "invalid_output")
    assert len(asked(engine, before)) == 4
    assert engine.wb.artifact(scene, "dialogue") is None


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda made: f"Of course! Here it is:\n```json\n{json.dumps(made)}\n```\nShall I go on?",
        lambda made: json.dumps(made).replace("]}", ",],}"),
        lambda made: "\ufeff" + json.dumps(made, indent=2),
    ],
    ids=["prose and fences", "trailing commas", "byte order mark"],
)
def test_json_among_other_things_is_read_without_another_call(start: Start, wrapped: Any) -> None:
    engine = start()
    scene = scene_of(engine)
    for kind in ("generate_dialogue", "generate_sound_design"):
        before = len(service(engine).requests)
        service(engine).changes = [wrapped]
        assert run(engine, kind, scene).state == "succeeded"
        assert len(asked(engine, before)) == 1


def test_prose_alone_is_never_made_into_a_line(start: Start) -> None:
    engine = start()
    scene = scene_of(engine)
    service(engine).changes = [lambda _made: "Della: Jim, is that you?\nJim: It is."] * 20
    job = run(engine, "generate_dialogue", scene)
    assert (job.state, job.error_kind) == ("failed", "malformed_output")
    assert engine.wb.artifact(scene, "dialogue") is None


def test_an_alias_is_saved_under_the_librarys_name(start: Start) -> None:
    engine = start()
    scene = scene_of(engine)
    made = spoken(
        line("You are early.", "mrs young", emotion="calm", notes=["softly"]),
        line("So are you.", "Mr James Dillingham Young"),
        line("It snows.", "", "narration"),
    )
    service(engine).changes = [lambda _made: made]
    assert run(engine, "generate_dialogue", scene).state == "succeeded"
    saved = content(engine, scene, "dialogue")
    assert [one["speaker"] for one in saved["lines"]] == ["Della", "Jim", ""]
    assert saved["lines"][0]["notes"] == ["softly"]


def test_who_is_alone_has_no_dialogue_and_an_empty_scene_a_narrator_alone(start: Start) -> None:
    engine = start()
    alone = scene_of(engine, people=1)
    before = len(service(engine).requests)
    service(engine).changes = [lambda _made: spoken(line("Is anybody there?"))]
    assert run(engine, "generate_dialogue", alone).state == "succeeded"
    assert "lines.0.type" in asked(engine, before)[1]
    assert all(one["type"] != "dialogue" for one in content(engine, alone, "dialogue")["lines"])

    empty = scene_of(engine, people=0)
    assert run(engine, "generate_dialogue", empty).state == "succeeded"
    assert {one["type"] for one in content(engine, empty, "dialogue")["lines"]} == {"narration"}
    service(engine).changes = [lambda _made: spoken(line("Hello?", "Della", "monologue"))] * 20
    job = run(engine, "generate_dialogue", empty)
    assert (job.state, job.error_kind) == ("failed", "invalid_output")


def test_the_time_there_is_can_be_chosen_within_limits(start: Start) -> None:
    engine = start()
    scene = scene_of(engine)
    assert run(engine, "generate_dialogue", scene, {"max_seconds": 2.5}).state == "succeeded"
    assert timing.dialogue_s(content(engine, scene, "dialogue")["lines"]) <= 2.5
    for seconds in (2.4, 61):
        with pytest.raises(InvalidInput) as refused:
            engine.wb.submit("generate_dialogue", scene, {"max_seconds": seconds})
        assert refused.value.issues[0].path == "max_seconds"


def test_everything_missing_is_named_at_once(start: Start) -> None:
    engine = start()
    scene = scene_of(engine, through=())
    with pytest.raises(GuardUnmet) as refused:
        engine.wb.submit("generate_dialogue", scene, {})
    assert [i.path for i in refused.value.unmet] == ["scene_anchor", "keyframe_prompt", "motion_prompt"]
    with pytest.raises(GuardUnmet) as refused:
        engine.wb.submit("generate_sound_design", scene, {})
    assert [i.path for i in refused.value.unmet] == ["keyframe_prompt"]


# --- sound -----------------------------------------------------------------------------------------------------


def cue(kind: str = "sfx", start: float = 0, end: float = 1, said: str = "a door", **more: Any) -> dict[str, Any]:
    return {"type": kind, "description": said, "from_s": start, "to_s": end, **more}


def design(*cues: dict[str, Any]) -> dict[str, Any]:
    return {"master_mood": "hushed", "cues": list(cues)}


def test_a_bad_sound_design_is_repaired_with_its_issues_named(start: Start) -> None:
    engine = start()
    scene = scene_of(engine)
    bad = {
        "at least 1": (design(), "malformed_output"),
        "cues.0.type": (design(cue("noise")), "malformed_output"),
        "cues.0.intensity": (design(cue(intensity="loud")), "malformed_output"),
        "cues.0.id": (design(cue(id="c1")), "malformed_output"),
        "ends at 500": (design(cue(end=500)), "invalid_output"),
        "nothing but silence": (design(cue("silence")), "invalid_output"),
        "overlaps cue 1": (design(cue(end=2, intensity="dominant"), cue("silence", 1, 2)), "invalid_output"),
        "same sound as cue 1": (design(cue(end=2), cue(start=1, end=2)), "invalid_output"),
    }
    for named, (answer, kind) in bad.items():
        before = len(service(engine).requests)
        service(engine).changes = [lambda _made, answer=answer: answer]  # type: ignore[misc]
        assert run(engine, "generate_sound_design", scene).state == "succeeded", named
        assert named in asked(engine, before)[1]
        version = engine.wb.artifact(scene, "sound_design")["version"]  # type: ignore[index]
        service(engine).changes = [lambda _made, answer=answer: answer] * 20  # type: ignore[misc]
        job = run(engine, "generate_sound_design", scene)
        assert (job.state, job.error_kind) == ("failed", kind), named
        assert engine.wb.artifact(scene, "sound_design")["version"] == version  # type: ignore[index]


def test_sound_hears_what_is_said_and_keeps_within_what_the_scene_lasts(start: Start) -> None:
    engine = start()
    scene = scene_of(engine)
    assert run(engine, "generate_sound_design", scene).state == "succeeded"
    assert "what is said" not in asked(engine, 0)[-1]
    service(engine).changes = [lambda _made: spoken(line("You stopped the clock.", emotion="calm"))]
    run(engine, "generate_dialogue", scene)
    assert run(engine, "generate_sound_design", scene).state == "succeeded"
    assert "[dialogue|calm] Della: You stopped the clock." in asked(engine, 0)[-1]
    before = timing.estimate(
        dialogue=content(engine, scene, "dialogue"),
        motion=content(engine, scene, "motion_prompt"),
        shots=content(engine, scene, "keyframe_prompt"),
        sound=None,
        language="en",
    )
    assert all(c["to_s"] <= before.seconds + 0.05 for c in content(engine, scene, "sound_design")["cues"])


def test_a_silent_scene_has_a_text_a_sound_without_voices_and_a_length(start: Start) -> None:
    engine = start()
    scene = scene_of(engine)
    silent = {"silent": True, "reason": "She only counts.", "lines": []}
    service(engine).changes = [lambda _made: silent, lambda _made: design(cue("voice_over", said="Della counts"))]
    assert run(engine, "generate_dialogue", scene).state == "succeeded"
    assert content(engine, scene, "dialogue") == silent
    before = len(service(engine).requests)
    assert run(engine, "generate_sound_design", scene).state == "succeeded"
    first, repair = asked(engine, before)
    assert "[silent] She only counts." in first
    assert "nobody speaks in this scene" in repair
    assert run(engine, "estimate_duration", scene).state == "succeeded"
    made = content(engine, scene, "duration")
    assert made["parts"]["dialogue"] == 0
    # a silent scene is not a missing dialogue
    assert (made["confidence"], made["missing"]) == ("medium", [])


# --- length ----------------------------------------------------------------------------------------------------


def test_a_length_asks_no_model_and_is_free_in_the_plan(start: Start) -> None:
    engine = start()
    scene = scene_of(engine, through=())
    planned = {j.workflow: j for j in engine.wb.plans.build(scene).jobs}["estimate_duration"]
    assert (planned.tokens, planned.cost_micros) == (0, 0)
    before = len(service(engine).requests)
    job = run(engine, "estimate_duration", scene)
    assert job.state == "succeeded", job.error
    assert len(service(engine).requests) == before
    assert engine.wb.jobs.get_detail(job.id).model_calls == []
    made = content(engine, scene, "duration")
    assert made["confidence"] == "low"
    assert made["missing"] == ["dialogue", "motion_prompt", "keyframe_prompt", "sound_design"]


def test_a_transition_lengthens_the_scene_by_its_own_time(start: Start) -> None:
    engine = start()
    scene = scene_of(engine, through=())
    found = {}
    for name in ("cut", "dissolve", "fade"):
        assert run(engine, "estimate_duration", scene, {"transition": name}).state == "succeeded"
        made = content(engine, scene, "duration")
        assert round(sum(made["parts"].values()), 1) == made["seconds"]
        found[name] = made["seconds"]
    assert found["dissolve"] == pytest.approx(found["cut"] + 0.8)
    assert found["fade"] == pytest.approx(found["cut"] + 1.0)
    with pytest.raises(InvalidInput):
        engine.wb.submit("estimate_duration", scene, {"transition": "teleport"})


def test_an_edited_line_stales_the_sound_and_the_length(start: Start) -> None:
    engine = start()
    scene = scene_of(engine)
    for kind in ("generate_dialogue", "generate_sound_design", "estimate_duration"):
        assert run(engine, kind, scene).state == "succeeded"
    head = engine.wb.artifact(scene, "dialogue")
    assert head is not None
    edited = script.parse("[thought] Jim: The combs. Of course, the combs.\n[narration] It snows.")
    engine.wb.artifacts.save(scene, "dialogue", edited.model_dump(), head.version)
    reasons = {
        k: engine.wb.artifacts.list_stale_reasons(scene, k) for k in ("motion_prompt", "sound_design", "duration")
    }
    assert {k for k, found in reasons.items() if found} == {"sound_design", "duration"}
