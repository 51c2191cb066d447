"""expand_story_characters: whom the story asks for and the library lacks, as candidates with evidence.

In one call; or a model looks around with tools first, and where that leads nowhere, one call answers after all.
Nobody enters the library before a person accepts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from workbench import sketch
from workbench.artifacts.drama import Candidate, CharacterCandidates, Proposal
from workbench.errors import Issue, OutputError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import candidates as rules
from workbench.story.guards import summary_issues
from workbench.workflows import registry
from workbench.workflows.planning import looking

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

#: what evidence names where there is neither a chain nor a world: the brief, in either language
BRIEF = ("brief", "简报")


class Params(registry.Params):
    max_new_characters: int = Field(
        8, ge=1, le=20, title=N_("Most candidates"), description=N_("Undecided ones of earlier runs count too")
    )
    use_tools: bool = Field(
        False,
        title=N_("Look around first"),
        description=N_("The model reads brief, world, cast and chain piece by piece: up to six calls"),
    )


class Answer(BaseModel):
    """Whom the story asks for."""

    model_config = ConfigDict(extra="forbid")

    candidates: list[Proposal] = Field(min_length=1, max_length=60)


def draft(facts: JsonObject, params: Params, rng: Random) -> str:
    """Propose those whom the chain or the brief names and the library lacks."""
    return str(sketch.write_candidates(facts, rng))


def story_is_told(node: NodeView, params: Params) -> list[Issue]:
    """There is a causal chain, or a summary of at least 100 characters."""
    told = node.artifact("causal_chain") is not None
    return [] if told else summary_issues(str(node.brief.get("summary") or ""))


def there_is_room(node: NodeView, params: Params) -> list[Issue]:
    """Fewer candidates are undecided than may be."""
    earlier = _read_candidates(node.artifact("character_candidates"))
    waiting = rules.count_pending(earlier, node.characters(("name", "aliases"), most=None))
    if waiting < params.max_new_characters:
        return []
    message = N_("{n} candidates wait for your decision. Accept or reject some first, or allow more than {most}.")
    return [Issue("max_new_characters", Text(message, n=waiting, most=params.max_new_characters))]


@registry.workflow(
    "expand_story_characters",
    title=N_("New characters"),
    scope="project",
    params=Params,
    reads=("brief", "causal_chain", "character", "world_element"),
    writes="character_candidates",
    guards=(story_is_told, there_is_room),
    draft=draft,
    by_hand=True,
    adds=True,
    typical=registry.Typical(calls=1, input_tokens=4_000, output_tokens=2_500, seconds=30.0),
    share=lambda params: 6.0 if params.use_tools else 1.0,
)
async def run(ctx: Context, params: Params) -> CharacterCandidates:
    """Find people whom the story asks for and the library lacks, with the places that ask for them."""
    ctx.progress(5, Text(N_("Reading the story")))
    story = looking.read_story(ctx)
    earlier = _list_earlier(ctx)
    sources = story.sources or list(BRIEF)
    room = params.max_new_characters - rules.count_pending(earlier, story.characters)
    asked = {
        "sources": sources,
        "room": room,
        "decided": [{"name": c.name, "status": rules.decision_of(c.name, c.status, story.characters)} for c in earlier],
    }
    checks = [
        partial(_evidence_issues, sources=sources),
        partial(_novelty_issues, characters=story.characters, earlier=earlier),
    ]
    proposals = await _look_around(ctx, story, asked, checks) if params.use_tools else None
    if proposals is None:
        ctx.progress(30, Text(N_("Writing the candidates")))
        prompt = ctx.prompt(**story.facts, **story.chain_fact, **asked)
        answer = await ctx.generate("candidates", prompt, schema=Answer, checks=checks)
        proposals = answer.candidates
    # what was decided while the model wrote counts
    made = rules.merge(_list_earlier(ctx), proposals, story.characters, params.max_new_characters)
    ctx.progress(100, _sum_up(made, rules.count_pending(made.candidates, story.characters)))
    return made


async def _look_around(
    ctx: Context, story: looking.Story, asked: JsonObject, checks: Sequence[Any]
) -> list[Proposal] | None:
    """What the agent came to; None when it came to nothing, and why is told."""
    try:
        return await looking.look_around(ctx, story, asked, checks)
    except (OutputError, looking.OutOfTime) as error:
        reason = error.text
    ctx.warn(Text(N_("Looking around led nowhere: {reason} One call answers instead."), reason=reason))
    return None


def _list_earlier(ctx: Context) -> list[Candidate]:
    return _read_candidates(ctx.current_content())


def _read_candidates(content: JsonObject | None) -> list[Candidate]:
    return [Candidate.model_validate(c) for c in (content or {}).get("candidates") or []]


def _evidence_issues(answer: Answer, sources: Sequence[str]) -> list[Issue]:
    return rules.evidence_issues(answer.candidates, sources)


def _novelty_issues(answer: Answer, characters: Sequence[JsonObject], earlier: Sequence[Candidate]) -> list[Issue]:
    return rules.novelty_issues(answer.candidates, characters, earlier)


def _sum_up(made: CharacterCandidates, pending: int) -> Text:
    counts = made.counts
    message = N_(
        "{new} new candidates of {total}; left out: {existing} in the library, {duplicate} proposed before, {low} too "
        "unsure"
    )
    return Text(
        message,
        new=pending - counts.carried_over,
        total=counts.total,
        existing=counts.existing,
        duplicate=counts.duplicate,
        low=counts.low_confidence,
    )
