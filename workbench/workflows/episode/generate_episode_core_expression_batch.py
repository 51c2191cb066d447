"""generate_episode_core_expression_batch: core expressions of many episodes, in order, each seeing its
predecessor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from workbench.errors import GuardUnmet
from workbench.i18n import N_, Text
from workbench.jobs.children import FRESH, BatchResult, Child
from workbench.story.freshness import first_batch, is_fresh, keep_batch_order, list_kept
from workbench.story.guards import has_episodes, has_these_episodes, plannable
from workbench.workflows import registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

ITEM = "generate_episode_core_expression"
WRITES = "core_expression"


class Params(registry.Params):
    episode_ids: list[int] | None = Field(
        None, min_length=1, max_length=100, title=N_("Episodes"), description=N_("Empty: all episodes")
    )
    force: bool = Field(False, title=N_("Write again"), description=N_("Also where a fresh core expression exists"))
    rewrite: bool = Field(
        False,
        title=N_("Written by hand"),
        description=N_("Also what a person wrote or edited; the model is given that version to keep to"),
    )


def list_jobs(node: NodeView, params: Params) -> list[tuple[str, int]]:
    """What it starts."""
    return [(ITEM, episode.id) for episode in select_episodes(node.children(), params)]


@registry.workflow(
    "generate_episode_core_expression_batch",
    title=N_("Core expressions of all episodes"),
    scope="project",
    params=Params,
    reads=("episode_plan", "core_expression"),
    guards=(plannable, has_episodes, has_these_episodes),
    batch=True,
    starts=list_jobs,
    deadline_s=3600,
)
async def run(ctx: Context, params: Params) -> BatchResult:
    """Write the core expressions of several episodes one after the other; existing fresh ones are kept."""
    unknown = has_these_episodes(ctx.node, params)
    if unknown:
        raise GuardUnmet(unknown)
    ctx.progress(0, Text(N_("Choosing the episodes")))
    named = select_episodes(ctx.node.children(), params)
    kept = {
        node: "pinned" if head.pinned else "by_hand"
        for (kind, node), head in list_kept(ctx.node, named, [registry.find(ITEM)]).items()
        if kind == WRITES and (head.pinned or not params.rewrite)
    }
    wanted = [e.id for e in named if (params.force or not is_fresh(e, WRITES)) and e.id not in kept]
    todo = keep_batch_order(first_batch(ctx.node, ctx.job_id), wanted)
    results = await ctx.children(
        [Child(ITEM, node_id, {}) for node_id in todo], chained=True, unless_fresh=not params.force
    )
    skipped = [
        {"node_id": e.id, "reason": FRESH if not params.force and is_fresh(e, WRITES) else kept.get(e.id, FRESH)}
        for e in named
        if e.id not in todo
    ]
    return ctx.batch_result(results, skipped)


def select_episodes(episodes: list[NodeView], params: Params) -> list[NodeView]:
    """The episodes meant, by position: the named ones, or all when none is named."""
    meant = [e for e in episodes if e.kind == "episode" and (params.episode_ids is None or e.id in params.episode_ids)]
    return sorted(meant, key=lambda e: e.position)
