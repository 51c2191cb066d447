"""Submit: validate, guard, insert. The row is the job; a message only says that it is ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from workbench.db.connection import Database
from workbench.db.reads import failures
from workbench.db.reads import jobs as reads
from workbench.db.reads import profiles as profile_reads
from workbench.db.reads import story as story_reads
from workbench.db.writes import claims, insert, steps, timeline
from workbench.errors import (
    AlreadyActive,
    GuardUnmet,
    InvalidInput,
    Issue,
    NotAllowed,
    NotFound,
    SubmitKeyReused,
    all_of,
)
from workbench.i18n import N_, Text
from workbench.jobs import overrides
from workbench.jobs.declared import Declared, Workflows
from workbench.providers.base import PROJECT_PROFILE, SKETCH, ChosenProfile
from workbench.story import guards
from workbench.story.facts import NodeView
from workbench.usage import budgets

LONGEST_KEY = 200
MOST_PRIORITY = 1_000_000
#: (field, least, most): what a row can hold and anybody can mean
LIMITS = (
    ("priority", -MOST_PRIORITY, MOST_PRIORITY),
    ("max_attempts", 1, 1_000),
    # a year: later than that nobody remembers why
    ("delay_ms", 0, 366 * 86_400_000),
)


@dataclass(frozen=True)
class Request:
    """One job asked for. `profile_id` None is the built-in sketch, PROJECT_PROFILE the project's own."""

    kind: str
    node_id: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    submit_key: str | None = None
    profile_id: ChosenProfile = PROJECT_PROFILE
    priority: int = 0
    max_attempts: int | None = None
    delay_ms: int = 0
    user: str = "local"
    parent_id: int | None = None
    replay_of: int | None = None
    answers_from: int | None = None
    #: a retry: the job whose finished work it takes over
    reused_from: int | None = None
    #: what this run is asked with beside its profile
    overrides: Mapping[str, Any] | None = None


def prepare(database: Database, workflows: Workflows, request: Request, *, guard: bool = True) -> dict[str, Any]:
    """Everything that can be refused is refused here, before any row is written. Returns the row's values."""
    _check_request(request)
    declared = workflows.find(request.kind)
    params = workflows.parse(declared, request.params)
    node = _node_for(database, declared, request.node_id)
    if declared.child_only and request.parent_id is None and request.replay_of is None:
        raise NotAllowed(Text(N_("“{title}” is a part of other jobs and is not started alone."), title=declared.title))
    if guard and node is not None:
        unmet = guards.unmet(declared, node, params)
        if unmet:
            raise GuardUnmet(unmet)
    stored = params.model_dump(mode="json")
    profile_id = request.profile_id
    if profile_id is PROJECT_PROFILE:
        profile_id = None
        if node is not None:
            with database.read() as conn:
                project = story_reads.find_node(conn, node.project_id)
            profile_id = project.profile_id if project else None
    if profile_id is not None and request.parent_id is None and request.answers_from is None:
        _check_budget(database, declared, profile_id, node.project_id if node else None)
    title = Text(declared.title)
    if node:
        title = Text("{kind} · {place}", kind=title, place=node.title)
    return {
        "kind": declared.name,
        "queue": declared.queue,
        "title": str(title),
        "title_i18n": title.to_json() if node else None,
        "project_id": node.project_id if node else None,
        "node_id": node.id if node else None,
        "profile_id": profile_id,
        "params": stored,
        "params_hash": overrides.hash_params(stored, profile_id, request.overrides),
        "overrides": request.overrides,
        "priority": request.priority,
        "parent_id": request.parent_id,
        "replay_of": request.replay_of,
        "answers_from": request.answers_from,
        "reused_from": request.reused_from,
        "submit_key": request.submit_key,
        "exclusive_key": _exclusive_key(declared, node),
        "max_attempts": request.max_attempts or declared.max_attempts,
        "created_by": request.user,
    }


def find_or_insert(
    conn: Connection, values: dict[str, Any], delay_ms: int = 0, *, anew: bool = False
) -> tuple[int, bool]:
    """(job id, whether it is new). An equal active job, or one with the same submit key, is returned instead of a
    second one.

    What an equal run before it has finished and left, since it failed or was cancelled, a new one takes over; not so
    `anew`. Raises SubmitKeyReused or AlreadyActive when the job there has other params.
    """
    job_id = insert.insert_job(conn, values, delay_ms)
    if job_id is not None:
        # without a profile nothing was paid
        if not anew and values["replay_of"] is None and values["node_id"] and values["profile_id"]:
            _take_over_broken_off(conn, job_id, values)
        return job_id, True
    if values["submit_key"] is not None:
        same_key = reads.find_by_submit_key(conn, values["submit_key"])
        if same_key is not None:
            if (same_key.kind, same_key.node_id, same_key.params_hash) != (
                values["kind"],
                values["node_id"],
                values["params_hash"],
            ):
                raise SubmitKeyReused(same_key.id)
            return same_key.id, False
    active = reads.find_active_by_exclusive_key(conn, values["exclusive_key"])
    if active is None:
        # it ended between our insert and this look: the way is free now
        return find_or_insert(conn, values, delay_ms, anew=anew)
    if active.params_hash != values["params_hash"]:
        raise AlreadyActive(active.id)
    # held until it is noted who waits for it as well: a cancel of its parent sees either both or neither
    claims.lock_all(conn, [active.id], wait=True)
    if reads.find_active_by_exclusive_key(conn, values["exclusive_key"]) != active:
        return find_or_insert(conn, values, delay_ms, anew=anew)
    if values["parent_id"] is None and insert.release_from_parent(conn, active.id):
        text = Text(N_("{user} asked for it, too: it no longer ends with its parent"), user=values["created_by"])
        timeline.add_event(conn, active.id, text, level="audit")
    if values["submit_key"] is not None:
        # the same form sent again later is still the same request
        insert.adopt_submit_key(conn, active.id, values["submit_key"])
    return active.id, False


def _take_over_broken_off(conn: Connection, job_id: int, values: dict[str, Any]) -> None:
    """What an equal run before it has finished and left is paid: made by the models of today, it is not made again."""
    before = failures.find_broken_off(conn, job_id, values)
    if before is None or not failures.list_models(conn, before) <= _list_models(conn, values["profile_id"]):
        return
    kept = steps.copy_done_steps(conn, before, job_id)
    if kept:
        text = Text(N_("Goes on where job {job_id} ended; {kept} steps reused"), job_id=before, kept=kept)
        timeline.add_event(conn, job_id, text)


def _list_models(conn: Connection, profile_id: int) -> set[str]:
    """The models that write, draw and film for a profile now."""
    own = profile_reads.find_sealed(conn, profile_id)
    models = {str(own.text_model)} if own is not None else set()
    for capability in ("image", "video") if own is not None else ():
        bound = getattr(own, f"{capability}_profile_id")
        maker = own if bound is None else profile_reads.find_sealed(conn, bound)
        models.add(str(getattr(maker, f"{capability}_model", None)))
    return models


def insert_many(conn: Connection, rows: list[tuple[dict[str, Any], int]]) -> list[int]:
    """Insert a batch of (values, delay in ms); ids in this order. At once when no row can equal another."""
    if all(values[key] is None for values, _ in rows for key in ("submit_key", "exclusive_key")) and not any(
        values["node_id"] and values["profile_id"] for values, _ in rows
    ):
        return insert.insert_jobs(conn, rows)
    return [find_or_insert(conn, values, delay_ms)[0] for values, delay_ms in rows]


def _check_request(request: Request) -> None:
    """Raises InvalidInput naming every field that no row can hold."""
    issues = [
        Issue(name, Text(N_("a whole number from {low} to {high} is needed"), low=low, high=high))
        for name, low, high in LIMITS
        if (number := getattr(request, name)) is not None
        and not (isinstance(number, int) and not isinstance(number, bool) and low <= number <= high)
    ]
    if request.submit_key is not None and not 1 <= len(request.submit_key) <= LONGEST_KEY:
        issues.append(Issue("submit_key", Text(N_("1 to {n} characters are needed."), n=LONGEST_KEY)))
    if issues:
        raise InvalidInput(all_of(issues), issues)


def _check_budget(database: Database, declared: Declared, profile_id: int, project_id: int | None) -> None:
    """Raises BudgetExceeded. Children are not asked here: they wait at their first paid step, and their parent with
    them."""
    with database.read() as conn:
        own = profile_reads.find_sealed(conn, profile_id)
        if own is None:
            return
        # pictures and clips may come from another profile's service
        bound = {getattr(own, f"{c}_profile_id") if c != "text" else None for c in declared.asks}
        rows = [own if b is None else profile_reads.find_sealed(conn, b) for b in bound]
        if any(r is not None and r.provider != SKETCH.provider for r in rows):
            budgets.check(conn, project_id)


def _node_for(database: Database, declared: Declared, node_id: int | None) -> NodeView | None:
    if node_id is None:
        if declared.scope == "any":
            return None
        raise InvalidInput(
            Text("{kind} needs a {scope} to work on.", kind=declared.name, scope=declared.scope),
            [Issue("node_id", Text("is missing"))],
        )
    node = NodeView.load(database, node_id)
    if declared.scope not in ("any", node.kind):
        raise InvalidInput(
            Text(
                "{kind} works on a {scope}, but node {node_id} is a {is_kind}.",
                kind=declared.name,
                scope=declared.scope,
                node_id=node_id,
                is_kind=node.kind,
            )
        )
    with database.read() as conn:
        row = story_reads.find_node(conn, node_id)
    if row is None or row.archived_at is not None:
        raise NotFound(Text("Node {node_id} is archived. Restore it first.", node_id=node_id))
    return node


def _exclusive_key(declared: Declared, node: NodeView | None) -> str | None:
    """Kinds that write no artifact may run any number of times, except batches (one a node)."""
    if node is None:
        return None
    if declared.writes is not None:
        return f"{node.id}:{declared.writes}"
    return f"{node.id}:{declared.name}" if declared.batch else None
