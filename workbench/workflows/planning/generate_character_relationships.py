"""generate_character_relationships: how the people of the library stand to each other, and how that changes.

What a person has written or edited is pinned: a new run leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from workbench import sketch
from workbench.artifacts.drama import CharacterRelationships, Relation, Relationship
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import text_checks
from workbench.story.guards import has_two_characters
from workbench.story.names import NameIndex, names_of
from workbench.workflows import briefing, registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context


class Answer(BaseModel):
    """Each pair once in each direction that matters."""

    model_config = ConfigDict(extra="forbid")

    relationships: list[Relation] = Field(min_length=1, max_length=200)


def draft(facts: JsonObject, params: registry.Params, rng: Random) -> Answer:
    """Bind those who are in one event of the brief."""
    return Answer.model_validate(sketch.write_relationships(facts, rng))


@registry.workflow(
    "generate_character_relationships",
    title=N_("Character relationships"),
    scope="project",
    reads=("brief", "causal_chain", "character", "episode_plan"),
    writes="character_relationships",
    guards=(has_two_characters,),
    draft=draft,
    by_hand=True,
    typical=registry.Typical(calls=1, input_tokens=3_000, output_tokens=2_000, seconds=30.0),
)
async def run(ctx: Context, params: registry.Params) -> CharacterRelationships:
    """Say how each person stands to each other, how strongly, and how it changes over the episodes."""
    ctx.progress(5, Text(N_("Reading the cast")))
    brief = ctx.node.read_brief("title", "summary", "genre", "protagonist")
    characters = briefing.cast_facts(ctx, ctx.node, briefing.fields_of_who)
    characters += briefing.name_further_cast(ctx, ctx.node)
    chain = briefing.causal_chain(ctx, ctx.node)
    episodes = _list_episodes(ctx)
    kept = keep_pinned(ctx, characters)
    prompt = ctx.prompt(
        **{name: brief.get(name) or "" for name in ("title", "summary", "genre", "protagonist")},
        **chain,
        characters=characters,
        episodes=episodes,
        kept=[r.model_dump(mode="json", exclude={"pinned"}) for r in kept],
    )
    checks = [
        lambda answer: pair_issues(answer.relationships, characters),
        lambda answer: arc_issues(answer.relationships, [e["order"] for e in episodes]),
        lambda answer: language_issues(answer.relationships, briefing.checked_language(ctx), characters),
    ]
    ctx.progress(30, Text(N_("Writing the relationships")))
    answer = await ctx.generate("relationships", prompt, schema=Answer, checks=checks)
    made = [Relationship.model_validate(r.model_dump()) for r in _use_own_names(answer.relationships, characters)]
    ctx.progress(100, Text(N_("{n} relationships"), n=len(made)))
    return CharacterRelationships(relationships=merge(kept, made, NameIndex(characters)))


def _list_episodes(ctx: Context) -> list[JsonObject]:
    """Order, title and logline of each live episode."""
    # one more or one less may change how people stand to each other
    ctx.node.artifact("episode_plan", fields=("episode_count",))
    listed = []
    for node in ctx.node.children():
        told = node.entry("episode_plan", fields=("title", "logline")) or {}
        listed.append({"order": node.position, "title": node.title, "logline": told.get("logline") or ""})
    return listed


def keep_pinned(ctx: Context, characters: Sequence[JsonObject]) -> list[Relationship]:
    """What a new run leaves alone: what is pinned, and what a person has written or edited since a model wrote it.

    Of people who are gone nothing is kept, and the creator is told.
    """
    there = [Relationship.model_validate(r) for r in (ctx.current_content() or {}).get("relationships") or []]
    before = ctx.hand_written.generated_before
    generated = [Relationship.model_validate(r) for r in before.content["relationships"]] if before is not None else []
    kept = [
        r.model_copy(update={"pinned": True})
        for r in there
        if r.pinned or (ctx.hand_written.version is not None and r not in generated)
    ]
    index = NameIndex(characters)
    gone = [r for r in kept if None in (index.find(r.from_name), index.find(r.to_name))]
    if gone:
        names = "; ".join(f"{r.from_name} → {r.to_name}" for r in gone)
        ctx.warn(Text(N_("Left out, since somebody of it is no longer in the library: {names}"), names=names))
    return [r for r in kept if r not in gone]


def merge(kept: Sequence[Relationship], made: Sequence[Relationship], index: NameIndex) -> list[Relationship]:
    """What is kept stays as it is, in front; what was made adds the pairs that it lacks, whatever name a person used
    for them."""
    pairs = {(index.find(r.from_name), index.find(r.to_name)) for r in kept}
    return [*kept, *(r for r in made if (index.find(r.from_name), index.find(r.to_name)) not in pairs)]


def pair_issues(relations: Sequence[Relation], characters: Sequence[JsonObject]) -> list[Issue]:
    """Both are in the library, nobody stands to themselves, no pair is there twice in one direction."""
    index, seen, issues = NameIndex(characters), set[tuple[str, str]](), []
    for number, relation in enumerate(relations):
        path = f"relationships.{number}"
        ends = {"from_name": relation.from_name, "to_name": relation.to_name}
        unknown = {field: name for field, name in ends.items() if index.find(name) is None}
        for field, name in unknown.items():
            message = Text(N_("not in the character library: {names}"), names=name)
            issues.append(Issue(f"{path}.{field}", message))
        if unknown:
            continue
        pair = (str(index.find(relation.from_name)), str(index.find(relation.to_name)))
        if pair[0] == pair[1]:
            issues.append(Issue(path, Text(N_("{name} stands to themselves"), name=pair[0])))
        elif pair in seen:
            message = Text(N_("{a} to {b} is there twice; make one of them"), a=pair[0], b=pair[1])
            issues.append(Issue(path, message))
        seen.add(pair)
    return issues


def arc_issues(relations: Sequence[Relation], orders: Sequence[int]) -> list[Issue]:
    """Changes are at episodes that exist, each after the one before."""
    issues = []
    for number, relation in enumerate(relations):
        path, told = f"relationships.{number}.arc", [c.episode_order for c in relation.arc]
        unknown = [order for order in told if order not in orders]
        if unknown:
            message = Text(N_("there is no episode {orders}"), orders=", ".join(map(str, unknown)))
            issues.append(Issue(path, message))
        if told != sorted(set(told)):
            message = Text(N_("episodes must ascend, each once: {orders}"), orders=", ".join(map(str, told)))
            issues.append(Issue(path, message))
    return issues


def language_issues(relations: Sequence[Relation], language: str, characters: Sequence[JsonObject] = ()) -> list[Issue]:
    """How people stand to each other is told in the story's language; their names may stay as they are."""
    texts = []
    for number, relation in enumerate(relations):
        path = f"relationships.{number}"
        texts += [(f"{path}.label", relation.label), (f"{path}.description", relation.description)]
        texts += [(f"{path}.arc.{n}.change", change.change) for n, change in enumerate(relation.arc)]
    return text_checks.story_language_issues(texts, language, [n for c in characters for n in names_of(c)])


def _use_own_names(relations: Sequence[Relation], characters: Sequence[JsonObject]) -> list[Relation]:
    index = NameIndex(characters)
    return [
        r.model_copy(
            update={
                "from_name": index.find(r.from_name) or r.from_name,
                "to_name": index.find(r.to_name) or r.to_name,
            }
        )
        for r in relations
    ]
