"""Is what a node has still fresh? And what did a batch find fresh when it began, however often it resumes?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from workbench.artifacts.staleness import changed_inputs
from workbench.db.reads import jobs as job_reads
from workbench.db.reads import story as reads
from workbench.story.facts import NodeView

#: “1:0:generate_x:17”: batch, place in it, kind, node
_ITEM = re.compile(r"^1:(?P<place>\d+):.*:(?P<node>\d+)$")


def is_fresh(node: NodeView, kind: str) -> bool:
    """The node has a version of this kind and nothing it was made from has changed since."""
    with node._database.read() as conn:
        head = reads.head(conn, node.id, kind)
        return head is not None and not changed_inputs(head["inputs"], reads.heads_of(conn, node.project_id))


def begun(node: NodeView, job_id: int) -> dict[int, int]:
    """Place in the batch → node id, for the children that this job has already started."""
    with node._database.read() as conn:
        rows = job_reads.children(conn, job_id)
    found = (_ITEM.match(r["item"]) for r in rows)
    return {int(m["place"]): int(m["node"]) for m in found if m is not None}


def in_order(begun_at: dict[int, int], wanted: Sequence[int]) -> list[int]:
    """Nodes of a batch: what was begun keeps its place, what is still wanted fills the others in order.

    A batch runs again from the top after each child; a child that has made its episode fresh must not drop
    out of the list, or every later one would move up and be paid for again.
    """
    rest = [n for n in wanted if n not in begun_at.values()]
    listed: list[int] = []
    for place in range(max(begun_at, default=-1) + 1):
        if place in begun_at:
            listed.append(begun_at[place])
        elif rest:
            listed.append(rest.pop(0))
    return listed + rest
