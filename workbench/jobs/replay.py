"""Retry, replay and re-parse: one thing. A replay is a new row with `replay_of`; its original stays as it ended."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from workbench.db.connection import Database
from workbench.db.reads import jobs as reads
from workbench.db.rows.jobs import Job
from workbench.db.schema import TERMINAL
from workbench.db.writes import families, steps, timeline
from workbench.errors import InvalidInput, NotAllowed, NotFound
from workbench.i18n import N_, Text
from workbench.jobs import submit
from workbench.jobs.declared import Workflows


def find(conn: Connection, job_id: int) -> Job:
    row = reads.find(conn, job_id)
    if row is None:
        raise NotFound(Text(N_("There is no job {job_id}."), job_id=job_id))
    return row


def replay(
    database: Database,
    workflows: Workflows,
    job_id: int,
    *,
    params: dict[str, Any] | None = None,
    from_step: str | None = None,
    keep_done: bool = False,
    profile_id: int | None = None,
    change_profile: bool = False,
    reparse: bool = False,
    user: str = "local",
) -> int:
    """Run an ended job again as a new one; returns the new job's id.

    keep_done: every finished step and every succeeded child is reused (this is what “retry” does).
    from_step: the steps before it are reused, it and all after it are made anew.
    reparse: the original's stored answers go through today's parser and checks; no model is called.
    """
    with database.read() as conn:
        old = find(conn, job_id)
        position = _position_of(conn, job_id, from_step)
    if old.state not in TERMINAL:
        raise NotAllowed(
            Text(N_("Job {job_id} is still {state}. Wait for it or cancel it first."), job_id=job_id, state=old.state)
        )
    request = submit.Request(
        old.kind,
        old.node_id,
        old.params if params is None else params,
        replay_of=job_id,
        answers_from=job_id if reparse else old.answers_from if keep_done else None,
        user=user,
        profile_id=profile_id if change_profile else old.profile_id,
        priority=old.priority,
        max_attempts=old.max_attempts,
    )
    values = submit.prepare(database, workflows, request)
    with database.write() as conn:
        new_id, is_new = submit.find_or_insert(conn, values)
        if is_new:
            kept = 0
            if keep_done or from_step is not None:
                kept = steps.copy_done_steps(conn, job_id, new_id, position)
            if keep_done:
                _keep_good_children(conn, job_id, new_id)
            edited = params is not None and values["params"] != old.params
            said = Text(
                N_("{user} replays job {job_id}{edited}; {kept} steps reused"),
                user=user,
                job_id=job_id,
                edited=Text(N_(" with edited settings")) if edited else "",
                kept=kept,
            )
            timeline.add_event(conn, new_id, said, level="audit")
    return new_id


def _position_of(conn: Connection, job_id: int, from_step: str | None) -> int | None:
    if from_step is None:
        return None
    steps = {s.name: s.position for s in reads.list_steps(conn, job_id)}
    if from_step not in steps:
        known = ", ".join(steps) or "—"
        raise InvalidInput(
            Text(N_("Job {job_id} has no step {step}. It has: {known}."), job_id=job_id, step=from_step, known=known)
        )
    return int(steps[from_step])


def _keep_good_children(conn: Connection, old_id: int, new_id: int) -> None:
    good = [c for c in reads.children_states(conn, old_id) if c.state == "succeeded"]
    links = [families.ChildLink(c.id, n, c.item, c.batch, c.batch_position) for n, c in enumerate(good)]
    families.add_children(conn, new_id, links)
