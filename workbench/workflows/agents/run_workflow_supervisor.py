"""run_workflow_supervisor: what holds a whole story together, made in the order in which one is read by the other.

A parent: the causal chain, who could join the cast, how people stand to each other, and the emotion arc. What is fresh
stays; what lacks something to be made from is named and not begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from workbench.i18n import N_, Text
from workbench.jobs.children import BatchResult
from workbench.story.guards import plannable
from workbench.workflows import composing, registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

#: what each reads decides the real order
STEPS = (
    "build_narrative_causal_chain",
    "expand_story_characters",
    "generate_character_relationships",
    "generate_emotion_arc",
)


class Params(registry.Params):
    force: bool = Field(False, title=N_("Make again"), description=N_("Also what is fresh"))
    rewrite: bool = Field(
        False,
        title=N_("Written by hand"),
        description=N_("Also what a person wrote or edited; the model is given that version to keep to"),
    )


def list_jobs(node: NodeView, params: Params) -> list[tuple[str, int]]:
    """What it starts."""
    return [(name, node.id) for name in STEPS]


@registry.workflow(
    "run_workflow_supervisor",
    title=N_("Story supervisor"),
    scope="project",
    params=Params,
    reads=("brief", "episode_plan"),
    guards=(plannable,),
    batch=True,
    conducts=True,
    starts=list_jobs,
    queue="system",
    deadline_s=24 * 3600,
)
async def run(ctx: Context, params: Params) -> BatchResult:
    """Build the causal chain, find who could join, relate the people and draw the emotion arc; what is fresh stays."""
    ctx.progress(0, Text(N_("Choosing what can start")))
    jobs = list_jobs(ctx.node, params)
    return await composing.compose(ctx, jobs, force=params.force, rewrite="all" if params.rewrite else ())
