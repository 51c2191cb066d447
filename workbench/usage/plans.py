"""A plan with its price: the jobs below a node, and what they will probably take, before any of them is launched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.db.connection import Database
from workbench.db.reads import story as reads
from workbench.db.reads.jobs import list_workers
from workbench.db.rows.record import without_collection
from workbench.db.rows.story import KeptHead, Node
from workbench.errors import NotFound
from workbench.i18n import Text
from workbench.json_types import JsonObject
from workbench.story import elements, guards, plan
from workbench.story.facts import NodeView
from workbench.story.freshness import (
    count_parts_to_make,
    find_kept,
    list_kept,
    list_nodes_below,
    load_subtree,
    read_standing,
)
from workbench.usage import estimates
from workbench.usage.estimates import Estimate

#: a worker process that is not up yet will have about as many threads
SLOTS = 8
#: how many episodes and scenes a model writes when nobody said
EPISODES, SCENES = 12, 12


def find_work(
    database: Database, makers: Sequence[Any], node_id: int, mode: plan.Mode, rewrite: Collection[plan.Key] = ()
) -> tuple[plan.Work, list[Node], dict[plan.Key, KeptHead]]:
    """The plan's items without their price, the nodes they are on, and the heads on them that a person cares for.

    `rewrite`: (workflow, node id) of what is made anew although a person wrote or edited it; what is pinned stays.
    Raises NotFound of an archived node.
    """
    with database.read() as conn, without_collection():
        node = reads.find_node(conn, node_id)
        assert node is not None
        if node.archived_at is not None:
            raise NotFound(Text("Node {node_id} is archived. Restore it first.", node_id=node_id))
        nodes = list_nodes_below(conn, node)
        standing = read_standing(conn, nodes)
        kept = find_kept(conn, [n.id for n in nodes], makers)
        asked = {(m.writes, n) for m in makers for name, n in rewrite if name == m.name}
        keep = {key for key, head in kept.items() if head.pinned or key not in asked}
        unfit = elements.find_unfit(conn, nodes, makers)
        work = plan.divide_work(nodes, makers, standing.state_of, mode, keep, unfit, standing.made_from)
        return work, nodes, kept


def build(
    database: Database,
    makers: Sequence[Any],
    bound: estimates.BoundProfiles,
    node_id: int,
    mode: plan.Mode,
    rewrite: Collection[plan.Key] = (),
) -> plan.Plan:
    """The jobs in order, each with tokens, seconds and money; `makers` are the workflows that write artifacts."""
    work, nodes, kept = find_work(database, makers, node_id, mode, rewrite)
    items = work.items
    by_id = {n.id: n for n in nodes}
    declared = {m.name: m for m in makers}
    with database.read() as conn:
        slots = _slots(conn)
        later = _later(conn, items, by_id, makers) if mode == "missing" else {}
        there = [(i.node_id, declared[i.workflow]) for i in items if i.state != "missing"]
        in_parts = [(str(m.writes), node_id) for node_id, m in there if m.share_of_parts is not None]
        parts = count_parts_to_make(conn, nodes[0].project_id, in_parts)
    wanted = {item.workflow for item in (*items, *work.kept)} | later.keys()
    guesses = estimates_of(database, [m for m in makers if m.name in wanted], bound)

    def price(item: plan.Item) -> plan.PlannedJob:
        known, guess = declared[item.workflow], guesses[item.workflow]
        anew = parts.get((str(known.writes), item.node_id))
        if anew is not None and known.share_of_parts is not None:
            guess = _scale(known, guess, known.share_of_parts(anew, known.params()))
        return _price(item, known.title, by_id[item.node_id], guess)

    def leave(item: plan.Item) -> plan.KeptJob:
        head = kept[str(declared[item.workflow].writes), item.node_id]
        return plan.KeptJob(price(item), head.version, head.pinned)

    jobs = [price(item) for item in items]
    return plan.Plan(
        jobs=jobs,
        tokens=None if any(j.tokens is None for j in jobs) else sum(j.tokens or 0 for j in jobs),
        seconds=plan.time_needed(items, [j.seconds for j in jobs], slots),
        cost=sum_up(jobs),
        unpriced=sum(j.cost_micros is None for j in jobs),
        follows=_price_each(later, guesses),
        unmet=guards.unmet_in_plan(items, declared, lambda node_id: NodeView.load(database, node_id)),
        growth=_grow(later, guesses, slots),
        kept=[leave(item) for item in work.kept],
        moved=_count_moved(items, by_id, declared, kept),
    )


def _count_moved(
    items: Sequence[plan.Item], nodes: Mapping[int, Node], declared: Mapping[str, Any], kept: Iterable[plan.Key]
) -> int:
    """The kept heads below nodes whose children are planned anew: one that is left out takes what it has with it."""
    planned = {i.node_id for i in items if i.state != "missing" and kinds.find(declared[i.workflow].writes).child_kind}

    def is_below(node_id: int) -> bool:
        above = nodes[node_id].parent_id
        return above is not None and (above in planned or (above in nodes and is_below(above)))

    return sum(is_below(node_id) for _, node_id in kept)


def estimates_of(
    database: Database, makers: Sequence[Any], bound: estimates.BoundProfiles, ran: estimates.Ran | None = None
) -> dict[str, Estimate]:
    """For each workflow what one run will probably take with these profiles; `ran`: read before, for many of them."""
    shares = {m.name: partial(read_share, m) for m in makers if m.share is not None}
    with database.read() as conn:
        ran = ran or estimates.Ran(conn)
        measured = estimates.measure(conn, {m.name: m.typical for m in makers}, bound, shares, ran)
        drawn = {
            m.name: estimates.estimate_pictures(conn, m.draws.by, m.draws.typical, bound, ran)
            for m in makers
            if m.draws is not None
        }
    own = {m.name: estimates.estimate(m.typical, bound, measured.get(m.name)) for m in makers}
    return {name: estimates.add(guess, drawn[name]) if name in drawn else guess for name, guess in own.items()}


def estimate_on(
    database: Database, workflow: Any, bound: estimates.BoundProfiles, node_id: int, params: Any
) -> Estimate:
    """What a run on this node will take, whose pictures others draw: those that are missing there."""
    shares = {} if workflow.share is None else {workflow.name: partial(read_share, workflow)}
    with database.read() as conn:
        ran = estimates.Ran(conn)
        measured = estimates.measure(conn, {workflow.name: workflow.typical}, bound, shares, ran)
        missing = workflow.draws.missing(NodeView.load(database, node_id), params)
        pictures = estimates.estimate_pictures(conn, workflow.draws.by, missing, bound, ran)
    own = estimates.estimate(workflow.typical, bound, measured.get(workflow.name))
    return estimates.add(own if workflow.share is None else estimates.scale(own, workflow.share(params)), pictures)


def read_share(workflow: Any, params: JsonObject) -> float:
    """How much of what is typical a job asked for; all of it where its params are those of another release."""
    try:
        return float(workflow.share(workflow.params.model_validate(params)))
    except ValidationError:
        return 1.0


def price_launch(
    database: Database,
    workflow: Any,
    node_ids: Sequence[int],
    params: Any,
    guesses: Mapping[str, Estimate],
    makers: Sequence[Any],
    bound: estimates.BoundProfiles,
) -> plan.Forecast | None:
    """What jobs of one workflow on these nodes will take together, with what they start; None: nobody knows.

    Of a batch, the jobs that it starts: what is fresh is left out unless `params.force` says otherwise, and what a
    person wrote or edited unless `params.rewrite` does; what is pinned always.
    """
    with database.read() as conn:
        slots = _slots(conn)
    if workflow.batch:
        return (
            None
            if workflow.starts is None
            else _price_batch(database, workflow, node_ids, params, guesses, makers, slots)
        )
    guess = guesses.get(workflow.name)
    if guess is None:
        return None
    if workflow.draws is not None:
        each = [estimate_on(database, workflow, bound, node_id, params) for node_id in node_ids]
        return _together(each, max(max(e.seconds for e in each), sum(e.seconds for e in each) / slots))
    shares = _read_shares(database, workflow, node_ids, params)
    each = [_scale(workflow, guess, share) for share in shares]
    return _together(each, max(max(e.seconds for e in each), sum(e.seconds for e in each) / slots))


def _read_shares(database: Database, workflow: Any, node_ids: Sequence[int], params: Any) -> list[float]:
    """How much of what is typical a job on each of these nodes takes: where it makes anew what is stale, that alone."""
    usual = workflow.share(params) if workflow.share is not None else 1.0
    if workflow.share_of_parts is None or not workflow.is_update(params):
        return [usual] * len(node_ids)
    keys = [(workflow.writes, node_id) for node_id in node_ids]
    with database.read() as conn:
        node = reads.find_node(conn, node_ids[0])
        assert node is not None
        parts = count_parts_to_make(conn, node.project_id, keys)
    return [workflow.share_of_parts(parts[key], params) if key in parts else usual for key in keys]


def _scale(workflow: Any, guess: Estimate, share: float) -> Estimate:
    """So much of what is typical. Pictures are drawn side by side: a third of them takes as long as all."""
    scaled = estimates.scale(guess, share)
    return replace(scaled, seconds=guess.seconds * max(1.0, share)) if workflow.typical.images else scaled


def _price_batch(
    database: Database, workflow: Any, node_ids: Sequence[int], params: Any, guesses: Mapping[str, Estimate],
    makers: Sequence[Any], slots: int,
) -> plan.Forecast:  # fmt: skip
    own: list[Estimate] = []
    longest = 0.0
    growth = plan.Forecast()
    for node_id in node_ids:
        started, _, later, share = _outline(database, workflow, node_id, params, makers)
        taken = [estimates.scale(guesses[item.workflow], share) for item in started]
        longest = max(longest, plan.time_needed(started, [g.seconds for g in taken], slots))
        own += taken
        growth += _grow(later, dict(guesses), slots)
    return _together(own, max(longest, sum(g.seconds for g in own) / slots)) + growth


def _outline(
    database: Database, workflow: Any, node_id: int, params: Any, makers: Sequence[Any]
) -> tuple[list[plan.Item], list[Node], dict[str, int], float]:
    """The jobs that a batch starts on a node in their order, the nodes below it, workflow → about how many of its jobs
    follow on nodes that these will make, and which share of a whole run each of the jobs is.

    `makers`: every workflow that writes an artifact, those that are started by hand alone too.
    """
    node = NodeView.load(database, node_id)
    keys = workflow.starts(node, params)
    nodes, standing = load_subtree(node)
    names = {name for name, _ in keys}
    started = [m for m in makers if m.name in names]
    rewrite = getattr(params, "rewrite", False)
    keep = {k for k, head in list_kept(node, nodes, started).items() if head.pinned or not rewrite}
    states: dict[plan.Key, plan.Reason] = {}
    if getattr(params, "force", False):
        writes = {m.name: str(m.writes) for m in started}
        keys = [(name, at) for name, at in keys if (writes.get(name, ""), at) not in keep]
    else:
        work = plan.divide_work(nodes, started, standing.state_of, "missing", keep, made_from=standing.made_from)
        states = {item.key: item.state for item in work.items}
        keys = [key for key in states if key in set(keys)]
    ordered = plan.order_jobs(nodes, started, keys, standing.made_from)
    items = [replace(i, state=states.get(i.key, i.state)) for i in ordered]
    share = 1.0
    if workflow.pieces is not None and items:
        count, most = workflow.pieces(node, params)
        share = 1 / most
        # each goes on from the one before
        items = [replace(items[0], after=(n - 1,) if n else ()) for n in range(count)]
    return items, nodes, {} if workflow.grows is None else workflow.grows(node, params), share


def outline_launch(
    database: Database, workflow: Any, node_id: int, params: Any, guesses: Mapping[str, Estimate], makers: Sequence[Any]
) -> plan.Plan:
    """What a batch would start on a node, job by job, with what each will probably take; `makers` as for a price."""
    items, nodes, later, share = _outline(database, workflow, node_id, params, makers)
    guesses = {name: estimates.scale(guess, share) for name, guess in guesses.items()}
    by_id, titles = {n.id: n for n in nodes}, {m.name: m.title for m in makers}
    with database.read() as conn:
        slots = _slots(conn)
    jobs = [_price(item, titles[item.workflow], by_id[item.node_id], guesses[item.workflow]) for item in items]
    return plan.Plan(
        jobs=jobs,
        tokens=None if any(j.tokens is None for j in jobs) else sum(j.tokens or 0 for j in jobs),
        seconds=plan.time_needed(items, [j.seconds for j in jobs], slots),
        cost=sum_up(jobs),
        unpriced=sum(j.cost_micros is None for j in jobs),
        follows=_price_each(later, guesses),
        unmet=guards.unmet_in_plan(items, {m.name: m for m in makers}, lambda at: NodeView.load(database, at)),
        growth=_grow(later, dict(guesses), slots),
    )


def _price(item: plan.Item, title: str, node: Node, guess: Estimate) -> plan.PlannedJob:
    return plan.PlannedJob(
        workflow=item.workflow,
        title=title,
        node=node,
        state=item.state,
        after=item.after,
        tokens=guess.tokens,
        seconds=guess.seconds,
        cost_micros=guess.cost_micros,
        currency=guess.currency,
    )


def _together(own: Sequence[Estimate], seconds: float) -> plan.Forecast:
    cost: dict[str, int] = {}
    for guess in own:
        if guess.cost_micros is not None and guess.currency is not None:
            cost[guess.currency] = cost.get(guess.currency, 0) + guess.cost_micros
    return plan.Forecast(
        jobs=len(own),
        tokens=None if any(g.tokens is None for g in own) else sum(g.tokens or 0 for g in own),
        seconds=seconds,
        cost=cost,
        unpriced=sum(g.cost_micros is None for g in own),
    )


def _slots(conn: Connection) -> int:
    return sum(w.threads for w in list_workers(conn) if w.is_live) or SLOTS


def _later(
    conn: Connection, items: Sequence[plan.Item], nodes: dict[int, Node], makers: Sequence[Any]
) -> dict[str, int]:
    """Workflow → about how many of its jobs follow on nodes that these jobs will make: scenes of a new scene list, a
    new plan's episodes."""
    with_children = {str(m.name): kinds.find(m.writes).child_kind for m in makers}
    episodes, scenes = 0, 0
    for item in items:
        child = with_children[item.workflow]
        if item.state != "missing" or child is None:
            continue
        if child == "scene":
            scenes += SCENES
        else:
            brief = reads.find_head(conn, item.node_id, "brief")
            planned = (brief.content.get("episodes") if brief else None) or EPISODES
            episodes += planned
            scenes += planned * SCENES
    new = {"episode": episodes, "scene": scenes}
    return {m.name: new[m.scope] for m in makers if new.get(m.scope)}


def _grow(later: dict[str, int], guesses: dict[str, Estimate], slots: int) -> plan.Forecast:
    """What jobs on nodes that do not exist yet will take: those of a node one after the other, nodes side by side."""
    own = [guesses[name] for name, count in later.items() for _ in range(count)]
    chain = sum(guesses[name].seconds for name in later)
    return _together(own, max(chain, sum(g.seconds for g in own) / slots))


def _price_each(later: dict[str, int], guesses: Mapping[str, Estimate]) -> dict[str, plan.Forecast]:
    """Of each workflow what its jobs on nodes that do not exist yet will take, one after the other."""
    return {
        name: _together([guesses[name]] * count, guesses[name].seconds * count)
        for name, count in later.items()
        if count
    }


def forecast_part(whole: plan.Plan, jobs: Sequence[plan.PlannedJob]) -> plan.Forecast:
    """What some of a plan's jobs will take together; of its time their share."""
    own, every = (sum(job.seconds for job in some) for some in (jobs, whole.jobs))
    return plan.Forecast(
        len(jobs),
        None if any(j.tokens is None for j in jobs) else sum(j.tokens or 0 for j in jobs),
        whole.seconds * own / every if every else 0.0,
        sum_up(jobs),
        sum(j.cost_micros is None for j in jobs),
    )


def sum_up(jobs: Sequence[plan.PlannedJob | Estimate]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for job in jobs:
        if job.cost_micros is not None and job.currency is not None:
            sums[job.currency] = sums.get(job.currency, 0) + job.cost_micros
    return sums
