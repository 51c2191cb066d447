"""generate_character_sheet: how a character looks, from the front, three-quarter, from behind, and their face."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from workbench import sketch
from workbench.errors import Issue
from workbench.i18n import N_
from workbench.jobs.context import PartialArtifact
from workbench.json_types import JsonObject
from workbench.story import hanzi
from workbench.workflows import registry, staging
from workbench.workflows.image import reference_sheets
from workbench.workflows.image.reference_sheets import Params, Subject

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView


def has_room(node: NodeView, params: Any) -> list[Issue]:
    """A look of a new name has its scenes, once there is a usual look, and there is room for it."""
    return reference_sheets.has_room(node, params, "character_sheet")


def fields_of_looks(character: JsonObject) -> tuple[str, ...]:
    """Who it is only where the looks are not told."""
    return ("name", "appearance", *(() if character.get("appearance") else ("description",)))


@registry.workflow(
    "generate_character_sheet",
    title=N_("Character sheet"),
    scope="character",
    params=Params,
    reads=("character", "brief"),
    writes="character_sheet",
    guards=(has_room,),
    queue="image",
    adds=True,
    by_hand=True,
    typical=registry.Typical(calls=0, input_tokens=0, output_tokens=0, images=2, seconds=30.0),
    share=lambda params: params.candidates / 2,
    share_of_parts=lambda looks, params: looks * params.candidates / 2,
    is_update=reference_sheets.is_update,
)
async def run(ctx: Context, params: Params) -> PartialArtifact:
    """Draw a character from the front, three-quarter and from behind, and their face: pictures to pick from."""
    # what is read for a look is its input alone, see Subject.read
    character = ctx.node.at(ctx.node.id).artifact("character") or {"name": ctx.node.title}
    name, words = str(character["name"]), str(character.get("appearance") or character.get("description") or "")
    subject = Subject(
        "character", name, words, partial(_draw, ctx, name, words),
        lambda part: ctx.node.artifact("character", fields=fields_of_looks, only_for=part),
    )  # fmt: skip
    return await reference_sheets.draw_looks(ctx, params, subject)


def _draw(ctx: Context, name: str, words: str, look: str, given: bytes | None, number: int) -> bytes:
    story = staging.read_whole_story(ctx)
    style = {**(ctx.node.at(ctx.node.project_id).brief.get("style") or {}), "story": story}
    cast = [c["name"] for c in story["characters"]]
    name, words, look, cast, style = hanzi.read_simplified([name, words, look, cast, style])
    return sketch.draw_character_sheet(name, cast, words, look, style, ctx.language, number, given)
