"""Looking around in a story with tools: a model asks for what it wants to read, then answers.

At most six turns, 45 seconds each and 180 in all. Each turn is a step: a job that goes on pays no turn twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from workbench.artifacts.drama import Proposal
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import candidates as rules
from workbench.workflows import briefing

if TYPE_CHECKING:
    from workbench.jobs.context import Context

MAX_TURNS, TURN_S, ALL_S = 6, 45.0, 180.0
LEAST_SLICE, MOST_SLICE = 200, 8_000

Tool = Literal["basics", "world", "characters", "names_in_chain", "chain", "finish"]
Check = Callable[[Any], list[Issue]]


class OutOfTime(Exception):
    """The turns took too long."""

    text = Text(N_("It took too long."))


class Turn(BaseModel):
    """One thing to read, or the answer."""

    model_config = ConfigDict(extra="forbid")

    tool: Tool
    start: int = Field(0, ge=0, le=1_000_000)
    length: int = Field(4_000, ge=LEAST_SLICE, le=MOST_SLICE)
    candidates: list[Proposal] = Field(default_factory=list, max_length=60)


@dataclass(frozen=True)
class Story:
    """What there is to read. `chain`: the whole chain as text; `chain_fact`: as much of it as one prompt takes."""

    facts: JsonObject
    characters: list[JsonObject]
    chain: str
    chain_fact: JsonObject
    chain_names: list[str]
    sources: list[str]

    def read(self, turn: Turn) -> Any:
        """What a tool answers."""
        if turn.tool == "chain":
            piece = self.chain[turn.start : turn.start + turn.length]
            return {"start": turn.start, "of": len(self.chain), "text": piece}
        if turn.tool == "names_in_chain":
            return self.chain_names
        if turn.tool in ("world", "characters"):
            return self.facts[turn.tool]
        return {name: self.facts[name] for name in ("title", "summary", "genre", "protagonist")}


def read_story(ctx: Context) -> Story:
    """Everything that candidates are found in; all of it becomes an input."""
    facts = briefing.story_facts(ctx)
    chain = ctx.node.artifact("causal_chain", fields=briefing.CHAIN) or {}
    there = {part: value for part, value in chain.items() if value is not None}
    return Story(
        facts=facts,
        characters=ctx.node.characters(("name", "aliases"), most=None),
        chain=briefing.compact(there) if there else "",
        chain_fact=briefing.causal_chain(ctx, ctx.node),
        chain_names=rules.names_in(there),
        sources=rules.sources_of(there, facts["world"]),
    )


async def look_around(ctx: Context, story: Story, asked: JsonObject, checks: Sequence[Check]) -> list[Proposal]:
    """What the model proposes after it has read what it asked for. Raises OutputError, OutOfTime."""
    begun = time.monotonic()
    seen: list[JsonObject] = []
    for number in range(1, MAX_TURNS + 1):
        left = ALL_S - (time.monotonic() - begun)
        if left <= 0:
            raise OutOfTime
        ctx.progress(20 + 10 * (number - 1), Text(N_("Looking around, turn {n} of {most}"), n=number, most=MAX_TURNS))
        turns_left = MAX_TURNS - number
        prompt = ctx.prompt("agent", **asked, seen=seen, turns_left=turns_left, title=story.facts["title"])
        judge = [lambda turn, turns_left=turns_left: turn_issues(turn, turns_left, checks)]
        try:
            async with asyncio.timeout(min(TURN_S, left)):
                turn = await ctx.generate(f"agent-{number}", prompt, schema=Turn, checks=judge)
        except TimeoutError:
            raise OutOfTime from None
        if turn.tool == "finish":
            ctx.note(Text(N_("The agent answers after {n} turns"), n=number))
            return turn.candidates
        ctx.note(Text(N_("The agent reads: {tool}"), tool=turn.tool))
        seen.append({"tool": turn.tool, "answer": story.read(turn)})
    raise AssertionError("the last turn has no way but to finish")


def turn_issues(turn: Turn, turns_left: int, checks: Sequence[Check]) -> list[Issue]:
    """The last turn finishes; what finishes has candidates that pass every check."""
    if turn.tool != "finish":
        message = N_("this is the last turn: “finish”, with candidates")
        return [] if turns_left else [Issue("tool", Text(message))]
    if not turn.candidates:
        return [Issue("candidates", Text(N_("“finish” needs at least one candidate")))]
    return [issue for check in checks for issue in check(turn)]
