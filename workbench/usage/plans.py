"""A plan with its price: the jobs below a node, and what they will probably take, before any of them is launched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.db.connection import Database
from workbench.db.reads import story as reads
from workbench.db.reads.jobs import list_workers
from workbench.db.rows.story import Node
from workbench.story import guards, plan
from workbench.story.facts import NodeView
from workbench.story.freshness import list_nodes_below, states_of
from workbench.usage import estimates
from workbench.usage.estimates import Estimate

#: a worker process that is not up yet will have about as many threads
SLOTS = 8
#: how many episodes and scenes a model writes when nobody said
EPISODES, SCENES = 12, 12


def items_of(
    database: Database, makers: Sequence[Any], node_id: int, mode: plan.Mode
) -> tuple[list[plan.Item], list[Node]]:
    """The plan's items without their price, and the nodes they are on."""
    with database.read() as conn:
        node = reads.find_node(conn, node_id)
        assert node is not None
        nodes = list_nodes_below(conn, node)
        state = states_of(conn, nodes)
    return plan.find_work(nodes, makers, state, mode), nodes


def build(
    database: Database, makers: Sequence[Any], bound: estimates.BoundProfiles, node_id: int, mode: plan.Mode
) -> plan.Plan:
    """The jobs in order, each with tokens, seconds and money; `makers` are the workflows that write artifacts."""
    items, nodes = items_of(database, makers, node_id, mode)
    by_id = {n.id: n for n in nodes}
    declared = {m.name: m for m in makers}
    guesses = estimates_of(database, makers, bound)
    jobs = [
        plan.PlannedJob(
            workflow=item.workflow,
            title=declared[item.workflow].title,
            node=by_id[item.node_id],
            state=item.state,
            after=item.after,
            tokens=guesses[item.workflow].tokens,
            seconds=guesses[item.workflow].seconds,
            cost_micros=guesses[item.workflow].cost_micros,
            currency=guesses[item.workflow].currency,
        )
        for item in items
    ]
    with database.read() as conn:
        slots = sum(w.threads for w in list_workers(conn) if w.is_live) or SLOTS
        later = _later(conn, items, by_id, makers) if mode == "missing" else {}
    return plan.Plan(
        jobs=jobs,
        tokens=None if any(j.tokens is None for j in jobs) else sum(j.tokens or 0 for j in jobs),
        seconds=plan.time_needed(items, [j.seconds for j in jobs], slots),
        cost=_sums(jobs),
        unpriced=sum(j.cost_micros is None for j in jobs),
        later=sum(later.values()),
        unmet=guards.unmet_in_plan(items, declared, lambda node_id: NodeView.load(database, node_id)),
        growth=_grow(later, makers, guesses, slots),
    )


def estimates_of(database: Database, makers: Sequence[Any], bound: estimates.BoundProfiles) -> dict[str, Estimate]:
    """For each workflow what one run will probably take with these profiles."""
    with database.read() as conn:
        measured = estimates.measure(conn, [m.name for m in makers], bound.text.id)
    return {m.name: estimates.estimate(m.typical, bound, measured.get(m.name)) for m in makers}


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


def _grow(later: dict[str, int], makers: Sequence[Any], guesses: dict[str, Estimate], slots: int) -> plan.Forecast:
    """What jobs on nodes that do not exist yet will take: those of a node one after the other, nodes side by side."""
    own = [(guesses[name], count) for name, count in later.items()]
    chain = sum(guesses[name].seconds for name in later)
    cost: dict[str, int] = {}
    for guess, count in own:
        if guess.cost_micros is not None and guess.currency is not None:
            cost[guess.currency] = cost.get(guess.currency, 0) + guess.cost_micros * count
    return plan.Forecast(
        jobs=sum(later.values()),
        tokens=None if any(g.tokens is None for g, _ in own) else sum((g.tokens or 0) * n for g, n in own),
        seconds=max(chain, sum(g.seconds * n for g, n in own) / max(slots, 1)),
        cost=cost,
        unpriced=sum(n for g, n in own if g.cost_micros is None),
    )


def _sums(jobs: Sequence[plan.PlannedJob]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for job in jobs:
        if job.cost_micros is not None and job.currency is not None:
            sums[job.currency] = sums.get(job.currency, 0) + job.cost_micros
    return sums
