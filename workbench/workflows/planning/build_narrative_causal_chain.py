"""build_narrative_causal_chain: what causes what, in four phases, each saved as it ends.

1 outline and conflict, 2 who knows what, 3 acts and beats (a directory, then act by act, each act saved as it ends),
4 plot lines and audit. What a phase was made from counts for that phase alone: building phase 2 again makes 3 and 4
stale and leaves them there. A phase 3 that was broken off is gone on with by whatever job builds it next.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from workbench import sketch
from workbench.artifacts.drama import (
    PHASES,
    Act,
    ActMode,
    BegunBeats,
    CausalChain,
    ChainBeats,
    ChainKnowledge,
    ChainOutline,
    ChainWeave,
    read_act_mode,
)
from workbench.artifacts.models import text_of
from workbench.errors import Issue, OutputError, all_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import chain as rules
from workbench.story.freshness import find_stale_parts
from workbench.story.guards import plannable
from workbench.story.leads import find_leads
from workbench.story.names import NameIndex, own_names
from workbench.workflows import briefing, registry
from workbench.workflows.planning import acts

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

TITLES = {
    "outline": N_("Outline and conflict"),
    "knowledge": N_("Who knows what"),
    "beats": N_("Acts and beats"),
    "weave": N_("Plot lines and audit"),
}


class Params(registry.Params):
    phase: int | None = Field(
        None, ge=1, le=4, title=N_("Phase"), description=N_("Empty: go on from the next one to the end")
    )
    force: bool = Field(
        False, title=N_("Build all the same"), description=N_("Though what it is built on is stale, or nothing is")
    )


class DirectoryBeat(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, text_of(120)]
    escalation: int = Field(ge=1, le=10)
    interlock: Annotated[str, text_of(800)]


class DirectoryAct(BaseModel):
    model_config = ConfigDict(extra="forbid")

    act: int = Field(ge=1, le=4)
    name: Annotated[str, text_of(120)]
    beats: list[DirectoryBeat] = Field(min_length=3, max_length=5)


class Directory(BaseModel):
    """The acts and the names of their beats, in order."""

    model_config = ConfigDict(extra="forbid")

    act_mode: Annotated[ActMode, BeforeValidator(read_act_mode)]
    acts: list[DirectoryAct] = Field(min_length=3, max_length=4)


def draft(facts: JsonObject, params: Params, rng: Random) -> str:
    """Write the step's answer offline; all steps read the same events out of the brief."""
    return sketch.write_chain_step(facts, rng)


def phase_can_be_built(node: NodeView, params: Params) -> list[Issue]:
    """The phases before it are there and fresh; there is something to build."""
    there = _built(node)
    stale = find_stale_parts(node, "causal_chain") if there else set()
    if params.phase is None:
        if len(there) < len(PHASES) or stale or params.force:
            return []
        message = N_("All four phases are there and fresh. Choose the phase that is to be built again.")
        return [Issue("phase", Text(message))]
    before = PHASES[: params.phase - 1]
    missing = next((n for n, phase in enumerate(before, start=1) if phase not in there), None)
    if missing is not None:
        return [
            Issue(
                "phase",
                Text(N_("Finish phase {n} first: {title}."), n=missing, title=Text(TITLES[PHASES[missing - 1]])),
            )
        ]
    old = next((n for n, phase in enumerate(before, start=1) if phase in stale), None)
    if old is None or params.force:
        return []
    message = N_("Phase {n} is stale: {title}. Build it again first, or tick “Build all the same”.")
    return [Issue("phase", Text(message, n=old, title=Text(TITLES[PHASES[old - 1]])))]


def share(params: Params) -> float:
    """Phase 3 is a directory and its acts; the others are one call each."""
    return 1.0 if params.phase is None else 0.625 if params.phase == 3 else 0.125


@registry.workflow(
    "build_narrative_causal_chain",
    title=N_("Causal chain"),
    scope="project",
    params=Params,
    reads=("brief", "character", "world_element"),
    writes="causal_chain",
    guards=(plannable, phase_can_be_built),
    draft=draft,
    by_hand=True,
    deadline_s=3600,
    typical=registry.Typical(calls=8, input_tokens=24_000, output_tokens=14_000, seconds=180.0),
    share=share,
)
async def run(ctx: Context, params: Params) -> CausalChain:
    """Build what causes what: conflict, who knows what, acts and beats, plot lines."""
    ctx.progress(5, Text(N_("Reading the brief")))
    built: JsonObject = {}
    chain = _join(ctx, built)
    wanted = _choose_phases(ctx, params, chain)
    for number, phase in enumerate(wanted):
        with (
            ctx.progress_range(5 + 95 * number // len(wanted), 5 + 95 * (number + 1) // len(wanted)),
            ctx.making(phase),
        ):
            ctx.progress(0, Text(N_("Phase {n}: {title}"), n=PHASES.index(phase) + 1, title=Text(TITLES[phase])))
            built[phase] = await _BUILD[phase](ctx, chain, built)
        chain = _join(ctx, built)
        ctx.sources.keep((), [p for p in PHASES if getattr(chain, p) is not None and p not in built])
        if phase != wanted[-1]:
            ctx.save_so_far(chain)
    if "weave" in wanted:
        _warn_of_audit(ctx, chain)
    ctx.progress(100, Text(N_("{n} of 4 phases built"), n=sum(getattr(chain, p) is not None for p in PHASES)))
    return chain


def _choose_phases(ctx: Context, params: Params, chain: CausalChain) -> list[str]:
    """The phase that was named; else all from the first that is missing or stale, since each is built on the last."""
    if params.phase is not None:
        return [PHASES[params.phase - 1]]
    stale = find_stale_parts(ctx.node, "causal_chain")
    first = next((n for n, p in enumerate(PHASES) if getattr(chain, p) is None or p in stale), 0)
    return list(PHASES[first:])


def _built(node: NodeView) -> list[str]:
    content = node.artifact("causal_chain") or {}
    return [phase for phase in PHASES if content.get(phase) is not None]


def _join(ctx: Context, built: JsonObject, begun: BegunBeats | None = None) -> CausalChain:
    """The chain as it stands now, whoever saved it meanwhile, with the phases that this job has built."""
    now = ctx.current_content() or {}
    there = {phase: part for phase, part in now.items() if phase in PHASES}
    if not there and not built:
        return CausalChain.model_construct()
    # acts that were begun are those of the phases that they were begun on, and done with once all of them are there
    kept = now.get("begun") if not {"outline", "knowledge", "beats"} & built.keys() else None
    return CausalChain.model_validate({**there, **built, "begun": begun or kept})


def _facts(ctx: Context, chain: CausalChain, *earlier: str) -> JsonObject:
    """The brief, and the earlier phases that a phase is built on: those are its inputs too."""
    facts = briefing.story_facts(ctx)
    for phase in earlier:
        ctx.sources.use_own(phase)
        facts[phase] = getattr(chain, phase).model_dump(mode="json")
    return facts


async def _build_outline(ctx: Context, chain: CausalChain, built: JsonObject) -> ChainOutline:
    prompt = ctx.prompt(**_facts(ctx, chain))
    return await ctx.generate("phase1", prompt, schema=ChainOutline, checks=[rules.outline_issues])


async def _build_knowledge(ctx: Context, chain: CausalChain, built: JsonObject) -> ChainKnowledge:
    facts = _facts(ctx, chain, "outline")
    characters = facts["characters"]
    leads = find_leads(str(facts["protagonist"]), NameIndex(characters))
    checks = [lambda answer: rules.knowledge_issues(answer, characters, leads)]
    answer = await ctx.generate("phase2", ctx.prompt("knowledge", **facts), schema=ChainKnowledge, checks=checks)
    knowledge = _use_own_names(answer, rules.people_of(characters, answer))
    strangers = briefing.unknown_names((e.name for e in knowledge.character_matrix), characters)
    if strangers and characters:
        ctx.warn(Text(N_("Not in the character library: {names}"), names=", ".join(strangers)))
    return knowledge


def _use_own_names(knowledge: ChainKnowledge, people: Sequence[JsonObject]) -> ChainKnowledge:
    layers = [layer.model_copy(update={"roles": own_names(layer.roles, people)}) for layer in knowledge.layers]
    matrix = [e.model_copy(update={"name": own_names([e.name], people)[0]}) for e in knowledge.character_matrix]
    return knowledge.model_copy(update={"layers": layers, "character_matrix": matrix})


async def _build_beats(ctx: Context, chain: CausalChain, built: JsonObject) -> ChainBeats:
    ctx.go_on_from_begun("begun", ("beats", "act-"))
    facts = _facts(ctx, chain, "outline", "knowledge")
    people = rules.people_of(facts["characters"], chain.knowledge)
    directory = await ctx.generate(
        "beats",
        ctx.prompt("beats", **facts),
        schema=Directory,
        checks=[
            lambda d: rules.directory_issues(
                d.act_mode, [(a.act, [(b.name, b.escalation) for b in a.beats]) for a in d.acts]
            )
        ],
    )
    done: list[JsonObject] = []
    for number, act in enumerate(directory.acts, start=1):
        so_far = BegunBeats(acts=[Act.model_validate(a) for a in done], of=len(directory.acts))
        ctx.save_so_far(_join(ctx, built, so_far), made=list(built))
        ctx.progress(
            20 + 80 * (number - 1) / len(directory.acts),
            Text(N_("Writing act {n} of {count}"), n=number, count=len(directory.acts)),
        )
        done.append(
            await acts.write_out(
                ctx, facts, directory.model_dump(mode="json"), act.model_dump(mode="json"), done, people
            )
        )
    beats = ChainBeats(act_mode=directory.act_mode, acts=[Act.model_validate(act) for act in done])
    issues = rules.beats_issues(beats, people)
    if issues:
        # each act was checked by itself
        message = Text(N_("The acts do not fit together: {issues}"), issues=all_of(issues))
        raise OutputError("invalid_output", message, issues=issues, raw=beats.model_dump_json())
    return beats


async def _build_weave(ctx: Context, chain: CausalChain, built: JsonObject) -> ChainWeave:
    facts = _facts(ctx, chain, "outline", "knowledge", "beats")
    people = rules.people_of(facts["characters"], chain.knowledge)
    names = [beat.name for beat in rules.list_beats(chain.beats)]
    checks = [lambda answer: rules.weave_issues(answer, names, people)]
    answer = await ctx.generate("weave", ctx.prompt("weave", **facts), schema=ChainWeave, checks=checks)
    lines = [
        line.model_copy(
            update={
                "driver": own_names([line.driver], people)[0],
                "key_interlocks": rules.spell(line.key_interlocks, names),
                "point_of_no_return": rules.spell([line.point_of_no_return], names)[0],
            }
        )
        for line in answer.plot_lines
    ]
    return answer.model_copy(update={"plot_lines": lines})


def _warn_of_audit(ctx: Context, chain: CausalChain) -> None:
    """What the audit asks for, and what it claims although the chain's own fields do not bear it out."""
    assert chain.weave is not None
    audit, counts = chain.weave.audit, rules.count(chain)
    if not audit.passes:
        ctx.warn(Text(N_("The audit asks for a revision: {notes}"), notes=" ".join(chain.weave.notes)))
    if audit.two_information_shifts and counts.information_shifts < 2:
        message = N_("The audit sees two shifts of information; in {n} of {beats} beats somebody learns something")
        ctx.warn(Text(message, n=counts.information_shifts, beats=counts.beats))
    if audit.three_way_tension and max(counts.factions, counts.drivers) < 3:
        message = N_("The audit sees three sides; {factions} have stakes, and {drivers} drive a plot line")
        ctx.warn(Text(message, factions=counts.factions, drivers=counts.drivers))
    if audit.no_redundant_role and counts.idle:
        message = N_("The audit sees nobody superfluous; no beat and no plot line has {names}")
        ctx.warn(Text(message, names=", ".join(counts.idle)))


_BUILD = {"outline": _build_outline, "knowledge": _build_knowledge, "beats": _build_beats, "weave": _build_weave}
