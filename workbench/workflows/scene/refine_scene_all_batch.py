"""refine_scene_all_batch: many scenes of a project at once, each to its end; a scene that fails stops no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.jobs.children import BatchResult
from workbench.workflows import composing, registry
from workbench.workflows.scene import refine_scene_all

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView


class Params(refine_scene_all.Params):
    scene_ids: list[int] | None = Field(
        None, min_length=1, max_length=2400, title=N_("Scenes"), description=N_("Empty: all scenes")
    )


def has_scenes(node: NodeView, params: Params) -> list[Issue]:
    """The project has at least one scene."""
    if any(episode.children() for episode in node.children()):
        return []
    return [Issue("scenes", Text(N_("This needs at least one scene. Generate a scene list first.")))]


def has_named_scenes(node: NodeView, params: Params) -> list[Issue]:
    """Every scene that the params name belongs to the project."""
    unknown = sorted(set(params.scene_ids) - set(scenes(node))) if params.scene_ids else []
    if not unknown:
        return []
    listed = ", ".join(map(str, unknown))
    return [
        Issue(
            "scene_ids",
            Text(N_("These are not scenes of this project: {ids}. Leave the field empty for all."), ids=listed),
        )
    ]


def list_jobs(node: NodeView, params: Params) -> list[tuple[str, int]]:
    """What it starts."""
    meant = params.scene_ids if params.scene_ids is not None else scenes(node)
    return [(name, scene) for scene in meant for name in refine_scene_all.parts(params.images)]


@registry.workflow(
    "refine_scene_all_batch",
    title=N_("All scenes"),
    scope="project",
    params=Params,
    reads=("scene_list",),
    guards=(has_scenes, has_named_scenes),
    batch=True,
    starts=list_jobs,
    queue="system",
    deadline_s=24 * 3600,
)
async def run(ctx: Context, params: Params) -> BatchResult:
    """Make everything of several scenes, by episode and order; what is fresh is kept, what failed is named."""
    ctx.progress(0, Text(N_("Choosing what can start")))
    jobs = list_jobs(ctx.node, params)
    return await composing.compose(ctx, jobs, force=params.force, rewrite="all" if params.rewrite else ())


def scenes(project: NodeView) -> list[int]:
    """The project's live scenes by episode and order."""
    return [scene.id for episode in project.children() for scene in episode.children()]
