"""Acts on many jobs, by id: what they will do, told before they do it, and item by item what came of them.

The same look is taken again when it is done: what has changed since is told, not overrun. One refusal stops no other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlalchemy import Connection

from workbench.db.connection import Database
from workbench.db.reads import failures
from workbench.db.reads import jobs as reads
from workbench.db.rows.jobs import Act, Job, UsedByStep
from workbench.db.schema import ACTIVE
from workbench.db.writes import claims, end
from workbench.errors import NotFound, ReelwrightError, WouldReplace
from workbench.i18n import N_, Text
from workbench.jobs import replay
from workbench.jobs.declared import Workflows
from workbench.json_types import JsonObject

#: so many jobs are looked at in one statement
CHUNK = 500


@dataclass(frozen=True)
class Used:
    """What text calls have used together."""

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True)
class Rerun:
    """What is run again. `params` None: the usual ones; `done`: finished steps that are reused; `overrides`: what it
    was asked with beside its profile; `used`: by what is made again, when it was made before."""

    kind: str
    profile_id: int | None
    params: JsonObject | None
    done: int = 0
    overrides: JsonObject | None = None
    used: Used = Used()


class RerunPrice(NamedTuple):
    """What the rest of a run will probably cost. `most_micros`: at most; None: nothing bounds it."""

    micros: int
    currency: str
    most_micros: int | None = None


#: None: not known
Price = Callable[[Rerun], RerunPrice | None]
#: whether what a step has made is reused
IsReused = Callable[[UsedByStep], bool]


def plan_retry(
    database: Database,
    workflows: Workflows,
    job_ids: Iterable[int],
    price: Price,
    *,
    edited: bool = False,
    replace_newer: Collection[int] | bool = False,
    from_step: str | None = None,
    rest: Rest | None = None,
) -> list[Act]:
    """One act for each job, in their order: `retry`, or `skip` with its reason. Raises NotFound.

    `from_step`: only the steps before it are reused; jobs without it are left out. `edited`: with other params, which
    finished steps may not fit. `replace_newer`: of which jobs; True: of all. `rest`: these are a piece of many.
    """
    ids = list(dict.fromkeys(job_ids))
    with database.read() as conn:
        jobs = _load(conn, ids)
        looked = _Look(conn, workflows, jobs)
        acts = [looked.at(jobs[i], is_meant(replace_newer, i)) for i in ids]
        before = {} if from_step is None else _count_before(conn, acts, from_step)
        if from_step is not None:
            acts = [_without_step(act, jobs[act.job_id], before, from_step) for act in acts]
        acts = _once_for_each_work(conn, workflows, jobs, acts, rest, replace_newer)
        return _priced(conn, workflows, jobs, acts, price, edited, before if from_step is not None else None)


def is_meant(replace_newer: Collection[int] | bool, job_id: int) -> bool:
    """Whether a person has said of this job that it may take the place of a newer version by hand."""
    return replace_newer if isinstance(replace_newer, bool) else job_id in replace_newer


def plan_replay(
    database: Database, workflows: Workflows, job_id: int, price: Price, *, from_step: str | None = None
) -> Act:
    """The act `replay`, or `would_replace`. Raises NotAllowed, InvalidInput, NotFound."""
    with database.read() as conn:
        job = replay.find(conn, job_id)
        replay.check_ended(job)
        position = replay.position_of(conn, job_id, from_step)
        declared = workflows.find(job.kind)
        try:
            replay.check_head(conn, declared, job)
            act = act_on(job, "replay")
        except WouldReplace as refused:
            act = act_on(job, "would_replace", refused.text)
        done = [s for s in reads.list_steps(conn, job_id) if s.state == "done"]
        overrides = reads.find_overrides(conn, job_id)
        used = _sum_used(conn, [job_id], lambda s: s.is_done and (s.position or 0) < (position or 0))
    reused = 0 if position is None else sum(s.position < position for s in done)
    rerun = Rerun(job.kind, job.profile_id, job.params, reused, overrides, used.get(job_id, Used()))
    # what a parent will start again is not known before it has looked
    return _with_price(act, reused, None if declared.batch else price(rerun))


def plan_cancel(database: Database, job_ids: Iterable[int]) -> list[Act]:
    """One act for each job, in their order: `cancel`, or `skip` what has ended. Raises NotFound."""
    return _plan_active(database, job_ids, "cancel")


def plan_priorities(database: Database, job_ids: Iterable[int]) -> list[Act]:
    """One act for each job, in their order: `change`, or `skip` what has ended. Raises NotFound."""
    return _plan_active(database, job_ids, "change")


def _plan_active(database: Database, job_ids: Iterable[int], outcome: str) -> list[Act]:
    ids = list(dict.fromkeys(job_ids))
    with database.read() as conn:
        jobs = _load(conn, ids)
    return [
        act_on(jobs[i], outcome) if jobs[i].state in ACTIVE else replace(_ended(jobs[i]), outcome="skip") for i in ids
    ]


def retry_each(acts: Sequence[Act], retry: Callable[[Act], int], *, outcome: str = "retry") -> list[Act]:
    """Do what was planned with those of this outcome; `retry` gives the new job's id, or raises."""
    return [_retry(act, retry) if act.outcome == outcome else _left_out(act) for act in acts]


def leave(act: Act, outcome: str) -> Act:
    """What comes of it when those of this outcome are only told."""
    return act if act.outcome == outcome else _left_out(act)


def _retry(act: Act, retry: Callable[[Act], int]) -> Act:
    try:
        return replace(act, outcome="retried", new_id=retry(act))
    except ReelwrightError as refused:
        return replace(
            act,
            outcome="refused",
            reason=str(refused.text),
            reason_i18n=refused.text.to_json(),
            cost_micros=None,
            most_micros=None,
        )


def _left_out(act: Act) -> Act:
    return replace(act, outcome="skipped" if act.outcome == "skip" else "refused", cost_micros=None, most_micros=None)


def cancel_each(database: Database, acts: Sequence[Act], user: str) -> list[Act]:
    """Do what `plan_cancel` has planned."""
    told = []
    for act in acts:
        if act.outcome == "cancel":
            with database.write() as conn:
                cancelled = end.cancel(conn, act.job_id, user) is not None
                # as a part of another one of these
                job = replay.find(conn, act.job_id)
            done = cancelled or job.state == "cancelled" or job.cancel_at is not None
            told.append(replace(act, outcome="cancelled") if done else _ended(job))
        else:
            told.append(_left_out(act))
    return told


def _ended(job: Job) -> Act:
    return act_on(job, "skipped", Text(N_("Job {job_id} had already ended."), job_id=job.id))


def set_priority(database: Database, job_ids: Iterable[int], priority: int) -> list[Act]:
    """Change the priority of those that are active. Raises NotFound."""
    ids = list(dict.fromkeys(job_ids))
    with database.write() as conn:
        jobs = _load(conn, ids)
        active = [i for i in ids if jobs[i].state in ACTIVE]
        for at in range(0, len(active), CHUNK):
            claims.set_priority(conn, active[at : at + CHUNK], priority)
    return [act_on(jobs[i], "changed") if jobs[i].state in ACTIVE else _ended(jobs[i]) for i in ids]


def act_on(job: Job, outcome: str, reason: Text | None = None) -> Act:
    return Act(
        job.id,
        job.kind,
        job.node_id,
        job.project_id,
        job.state,
        outcome,
        None,
        None if reason is None else str(reason),
        None if reason is None else reason.to_json(),
    )


def _load(conn: Connection, ids: Sequence[int]) -> dict[int, Job]:
    jobs = {job.id: job for at in range(0, len(ids), CHUNK) for job in reads.find_many(conn, [*ids[at : at + CHUNK]])}
    for unknown in (i for i in ids if i not in jobs):
        raise NotFound(Text(N_("There is no job {job_id}."), job_id=unknown))
    return jobs


@dataclass
class Rest:
    """Of many jobs that are planned a piece at a time, the newest first: what was planned of those before, and which
    jobs are among them all."""

    is_among: Callable[[Collection[int]], set[int]]
    #: work → the newest job that does it
    works: dict[Hashable, int] = field(default_factory=dict)
    #: job → the newest job among them that replays it
    later: dict[int, int] = field(default_factory=dict)

    def add(self, jobs: Iterable[Job], whole: Collection[str]) -> None:
        """Jobs that are retried, older than those before."""
        for job in jobs:
            if job.node_id is not None:
                self.works.setdefault(_work_of(job, whole), job.id)
            if job.replay_of is not None:
                self.later.setdefault(job.replay_of, job.id)


class _Look:
    """What there is to know of jobs before they are retried, asked for all of them at once."""

    def __init__(self, conn: Connection, workflows: Workflows, jobs: dict[int, Job]) -> None:
        self._workflows = workflows
        whole = replay.whole_kinds(workflows, (job.kind for job in jobs.values()))
        ended = sorted(i for i, job in jobs.items() if job.state not in (*ACTIVE, "succeeded"))
        self._repairs: dict[int, int] = {}
        self._replays: dict[int, int] = {}
        self._by_hand: dict[tuple[int, str], failures.HandMade] = {}
        for at in range(0, len(ended), CHUNK):
            self._repairs |= failures.find_repairs(conn, ended[at : at + CHUNK], whole)
            self._replays |= failures.list_active_replays(conn, ended[at : at + CHUNK])
            nodes = {node for i in ended[at : at + CHUNK] if (node := jobs[i].node_id) is not None}
            self._by_hand |= failures.list_by_hand(conn, nodes)

    def at(self, job: Job, replace_newer: bool) -> Act:
        if job.state in ACTIVE:
            reason = Text(
                N_("Job {job_id} is still {state}. Wait for it or cancel it first."), job_id=job.id, state=job.state
            )
        elif job.state == "succeeded":
            reason = Text(N_("Job {job_id} has succeeded: there is nothing to make good."), job_id=job.id)
        elif job.id in self._repairs:
            reason = Text(N_("Job {other} has made it good."), other=self._repairs[job.id])
        elif job.id in self._replays:
            reason = Text(N_("Job {other} is already at work on it."), other=self._replays[job.id])
        else:
            return self._checked(job, replace_newer)
        return act_on(job, "skip", reason)

    def _checked(self, job: Job, replace_newer: bool) -> Act:
        try:
            declared = self._workflows.find(job.kind)
        except NotFound as refused:
            return act_on(job, "skip", refused.text)
        refusal = None if replace_newer else replay.refusal_of_head(declared, job, self._by_hand)
        return act_on(job, "retry") if refusal is None else act_on(job, "would_replace", refusal.text)


class _Before(NamedTuple):
    """A step of a job: its position, and how many before it are finished."""

    position: int
    done: int


def _count_before(conn: Connection, acts: Sequence[Act], from_step: str) -> dict[int, _Before]:
    """Job → its step of this name; those that have none are left out."""
    counts = {}
    for act in acts:
        if act.outcome in ("retry", "would_replace"):
            listed = reads.list_steps(conn, act.job_id)
            at = next((step.position for step in listed if step.name == from_step), None)
            if at is not None:
                done = sum(step.state == "done" and step.position < at for step in listed)
                counts[act.job_id] = _Before(at, done)
    return counts


def _without_step(act: Act, job: Job, before: Mapping[int, _Before], from_step: str) -> Act:
    if act.outcome not in ("retry", "would_replace") or act.job_id in before:
        return act
    return act_on(job, "skip", Text(N_("Job {job_id} has no step {step}."), job_id=job.id, step=from_step))


def _once_for_each_work(
    conn: Connection,
    workflows: Workflows,
    jobs: dict[int, Job],
    acts: Sequence[Act],
    rest: Rest | None,
    replace_newer: Collection[int] | bool,
) -> list[Act]:
    """Of several failures of the same work the newest is retried; a part is retried by its parent, if that is."""
    retried = {act.job_id for act in acts if act.outcome == "retry"}
    whole = set(replay.whole_kinds(workflows, (jobs[i].kind for i in retried)))
    rest = rest or Rest(lambda _: set())
    above = _above(conn, [jobs[i] for i in retried])
    parts_of = retried | _retried_later(conn, workflows, rest.is_among({*above} - {*jobs}), replace_newer)
    parents = _ancestors(above, retried, parts_of)
    rest.add((jobs[i] for i in sorted(retried, reverse=True)), whole)
    newest, later = rest.works, rest.later
    told = []
    for act in acts:
        job = jobs[act.job_id]
        if act.outcome != "retry":
            told.append(act)
        elif job.id in parents:
            told.append(act_on(job, "skip", Text(N_("Part of job {other}, which is retried."), other=parents[job.id])))
        elif (other := max(newest.get(_work_of(job, whole), job.id), later.get(job.id, job.id))) != job.id:
            told.append(act_on(job, "skip", Text(N_("Job {other} is newer and does the same."), other=other)))
        else:
            told.append(act)
    return told


def _retried_later(
    conn: Connection, workflows: Workflows, ids: set[int], replace_newer: Collection[int] | bool
) -> set[int]:
    """Those of these jobs, of another piece, that are retried as well."""
    jobs = _load(conn, sorted(ids))
    looked = _Look(conn, workflows, jobs)
    return {i for i, job in jobs.items() if looked.at(job, is_meant(replace_newer, i)).outcome == "retry"}


def _work_of(job: Job, whole: Collection[str]) -> Hashable:
    """Equal for jobs that do the same. Without a node each request is its own."""
    if job.node_id is None:
        return (job.id,)
    return (job.kind, job.node_id) if job.kind in whole else (job.kind, job.node_id, repr(job.params))


def _above(conn: Connection, jobs: Sequence[Job]) -> dict[int, int | None]:
    """Each of these jobs, and whatever they are parts of → the job that it is a part of."""
    above = {job.id: job.parent_id for job in jobs}
    missing = {p for p in above.values() if p is not None and p not in above}
    while missing:
        found = {p.id: p.parent_id for p in reads.find_many(conn, sorted(missing))}
        above |= {p: found.get(p) for p in missing}
        missing = {p for p in found.values() if p is not None and p not in above}
    return above


def _ancestors(above: Mapping[int, int | None], ids: Iterable[int], among: Collection[int]) -> dict[int, int]:
    """Job → the job among these that it is a part of, directly or not."""
    ancestors = {}
    for job_id in ids:
        at = above.get(job_id)
        while at is not None and at not in among:
            at = above.get(at)
        if at is not None:
            ancestors[job_id] = at
    return ancestors


def _priced(
    conn: Connection,
    workflows: Workflows,
    jobs: dict[int, Job],
    acts: Sequence[Act],
    price: Price,
    edited: bool,
    before: Mapping[int, _Before] | None,
) -> list[Act]:
    """With what each retry will reuse, and will probably cost; nothing is known to fit where params are edited.

    `before`: job → the step from which it is made anew; None: all finished steps are taken over.
    """
    wanted = [act.job_id for act in acts if act.outcome in ("retry", "would_replace")]
    done = {job_id: step.done for job_id, step in (before or {}).items()}
    asked: dict[int, JsonObject] = {}
    used: dict[int, Used] = {}

    def is_reused(made: UsedByStep) -> bool:
        if before is not None:
            return made.is_done and (made.position or 0) < before[made.job_id].position
        return made.is_done and not edited

    for at in range(0, len(wanted), CHUNK):
        piece = wanted[at : at + CHUNK]
        asked |= reads.list_overrides(conn, piece)
        used |= _sum_used(conn, piece, is_reused)
        if not edited and before is None:
            done |= failures.count_done_steps(conn, piece)
    priced = []
    for act in acts:
        if act.outcome in ("retry", "would_replace"):
            job, reused = jobs[act.job_id], done.get(act.job_id, 0)
            if workflows.find(job.kind).batch:
                act = _with_price(act, *_price_children(conn, job, price, asked.get(job.id)))
            else:
                mine = used.get(job.id, Used())
                rerun = Rerun(job.kind, job.profile_id, job.params, reused, asked.get(job.id), mine)
                act = _with_price(act, reused, price(rerun))
        priced.append(act)
    return priced


def _with_price(act: Act, reused: int, cost: RerunPrice | None) -> Act:
    if cost is None:
        return replace(act, reused=reused)
    return replace(act, reused=reused, cost_micros=cost.micros, currency=cost.currency, most_micros=cost.most_micros)


def _sum_used(conn: Connection, ids: Collection[int], is_reused: IsReused) -> dict[int, Used]:
    """Job → what it used for what is not reused."""
    sums: dict[int, Used] = {}
    for made in failures.list_used(conn, ids):
        if not is_reused(made):
            before = sums.get(made.job_id, Used())
            sums[made.job_id] = Used(
                before.calls + made.calls,
                before.input_tokens + made.input_tokens,
                before.cached_tokens + made.cached_tokens,
                before.output_tokens + made.output_tokens,
            )
    return sums


def _price_children(
    conn: Connection, parent: Job, price: Price, overrides: JsonObject | None
) -> tuple[int, RerunPrice | None]:
    """What the parts of a parent that have not succeeded will reuse and cost; None when there are parts that never
    began: nobody knows yet what they are."""
    again = [c for c in reads.children_states(conn, parent.id) if c.state != "succeeded"]
    ids = [c.id for c in again]
    done = failures.count_done_steps(conn, ids)
    used = _sum_used(conn, ids, lambda made: made.is_done)
    failed = parent.result.get("failed", ()) if isinstance(parent.result, dict) else ()
    # they are asked as their parent is
    reruns = [
        Rerun(c.kind, parent.profile_id, None, done.get(c.id, 0), overrides, used.get(c.id, Used())) for c in again
    ]
    known = [cost for cost in map(price, reruns) if cost is not None]
    currencies = {cost.currency for cost in known}
    began = parent.result is not None and all(part.get("job_id") is not None for part in failed)
    if not began or len(known) < len(reruns) or len(currencies) > 1:
        return sum(done.values()), None
    most = [cost.most_micros for cost in known if cost.most_micros is not None]
    micros = sum(cost.micros for cost in known)
    whole = RerunPrice(micros, next(iter(currencies), "USD"), sum(most) if len(most) == len(known) else None)
    return sum(done.values()), whole
