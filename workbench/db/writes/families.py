"""Parents and children: who waits for whom, and how far a parent is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, case, exists, func, insert, select, update

from workbench.db.connection import Ids, among, db_now_ms
from workbench.db.schema import ACTIVE, job, job_child
from workbench.db.writes import claims
from workbench.db.writes.timeline import add_event
from workbench.i18n import N_, Text

#: newest first: whoever locks several jobs locks them in falling order of their ids
_parents = (
    select(job_child.c.parent_id)
    .where(job_child.c.child_id == bindparam("child_id"))
    .distinct()
    .order_by(job_child.c.parent_id.desc())
)


def child_ended(conn: Connection, child_id: int) -> None:
    """Wake parents whose children have all ended; move the progress of the others."""
    for (parent_id,) in conn.execute(_parents, {"child_id": child_id}).all():
        wake_parent(conn, parent_id)


_child_state = job.alias("child")
_family = job_child.alias("family")
live_child = exists(
    select(1)
    .select_from(_family.join(_child_state, _child_state.c.id == _family.c.child_id))
    .where(_family.c.parent_id == job.c.id, _child_state.c.state.in_(ACTIVE))
)
_wake = (
    update(job)
    .where(job.c.id == bindparam("b_parent"), job.c.state == "waiting", job.c.waiting_for == "children", ~live_child)
    .values(state="queued", waiting_for=None, available_at=db_now_ms(), ahead_ms=0, dispatched_at=None)
)
_mean = (
    select(
        func.sum(case((_child_state.c.state.in_(ACTIVE), _child_state.c.progress), else_=100))
        * 1.0
        / case((job.c.parts > func.count(), job.c.parts), else_=func.count())
    )
    .select_from(_family.join(_child_state, _child_state.c.id == _family.c.child_id))
    .where(_family.c.parent_id == bindparam("b_parent"))
    .correlate(job)
    .scalar_subquery()
)
_move = (
    update(job)
    .where(job.c.id == bindparam("b_parent"), job.c.state == "waiting", job.c.waiting_for == "children")
    .values(
        progress=case(
            (func.round(_mean) > 99, 99), (func.round(_mean) < job.c.progress, job.c.progress), else_=func.round(_mean)
        )
    )
)


def ask_to_stop(conn: Connection, job_id: int, user: str) -> bool:
    """A parent, and whatever it started itself, starts nothing more: what is at work comes to its end. Whether it was
    still active, and not asked before."""
    asked, family = False, [job_id]
    while family:
        active = job.c.id.in_(family), job.c.state.in_(ACTIVE), job.c.stop_at.is_(None)
        marked = conn.execute(update(job).where(*active).values(stop_at=db_now_ms())).rowcount
        asked = asked or marked > 0
        family = list(conn.execute(select(job.c.id).where(job.c.parent_id.in_(family))).scalars()) if asked else []
    if asked:
        add_event(conn, job_id, Text(N_("{user}: stop after this step"), user=user), level="audit")
    return asked


def expect_children(conn: Connection, job_id: int, claim: int, parts: int) -> None:
    """How many children a parent will have in all. Raises LostClaim."""
    claims.fence(conn, job_id, claim)
    conn.execute(update(job).where(job.c.id == job_id).values(parts=parts))


def wake_parent(conn: Connection, parent_id: int) -> bool:
    """Queue a waiting parent again when none of its children is active. True when it was woken."""
    if conn.dialect.name != "sqlite":
        # of two last children that end at once, the second must see the first: so one after the other
        conn.execute(select(job.c.id).where(job.c.id == parent_id).with_for_update(key_share=True))
    woken = conn.execute(_wake, {"b_parent": parent_id}).rowcount > 0
    if not woken:
        conn.execute(_move, {"b_parent": parent_id})
    return woken


def family_of(conn: Connection, job_id: int) -> list[int]:
    """A job and every active job that it started or adopted, directly or not, and that nobody else waits for.

    A job of a person's own stays, and so does one that another living parent started or adopted.
    """
    wanted_by: dict[int, set[int]] = {}
    frontier = [job_id]
    while frontier:
        ids = {"ids": frontier}
        frontier = [i for (i,) in conn.execute(_active_children, ids) if i not in wanted_by and i != job_id]
        if frontier:
            wanted_by |= {i: set() for i in frontier}
            for child_id, parent_id in conn.execute(_active_parents, {"ids": frontier}):
                wanted_by[child_id].add(parent_id)
    family = {job_id, *wanted_by}
    while others := {child for child in family - {job_id} if wanted_by[child] - family}:
        family -= others
    return [job_id, *(child for child in wanted_by if child in family)]


_ids = bindparam("ids", type_=Ids())
_active_children = (
    select(job.c.id)
    .where(among(job.c.parent_id, _ids), job.c.state.in_(ACTIVE))
    .union(
        # adopted from a parent that has ended, and so may have left it
        select(job.c.id)
        .join(job_child, job_child.c.child_id == job.c.id)
        .where(among(job_child.c.parent_id, _ids), job.c.parent_id.isnot(None), job.c.state.in_(ACTIVE))
    )
)
_parent = job.alias("parent")
_active_parents = (
    select(job_child.c.child_id, job_child.c.parent_id)
    .join(_parent, _parent.c.id == job_child.c.parent_id)
    .where(among(job_child.c.child_id, _ids), _parent.c.state.in_(ACTIVE))
    .union(
        select(job.c.id, job.c.parent_id)
        .join(_parent, _parent.c.id == job.c.parent_id)
        .where(among(job.c.id, _ids), _parent.c.state.in_(ACTIVE))
    )
)


@dataclass(frozen=True)
class ChildLink:
    """A job that a parent waits for. `batch`: which of its batches, and where in it; None: known by kind and node
    alone."""

    child_id: int
    position: int
    item: str
    batch: int | None
    batch_position: int | None


_new_children = insert(job_child)


def add_children(conn: Connection, parent_id: int, links: Sequence[ChildLink]) -> None:
    if links:
        conn.execute(_new_children, [{"parent_id": parent_id, **asdict(link)} for link in links])
