"""What the chain, the arc, the relationships and the candidates must look like, and what is read leniently."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from workbench.artifacts import kinds
from workbench.artifacts.drama import PHASES, Audit, Candidate, ChainBeats, EmotionArc, PlotLine, Relationship
from workbench.artifacts.versions import part_hashes

OUTLINE: dict[str, Any] = {
    "outline_summary": "A keeper hides a wreck; the harbour learns of it.",
    "core_object_or_event": "the lamp that was out",
    "stakes_by_faction": [{"faction": "harbour", "stakes": "its name"}, {"faction": "keeper", "stakes": "his post"}],
    "first_mover": {
        "initiator": "Tom",
        "public_reason": "repair",
        "hidden_intent": "hide the log",
        "legitimacy_mask": "the rule book",
    },
    "necessity_derivation": ["The lamp was out, so the ship struck."],
}
KNOWLEDGE: dict[str, Any] = {
    "layers": [
        {
            "name": name,
            "roles": [who],
            "info_boundary": "knows half",
            "blind_spot": "the other half",
            "motivation": {"gain": 5, "loss_avoid": 6, "trigger": "a letter"},
        }
        for name, who in (("tower", "Tom"), ("harbour", "Mara"))
    ],
    "character_matrix": [
        {"name": n, "identity": "i", "goal": "g", "secret": "s", "vulnerability": "v"} for n in ("Tom", "Mara")
    ],
}


def beat(name: str, escalation: int = 5, **changed: Any) -> dict[str, Any]:
    return {
        "name": name,
        "escalation": escalation,
        "interlock": "so she climbs",
        "surface_event": "the lamp fails",
        "info_flow": "Mara reads the log",
        "learners": ["Mara"],
        "location": "the tower",
        "characters": ["Mara", "Tom"],
        "visual_hook": "a dark lens",
        "emotional_tone": "dread",
        "estimated_scenes": 2,
        **changed,
    }


BEATS: dict[str, Any] = {
    "act_mode": "three_act",
    "acts": [
        {"act": n, "name": f"act {n}", "beats": [beat(f"{n}.{k}", 2 * n + k) for k in (1, 2, 3)]} for n in (1, 2, 3)
    ],
}
LINE = {
    "line_type": "main",
    "driver": "Mara",
    "stated_goal": "light",
    "true_goal": "truth",
    "key_interlocks": ["1.1"],
    "point_of_no_return": "2.3",
}
AUDIT = dict.fromkeys(Audit.model_fields, True)
WEAVE: dict[str, Any] = {"plot_lines": [LINE, {**LINE, "line_type": "sub1"}], "audit": AUDIT, "notes": ["tighter"]}
CHAIN = {"outline": OUTLINE, "knowledge": KNOWLEDGE, "beats": BEATS, "weave": WEAVE}


def checked(kind: str, content: Any) -> Any:
    return kinds.validate(kinds.find(kind), content)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_chain_has_its_phases_in_order_and_says_how_far_it_is(count: int) -> None:
    content = checked("causal_chain", {phase: CHAIN[phase] for phase in PHASES[:count]})

    assert content["completed_phase"] == count
    assert content["validation_status"] == ("pass" if count == 4 else "incomplete")
    assert checked("causal_chain", content) == content, "what follows from the phases is not in the way of an edit"
    assert set(part_hashes(kinds.find("causal_chain"), content) or {}) == set(PHASES[:count])


@pytest.mark.parametrize("there", [["knowledge"], ["outline", "beats"], ["outline", "knowledge", "weave"], []])
def test_a_phase_without_the_one_before_it_has_no_valid_shape(there: list[str]) -> None:
    with pytest.raises(Exception, match="without the one before it"):
        checked("causal_chain", {phase: CHAIN[phase] for phase in there})


def test_a_chain_that_fails_its_audit_needs_revision_and_says_what() -> None:
    content = checked("causal_chain", {**CHAIN, "weave": {**WEAVE, "audit": {**AUDIT, "no_redundant_role": False}}})

    assert (content["validation_status"], content["revision_suggestions"]) == ("needs_revision", ["tighter"])


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("三幕式", "three_act"),
        ("四幕", "four_act"),
        ("Three Acts", "three_act"),
        (4, "four_act"),
        ("3-act", "three_act"),
    ],
)
def test_act_modes_are_read_as_people_write_them(given: Any, read: str) -> None:
    assert ChainBeats.model_validate({**BEATS, "act_mode": given}).act_mode == read


@pytest.mark.parametrize(
    ("given", "read"),
    [("主线", "main"), ("副线二", "sub2"), ("支线3", "sub3"), ("Sub 1", "sub1"), ("subplot 2", "sub2")],
)
def test_kinds_of_lines_are_read_as_people_write_them(given: str, read: str) -> None:
    assert PlotLine.model_validate({**LINE, "line_type": given}).line_type == read


def test_lists_numbers_maps_and_answers_are_read_leniently() -> None:
    line = PlotLine.model_validate({**LINE, "key_interlocks": "1.1， 1.2、2.3"})
    chain = checked(
        "causal_chain",
        {
            **CHAIN,
            "outline": {**OUTLINE, "stakes_by_faction": {"harbour": "its name", "keeper": "his post"}},
            "beats": {**BEATS, "acts": [{**a, "act": str(a["act"])} for a in BEATS["acts"]]},
            "weave": {**WEAVE, "audit": {**AUDIT, "three_way_tension": "否", "irreversible_ending": "true"}},
        },
    )

    assert line.key_interlocks == ["1.1", "1.2", "2.3"]
    assert chain["outline"] == OUTLINE
    assert chain["beats"] == checked("causal_chain", CHAIN)["beats"]
    assert chain["weave"]["audit"]["three_way_tension"] is False


@pytest.mark.parametrize(
    ("phase", "path", "value"),
    [
        ("outline", "core_object_or_event", "x" * 401),
        ("outline", "necessity_derivation", []),
        ("knowledge", "layers", [KNOWLEDGE["layers"][0]]),
        ("knowledge", "character_matrix", []),
        ("beats", "act_mode", "five_act"),
        ("beats", "acts", BEATS["acts"][:2]),
        ("weave", "plot_lines", [LINE]),
        ("weave", "plot_lines", [LINE] * 7),
    ],
)
def test_each_phase_keeps_its_bounds(phase: str, path: str, value: Any) -> None:
    with pytest.raises(Exception, match=path.split(".")[0]):
        checked("causal_chain", {**CHAIN, phase: {**CHAIN[phase], path: value}})


@pytest.mark.parametrize(
    ("field", "value"),
    [("escalation", 11), ("location", " "), ("characters", []), ("visual_hook", ""), ("estimated_scenes", 0)],
)
def test_each_beat_keeps_its_bounds(field: str, value: Any) -> None:
    first = {**BEATS["acts"][0], "beats": [beat("x", **{field: value}), beat("y"), beat("z")]}
    with pytest.raises(ValidationError, match=field):
        ChainBeats.model_validate({**BEATS, "acts": [first, *BEATS["acts"][1:]]})


def point(episode: int, scene: int | None = None, **changed: Any) -> dict[str, Any]:
    return {"episode_order": episode, "scene_order": scene, "tension": 5, "valence": -1.5, "label": "dread", **changed}


@pytest.mark.parametrize(
    "points", [[], [point(2), point(1)], [point(1), point(1)], [point(1, 2), point(1, 1)], [point(1, 1), point(1)]]
)
def test_an_arc_is_strictly_ordered_and_never_empty(points: list[Any]) -> None:
    with pytest.raises(ValidationError):
        EmotionArc.model_validate({"points": points})


def test_an_arc_is_sliced_by_episode() -> None:
    content = checked("emotion_arc", {"points": [point(1), point(1, 3), point(2)]})

    hashes = part_hashes(kinds.find("emotion_arc"), content)
    other = part_hashes(
        kinds.find("emotion_arc"), checked("emotion_arc", {"points": [point(1), point(1, 3), point(2, 1)]})
    )
    assert hashes is not None
    assert other is not None
    assert hashes["episode:1"] == other["episode:1"]
    assert hashes["episode:2"] != other["episode:2"]


@pytest.mark.parametrize(("field", "value"), [("tension", 10.5), ("tension", -1), ("valence", 6), ("label", "")])
def test_a_point_keeps_its_bounds(field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        EmotionArc.model_validate({"points": [point(1, **{field: value})]})


def test_a_relationship_may_come_with_from_and_to() -> None:
    told = {"from": "Mara", "to": "Tom", "type": "enemy", "label": "x", "description": "y"}

    relation = Relationship.model_validate(told)

    assert (relation.from_name, relation.to_name, relation.intensity, relation.pinned) == ("Mara", "Tom", 5, False)
    with pytest.raises(ValidationError, match="type"):
        Relationship.model_validate({**told, "type": "frenemy"})


def test_a_candidate_needs_evidence_and_is_undecided_at_first() -> None:
    told: dict[str, Any] = {"name": "Ida", "brief": "the pilot", "evidence": [{"source": "1.1", "text": "Ida rows"}]}

    candidate = Candidate.model_validate(told)

    assert (candidate.status, candidate.confidence, candidate.role_type) == ("pending", 0.75, "supporting")
    with pytest.raises(ValidationError, match="evidence"):
        Candidate.model_validate({**told, "evidence": []})
