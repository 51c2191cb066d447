"""Jobs and what belongs to them, workers and gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Required, TypedDict

from workbench.db.rows.record import Record
from workbench.db.rows.usage import Spending
from workbench.json_types import Json, JsonObject

#: a worker that has not reported for so long counts as gone; it reports every second
WORKER_SILENT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Job(Record):
    """One request to run a workflow on a node; the engine's own bookkeeping columns are left out.

    A field added here (and to schema.py, with a migration) is read and printed by itself; `jobs.submit` fills it.
    """

    id: int
    kind: str
    queue: str
    #: queued, running, waiting, succeeded, partial, failed or cancelled
    state: str
    #: why a waiting job waits: children, provider, decision, rate_limit or budget
    waiting_for: str | None
    title: str
    project_id: int | None
    node_id: int | None
    #: None: the built-in sketch
    profile_id: int | None
    params: JsonObject
    priority: int
    parent_id: int | None
    replay_of: int | None
    #: of a re-parse: the job whose stored answers are read
    answers_from: int | None
    submit_key: str | None
    max_attempts: int
    #: the fencing token: how many times a worker has taken the job
    claim: int
    failures: int
    losses: int
    available_at: int
    dispatched_at: int | None
    lease_until: int | None
    worker: str | None
    cancel_at: int | None
    #: percent
    progress: int
    #: of a parent: how many children it will have in all; None: the ones it already has
    parts: int | None
    message: str | None
    message_i18n: JsonObject | None
    preview: str | None
    error_kind: str | None
    error: str | None
    error_i18n: JsonObject | None
    error_fingerprint: str | None
    result: Json
    cost_micros: int | None
    currency: str | None
    input_tokens: int | None
    output_tokens: int | None
    created_by: str | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    #: its end, or its wait for a person, has not yet been sent to webhooks
    untold: bool | None


@dataclass(frozen=True, slots=True)
class SubmittedJob(Job):
    """A job that was just queued. `dispatch_problem`: why Redis could not be told; a sweep finds the job all the
    same."""

    dispatch_problem: str | None

    def as_json(self) -> JsonObject:
        plain = Job.as_json(self)
        # commands say it beside the job
        del plain["dispatch_problem"]
        return plain


@dataclass(frozen=True, slots=True)
class ChildJob(Job):
    """A job that a parent waits for: `item` is what the parent calls it, `position` its place among the others."""

    item: str
    position: int


@dataclass(frozen=True, slots=True)
class FamilyJob(Record):
    """A job below another one: `parent_id` is the one that it stands under there, `depth` 1 for a child."""

    id: int
    parent_id: int
    depth: int
    position: int
    kind: str
    state: str
    node_id: int | None
    progress: int
    created_at: int
    started_at: int | None
    finished_at: int | None


@dataclass(frozen=True, slots=True)
class JobRequest(Record):
    """What tells whether a job is the same request as another."""

    id: int
    kind: str
    node_id: int | None
    params_hash: str


@dataclass(frozen=True, slots=True)
class ChildState(Record):
    """How far a child is: what a parent looks at whenever one has ended."""

    id: int
    node_id: int | None
    kind: str
    state: str
    error_kind: str | None
    error: str | None
    error_i18n: JsonObject | None
    item: str
    #: which of its parent's batches, and where in it; None: known by kind and node alone
    batch: int | None
    batch_position: int | None


@dataclass(frozen=True, slots=True)
class Attempt(Record):
    """What one claim of a job did."""

    job_id: int
    claim: int
    worker: str
    started_at: int
    ended_at: int | None
    #: ok, error, lost, cancelled, interrupted or waiting; None while it runs
    outcome: str | None
    error_kind: str | None
    error: str | None
    traceback: str | None


@dataclass(frozen=True, slots=True)
class Step(Record):
    """A named, memoised piece of a job."""

    job_id: int
    name: str
    position: int
    state: str
    input_hash: str
    provider_task_id: str | None
    poll_at: int | None
    output: Json
    cost_micros: int | None
    claim: int | None
    reused_from: int | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Event(Record):
    """A line of a job's time line. `level`: info, warning, error or audit; `i18n`: the message as translatable text."""

    id: int
    job_id: int
    claim: int | None
    at: int
    level: str
    progress: int | None
    message: str
    i18n: JsonObject | None


@dataclass(frozen=True, slots=True)
class WatchedJob(Record):
    """What somebody who watches a job sees of it. `seen_at`: the database's now."""

    id: int
    kind: str
    title: str
    state: str
    progress: int
    message: str | None
    waiting_for: str | None
    project_id: int | None
    node_id: int | None
    parent_id: int | None
    error_kind: str | None
    error: str | None
    claim: int
    finished_at: int | None
    seen_at: int


@dataclass(frozen=True, slots=True)
class JobEvent(Record):
    """What has happened to a job. `event`: queued, started, progress, waiting; completed (its state says whether
    wholly), failed or cancelled, each of which is the last one. `at`: epoch ms."""

    event: str
    at: int
    job_id: int
    kind: str
    title: str
    state: str
    progress: int
    message: str | None
    waiting_for: str | None
    project_id: int | None
    node_id: int | None
    parent_id: int | None
    error_kind: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class CallSummary(Record):
    """A request to a model service, without what was said."""

    id: int
    call_id: str
    job_id: int | None
    claim: int | None
    step: str | None
    input_hash: str | None
    purpose: str
    project_id: int | None
    workflow: str | None
    profile_id: int | None
    provider: str
    model: str
    #: text, image or video
    capability: str
    mode: str | None
    #: sent, ok, error, lost or late
    outcome: str
    #: whether the answer passed its checks; None: not judged
    valid: bool | None
    error_kind: str | None
    error: str | None
    http_status: int | None
    request_id: str | None
    started_at: int
    ended_at: int | None
    latency_ms: int | None
    #: time to the first token
    ttft_ms: int | None
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    image_input_tokens: int | None
    image_output_tokens: int | None
    images: int | None
    video_seconds: int | None
    cost_micros: int | None
    currency: str | None
    price_source: str | None
    #: the prices it was reckoned with, as they were then
    price: JsonObject | None
    #: of a call under way: what it will probably cost
    expected_micros: int | None
    #: the profile that was asked first and could not answer
    fallback_from: int | None
    finish_reason: str | None
    prompt_version: str | None

    @property
    def sent(self) -> bool:
        """Whether it reached its service; one that did not counts as no call (db/rollups.py asks the same in SQL)."""
        return self.price_source != "not sent"

    @property
    def unpriced(self) -> bool:
        """Whether it was, or may have been, charged at a price nobody knows (db/reads/usage.py asks the same in SQL).

        An answer that says no (4xx) costs nothing; so does any HTTP error instead of a text. A picture or a clip may be
        made all the same, as may be what was cut off or never answered.
        """
        if self.cost_micros is not None or self.expected_micros is not None or self.provider == "sketch":
            return False
        if self.outcome != "error":
            return self.outcome in ("ok", "late", "lost")
        refused = self.http_status is not None and self.http_status >= 400
        return not (refused and (self.capability == "text" or (self.http_status or 0) < 500))


@dataclass(frozen=True, slots=True)
class ModelCall(CallSummary):
    """A request to a model service with its prompt and the raw answer; both are None once they are no longer kept."""

    prompt: Json
    raw_output: str | None

    def as_json(self) -> JsonObject:
        plain = CallSummary.as_json(self)
        plain["prompt_version"] = plain.pop("prompt_version")
        return plain


@dataclass(frozen=True, slots=True)
class JobDetail(Record):
    """A job with everything that is known of it, each list in its order of time; `events`: the newest 500;
    `spending`: what it, its children and theirs used and cost; `overrides`: what it was asked with beside its profile
    (jobs.overrides)."""

    job: Job
    attempts: list[Attempt]
    steps: list[Step]
    events: list[Event]
    model_calls: list[ModelCall]
    children: list[ChildJob]
    replays: list[Job]
    spending: Spending
    overrides: JsonObject | None


@dataclass(frozen=True, slots=True)
class ComparedInput(Record):
    """What two jobs were made from: the versions of one artifact that each used, none where it used none.

    `first_recorded`, `second_recorded`: it is known from a version that the job has made; else these are the newest of
    when it began.
    """

    node_id: int
    #: of the node
    title: str
    kind: str
    first: list[int]
    second: list[int]
    first_recorded: bool
    second_recorded: bool


@dataclass(frozen=True, slots=True)
class FailureGroup(Record):
    """Failed jobs of one fingerprint. `error` is the newest one's; `replayed`: how many were made good, by a replay or
    a later run.

    `state`: open, resolved, ignored, or regressed by `regressed_by`, the first job that failed after it was resolved;
    `state_by` None: nobody has said so. `trend`: failures in each span of `span_ms` from `trend_from` (epoch ms) on.
    """

    fingerprint: str
    count: int
    first_at: int
    last_at: int
    newest_id: int
    replayed: int
    error_kind: str | None
    error: str | None
    error_i18n: JsonObject | None
    projects: list[int]
    kinds: list[str]
    models: list[str]
    #: ids; the sketch has none
    profiles: list[int]
    #: Reelwright's
    versions: list[str]
    state: str
    state_at: int | None
    state_by: str | None
    regressed_by: int | None
    trend: list[int]
    trend_from: int
    span_ms: int


@dataclass(frozen=True, slots=True)
class RefusedReplay(Record):
    """A job of a group that could not be replayed, and why."""

    job_id: int
    refused: str


@dataclass(frozen=True, slots=True)
class Act(Record):
    """What will be done with one job of many, or was.

    `outcome` before: retry, cancel, change; skip with a reason; would_replace when a person has saved a version since.
    After: retried, cancelled, changed; skipped or refused with a reason. `new_id`: the job that it became.
    """

    job_id: int
    kind: str
    node_id: int | None
    project_id: int | None
    #: of the job, when it was looked at
    state: str
    outcome: str
    new_id: int | None
    reason: str | None
    reason_i18n: JsonObject | None
    #: finished steps that are not paid again
    reused: int = 0
    #: what a retry will probably cost, not less than what the run itself used of what is made again; None: not known
    cost_micros: int | None = None
    currency: str | None = None
    #: at most, when each of its calls answers at the longest; None: nothing bounds it
    most_micros: int | None = None


@dataclass(frozen=True, slots=True)
class UsedByStep(Record):
    """What the texts of one step of a job have used together. `position` None: its step is not there any more."""

    job_id: int
    position: int | None
    is_done: bool
    calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Worker(Record):
    """A process that runs jobs. `age_ms`: since its last heartbeat."""

    name: str
    host: str
    pid: int
    threads: int
    busy: int
    started_at: int
    seen_at: int
    #: of Reelwright; None: of an older one, which did not say
    version: str | None
    #: since when it takes nothing new, and who asked for that
    drain_at: int | None
    drain_by: str | None
    age_ms: int

    @property
    def is_live(self) -> bool:
        return self.age_ms < WORKER_SILENT_MS


@dataclass(frozen=True, slots=True)
class Gate(Record):
    """What pauses or limits a queue, a kind, a project or a profile. `key`: queue:text, kind:…, project:1,
    profile:2."""

    key: str
    paused: bool
    max_running: int | None
    #: who paused it, and since when (epoch ms); None: not paused, or paused by an older Reelwright
    paused_by: str | None = None
    paused_at: int | None = None


@dataclass(frozen=True, slots=True)
class SavedView(Record):
    """A page's filters under a name. `query`: the address's own parameters."""

    id: int
    page: str
    name: str
    query: JsonObject
    created_by: str | None
    created_at: int


class JobsVersion(NamedTuple):
    """Another one whenever a list of jobs may look different: the newest event and job, active jobs by state."""

    event: int
    job: int
    queued: int
    running: int
    waiting: int


class BoardSignature(NamedTuple):
    """Another one whenever the board may look different. `alerts`: the ids of those that are shown."""

    version: JobsVersion
    workers: list[Worker]
    gates: list[Gate]
    alerts: list[int]


@dataclass(frozen=True, slots=True)
class BulkItem(Record):
    """What a bulk job did with one job. `outcome`: retried, cancelled, changed, skipped or refused, with a reason."""

    bulk_id: int
    job_id: int
    #: of the job, when it was looked at
    state: str
    outcome: str
    new_id: int | None
    #: of a changed priority: what it was
    priority_before: int | None
    reason: str | None
    reason_i18n: JsonObject | None


@dataclass(frozen=True, slots=True)
class JobPage(Record):
    """Some jobs of a sorted list. `next`: where the next page begins; None: these are the last."""

    jobs: list[Job]
    next: str | None


class GroupFilters(TypedDict, total=False):
    """Which failures of a group; None is no filter."""

    fingerprint: Required[str]
    project: int | None
    #: ended at or after, epoch ms
    since: int | None
    #: ended at or before, epoch ms: those that come later are not meant
    until: int | None


#: states of jobs, running first: what most wants to be looked at
URGENCY = ("running", "waiting", "queued", "failed", "partial", "cancelled", "succeeded")
#: of jobs that are searched by text no more than these are counted: the sum then says “or more”
MOST_COUNTED = 1_000
#: what a list of jobs can be sorted by
JobSort = Literal["id", "state", "job", "story", "progress", "wait", "run", "cost"]


class JobFilters(TypedDict, total=False):
    """Which jobs: every filter that is given must hold, None is no filter."""

    state: str | list[str] | None
    kind: str | None
    project: int | None
    #: part of the title, the params, the error, a prompt or an answer
    text: str | None
    node_id: int | None
    error_kind: str | None
    model: str | None
    #: created at or after, epoch ms
    since: int | None
    #: created before, epoch ms
    until: int | None
    #: a profile's id; 0: the built-in sketch
    profile: int | None
    #: currency → micros: the job and its children's calls cost more than this in one of these currencies
    cost_over: dict[str, int] | None
    #: has run longer than this, ms
    run_over: int | None
