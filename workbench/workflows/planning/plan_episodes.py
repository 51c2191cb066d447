"""plan_episodes: divide the brief into episodes, without two that tell the same thing.

Up to 12 episodes come from one call; more come in chunks, each of which sees the earlier episodes in brief.
Near-duplicates are rewritten once, the later of each pair, and measured again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from workbench import sketch
from workbench.artifacts.models import EpisodeOutline, EpisodePlan
from workbench.errors import Issue, OutputError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import text_checks
from workbench.story.guards import plannable
from workbench.story.names import fold
from workbench.story.similarity import Pair, near_duplicates
from workbench.workflows import briefing, registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context

#: a longer plan is written in chunks
MAX_IN_ONE_CALL = 12
#: how much a chunk sees of the episodes before it
EARLIER_EPISODES = 80
EARLIER_TITLE_CHARS = 60
EARLIER_LOGLINE_CHARS = 100
#: the rewrite is told the worst pairs
REPORTED_PAIRS = 10


class Params(registry.Params):
    target_episode_count: int | None = Field(
        None, ge=1, le=100, title=N_("Episodes"), description=N_("Empty: as in the brief, or the model chooses")
    )
    review: bool = registry.REVIEW


class PlanChunk(BaseModel):
    """Some consecutive episodes of a longer plan."""

    model_config = ConfigDict(extra="forbid")

    start_order: int = Field(ge=1, le=100)
    episode_count: int = Field(ge=1, le=100)
    episodes: list[EpisodeOutline] = Field(min_length=1, max_length=100)


class Rewrites(BaseModel):
    """New versions of the named episodes alone."""

    model_config = ConfigDict(extra="forbid")

    episodes: list[EpisodeOutline] = Field(min_length=1, max_length=100)


def draft(facts: JsonObject, params: Params, rng: Random) -> BaseModel:
    """Write the step's answer offline; whole plans, chunks and rewrites all come from the same story."""
    step = str(facts["step"])
    if step == "dedupe":
        wanted = list(facts["orders"])
        return Rewrites(episodes=sketch.rewrite_episodes(facts, wanted, facts["episodes"]))
    if step.startswith("chunk"):
        start, count = int(facts["start"]), int(facts["count"])
        episodes = sketch.write_episodes(facts, int(facts["total"]), until=start - 1 + count)[start - 1 :]
        return PlanChunk(start_order=start, episode_count=count, episodes=episodes)
    count = facts["target"] or sketch.natural_episode_count(facts)
    return EpisodePlan(
        episode_count=count,
        reasoning_brief=sketch.explain_plan(facts, count),
        episodes=sketch.write_episodes(facts, count),
    )


@registry.workflow(
    "plan_episodes",
    title=N_("Episode plan"),
    scope="project",
    params=Params,
    reads=("brief", "causal_chain", "character", "world_element"),
    writes="episode_plan",
    guards=(plannable,),
    draft=draft,
    deadline_s=1800,
)
async def run(ctx: Context, params: Params) -> EpisodePlan:
    """Divide the story into episodes: title, logline, beats, scope and cliffhanger of each."""
    ctx.progress(5, Text(N_("Reading the brief")))
    facts, chain = briefing.story_facts(ctx), briefing.causal_chain(ctx, ctx.node.project)
    target = params.target_episode_count or ctx.node.read_brief("episodes").get("episodes")
    if target is not None and target > MAX_IN_ONE_CALL:
        plan = await _in_chunks(ctx, facts | chain, target)
    else:
        ctx.progress(25, Text(N_("Planning the episodes")))
        checks = [
            lambda answer: count_issues(answer, target),
            lambda answer: language_issues(answer.episodes, briefing.checked_language(ctx), briefing.names_in(facts)),
        ]
        plan = await ctx.generate(
            "plan", ctx.prompt(**facts, **chain, target=target), schema=EpisodePlan, checks=checks
        )
    plan = await _without_duplicates(ctx, facts, plan)
    plan = use_own_names(plan, facts["characters"])
    _warn_of_strangers(ctx, plan, facts["characters"])
    ctx.progress(100, Text(N_("{count} episodes planned"), count=plan.episode_count))
    return plan


async def _in_chunks(ctx: Context, facts: JsonObject, target: int) -> EpisodePlan:
    done: list[EpisodeOutline] = []
    for number, (start, count) in enumerate(chunks(target), start=1):
        message = Text(
            N_("Planning episodes {first}–{last} of {total}"), first=start, last=start + count - 1, total=target
        )
        ctx.progress(15 + round(60 * len(done) / target), message)
        prompt = ctx.prompt("chunk", **facts, earlier=_earlier(ctx, done), start=start, count=count, total=target)
        language, names = briefing.checked_language(ctx), briefing.names_in(facts)
        checks = [
            partial(chunk_issues, start=start, count=count),
            partial(_chunk_language_issues, language=language, names=names),
        ]
        chunk = await ctx.generate(f"chunk-{number}", prompt, schema=PlanChunk, checks=checks)
        done += chunk.episodes
    return EpisodePlan(episode_count=target, reasoning_brief=None, episodes=done)


async def _without_duplicates(ctx: Context, facts: JsonObject, plan: EpisodePlan) -> EpisodePlan:
    """Rewrite the later episode of each near-duplicate pair once; what is still alike becomes a warning."""
    ctx.progress(85, Text(N_("Comparing the episodes with each other")))
    pairs = duplicates(plan)
    if pairs:
        plan = await _rewrite(ctx, facts, plan, pairs)
    for pair in duplicates(plan):
        ctx.warn(_alike(plan, pair))
    return plan


async def _rewrite(ctx: Context, facts: JsonObject, plan: EpisodePlan, pairs: list[Pair]) -> EpisodePlan:
    orders = sorted({pair.second + 1 for pair in pairs})
    ctx.progress(88, Text(N_("Rewriting {count} episodes that repeat others"), count=len(orders)))
    prompt = ctx.prompt(
        "dedupe",
        **facts,
        episodes=[e.model_dump(mode="json") for e in plan.episodes],
        orders=orders,
        report=[
            {"first": p.first + 1, "second": p.second + 1, "similarity": round(p.similarity, 2)}
            for p in pairs[:REPORTED_PAIRS]
        ],
    )
    checks = [
        lambda r: rewrite_issues(r, orders),
        lambda r: language_issues(r.episodes, briefing.checked_language(ctx), briefing.names_in(facts)),
    ]
    try:
        rewrites = await ctx.generate("dedupe", prompt, schema=Rewrites, checks=checks)
    except OutputError as error:
        # The plan itself is valid; a failed polish must not lose it.
        ctx.warn(Text(N_("The rewrite of repeating episodes could not be used: {reason}"), reason=error.text))
        return plan
    return merge(plan, rewrites.episodes)


def chunks(target: int) -> list[tuple[int, int]]:
    """(first order, count) of each chunk: 8 episodes for up to 16, 10 for up to 60, else 12."""
    size = 8 if target <= 16 else 10 if target <= 60 else 12
    return [(start, min(size, target - start + 1)) for start in range(1, target + 1, size)]


def count_issues(plan: EpisodePlan, target: int | None) -> list[Issue]:
    """The plan has as many episodes as were asked for; None leaves the choice to the model."""
    if target is None or plan.episode_count == target:
        return []
    return [
        Issue(
            "episode_count",
            Text(N_("{have} episodes, but {want} were asked for"), have=plan.episode_count, want=target),
        )
    ]


def chunk_issues(chunk: PlanChunk, start: int, count: int) -> list[Issue]:
    """Start, count and consecutive orders are exactly as asked."""
    issues = []
    if chunk.start_order != start:
        issues.append(Issue("start_order", Text(N_("must be {want}, is {have}"), want=start, have=chunk.start_order)))
    if chunk.episode_count != count or len(chunk.episodes) != count:
        issues.append(
            Issue(
                "episodes", Text(N_("{have} episodes, but {want} were asked for"), have=len(chunk.episodes), want=count)
            )
        )
    orders, wanted = [e.order for e in chunk.episodes], list(range(start, start + count))
    if orders != wanted:
        message = Text(N_("orders must be {want}, are {have}"), want=_join(wanted), have=_join(orders))
        issues.append(Issue("episodes", message))
    return issues


def _chunk_language_issues(chunk: PlanChunk, language: str, names: Sequence[str]) -> list[Issue]:
    return language_issues(chunk.episodes, language, names)


def language_issues(episodes: Sequence[EpisodeOutline], language: str, names: Sequence[str] = ()) -> list[Issue]:
    """The episodes are in the story's language; `names` may stay as they are."""
    texts = []
    for number, episode in enumerate(episodes):
        path = f"episodes.{number}"
        texts += [(f"{path}.{name}", getattr(episode, name)) for name in ("title", "logline", "scene_scope")]
        texts += text_checks.number(f"{path}.beats", episode.beats)
    return text_checks.story_language_issues(texts, language, names)


def rewrite_issues(rewrites: Rewrites, orders: list[int]) -> list[Issue]:
    """The rewrite returns exactly the episodes it was asked for."""
    have = sorted(e.order for e in rewrites.episodes)
    if have == orders:
        return []
    return [Issue("episodes", Text(N_("orders must be {want}, are {have}"), want=_join(orders), have=_join(have)))]


def duplicates(plan: EpisodePlan) -> list[Pair]:
    """Pairs of episodes that tell nearly the same, or have one title, by which they are found again when the story is
    planned anew; worst first, over the whole plan whatever chunk they came from."""
    titles = [fold(e.title) for e in plan.episodes]
    titled = [Pair(i, j, 1.0) for j in range(len(titles)) for i in range(j) if titles[i] == titles[j]]
    known = {(pair.first, pair.second) for pair in titled}
    alike = near_duplicates([e.comparison_text for e in plan.episodes])
    return titled + [pair for pair in alike if (pair.first, pair.second) not in known]


def merge(plan: EpisodePlan, rewrites: list[EpisodeOutline]) -> EpisodePlan:
    """The plan with those episodes replaced by order; every other episode is the same object, so equal byte by byte."""
    new = {e.order: e for e in rewrites}
    episodes = [new.get(e.order, e) for e in plan.episodes]
    return EpisodePlan(episode_count=plan.episode_count, reasoning_brief=plan.reasoning_brief, episodes=episodes)


def use_own_names(plan: EpisodePlan, characters: list[JsonObject]) -> EpisodePlan:
    """The main characters under their own names, whatever part or alias was used."""
    episodes = [
        e.model_copy(update={"main_characters": briefing.own_names(e.main_characters, characters)})
        for e in plan.episodes
    ]
    return plan.model_copy(update={"episodes": episodes})


def strangers(plan: EpisodePlan, characters: list[JsonObject]) -> list[str]:
    """Main characters that the library does not know."""
    return briefing.unknown_names((n for e in plan.episodes for n in e.main_characters), characters)


def _earlier(ctx: Context, done: list[EpisodeOutline]) -> list[JsonObject]:
    shown = done[-EARLIER_EPISODES:]
    if len(shown) < len(done):
        ctx.report_shortened("earlier episodes", len(shown), len(done))
    return [
        {
            "order": e.order,
            "title": briefing.clip(ctx, f"{e.order}: title", e.title, EARLIER_TITLE_CHARS),
            "logline": briefing.clip(ctx, f"{e.order}: logline", e.logline, EARLIER_LOGLINE_CHARS),
        }
        for e in shown
    ]


def _warn_of_strangers(ctx: Context, plan: EpisodePlan, characters: list[JsonObject]) -> None:
    unknown = strangers(plan, characters)
    if unknown:
        ctx.warn(Text(N_("Not in the character library: {names}"), names=", ".join(unknown)))


def _alike(plan: EpisodePlan, pair: Pair) -> Text:
    first, second = plan.episodes[pair.first], plan.episodes[pair.second]
    if fold(first.title) == fold(second.title):
        return Text(
            N_("Episodes {first} and {second} still have one title"), first=pair.first + 1, second=pair.second + 1
        )
    return Text(
        N_("Episodes {first} and {second} still tell nearly the same (similarity {similarity})"),
        first=pair.first + 1,
        second=pair.second + 1,
        similarity=f"{pair.similarity:.2f}",
    )


def _join(numbers: list[int]) -> str:
    return ", ".join(str(n) for n in numbers)
