"""Jobs with their children and theirs, and with their parents.

Asked level by level: PostgreSQL takes a recursive query for a thousand times the rows that it brings, and reads whole
tables to join them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from workbench.db.connection import Ids, among
from workbench.db.schema import job_child

_ids = bindparam("ids", type_=Ids())
_down: Select[Any] = select(job_child.c.parent_id, job_child.c.child_id).where(among(job_child.c.parent_id, _ids))
_up: Select[Any] = select(job_child.c.child_id, job_child.c.parent_id).where(among(job_child.c.child_id, _ids))


def list_families(conn: Connection, job_ids: Iterable[int]) -> dict[int, set[int]]:
    """Job → itself and everything below it; what is reached on two ways is there once."""
    roots = [*job_ids]
    children = _follow(conn, _down, roots)
    return {root: _reach(children, [root]) for root in roots}


def list_above(conn: Connection, job_ids: Iterable[int]) -> set[int]:
    """These jobs, and whose children they are, however far up."""
    own = [*job_ids]
    return _reach(_follow(conn, _up, own), own)


def list_children(conn: Connection, job_ids: Iterable[int]) -> dict[int, list[int]]:
    """Job → its children; jobs without any are left out."""
    children: dict[int, list[int]] = {}
    for parent, child in conn.execute(_down, {"ids": [*job_ids]}).all():
        children.setdefault(parent, []).append(child)
    return children


def _follow(conn: Connection, query: Select[Any], job_ids: Iterable[int]) -> dict[int, list[int]]:
    """Job → the next ones, for all that are reached."""
    following: dict[int, list[int]] = {}
    asked: set[int] = set()
    while due := {*job_ids} - asked:
        asked |= due
        found = conn.execute(query, {"ids": sorted(due)}).all()
        for here, there in found:
            following.setdefault(here, []).append(there)
        job_ids = [there for _, there in found]
    return following


def _reach(following: dict[int, list[int]], start: Iterable[int]) -> set[int]:
    reached: set[int] = set()
    due = [*start]
    while due:
        job_id = due.pop()
        if job_id not in reached:
            reached.add(job_id)
            due += following.get(job_id, ())
    return reached
