"""make_handoff: a storyboard as a file for a crew, where that takes long. No model is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from workbench.errors import Issue, NotAllowed, NotFound
from workbench.handoff.book import has_scenes, no_scenes, read_book
from workbench.handoff.forms import FORMS, FormName, file_name
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.workflows import registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView


class Params(registry.Params):
    form: FormName = Field("pdf", title=N_("Form"), description=N_("What is made: pages, a table, a screenplay, …"))


def has_something(node: NodeView, params: Params) -> list[Issue]:
    """There is a scene to hand off."""
    return [] if has_scenes(node) else [Issue("node_id", no_scenes())]


@registry.workflow(
    "make_handoff",
    title=N_("Hand-off"),
    scope="any",
    params=Params,
    guards=(has_something,),
    queue="system",
    deadline_s=4 * 3600,
    by_hand=True,
    typical=registry.Typical(calls=0, input_tokens=0, output_tokens=0, seconds=20),
)
async def run(ctx: Context, params: Params) -> JsonObject:
    """Write a project's, an episode's or a scene's storyboard as a file for a crew."""
    ctx.progress(0, Text(N_("Reading the story")))
    if not ctx.has_node:
        raise NotAllowed(no_scenes())
    book = read_book(ctx.node)
    last = -1

    def read(sha: str) -> bytes | None:
        try:
            return ctx.picture(sha)
        except NotFound:
            return None

    def tell(done: int, of: int) -> None:
        nonlocal last
        percent = 5 + 90 * done // max(1, of)
        # a row is written each time, and there may be thousands of scenes
        if percent > last:
            last = percent
            ctx.progress(percent, Text(N_("{done} of {of} scenes are written"), done=done, of=of))

    form = FORMS[params.form]
    data = form.make(book, read, tell)
    ctx.progress(98, Text(N_("Keeping the file")))
    sha = ctx.keep_file(data, form.suffix)
    return {"file": {"sha256": sha, "name": file_name(book, form), "form": form.name, "bytes": len(data)}}
