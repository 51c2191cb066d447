"""What the sketch writes of chain, arc, relationships and newcomers holds together on stories nothing was fitted to."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from tests.corpus.stories import Story, load_all
from workbench import sketch
from workbench.artifacts.drama import (
    Act,
    CausalChain,
    ChainBeats,
    ChainKnowledge,
    ChainOutline,
    ChainWeave,
    CharacterRelationships,
    Proposal,
)
from workbench.story import candidates, chain, hanzi
from workbench.story.leads import find_leads
from workbench.story.names import NameIndex, fold
from workbench.workflows.planning.acts import ActAnswer, find_gaps, merge, name_issues
from workbench.workflows.planning.build_narrative_causal_chain import Directory
from workbench.workflows.planning.generate_character_relationships import Answer, arc_issues, pair_issues
from workbench.workflows.planning.generate_emotion_arc import place_issues

STORIES = load_all()


def facts_of(story: Story) -> dict[str, Any]:
    brief = hanzi.simplify(story.brief())
    cast = [{"aliases": [], "description": "", **c} for c in brief["characters"]]
    return {**brief, "style": story.style, "audience": "", "characters": cast}


def step(facts: dict[str, Any], name: str, **more: Any) -> dict[str, Any]:
    return dict(json.loads(sketch.write_chain_step({**facts, "step": name, **more}, Random(1))))


def build(story: Story) -> tuple[dict[str, Any], CausalChain]:
    """The chain as the workflow builds it, with every check that the workflow makes."""
    facts = facts_of(story)
    library = facts["characters"]
    outline = ChainOutline.model_validate(step(facts, "phase1"))
    knowledge = ChainKnowledge.model_validate(step(facts, "phase2"))
    leads = find_leads(facts["protagonist"], NameIndex(library))
    assert chain.knowledge_issues(knowledge, library, leads) == []
    people = chain.people_of(library, knowledge)
    directory = Directory.model_validate(step(facts, "beats"))
    listed = [(a.act, [(b.name, b.escalation) for b in a.beats]) for a in directory.acts]
    assert chain.directory_issues(directory.act_mode, listed) == []
    acts = []
    for act in directory.model_dump()["acts"]:
        more = {"directory": directory.model_dump(), "act": act}
        answer = ActAnswer.model_validate(step(facts, f"act-{act['act']}", **more))
        assert name_issues(answer, [b["name"] for b in act["beats"]]) == []
        merged = merge(act, answer, people)
        assert find_gaps(merged, people) == []
        acts.append(Act.model_validate(merged))
    beats = ChainBeats(act_mode=directory.act_mode, acts=acts)
    told = {part.__class__.__name__: part.model_dump() for part in (outline, knowledge, beats)}
    more = {"outline": told["ChainOutline"], "knowledge": told["ChainKnowledge"], "beats": told["ChainBeats"]}
    weave = ChainWeave.model_validate(step(facts, "weave", **more))
    assert chain.weave_issues(weave, [b.name for b in chain.list_beats(beats)], people) == []
    return facts, CausalChain(outline=outline, knowledge=knowledge, beats=beats, weave=weave)


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.name)
def test_what_is_written_of_any_story_passes_every_check_and_revives_nobody(story: Story) -> None:
    facts, made = build(story)

    dead: set[str] = set()
    for beat in chain.list_beats(made.beats):
        happens = [m for m in story.moments if fold(hanzi.simplify(m.text))[:-1] in fold(beat.surface_event)]
        assert not dead & set(beat.characters) or happens, beat.name
        dead |= {name for m in happens for name in m.dies if name in story.people}

    check_bonds(facts, made)


def check_bonds(facts: dict[str, Any], made: CausalChain) -> None:
    """Arc, relationships and newcomers pass the checks of their workflows."""
    episodes = [
        {"order": n, "title": e.title, "logline": e.logline, "beats": e.beats, "scenes": []}
        for n, e in enumerate(sketch.write_episodes(facts, 3), start=1)
    ]
    arc = sketch.write_emotion_arc({**facts, "total": 3, "episodes": episodes}, Random(1))
    assert place_issues(arc, episodes) == []
    if len(facts["characters"]) > 1:
        told = {**facts, "episodes": episodes, "kept": []}
        answer = Answer.model_validate(sketch.write_relationships(told, Random(1)))
        assert pair_issues(answer.relationships, facts["characters"]) == []
        assert arc_issues(answer.relationships, [1, 2, 3]) == []
        assert CharacterRelationships.model_validate({"relationships": answer.model_dump()["relationships"]})
    content = made.model_dump(mode="json")
    sources = candidates.sources_of(content, facts["world"])
    asked = {**facts, "step": "candidates", "sources": sources, "room": 8, "decided": [], "chain": json.dumps(content)}
    answered = json.loads(sketch.write_candidates(asked, Random(1)))["candidates"]
    proposals = [Proposal.model_validate(p) for p in answered]
    assert 1 <= len(proposals) <= 8
    assert candidates.evidence_issues(proposals, sources) == []
    assert candidates.novelty_issues(proposals, facts["characters"], []) == []
