"""Retry, replay and re-parse: one thing. A replay is a new row with `replay_of`; its original stays as it ended.

A retry takes over what its original has finished: its steps, and its good children. A child that a retried parent
starts again is itself a retry, so that nothing below it is paid twice either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.db.connection import Database
from workbench.db.reads import failures
from workbench.db.reads import jobs as reads
from workbench.db.rows.jobs import Job
from workbench.db.schema import TERMINAL
from workbench.db.writes import claims, families, steps, timeline
from workbench.errors import InvalidInput, NotAllowed, NotFound, WouldReplace
from workbench.i18n import N_, Text
from workbench.jobs import submit
from workbench.jobs.declared import Declared, Workflows
from workbench.jobs.overrides import Overrides, ask_again
from workbench.profiles.routing import ProfileOf


def find(conn: Connection, job_id: int) -> Job:
    row = reads.find(conn, job_id)
    if row is None:
        raise NotFound(Text(N_("There is no job {job_id}."), job_id=job_id))
    return row


def replay(
    database: Database,
    workflows: Workflows,
    profile_of: ProfileOf,
    job_id: int,
    *,
    params: dict[str, Any] | None = None,
    from_step: str | None = None,
    keep_done: bool = False,
    profile_id: int | None = None,
    change_profile: bool = False,
    reparse: bool = False,
    replace_newer: bool = False,
    overrides: Overrides | None = None,
    user: str = "local",
) -> int:
    """Run an ended job again as a new one; returns the new job's id.

    keep_done: every finished step and every succeeded child is reused (this is what “retry” does); a retry that is
    still at work is returned instead of a second one.
    from_step: the steps before it are reused, it and all after it are made anew.
    reparse: the original's stored answers go through today's parser and checks; no model is called.
    overrides: fields laid over what the original was asked with beside its profile, of which another profile takes what
    is not its service's own.
    replace_newer: also where a person has saved a version since, which the new one would take the place of.
    Raises WouldReplace without it.
    """
    with database.read() as conn:
        old = find(conn, job_id)
        own = reads.find_overrides(conn, job_id)
        position = position_of(conn, job_id, from_step)
    check_ended(old)
    asked_of = profile_id if change_profile else old.profile_id
    request = submit.Request(
        old.kind,
        old.node_id,
        old.params if params is None else params,
        replay_of=job_id,
        answers_from=job_id if reparse else old.answers_from if keep_done else None,
        reused_from=job_id if keep_done else None,
        user=user,
        profile_id=asked_of,
        priority=old.priority,
        max_attempts=old.max_attempts,
        overrides=ask_again(own, overrides, profile_of(asked_of), is_other=asked_of != old.profile_id),
    )
    values = submit.prepare(database, workflows, request)
    with database.write() as conn:
        # of two clicks on the same retry the second finds the first one's job
        claims.lock_all(conn, [job_id], wait=True)
        if keep_done and not reparse:
            at_work = failures.find_active_retry(conn, job_id, values["params_hash"])
            if at_work is not None:
                return at_work
        if not replace_newer:
            check_head(conn, workflows.find(old.kind), old)
        new_id, is_new = submit.find_or_insert(conn, values)
        if is_new:
            reused = 0
            if keep_done:
                reused = take_over(conn, workflows, job_id, new_id)
            elif from_step is not None:
                reused = steps.copy_done_steps(conn, job_id, new_id, position)
            edited = params is not None and values["params"] != old.params
            message = Text(
                N_("{user} replays job {job_id}{edited}; {kept} steps reused"),
                user=user,
                job_id=job_id,
                edited=Text(N_(" with edited settings")) if edited else "",
                kept=reused,
            )
            timeline.add_event(conn, new_id, message, level="audit")
    return new_id


def check_ended(job: Job) -> None:
    """Raises NotAllowed while a job is active."""
    if job.state not in TERMINAL:
        raise NotAllowed(
            Text(N_("Job {job_id} is still {state}. Wait for it or cancel it first."), job_id=job.id, state=job.state)
        )


def whole_kinds(workflows: Workflows, names: Iterable[str]) -> list[str]:
    """Those of the workflows of which any run does all of its node's work; of the others other params are another
    work."""
    whole = []
    for name in set(names):
        try:
            declared = workflows.find(name)
        except NotFound:
            continue  # of a package that is not there any more
        if declared.writes is not None and not declared.adds:
            whole.append(name)
    return sorted(whole)


def check_head(conn: Connection, declared: Declared, old: Job) -> None:
    """Raises WouldReplace when a person has saved the artifact since the job was asked for, and a new run of it would
    stand in its place."""
    if declared.writes is None or declared.adds or old.node_id is None:
        return
    newer = failures.find_newer_by_hand(conn, old.node_id, declared.writes, old.created_at)
    if newer is not None:
        raise WouldReplace(kinds.find(declared.writes).title, newer.version, old.id)


def refusal_of_head(
    declared: Declared, old: Job, by_hand: Mapping[tuple[int, str], failures.HandMade]
) -> WouldReplace | None:
    """What `check_head` raises, by the heads that were asked for of many jobs at once; None: nothing."""
    if declared.writes is None or declared.adds or old.node_id is None:
        return None
    newer = by_hand.get((old.node_id, declared.writes))
    if newer is None or newer.created_at < old.created_at:
        return None
    return WouldReplace(kinds.find(declared.writes).title, newer.version, old.id)


def take_over(conn: Connection, workflows: Workflows, old_id: int, new_id: int) -> int:
    """Give a retry what its original has finished; returns how many steps that is."""
    _link_good_children(conn, workflows, old_id, new_id)
    return steps.copy_done_steps(conn, old_id, new_id)


def find_unfinished(conn: Connection, retry_of: int, values: dict[str, Any]) -> Job | None:
    """The child of a retried parent that a new one with these values does again: same work, same params."""
    for old in failures.list_ended_children(conn, retry_of, values["kind"], values["node_id"]):
        if old.params == values["params"]:
            return old
    return None


def position_of(conn: Connection, job_id: int, from_step: str | None) -> int | None:
    if from_step is None:
        return None
    positions = {s.name: s.position for s in reads.list_steps(conn, job_id)}
    if from_step not in positions:
        known = ", ".join(positions) or "—"
        raise InvalidInput(
            Text(N_("Job {job_id} has no step {step}. It has: {known}."), job_id=job_id, step=from_step, known=known)
        )
    return int(positions[from_step])


def _link_good_children(conn: Connection, workflows: Workflows, old_id: int, new_id: int) -> None:
    """The children that succeeded, and in the place of one that did not, the job that has made it good since."""
    children = reads.children_states(conn, old_id)
    bad = [c for c in children if c.state != "succeeded"]
    repairs = failures.find_repairs(conn, [c.id for c in bad], whole_kinds(workflows, [c.kind for c in bad]))
    good = [(repairs.get(c.id, c.id), c) for c in children if c.state == "succeeded" or c.id in repairs]
    links = [families.ChildLink(i, n, c.item, c.batch, c.batch_position) for n, (i, c) in enumerate(good)]
    families.add_children(conn, new_id, links)
