"""One act on any number of jobs, as a job of its own: piece by piece, with an outcome for each, and an undo.

What is done stands in `bulk_item` as soon as it is done, so that a worker that is killed goes on behind it. An act that
had been done and not been noted yet is not done twice: its job says that it has ended, or that it is at work again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol, TypedDict, cast

from workbench.db.reads import bulk as reads
from workbench.db.reads import failures
from workbench.db.reads import jobs as job_reads
from workbench.db.rows.jobs import Act, BulkItem, GroupFilters, Job, JobFilters
from workbench.db.writes import bulk as writes
from workbench.i18n import N_, Text
from workbench.jobs import acts, replay
from workbench.jobs.session import ClaimSession
from workbench.json_types import JsonObject

Name = Literal["cancel", "retry", "priority", "restore"]
#: jobs that are looked at, acted on and noted together
PIECE = 100
#: what undoes an act: on which outcomes
UNDO: dict[Name, str] = {"cancel": "cancelled", "retry": "retried", "priority": "changed"}
UNDONE_BY: dict[Name, Name] = {"cancel": "retry", "retry": "cancel", "priority": "restore"}
#: what would be saved
PASSES = "reparse"
KIND = "act_on_jobs"
#: it comes before what it acts on
PRIORITY = 100


class How(TypedDict, total=False):
    """Which group of failures is meant, and how their retry is another one than a plain one."""

    group: GroupFilters
    #: laid over each job's own
    params: JsonObject
    #: a profile's id, None is the sketch; without the key each keeps its own
    profile_id: int | None
    #: fields laid over what each was asked with
    overrides: JsonObject
    from_step: str
    #: their stored answers are read again, and saved where they pass now
    reparse: bool
    #: they are read, and nothing is saved
    look: bool
    #: of which such job those are meant that pass
    passed: int
    #: of which jobs a person has said that they may stand in the place of a version by hand
    meant: list[int]
    #: of an undo: those before it, which ended with something left to undo
    earlier: list[int]


class Request(Protocol):
    """The params of a bulk job (workflows/agents/act_on_jobs.py)."""

    act: Name
    ids: list[int] | None
    filters: dict[str, Any]
    last: int
    priority: int
    replace_newer: bool
    total: int
    undo_of: int | None
    undone: Name
    how: How


Report = Callable[[float, Text], None]


async def run(session: ClaimSession, params: Request, report: Report) -> JsonObject:
    """Act on what is left of the jobs; returns how many came to which outcome. Raises CancelledError, LostClaim."""
    bulk_id = session.job_id
    with session.database.read() as conn:
        done = sum(reads.count_outcomes(conn, bulk_id).values())
    total = max(1, int(params.total))
    rest = _begin(session, params)
    while piece := _next(session, params):
        told = await _act(session, params, piece, rest)
        note(session, told)
        done += len(piece)
        report(min(99.0, 100 * done / total), Text(N_("{done} of {all} jobs"), done=done, all=max(done, total)))
    with session.database.read() as conn:
        return dict(reads.count_outcomes(conn, bulk_id))


def note(session: ClaimSession, told: Sequence[BulkItem]) -> None:
    """Write down what was done."""
    with session.write() as conn:
        writes.add_items(conn, told)


def _next(session: ClaimSession, params: Request) -> list[int]:
    """The newest jobs that have not been acted on: of several failures of one work the last is the one to retry."""
    with session.database.read() as conn:
        reached = reads.find_reached(conn, session.job_id)
        if params.undo_of is not None:
            wanted = [UNDO[params.undone]]
            earlier = params.how.get("earlier", ())
            items = reads.list_items(
                conn, params.undo_of, below=reached, limit=PIECE, outcomes=wanted, but=earlier
            )  # fmt: skip
            return [item.job_id for item in items]
        if params.ids is not None:
            left = {i for i in params.ids if i != session.job_id and (reached is None or i < reached)}
            newest = sorted(left, reverse=True)
            pieces = (newest[at : at + PIECE] for at in range(0, len(newest), PIECE))
            # of none of a hundred may there be a job
            return next((ids for piece in pieces if (ids := [j.id for j in job_reads.find_many(conn, piece)])), [])
        if looked := params.how.get("passed"):
            passing = reads.list_items(conn, looked, below=reached, limit=PIECE, outcomes=[PASSES])
            return [item.job_id for item in passing]
        if group := params.how.get("group"):
            return failures.list_left(conn, group, reached or reads.ABOVE_ALL, PIECE)
        filters = cast("JobFilters", params.filters)
        return reads.list_next(conn, filters, reached or params.last + 1, session.job.kind, PIECE)


def _begin(session: ClaimSession, params: Request) -> acts.Rest:
    """Which jobs are meant in all, and what an earlier claim has retried of them, or found to pass."""

    def is_among(ids: Collection[int]) -> set[int]:
        if params.ids is not None or not ids:
            return set(ids) & set(params.ids or ())
        with session.database.read() as conn:
            if params.undo_of is not None:
                items = reads.list_some(conn, params.undo_of, ids, but=params.how.get("earlier", ()))
                return {item.job_id for item in items if item.outcome == UNDO[params.undone]}
            if looked := params.how.get("passed"):
                return {item.job_id for item in reads.list_some(conn, looked, ids) if item.outcome == PASSES}
            if group := params.how.get("group"):
                return failures.filter_left(conn, group, ids)
            filters = cast("JobFilters", params.filters)
            return {i for i in reads.filter_matching(conn, filters, ids) if i <= params.last}

    rest, below = acts.Rest(is_among), None
    with session.database.read() as conn:
        while items := reads.list_items(conn, session.job_id, below=below, limit=1_000, outcomes=["retried", PASSES]):
            jobs = job_reads.find_many(conn, [item.job_id for item in items])
            rest.add(jobs, replay.whole_kinds(session.workflows, (job.kind for job in jobs)))
            below = items[-1].job_id
    return rest


async def _act(session: ClaimSession, params: Request, ids: Sequence[int], rest: acts.Rest) -> list[BulkItem]:
    database, user = session.database, session.job.created_by or "local"
    name: Name = params.act
    if name in ("restore", "cancel") and params.undo_of is not None:
        return [_undo(session, name, item, user) for item in _items_of(session, params.undo_of, ids)]
    if name == "priority":
        with database.read() as conn:
            before = {job.id: job.priority for job in job_reads.find_many(conn, [*ids])}
        return [_item(session, act, before[act.job_id]) for act in acts.set_priority(database, ids, params.priority)]
    if name == "cancel":
        return [_item(session, act) for act in acts.cancel_each(database, acts.plan_cancel(database, ids), user)]
    how = params.how
    newer: Collection[int] | bool = bool(params.replace_newer) or {*how.get("meant", ())}
    planned = acts.plan_retry(
        database, session.workflows, ids, lambda *_: None, replace_newer=newer, from_step=how.get("from_step"),
        rest=rest,
    )  # fmt: skip
    if how.get("reparse"):
        assert session.read_again is not None
        planned = await session.read_again(session, planned)
    if how.get("look"):
        return [_item(session, acts.leave(act, PASSES)) for act in planned]
    with database.read() as conn:
        jobs = {job.id: job for job in job_reads.find_many(conn, [*ids])}

    def retry(act: Act) -> int:
        changes = _changes(how, jobs[act.job_id])
        meant = acts.is_meant(newer, act.job_id)
        return replay.replay(
            database, session.workflows, session.providers.profile_of, act.job_id, replace_newer=meant, user=user,
            **changes,
        )  # fmt: skip

    outcome = PASSES if how.get("reparse") else "retry"
    return [_item(session, act) for act in acts.retry_each(planned, retry, outcome=outcome)]


def _changes(how: How, job: Job) -> dict[str, Any]:
    """What a retry of a job is done with, as `replay.replay` takes it."""
    changes: dict[str, Any] = {"keep_done": "from_step" not in how, "from_step": how.get("from_step")}
    if how.get("reparse"):
        return {**changes, "reparse": True}
    if "params" in how:
        changes["params"] = {**job.params, **how["params"]}
    if "profile_id" in how:
        changes |= {"profile_id": how["profile_id"], "change_profile": True}
    if "overrides" in how:
        changes["overrides"] = how["overrides"]
    return changes


def _items_of(session: ClaimSession, bulk_id: int, ids: Sequence[int]) -> list[BulkItem]:
    with session.database.read() as conn:
        return reads.list_some(conn, bulk_id, ids)


def _undo(session: ClaimSession, name: Name, item: BulkItem, user: str) -> BulkItem:
    """Give a job its priority back, or cancel what its retry became."""
    if name == "restore":
        (act,) = acts.set_priority(session.database, [item.job_id], item.priority_before or 0)
        return _item(session, act)
    (act,) = acts.cancel_each(session.database, acts.plan_cancel(session.database, [item.new_id or item.job_id]), user)
    return _item(session, replace(act, job_id=item.job_id))


def _item(session: ClaimSession, act: Act, priority_before: int | None = None) -> BulkItem:
    return item_of(session.job_id, act, priority_before)


def item_of(bulk_id: int, act: Act, priority_before: int | None = None) -> BulkItem:
    return BulkItem(
        bulk_id, act.job_id, act.state, act.outcome, act.new_id, priority_before, act.reason, act.reason_i18n
    )
