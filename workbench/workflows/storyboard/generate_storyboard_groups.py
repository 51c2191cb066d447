"""generate_storyboard_groups: all nine groups of a scene as jobs of their own, each begun when the one before has
ended."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from pydantic import Field

from workbench.artifacts.panels import GROUP_KEYS, CameraMode, GroupKey
from workbench.i18n import N_, Text
from workbench.jobs.children import FRESH, NOT_STARTED, BatchResult, Child, ChildResult
from workbench.story.freshness import find_parts_to_make, find_stale_parts, list_named_children
from workbench.story.guards import has_scene_outline, has_storyboard_bible, has_storyboard_plan
from workbench.workflows import registry
from workbench.workflows.storyboard import panel_groups

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

ITEM = "generate_storyboard_group"


class Params(registry.Params):
    camera_mode: CameraMode | None = Field(
        None, title=N_("Camera mode"),
        description=N_(
            "A: the camera in brackets before each sentence; B: in fields of its own; empty: as the plan says"
        ),
    )  # fmt: skip
    force: bool = Field(False, title=N_("Make again"), description=N_("Also what is fresh"))
    rewrite: bool = Field(
        False, title=N_("Written by hand"),
        description=N_("Also what a person wrote or edited; the model is given that version to keep to"),
    )  # fmt: skip


def list_jobs(node: NodeView, params: Params) -> list[tuple[str, int]]:
    """What it starts, a job a group: `count_groups` of them."""
    return [(ITEM, node.id)]


def count_groups(node: NodeView, params: Params) -> tuple[int, int]:
    """How many of the nine it writes, those among them that go on from one that it writes anew."""
    anew = find_parts_to_make(node.at(node.id), panel_groups.KIND)
    return sum(_reason_to_skip(node, key, params, anew) is None for key in GROUP_KEYS), len(GROUP_KEYS)


@registry.workflow(
    "generate_storyboard_groups",
    title=N_("All storyboard groups"),
    scope="scene",
    params=Params,
    reads=("storyboard_bible", "storyboard_plan", "storyboard_groups"),
    guards=(has_scene_outline, has_storyboard_bible, has_storyboard_plan),
    batch=True,
    starts=list_jobs,
    pieces=count_groups,
    queue="system",
    deadline_s=24 * 3600,
)
async def run(ctx: Context, params: Params) -> BatchResult:
    """Write all nine groups one after the other, each from the end of the one before; what is fresh is kept."""
    ctx.progress(0, Text(N_("Choosing the groups")))
    node = ctx.node
    started = list_named_children(node, ctx.job_id)
    stale = find_stale_parts(node.at(node.id), panel_groups.KIND)
    reasons = {key: _reason_to_skip(node, key, params, stale) for key in GROUP_KEYS if key not in started}
    skipped = {key: reason for key, reason in reasons.items() if reason is not None}
    wanted = [key for key in GROUP_KEYS if key not in skipped]
    ctx.expect(len(wanted))
    results: list[ChildResult] = []
    for number, key in enumerate(wanted):
        if results and not results[-1].usable and not ctx.is_told_to_stop():
            broken = Text(N_("Not started: {key} before it failed"), key=wanted[number - 1])
            results.append(ChildResult(None, node.id, ITEM, NOT_STARTED, "child_failed", broken))
            continue
        child = Child(ITEM, node.id, {"group_id": key, "camera_mode": params.camera_mode, "rewrite": params.rewrite})
        results += await ctx.children([child], name=key)
    left = [{"node_id": node.id, "kind": ITEM, "item": key, "reason": reason} for key, reason in skipped.items()]
    return ctx.batch_result(results, left)


def _reason_to_skip(node: NodeView, key: GroupKey, params: Params, stale: Collection[str]) -> str | None:
    """Why a group that was not started yet need not be, or must not."""
    group = panel_groups.groups_in(node.at(node.id).artifact(panel_groups.KIND)).get(key)
    if group is None:
        return None
    if group.edited:
        return None if params.rewrite else "by_hand"
    fresh = panel_groups.part_of_group(key) not in stale
    asked = params.camera_mode
    return FRESH if fresh and not params.force and asked in (None, panel_groups.mode_of(group)) else None
