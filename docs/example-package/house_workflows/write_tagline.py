"""write_tagline: one line for the poster, written from the brief and kept as an artifact of its own kind."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from workbench.artifacts.declared import Kind
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.workflows import registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context


class Params(registry.Params):
    longest: int = Field(60, ge=10, le=200, title=N_("Longest, in characters"))


class Tagline(BaseModel):
    model_config = ConfigDict(extra="forbid")

    line: str = Field(min_length=1, max_length=200, title=N_("Tagline"))


TAGLINE = Kind("house_tagline", N_("Tagline"), "project", Tagline)


def check_length(answer: Tagline, longest: int) -> list[Issue]:
    have = len(answer.line)
    message = Text(N_("{have} characters, at most {most} are allowed"), have=have, most=longest)
    return [Issue("line", message)] if have > longest else []


def draft(facts: JsonObject, params: Params, rng: Random) -> Tagline:
    """The offline answer, from the same facts that the prompt gets."""
    return Tagline(line=str(facts["title"])[: params.longest])


@registry.workflow(
    "write_tagline",
    title=N_("Tagline of the house"),
    scope="project",
    params=Params,
    reads=("brief",),
    writes=TAGLINE.name,
    draft=draft,
    purpose="planning",
)
async def run(ctx: Context, params: Params) -> Tagline:
    """Write one line for the poster."""
    brief = ctx.node.read_brief("title", "summary")
    prompt = ctx.prompt(title=brief["title"], summary=brief["summary"], longest=params.longest)
    return await ctx.generate("line", prompt, schema=Tagline, checks=[lambda a: check_length(a, params.longest)])
