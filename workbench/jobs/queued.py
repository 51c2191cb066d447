"""Why a queued job does not run: it is paused or limited, due later, or nobody works."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from workbench.db.reads import jobs as reads
from workbench.db.reads import profiles as profile_reads
from workbench.db.reads import story as story_reads
from workbench.db.rows.jobs import Gate, Job
from workbench.db.writes.claims import gate_keys, running_under
from workbench.errors import NotFound
from workbench.i18n import N_, Text
from workbench.jobs.declared import Workflows

#: a job that is due sooner is as good as due
SOON_MS = 1500

PAUSED = N_("Paused: {what}. Resume it on the Jobs page.")
TURN = Text(N_("Waits for its turn"))
NO_WORKER = Text(N_("No worker runs; start one: reelwright up"))


def explain(conn: Connection, jobs: Sequence[Job], workflows: Workflows) -> dict[int, Text]:
    """Job id → why it waits, for those that are queued. The first of several reasons that somebody can end is told.

    Also for parents of whose children none runs, when that is more than waiting for their turn.
    """
    parents = [job.id for job in jobs if job.state == "waiting" and job.waiting_for == "children"]
    held = reads.held_children(conn, parents) if parents else {}
    queued = [job for job in jobs if job.state == "queued"]
    queued += [child for child in reads.find_many(conn, [*held.values()]) if child.state == "queued"]
    if not queued:
        return {}
    gates = {gate.key: gate for gate in reads.list_gates(conn)}
    running = {key: running_under(conn, key) for key, gate in gates.items() if gate.max_running is not None}
    works = any(worker.is_live for worker in reads.list_workers(conn))
    now_ms = reads.clock(conn)

    def reason(job: Job) -> Text:
        mine = [gates[key] for key in gate_keys(job.as_json()) if key in gates]
        for gate in mine:
            if gate.paused:
                return Text(PAUSED, what=_name(conn, gate, workflows))
        if not works:
            return NO_WORKER
        if job.available_at > now_ms + SOON_MS:
            return Text(N_("Due in {seconds} s"), seconds=-(-(job.available_at - now_ms) // 1000))
        for gate in mine:
            if gate.max_running is not None and running[gate.key] >= gate.max_running:
                return Text(
                    N_("Waits for room: of {what} at most {limit} may run"),
                    what=_name(conn, gate, workflows),
                    limit=gate.max_running,
                )
        return TURN

    reasons = {job.id: reason(job) for job in queued}
    asked = {job.id: reasons[job.id] for job in jobs if job.state == "queued"}
    return asked | {parent: reasons[child] for parent, child in held.items() if reasons.get(child, TURN) is not TURN}


def _name(conn: Connection, gate: Gate, workflows: Workflows) -> Text:
    """What a gate stands before, as people know it."""
    kind, value = gate.key.split(":", 1)
    if kind == "queue":
        return Text(N_("the queue {name}"), name=value)
    if kind == "kind":
        return Text(N_("the job type {name}"), name=_title(value, workflows))
    if kind == "project":
        node = story_reads.find_node(conn, int(value))
        return Text(N_("the project {name}"), name=node.title if node else value)
    profile = profile_reads.find_sealed(conn, int(value))
    return Text(N_("the service {name}"), name=profile.name if profile else value)


def _title(name: str, workflows: Workflows) -> Text:
    try:
        return Text(workflows.find(name).title)
    except NotFound:
        # a gate outlives the workflow of an uninstalled plug-in
        return Text("{name}", name=name)
