"""generate_place_sheet: how a place looks: the whole of it, the other way, and what it is known by."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from workbench import sketch
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.jobs.context import PartialArtifact
from workbench.story import elements, hanzi
from workbench.workflows import registry, staging
from workbench.workflows.image import reference_sheets
from workbench.workflows.image.reference_sheets import Params, Subject

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView


def may_be_place(node: NodeView, params: Any) -> list[Issue]:
    """Where nothing tells a thing from a place, it is a place until there are scenes; a sheet that is there is kept
    up."""
    if elements.may_be_place(node) or node.artifact("place_sheet") is not None:
        return []
    message = N_(
        "It is no place so far: no scene is set there. If it is one, give it the kind Geography, or the name that the "
        "scenes' places have."
    )
    return [Issue("world_element", Text(message))]


def has_room(node: NodeView, params: Any) -> list[Issue]:
    """A look of a new name has its scenes, once there is a usual look, and there is room for it."""
    return reference_sheets.has_room(node, params, "place_sheet")


@registry.workflow(
    "generate_place_sheet",
    title=N_("Place sheet"),
    scope="world",
    params=Params,
    reads=("world_element", "brief"),
    writes="place_sheet",
    guards=(may_be_place, has_room),
    queue="image",
    adds=True,
    by_hand=True,
    only_on=elements.find_places,
    typical=registry.Typical(calls=0, input_tokens=0, output_tokens=0, images=2, seconds=30.0),
    share=lambda params: params.candidates / 2,
    share_of_parts=lambda looks, params: looks * params.candidates / 2,
    is_update=reference_sheets.is_update,
)
async def run(ctx: Context, params: Params) -> PartialArtifact:
    """Draw a place as a whole, the other way, and what it is known by: pictures to pick from."""
    # what is read for a look is its input alone, see Subject.read
    place = ctx.node.at(ctx.node.id).artifact("world_element") or {"name": ctx.node.title}
    name, words = str(place["name"]), str(place.get("description") or "")
    subject = Subject(
        "place", name, words, partial(_draw, ctx, name, words),
        lambda part: ctx.node.artifact("world_element", fields=("name", "description"), only_for=part),
    )  # fmt: skip
    return await reference_sheets.draw_looks(ctx, params, subject)


def _draw(ctx: Context, name: str, words: str, look: str, given: bytes | None, number: int) -> bytes:
    story = staging.read_whole_story(ctx)
    style = {**(ctx.node.at(ctx.node.project_id).brief.get("style") or {}), "story": story}
    name, words, look, style = hanzi.read_simplified([name, words, look, style])
    return sketch.draw_place_sheet(name, words, look, style, ctx.language, number)
