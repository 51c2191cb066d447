"""The jobs that a parent starts and waits for, without holding a worker.

What is asked here is safe to repeat: a parent runs again from the top each time it is woken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from workbench import crash
from workbench.db.reads import jobs as reads
from workbench.db.rows.jobs import ChildState
from workbench.db.schema import ACTIVE
from workbench.db.writes import claims, families, steps, timeline
from workbench.errors import ChildFailed, Refused
from workbench.i18n import N_, Text
from workbench.jobs import replay, submit
from workbench.jobs.session import ClaimSession
from workbench.json_types import JsonObject
from workbench.story import freshness
from workbench.suspend import Suspend


@dataclass(frozen=True)
class Child:
    """A job that a parent wants."""

    kind: str
    node_id: int
    params: JsonObject = field(default_factory=dict)


@dataclass(frozen=True)
class _MissingChild:
    """A child that was not started yet. `batch`: which call of `children` wants it, by number, and where in it."""

    child: Child
    item: str
    batch: int | None
    batch_position: int | None


#: the state of a child that was not started, since what it would make had been made meanwhile
FRESH = "fresh"
#: the state of one that was not started, since what it needs has failed
NOT_STARTED = "not_started"


@dataclass(frozen=True)
class ChildResult:
    job_id: int | None
    node_id: int | None
    kind: str
    state: str
    error_kind: str | None = None
    #: a Text where the child said it in a form that can be translated
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.state in ("succeeded", FRESH)

    @property
    def usable(self) -> bool:
        """It left something to go on with."""
        return self.state in ("succeeded", "partial", FRESH)


@dataclass
class BatchResult:
    """What a batch came to; `failed` names every item. The job ends succeeded, partial or failed accordingly."""

    succeeded: list[JsonObject]
    failed: list[JsonObject]
    skipped: list[JsonObject]

    def as_json(self) -> JsonObject:
        return {"succeeded": self.succeeded, "failed": self.failed, "skipped": self.skipped}


def tell_stopped(kind: str, node_id: int | None) -> ChildResult:
    """What becomes of a job that a parent was told not to begin."""
    message = Text(N_("Not started: stopped after the step before, as asked"))
    return ChildResult(None, node_id, kind, NOT_STARTED, "cancelled", message)


def count_failed(failed: Sequence[JsonObject], parts: int) -> Text:
    """“4 of 86 parts failed, 74 never began”: what waited for a failed part has not failed itself, nor has what was
    cancelled."""
    unbegun = sum(item.get("state") == NOT_STARTED for item in failed)
    cancelled = sum(item.get("state") == "cancelled" for item in failed)
    counts = [Text(N_("{failed} of {all} parts failed"), failed=len(failed) - unbegun - cancelled, all=parts)]
    if cancelled:
        counts.append(Text(N_("{count} were cancelled"), count=cancelled))
    if unbegun:
        counts.append(Text(N_("{count} never began"), count=unbegun))
    if len(counts) == 1:
        return counts[0]
    named = {f"count_{n}": count for n, count in enumerate(counts)}
    return Text(", ".join(f"{{{name}}}" for name in named), **named)


class Children:
    """Those of one claim of a parent."""

    def __init__(self, session: ClaimSession) -> None:
        self._session = session
        self._batches = 0

    async def run(
        self, wanted: Sequence[Child], *, chained: bool, name: str | None, unless_fresh: bool
    ) -> list[ChildResult]:
        """See `Context.children`."""
        self._batches += 1
        batch = self._batches if name is None else None
        fresh: set[str] = set()
        stopped = self.is_told_to_stop()
        while True:
            results, missing = self._find_children(wanted, name, batch, chained, unless_fresh, fresh, stopped)
            to_start = missing[:1] if chained else missing
            if to_start:
                fresh_now = self._start(to_start, unless_fresh)
                fresh |= fresh_now
                if len(fresh_now) == len(to_start):
                    continue
            if missing or len(results) < len(wanted) or any(r.state in ACTIVE for r in results):
                raise Suspend("children")
            return results

    def _find_children(
        self, wanted: Sequence[Child], name: str | None, batch: int | None, chained: bool, by_work: bool,
        fresh: Collection[str], stopped: bool,
    ) -> tuple[list[ChildResult], list[_MissingChild]]:  # fmt: skip
        """How far the children are, and those that are to be started. `by_work`: whatever their place in the batch
        was, which changes where some are left out. `stopped`: none is."""
        session = self._session
        with session.database.read() as conn:
            states = reads.children_states(conn, session.job_id)
            refused = steps.list_refused_children(conn, session.job_id)
        by_item = {c.item: c for c in states}
        by_kind_and_node = {(c.kind, c.node_id): c for c in states if by_work and c.batch == batch}
        results: list[ChildResult] = []
        missing: list[_MissingChild] = []
        for number, child in enumerate(wanted):
            place = name if batch is None else f"{batch}:{number}"
            item = f"{place}:{child.kind}:{child.node_id}"
            known = by_item.get(item) or by_kind_and_node.get((child.kind, child.node_id))
            refusal = refused.get(item)
            if known is not None:
                results.append(_result(known))
            elif refusal is not None:
                why = _sentence(refusal["error"], refusal.get("error_i18n"))
                results.append(ChildResult(None, child.node_id, child.kind, "failed", refusal["error_kind"], why))
            elif item in fresh:
                results.append(ChildResult(None, child.node_id, child.kind, FRESH))
            elif stopped:
                results.append(tell_stopped(child.kind, child.node_id))
            else:
                missing.append(_MissingChild(child, item, batch, None if batch is None else number))
            if chained and (missing or results[-1].state in ACTIVE):
                break
        return results, missing

    def is_told_to_stop(self) -> bool:
        """See `Context.is_told_to_stop`."""
        with self._session.database.read() as conn:
            return reads.is_told_to_stop(conn, self._session.job_id)

    def expect(self, parts: int) -> None:
        """How many children there will be in all: what a parent's progress is a share of."""
        session = self._session
        with session.database.write() as conn:
            families.expect_children(conn, session.job_id, session.claim, parts)

    def _start(self, missing: list[_MissingChild], unless_fresh: bool) -> set[str]:
        """Insert children in one commit; returns the items of those that are fresh by now."""
        session = self._session
        fresh: set[str] = set()
        prepared: list[tuple[_MissingChild, dict[str, Any] | Refused]] = []
        for new in missing:
            child = new.child
            request = submit.Request(
                child.kind,
                child.node_id,
                child.params,
                submit_key=f"child:{session.job_id}:{new.item}",
                profile_id=session.job.profile_id,
                overrides=session.job.overrides,
                priority=session.job.priority,
                user=session.job.created_by or "local",
                parent_id=session.job_id,
            )
            try:
                prepared.append((new, submit.prepare(session.database, session.workflows, request)))
            except Refused as error:
                prepared.append((new, error))
        with session.database.write() as conn:
            if claims.fence(conn, session.job_id, session.claim):
                session.stopping = "cancel"
                raise asyncio.CancelledError
            position = len(reads.children_states(conn, session.job_id))
            for new, values in prepared:
                if isinstance(values, dict):
                    try:
                        job_id = self._insert_child(conn, values, unless_fresh)
                    except Refused as error:
                        values = error
                    else:
                        if job_id is None:
                            fresh.add(new.item)
                            continue
                        link = families.ChildLink(job_id, position, new.item, new.batch, new.batch_position)
                        families.add_children(conn, session.job_id, [link])
                        position += 1
                        continue
                steps.add_refused_child(
                    conn, session.job_id, new.item, position, session.claim, values.kind, values.text
                )
                timeline.add_event(
                    conn,
                    session.job_id,
                    Text(N_("Not started: {reason}"), reason=values.text),
                    claim=session.claim,
                    level="warning",
                )
        crash.point("children_inserted")
        return fresh

    def _insert_child(self, conn: Connection, values: dict[str, Any], unless_fresh: bool) -> int | None:
        """The child's id; None when what it would make is fresh, though it was not when the parent looked.

        The look comes after the insert: as long as another job that makes the same artifact is at work the insert finds
        that one, and once it has ended its artifact is seen. Raises Refused.
        """
        writes = self._session.workflows.find(values["kind"]).writes
        if not unless_fresh or writes is None:
            return self._insert_or_retry(conn, values)[0]
        with conn.begin_nested() as savepoint:
            job_id, is_new = self._insert_or_retry(conn, values)
            if is_new and freshness.is_head_fresh(conn, values["node_id"], writes):
                savepoint.rollback()
                return None
        return job_id

    def _insert_or_retry(self, conn: Connection, values: dict[str, Any]) -> tuple[int, bool]:
        """Under a retry, what did not succeed before is a retry, too, and takes over what it has finished. Raises
        Refused."""
        session = self._session
        reused_from = session.job.reused_from
        before = None if reused_from is None else replay.find_unfinished(conn, reused_from, values)
        if before is not None:
            replay.check_head(conn, session.workflows.find(before.kind), before)
            values = {**values, "replay_of": before.id, "reused_from": before.id}
        # of a parent that is replayed, not retried, everything is made anew
        anew = session.job.replay_of is not None and reused_from is None
        job_id, is_new = submit.find_or_insert(conn, values, anew=anew)
        if before is not None and is_new:
            replay.take_over(conn, session.workflows, before.id, job_id)
        return job_id, is_new


def sum_up(results: Sequence[ChildResult], skipped: Sequence[JsonObject] = ()) -> BatchResult:
    """Sum up children; raises ChildFailed when every one of them failed."""
    good = [{"node_id": r.node_id, "job_id": r.job_id} for r in results if r.ok and r.state != FRESH]
    fresh = [{"node_id": r.node_id, "kind": r.kind, "reason": FRESH} for r in results if r.state == FRESH]
    bad = [
        {"node_id": r.node_id, "job_id": r.job_id, "state": r.state, "error_kind": r.error_kind, "error": r.error}
        for r in results
        if not r.ok
    ]
    if bad and not good and not fresh:
        raise ChildFailed(
            _nothing_came(bad),
            failed=bad,
        )
    return BatchResult(good, bad, [*skipped, *fresh])


def _nothing_came(bad: Sequence[JsonObject]) -> Text:
    """How a parent ended of whose parts none is there."""
    first = next((b for b in bad if b["state"] not in (NOT_STARTED, "cancelled")), bad[0])
    why = first["error"] or first["state"]
    if all(b["state"] == first["state"] for b in bad):
        return Text(N_("All {count} parts failed; the first: {error}"), count=len(bad), error=why)
    return Text(N_("{counts}; the first: {error}"), counts=count_failed(bad, len(bad)), error=why)


def _result(row: ChildState) -> ChildResult:
    why = _sentence(row.error, row.error_i18n)
    return ChildResult(row.id, row.node_id, row.kind, row.state, row.error_kind, why)


def _sentence(english: str | None, stored: JsonObject | None) -> str | None:
    """What a child says of its end, so that its parent can say it in any language, too."""
    return english if stored is None else Text.from_json(stored)
