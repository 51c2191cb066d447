"""Running many jobs as one: what parents like run_plan and refine_scene_all share.

The jobs run as children in the order of what they read; what is fresh when its turn comes is left as it is, what
waits for something that failed is not started. A parent holds no worker, and resumes where it was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from workbench.artifacts import kinds
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.jobs.children import FRESH, NOT_STARTED, BatchResult, Child, ChildResult, tell_stopped
from workbench.json_types import JsonObject
from workbench.story import elements, plan
from workbench.story.freshness import Standing, find_held, list_kept, load_subtree, plan_children
from workbench.story.guards import unmet_in_plan
from workbench.workflows import registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

#: (workflow, node id)
Key = tuple[str, int]
#: of the jobs, those that replace what a person wrote or edited
Rewrite = Collection[Key] | Literal["all"]


def makers(include: Collection[str] = ()) -> list[registry.Workflow]:
    """The workflows that write an artifact: those of any plan, and of the others the named ones."""
    every = registry.all_workflows()
    return [w for w in every if w.writes is not None and not w.batch and (not w.by_hand or w.name in include)]


def _makers_of(jobs: Collection[Key]) -> list[registry.Workflow]:
    """Those of any plan, and what these jobs ask for by name."""
    return makers({name for name, _ in jobs})


@dataclass
class Outcome:
    """What jobs came to. `skipped`: what was left out, with its reason; `held`: the jobs whose plan waits to be looked
    at before it archives anything."""

    done: dict[Key, ChildResult] = field(default_factory=dict)
    skipped: list[JsonObject] = field(default_factory=list)
    held: set[Key] = field(default_factory=set)

    def stops(self, key: Key) -> bool:
        """What reads from this job's output cannot begin."""
        return key in self.held or (key in self.done and not self.done[key].usable)

    @property
    def usable(self) -> bool:
        """What comes after all of these jobs can begin."""
        return not any(self.stops(key) for key in self.done)


async def compose(
    ctx: Context,
    jobs: Sequence[Key],
    *,
    force: bool = False,
    grow: bool = False,
    rewrite: Rewrite = (),
    leave_out: Collection[str] = (),
    include: Collection[str] = (),
    review: bool = True,
) -> BatchResult:
    """Run the jobs, each after those it reads from. `force`: also what is fresh. `grow`: go on below nodes that they
    make, without the workflows in `leave_out`, with those in `include` that no plan begins unasked. `rewrite`: also
    these although a person wrote or edited what they make; what is pinned always stays. `review`: a new plan that would
    archive what is made waits to be looked at.

    Raises ChildFailed when all of them failed.
    """
    own: dict[str, JsonObject] = {} if review else {w.name: {"review": False} for w in makers() if w.has_review}
    requested = list(dict.fromkeys([*jobs, *plan_children(ctx.node, ctx.job_id)]))
    while True:
        outcome = await run_jobs(ctx, requested, force=force, rewrite=rewrite, params_of=own)
        grown = {key: result for key, result in outcome.done.items() if key not in outcome.held}
        below = _keys_below(ctx, requested, grown, leave_out, include) if grow else []
        more = [key for key in below if key not in requested]
        if not more:
            return summarise(ctx, outcome)
        requested += more


async def run_jobs(
    ctx: Context,
    requested: Sequence[Key],
    *,
    force: bool = False,
    rewrite: Rewrite = (),
    params_of: Mapping[str, JsonObject] | None = None,
    expect: bool = True,
) -> Outcome:
    """Run these jobs, each after those it reads from; suspends while a child is at work. `params_of`: by workflow;
    the others get their usual ones. `expect`: they are all that the parent waits for."""
    makers = _makers_of(requested)
    nodes, standing = load_subtree(ctx.node)
    kept = list_kept(ctx.node, nodes, makers)
    items = plan.order_jobs(nodes, makers, requested, standing.made_from)
    started = set(plan_children(ctx.node, ctx.job_id))
    declared = {w.name: w for w in makers}

    def reason_to_skip(item: plan.Item) -> str | None:
        """Why a job that was not started yet need not be, or must not."""
        if not force and _fresh(item, declared, standing):
            return FRESH
        head = kept.get((str(declared[item.workflow].writes), item.node_id))
        if head is None:
            return None
        if head.pinned:
            return "pinned"
        return None if rewrite == "all" or item.key in rewrite else "by_hand"

    if expect:
        ctx.expect(sum(i.key in started or reason_to_skip(i) is None for i in items))
    outcome = Outcome()
    #: job → the workflow whose plan is waited for
    waits: dict[Key, str] = {}
    for wave in plan.waves(items):
        wanted = []
        stopped = ctx.is_told_to_stop()
        for item in wave:
            reason = None if item.key in started else reason_to_skip(item)
            if stopped and reason is None and item.key not in started:
                outcome.done[item.key] = tell_stopped(*item.key)
                continue
            broken = next((items[i] for i in item.after if outcome.stops(items[i].key)), None)
            if reason is not None:
                outcome.skipped.append({"node_id": item.node_id, "kind": item.workflow, "reason": reason})
            elif broken is not None and item.key not in started:
                waits_for = waits.get(broken.key)
                cause = declared[waits_for or broken.workflow]
                outcome.done[item.key] = _not_started(item, cause, waits=waits_for is not None)
                waits |= {} if waits_for is None else {item.key: waits_for}
                outcome.held = set(waits)
            else:
                wanted.append(item)
        if not wanted:
            continue
        own = params_of or {}
        children = [Child(item.workflow, item.node_id, _params(declared[item.workflow], own, force)) for item in wanted]
        for result, item in zip(await ctx.children(children, name="job", unless_fresh=not force), wanted, strict=True):
            outcome.done[item.key] = result
        waits |= {key: key[0] for key in _find_held(ctx, declared, outcome.done)}
        outcome.held = set(waits)
    return outcome


def _find_held(ctx: Context, declared: dict[str, registry.Workflow], done: dict[Key, ChildResult]) -> set[Key]:
    plans = {
        result.job_id: key
        for key, result in done.items()
        if result.job_id is not None and kinds.find(str(declared[key[0]].writes)).child_kind is not None
    }
    return {plans[job_id] for job_id in find_held(ctx.node, list(plans))}


def _fresh(item: plan.Item, declared: dict[str, registry.Workflow], standing: Standing) -> bool:
    return standing.state_of(item.node_id, str(declared[item.workflow].writes)) == "fresh"


def _params(workflow: registry.Workflow, own: Mapping[str, JsonObject], force: bool) -> JsonObject:
    """Its own, and that it is forced where it can be."""
    forced = {"force": True} if force and "force" in workflow.params.model_fields else {}
    return {**forced, **own.get(workflow.name, {})}


def _not_started(item: plan.Item, broken: registry.Workflow, *, waits: bool) -> ChildResult:
    message = (
        Text(N_("Not started: the new “{title}” waits to be taken over"), title=broken.title)
        if waits
        else Text(N_("Not started: “{title}” before it failed"), title=broken.title)
    )
    return ChildResult(None, item.node_id, item.workflow, NOT_STARTED, "child_failed", message)


def _keys_below(
    ctx: Context,
    requested: Sequence[Key],
    done: dict[Key, ChildResult],
    leave_out: Collection[str],
    include: Collection[str],
) -> list[Key]:
    """What is missing or stale below the nodes whose children these jobs have written."""
    declared = {w.name: w for w in makers()}
    keys: list[Key] = []
    for name, node_id in requested:
        child = kinds.find(str(declared[name].writes)).child_kind if name in declared else None
        result = done.get((name, node_id))
        if child is not None and result is not None and result.ok:
            nodes, standing = load_subtree(ctx.node.at(node_id))
            wanted = [m for m in makers(include) if m.name not in leave_out]
            unfit = elements.list_unfit(ctx.node, nodes, wanted)
            work = plan.find_work(nodes, wanted, standing.state_of, unfit=unfit, made_from=standing.made_from)
            keys += [item.key for item in work if item.node_id != node_id]
    return list(dict.fromkeys(keys))


def join(first: Outcome, then: Outcome) -> Outcome:
    """Of jobs, and of those after them."""
    return Outcome({**first.done, **then.done}, [*first.skipped, *then.skipped], first.held | then.held)


def summarise(ctx: Context, outcome: Outcome) -> BatchResult:
    """Raises ChildFailed when all of them failed."""
    ctx.progress(100, Text(N_("All jobs have ended")))
    return ctx.batch_result(list(outcome.done.values()), outcome.skipped)


def startable(node: NodeView, jobs: Sequence[Key]) -> list[Issue]:
    """The unmet preconditions of every job that waits for none of the others: all of them start, or none."""
    nodes, standing = load_subtree(node)
    own = _makers_of(jobs)
    declared = {w.name: w for w in own}
    items = plan.order_jobs(nodes, own, jobs, standing.made_from)
    return unmet_in_plan([i for i in items if not _fresh(i, declared, standing)], declared, node.at)
