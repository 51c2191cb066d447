"""A workflow for the recorded story: a batch with one child of each fate."""

from __future__ import annotations

from workbench.jobs.children import BatchResult, Child
from workbench.jobs.context import Context
from workbench.workflows.registry import Params, workflow


async def run(ctx: Context, params: Params) -> BatchResult:
    """Asks for a child that succeeds, one that fails and one that is refused."""
    node = ctx.node.id
    return ctx.batch_result(
        await ctx.children(
            [
                Child("plan_episodes", node, {}),
                Child("recorded_failure", node, {}),
                Child("generate_episode_core_expression_batch", node, {"episode_ids": [999]}),
            ]
        )
    )


async def fail(ctx: Context, params: Params) -> None:
    """Fails."""
    from workbench.errors import ProviderError
    from workbench.i18n import Text

    raise ProviderError("auth", Text("the key was refused"))


def register() -> None:
    """Only when the story comes to it: `workflows list` names what is registered."""
    workflow("recorded_failure", title="Failure", scope="project", params=Params)(fail)
    workflow("recorded_batch", title="Batch", scope="project", params=Params, batch=True)(run)
