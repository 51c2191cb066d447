"""run_plan: the jobs of a plan as one job to watch and to cancel; “run everything below” and “update what's stale”."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.jobs.children import BatchResult
from workbench.workflows import composing, registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView


class Params(registry.Params):
    jobs: list[tuple[str, int]] = Field(
        min_length=1, max_length=50_000, title=N_("Jobs"), description=N_("Workflow and node of each, in any order")
    )
    grow: bool = Field(
        False, title=N_("Go on"), description=N_("Also into the episodes and scenes that these jobs make")
    )

    rewrite: list[tuple[str, int]] = Field(
        default_factory=list,
        max_length=50_000,
        title=N_("Written by hand"),
        description=N_("Those of the jobs that replace what a person wrote or edited; others are left out"),
    )
    leave_out: list[str] = Field(
        default_factory=list,
        max_length=200,
        title=N_("Leave out"),
        description=N_("Workflows that are not started on what these jobs make"),
    )
    include: list[str] = Field(
        default_factory=list,
        max_length=200,
        title=N_("Take in"),
        description=N_("Workflows that no plan begins unasked, and that are also started on what these jobs make"),
    )
    review: bool = registry.REVIEW


def all_can_start(node: NodeView, params: Params) -> list[Issue]:
    """Every job of the plan that waits for no other can start."""
    return composing.startable(node, params.jobs)


def list_jobs(node: NodeView, params: Params) -> list[tuple[str, int]]:
    """What it starts."""
    return params.jobs


@registry.workflow(
    "run_plan",
    title=N_("Run a plan"),
    scope="any",
    params=Params,
    guards=(all_can_start,),
    batch=True,
    starts=list_jobs,
    queue="system",
    deadline_s=24 * 3600,
)
async def run(ctx: Context, params: Params) -> BatchResult:
    """Run the jobs of a plan in their order, side by side where they can be; what is fresh by then is left alone."""
    ctx.progress(0, Text(N_("Choosing what can start")))
    return await composing.compose(
        ctx,
        params.jobs,
        grow=params.grow,
        rewrite=params.rewrite,
        leave_out=params.leave_out,
        include=params.include,
        review=params.review,
    )
