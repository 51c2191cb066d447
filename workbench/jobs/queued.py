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
PAUSED_BY = N_("Paused: {what} (by {who}, {since}). Resume it on the Jobs page.")
PAUSES = (PAUSED, PAUSED_BY)
TURN = Text(N_("Waits for its turn"))
DRAINED = Text(N_("Every worker was asked to take nothing new; see the Jobs page"))
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
    live = [worker for worker in reads.list_workers(conn) if worker.is_live]
    works = any(worker.drain_at is None for worker in live)
    now_ms = reads.clock(conn)

    def reason(job: Job) -> Text:
        mine = [gates[key] for key in gate_keys(job.as_json()) if key in gates]
        for gate in mine:
            if gate.paused:
                return _describe_pause(gate, _name(conn, gate, workflows), now_ms)
        if not works:
            return DRAINED if live else NO_WORKER
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


def _describe_pause(gate: Gate, what: Text, now_ms: int) -> Text:
    if gate.paused_at is None:
        return Text(PAUSED, what=what)
    minutes = max(0, now_ms - gate.paused_at) // 60_000
    since = Text(N_("just now"))
    if minutes:
        since = Text(N_("{n} min ago"), n=minutes)
    if minutes >= 60:
        since = Text(N_("{n} h ago"), n=minutes // 60)
    if minutes >= 48 * 60:
        since = Text(N_("{n} days ago"), n=minutes // (24 * 60))
    return Text(PAUSED_BY, who=gate.paused_by or "—", since=since, what=what)


def list_pauses(conn: Connection, workflows: Workflows) -> dict[str, Text]:
    """The key of each paused gate → what is paused, by whom and since when."""
    now_ms = reads.clock(conn)
    paused = [gate for gate in reads.list_gates(conn) if gate.paused]
    return {gate.key: _describe_pause(gate, _name(conn, gate, workflows), now_ms) for gate in paused}


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
