"""generate_episode_core_expression: what one episode is about, feels like and pays off."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from workbench import sketch
from workbench.artifacts.models import CoreExpression
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import text_checks
from workbench.story.guards import has_episode_outline, plannable
from workbench.story.names import fold
from workbench.story.similarity import NEAR_DUPLICATE, similarity
from workbench.workflows import briefing, registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context

#: an image may come back once; two make the episodes look alike
MAX_SHARED_MOTIFS = 1


def draft(facts: JsonObject, params: registry.Params, rng: Random) -> CoreExpression:
    """Draw theme, arc and motifs from the episode's own beats."""
    return sketch.write_core_expression(facts, rng)


@registry.workflow(
    "generate_episode_core_expression",
    title=N_("Core expression"),
    scope="episode",
    reads=("brief", "causal_chain", "episode_plan", "previous.core_expression", "character", "world_element"),
    writes="core_expression",
    guards=(plannable, has_episode_outline),
    draft=draft,
)
async def run(ctx: Context, params: registry.Params) -> CoreExpression:
    """Say what this episode is about, how it feels from beginning to end and what it pays off."""
    ctx.progress(5, Text(N_("Reading the episode and its neighbours")))
    facts = episode_facts(ctx)
    before = _previous_core(ctx)
    motifs = list(before.get("visual_motifs", []))
    core = briefing.clip(ctx, "previous core expression", briefing.compact(before), briefing.CORE_EXPRESSION_CHARS)
    ctx.progress(25, Text(N_("Writing the core expression")))
    chain = briefing.causal_chain(ctx, ctx.node.project)
    prompt = ctx.prompt(**facts, **chain, previous_core=core if before else "", previous_motifs=motifs)
    names = briefing.names_in(facts)
    checks = [
        lambda core_expression: motif_issues(core_expression, motifs),
        find_repetitions,
        lambda core_expression: language_issues(core_expression, briefing.checked_language(ctx), names),
    ]
    core_expression = await ctx.generate("core", prompt, schema=CoreExpression, checks=checks)
    ctx.progress(100, Text(N_("Core expression written")))
    return core_expression


def episode_facts(ctx: Context) -> JsonObject:
    """The story, this episode's entry in the plan and its two neighbours; the scene list reads the same."""
    node = ctx.node
    own = node.entry("episode_plan")
    assert own is not None  # the guard `has_episode_outline` ran at start
    return {
        **briefing.story_facts(ctx),
        "episode": briefing.episode_facts(own),
        "previous": briefing.neighbour(ctx, node, node.position - 1),
        "next": briefing.neighbour(ctx, node, node.position + 1),
    }


def motif_issues(core_expression: CoreExpression, previous: list[str]) -> list[Issue]:
    """At most one visual motif comes back from the previous episode."""
    shared = find_shared_motifs(core_expression.visual_motifs, previous)
    if len(shared) <= MAX_SHARED_MOTIFS:
        return []
    message = Text(
        N_("{count} motifs come back from the previous episode ({motifs}); at most {limit} may"),
        count=len(shared),
        motifs="; ".join(shared),
        limit=MAX_SHARED_MOTIFS,
    )
    return [Issue("visual_motifs", message)]


def find_repetitions(core_expression: CoreExpression) -> list[Issue]:
    """No motif and no payoff stands twice, and each part of the arc feels unlike the one before."""
    return [
        *text_checks.standstill_issues(text_checks.number("emotional_arc", core_expression.emotional_arc)),
        *text_checks.repeat_issues(text_checks.number("payoff", core_expression.payoff)),
        *text_checks.repeat_issues(text_checks.number("visual_motifs", core_expression.visual_motifs)),
    ]


def language_issues(core_expression: CoreExpression, language: str, names: Sequence[str] = ()) -> list[Issue]:
    """Everything is in the story's language; `names` may stay as they are."""
    texts = [(name, getattr(core_expression, name)) for name in ("theme", "core_conflict", "ending_beat", "next_hook")]
    for name in ("emotional_arc", "payoff", "visual_motifs"):
        texts += text_checks.number(name, getattr(core_expression, name))
    return text_checks.story_language_issues([(p, text) for p, text in texts if text], language, names)


def find_shared_motifs(motifs: list[str], previous: list[str]) -> list[str]:
    """Those motifs that the previous episode had too, in the same words or nearly so."""
    return [m for m in motifs if any(_same_image(m, p) for p in previous)]


def _same_image(a: str, b: str) -> bool:
    return fold(a) == fold(b) or similarity(a, b) >= NEAR_DUPLICATE


def _previous_core(ctx: Context) -> JsonObject:
    before = ctx.node.previous
    return (before.artifact("core_expression") or {}) if before is not None else {}
