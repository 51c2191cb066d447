"""What a workflow may do: read the story, generate, start children, report progress. Nothing else.

A workflow may be run again from the top after a crash, a retry or a wait; everything here is safe to repeat.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from pydantic import BaseModel
from sqlalchemy import Connection

from workbench import prompts
from workbench.artifacts.storyboard import Candidate
from workbench.artifacts.versions import hash_of
from workbench.db.connection import Database
from workbench.db.reads import jobs as reads
from workbench.db.reads import story as story_reads
from workbench.db.schema import TERMINAL
from workbench.db.writes import jobs as writes
from workbench.db.writes import ledger
from workbench.db.writes import profiles as profile_writes
from workbench.errors import ChildFailed, JobError, LostClaim, OutputError, ProgrammingError, Refused
from workbench.i18n import N_, Text
from workbench.jobs import crash, submit
from workbench.jobs.declared import Declared, Workflows
from workbench.jobs.steps import Check, Steps
from workbench.jobs.tasks import Asked, Tasks
from workbench.media import MediaStore
from workbench.providers.base import Message as Message
from workbench.providers.base import Mode, Profile, TextProvider, TextReply, Usage
from workbench.security.redact import redactor
from workbench.story.facts import Inputs, NodeView
from workbench.usage.prices import Cost, cost_of

log = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
PREVIEW_EVERY_S = 1.0
PREVIEW_CHARS = 1200


class Suspend(BaseException):
    """The job waits; its worker is free. Not an Exception, so that a workflow's own handlers let it through."""

    def __init__(self, waiting_for: str) -> None:
        super().__init__(waiting_for)
        self.waiting_for = waiting_for


@dataclass(frozen=True)
class Child:
    """A job that a parent wants."""

    kind: str
    node_id: int
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ChildResult:
    job_id: int | None
    node_id: int
    kind: str
    state: str
    error_kind: str | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.state == "succeeded"

    @property
    def usable(self) -> bool:
        """It left something to go on with."""
        return self.state in ("succeeded", "partial")


@dataclass
class BatchResult:
    """What a batch came to; `failed` names every item. The job ends succeeded, partial or failed accordingly."""

    succeeded: list[dict[str, Any]]
    failed: list[dict[str, Any]]
    skipped: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        return {"succeeded": self.succeeded, "failed": self.failed, "skipped": self.skipped}


@dataclass
class PartialArtifact:
    """What a workflow that writes an artifact returns when parts of it are missing: what there is gets saved.

    `failed`: {"item", "error_kind", "error"} each; with any, the job ends partial. `succeeded`: the items that are there.
    """

    content: BaseModel
    failed: list[dict[str, Any]]
    succeeded: list[Any]


@dataclass
class Running:
    """One claim of one job in this process: who we are, and how to write what happens."""

    database: Database
    workflows: Workflows
    declared: Declared
    row: dict[str, Any]
    job_id: int
    claim: int
    profile: Profile
    make_provider: Callable[[Profile], TextProvider]
    media: MediaStore
    no_usage: Usage = field(default_factory=Usage)
    _provider: TextProvider | None = None
    _answers: dict[int, tuple[float, TextReply, Cost]] = field(default_factory=dict)
    _committing: list[int] = field(default_factory=list)
    #: step names of this run, for all kinds of steps
    step_names: list[str] = field(default_factory=list)
    _preview: str = ""
    _preview_at: float = 0.0
    stopping: str | None = None

    def provider(self) -> TextProvider:
        """The profile's provider, made on first use; no new paid call starts once the job is being stopped."""
        if self.stopping is not None:
            raise asyncio.CancelledError
        if self.row["answers_from"] is not None:
            raise OutputError(
                "empty_output", Text(N_("A re-parse calls no model, and no stored answer fits this step."))
            )
        if self._provider is None:
            self._provider = self.make_provider(self.profile)
        return self._provider

    async def aclose(self) -> None:
        if self._provider is not None:
            await self._provider.aclose()

    def new_step(self, name: str) -> None:
        """Note the next step of this run; raises ProgrammingError for a name used twice."""
        if name in self.step_names:
            raise ProgrammingError(Text("The step name “{name}” is used twice in one run.", name=name))
        self.step_names.append(name)

    def modes(self, *, structured: bool) -> Sequence[Mode]:
        """Structured-output modes to try, strongest first, from the one that worked for this model before."""
        if not structured:
            return ("plain",)
        offered = self.provider().modes
        known = self.profile.modes.get(self.profile.text_model)
        return offered[offered.index(known) :] if known in offered else offered

    def remember_mode(self, mode: Mode) -> None:
        if self.profile.id is not None:
            with self.database.write() as conn:
                profile_writes.remember_mode(conn, self.profile.id, self.profile.text_model, mode)
        self.profile.modes[self.profile.text_model] = mode

    def redact(self, text: str) -> str:
        return redactor.text(text)

    def preview(self, piece: str) -> None:
        """Keep the tail of the streamed text on the job's row, at most once a second."""
        self._preview = (self._preview + piece)[-PREVIEW_CHARS:]
        if time.monotonic() - self._preview_at >= PREVIEW_EVERY_S:
            self._preview_at = time.monotonic()
            try:
                with self.database.write() as conn:
                    writes.set_preview(conn, self.job_id, self.claim, self._preview)
            except LostClaim:
                raise
            except Exception as error:
                # a preview is not worth a paid stream
                log.warning("job %s: preview not written: %s", self.job_id, error)

    def answered(self, call_row: int, started: float, reply: TextReply) -> None:
        """Hold an answer until it is judged: outcome and step are one commit."""
        self._preview = ""
        cost = cost_of(self.profile, reply.model, reply.usage, round(time.time() * 1000))
        self._answers[call_row] = (time.monotonic() - started, reply, cost)

    def commit_call(self, conn: Connection, call_row: int, *, valid: bool, outcome: str = "ok") -> None:
        seconds, reply, cost = self._answers[call_row]
        self._committing.append(call_row)
        ledger.close_call(
            conn,
            call_row,
            outcome=outcome,
            valid=valid,
            latency_ms=round(seconds * 1000),
            ttft_ms=reply.ttft_ms,
            model=reply.model,
            request_id=reply.request_id,
            input_tokens=reply.usage.input,
            cached_tokens=reply.usage.cached,
            output_tokens=reply.usage.output,
            reasoning_tokens=reply.usage.reasoning,
            finish_reason=reply.finish_reason,
            raw_output=reply.text,
            cost_micros=cost.cost_micros,
            currency=cost.currency,
            price_source=cost.source,
        )
        ledger.count_on_job(
            conn,
            self.job_id,
            input_tokens=reply.usage.input,
            output_tokens=reply.usage.output,
            cost_micros=cost.cost_micros,
            currency=cost.currency,
        )

    def keep_answers(self) -> None:
        """Write answers that were paid and never judged (a check that raised): they count like any other."""
        for call_row in [c for c in self._answers if c not in self._committing]:
            with self.database.write() as conn:
                self.commit_call(conn, call_row, valid=False)

    def close_call(
        self, call_row: int, started: float, *, usage: Usage | None = None, model: str | None = None, **values: Any
    ) -> None:
        """Write a call that failed. It may have been billed, so it is counted whoever owns the job now."""
        seen = usage or self.no_usage
        model = self.profile.text_model if model is None else model
        cost = cost_of(self.profile, model, seen, round(time.time() * 1000))
        with self.database.write() as conn:
            ledger.close_call(
                conn,
                call_row,
                latency_ms=round((time.monotonic() - started) * 1000),
                model=model,
                input_tokens=seen.input,
                cached_tokens=seen.cached,
                output_tokens=seen.output,
                reasoning_tokens=seen.reasoning,
                cost_micros=cost.cost_micros,
                currency=cost.currency,
                price_source=cost.source,
                **values,
            )
            if usage is not None:
                ledger.count_on_job(
                    conn,
                    self.job_id,
                    input_tokens=seen.input,
                    output_tokens=seen.output,
                    cost_micros=cost.cost_micros,
                    currency=cost.currency,
                )


class Context:
    """Handed to a workflow's `run`. Attributes: node (None for kinds without one), params, language, job_id."""

    def __init__(self, running: Running, node: NodeView | None, inputs: Inputs, params: Any) -> None:
        self._running = running
        self._inputs = inputs
        self._steps = Steps(running)
        self._tasks = Tasks(running)
        self._range = (0.0, 100.0)
        self._prompt_versions: list[str] = []
        self._batches = 0
        self._node = node
        self.params = params
        self.job_id = running.job_id
        self.warnings: list[Text] = []
        self.language: str = (node.brief.get("language") if node else None) or "en"

    @property
    def node(self) -> NodeView:
        if self._node is None:
            raise ProgrammingError(Text("This workflow has no node."))
        return self._node

    @property
    def inputs(self) -> list[dict[str, Any]]:
        return self._inputs.as_list()

    @property
    def last_attempt(self) -> bool:
        """A retryable failure of this run would end the job."""
        row = self._running.row
        return bool(row["failures"] + 1 >= row["max_attempts"])

    @property
    def prompt_version(self) -> str | None:
        return self._prompt_versions[0] if self._prompt_versions else None

    @property
    def model(self) -> str:
        """What the artifact is said to be made by."""
        run = self._running
        return run.profile.picture_model if run.declared.queue == "image" else run.profile.text_model

    @property
    def picture_model(self) -> str:
        """The model that draws; empty when the profile names none."""
        return self._running.profile.picture_model

    def written(self) -> dict[str, Any] | None:
        """The artifact that this workflow writes, as it stands now; reading it makes it no input of its successor."""
        kind = self._running.declared.writes
        head = self._own_head() if kind else None
        return None if head is None else cast("dict[str, Any]", head["content"])

    @property
    def pictures_at_once(self) -> int:
        """How many pictures to ask for at the same time."""
        profile = self._running.profile
        return int(profile.params.get("pictures_at_once") or (2 if profile.provider == "sketch" else 4))

    def changed(self, part: str) -> bool:
        """Has this input part, or any whole input, changed since the artifact that this workflow writes was written?"""
        head = self._own_head()
        before = {(i["node_id"], i["kind"], i.get("part")): i["content_hash"] for i in head["inputs"]} if head else {}
        now = [i for i in self._inputs.as_list() if i["part"] in (None, part)]
        return any(before.get((i["node_id"], i["kind"], i["part"])) != i["content_hash"] for i in now)

    def keep_sources(self, parts: Collection[str]) -> None:
        """What is left as it was stays as old as it was: it goes on counting as made from the versions of then.

        `parts`: the input parts (``shot:4``) that only the parts left alone were made from; whole inputs count for all.
        """
        head = self._own_head()
        for made_from in head["inputs"] if head else ():
            if made_from.get("part") is None or made_from["part"] in parts:
                self._inputs.keep(made_from)

    def _own_head(self) -> dict[str, Any] | None:
        with self._running.database.read() as conn:
            return story_reads.head(conn, self.node.id, str(self._running.declared.writes))

    def prompt(self, variant: str | None = None, /, **facts: Any) -> prompts.Prompt:
        """The workflow's prompt file in the story's language, with its facts filled in as data."""
        made = prompts.render(prompts.name_for(self._running.declared.run.__module__, variant), self.language, facts)
        self._prompt_versions.append(made.version)
        return made

    async def generate(
        self,
        step: str,
        prompt: prompts.Prompt,
        *,
        schema: type[M],
        checks: Sequence[Check] = (),
        draft: Callable[..., Any] | None = None,
    ) -> M:
        """A validated answer, memoised under `step`. Raises OutputError when three repairs did not help."""
        return await self._steps.generate(step, prompt, schema, checks, self._draft(step, dict(prompt.facts), draft))

    async def chat(self, step: str, messages: Sequence[Message]) -> TextReply:
        """A plain answer, memoised under `step`."""
        facts = {"messages": [{"role": m.role, "content": m.content} for m in messages]}
        return await self._steps.chat(step, messages, self._draft(step, facts, None))

    async def images(
        self,
        step: str,
        *,
        prompt: str,
        size: tuple[int, int],
        seed: int,
        references: Sequence[str] = (),
        draw: Callable[[], bytes] | None = None,
    ) -> list[Candidate]:
        """One paid image call, memoised under `step`; the pictures are in the media store, `references` come from there.

        `size` is what the story wants; a model draws the nearest that it can. `draw` draws it offline, as PNG bytes.
        An uncertain outcome is never silently paid again. Several may be under way at once: see `together`.
        """
        return await self._tasks.images(step, Asked(prompt, size, seed, tuple(references)), draw)

    async def video(
        self,
        step: str,
        *,
        prompt: str,
        seconds: float,
        size: tuple[int, int],
        first_frame: str | None = None,
        last_frame: str | None = None,
        seed: int = 0,
        draw: Callable[[], bytes] | None = None,
    ) -> dict[str, Any]:
        """A long provider task: created once, polled by whoever is alive, no worker held; frames come from the media store.

        Returns {"media", "width", "height", "seconds", "model"}. `draw` makes the clip offline, as MP4 bytes.
        """
        asked = Asked(prompt, size, seed, seconds=seconds, first_frame=first_frame, last_frame=last_frame)
        return await self._tasks.video(step, asked, draw)

    async def together(
        self, work: Sequence[Callable[[], Awaitable[T]]], *, limit: int, stop_on: Collection[str] = ()
    ) -> list[T | JobError]:
        """Do several things at once, at most `limit`: each comes to its result, or to the JobError that ended it.

        An error of a kind in `stop_on` is also the result of all that had not begun. When the job has to wait or to
        stop nothing more begins either, but what is under way – and paid for – comes to its end first.
        """
        gate = asyncio.Semaphore(limit)
        broken: list[BaseException] = []
        final: list[JobError] = []

        async def one(start: Callable[[], Awaitable[T]]) -> T | JobError | None:
            async with gate:
                if broken or final:
                    return final[0] if final else None
                try:
                    return await start()
                except BaseException as error:
                    if not isinstance(error, JobError) or isinstance(error, ProgrammingError):
                        broken.append(error)
                        raise
                    if error.kind in stop_on:
                        final.append(error)
                    return error

        results = await asyncio.gather(*(one(start) for start in work), return_exceptions=True)
        if broken:
            raise min(broken, key=_urgency)
        return cast("list[T | JobError]", results)

    def _draft(self, step: str, facts: dict[str, Any], own: Callable[..., Any] | None) -> Callable[[], str] | None:
        write = own or self._running.declared.draft
        if write is None:
            return None
        facts = {**facts, "step": step}
        # the same facts and params give the same bytes on any machine
        seed = hash_of([self._running.row["kind"], facts, self.params.model_dump(mode="json")])

        def drafted() -> str:
            made = write(facts, self.params, random.Random(seed))
            return made.model_dump_json() if isinstance(made, BaseModel) else str(made)

        return drafted

    async def children(
        self, wanted: Sequence[Child], *, chained: bool = False, name: str | None = None
    ) -> list[ChildResult]:
        """Run jobs as children and wait for them without holding a worker; results in the order asked for.

        chained: each starts when its predecessor has ended. A child that is refused counts as failed.
        name: known by kind and node alone, so that a resume may ask in another grouping; each pair once a job.
        """
        run = self._running
        self._batches += 1

        def item_of(number: int, child: Child) -> str:
            place = f"{self._batches}:{number}" if name is None else name
            return f"{place}:{child.kind}:{child.node_id}"

        with run.database.read() as conn:
            there = {c["item"]: c for c in reads.children(conn, run.job_id)}
            refused = {
                s["name"]: s["output"] for s in ledger.steps_of(conn, run.job_id) if s["name"].startswith("refused ")
            }
        results: list[ChildResult | None] = []
        missing: list[tuple[str, Child]] = []
        for number, child in enumerate(wanted):
            item = item_of(number, child)
            known = there.get(item)
            if known is not None:
                results.append(_result(known))
            elif f"refused {item}" in refused:
                said = refused[f"refused {item}"]
                results.append(
                    ChildResult(None, child.node_id, child.kind, "failed", said["error_kind"], said["error"])
                )
            else:
                results.append(None)
                missing.append((item, child))
            if chained and (results[-1] is None or results[-1].state not in TERMINAL):
                break
        waiting = [r for r in results if r is not None and r.state not in TERMINAL]
        if missing:
            self._start(missing[:1] if chained else missing)
        if missing or waiting or len(results) < len(wanted):
            raise Suspend("children")
        return [r for r in results if r is not None]

    def expect(self, parts: int) -> None:
        """How many children there will be in all: what a parent's progress is a share of."""
        run = self._running
        with run.database.write() as conn:
            writes.expect_parts(conn, run.job_id, run.claim, parts)

    def _start(self, missing: list[tuple[str, Child]]) -> None:
        run = self._running
        prepared: list[tuple[str, Child, dict[str, Any] | Refused]] = []
        for item, child in missing:
            asked = submit.Request(
                child.kind,
                child.node_id,
                child.params,
                submit_key=f"child:{run.job_id}:{item}",
                profile_id=run.row["profile_id"],
                priority=run.row.get("priority", 0),
                user=run.row["created_by"] or "local",
                parent_id=run.job_id,
            )
            try:
                prepared.append((item, child, submit.prepare(run.database, run.workflows, asked)))
            except Refused as error:
                prepared.append((item, child, error))
        with run.database.write() as conn:
            if writes.fence(conn, run.job_id, run.claim):
                run.stopping = "cancel"
                raise asyncio.CancelledError
            position = len(reads.children(conn, run.job_id))
            for item, _child, values in prepared:
                if isinstance(values, dict):
                    try:
                        job_id, _new = submit.insert(conn, values)
                    except Refused as error:
                        values = error
                    else:
                        writes.add_children(
                            conn, run.job_id, [{"position": position, "child_id": job_id, "item": item}]
                        )
                        position += 1
                        continue
                kind = values.kind
                ledger.begin_step(conn, run.job_id, f"refused {item}", 1000 + position, "", run.claim, again=False)
                ledger.set_step(
                    conn,
                    run.job_id,
                    f"refused {item}",
                    state="refused_child",
                    output={"error_kind": kind, "error": str(values)},
                )
                writes.add_event(
                    conn,
                    run.job_id,
                    Text(N_("Not started: {reason}"), reason=str(values)),
                    claim=run.claim,
                    level="warning",
                )
        crash.point("children_inserted")

    def batch_result(self, results: Sequence[ChildResult], skipped: Sequence[dict[str, Any]] = ()) -> BatchResult:
        """Sum up children; raises ChildFailed when every one of them failed."""
        good = [{"node_id": r.node_id, "job_id": r.job_id} for r in results if r.ok]
        bad = [
            {"node_id": r.node_id, "job_id": r.job_id, "state": r.state, "error_kind": r.error_kind, "error": r.error}
            for r in results
            if not r.ok
        ]
        if bad and not good:
            raise ChildFailed(
                Text(
                    N_("All {count} parts failed; the first: {error}"),
                    count=len(bad),
                    error=bad[0]["error"] or bad[0]["state"],
                ),
                kind="child_failed",
            )
        return BatchResult(good, bad, list(skipped))

    def progress(self, percent: float, message: Text) -> None:
        """Report progress 0–100 (scaled inside `part`) and what is being done; raises when the job was cancelled or lost."""
        run = self._running
        if run.stopping is not None:
            raise asyncio.CancelledError
        start, end = self._range
        scaled = round(start + (end - start) * min(100.0, max(0.0, percent)) / 100)
        with run.database.write() as conn:
            writes.report(conn, run.job_id, run.claim, scaled, message)

    @contextmanager
    def part(self, start: float, end: float) -> Iterator[None]:
        """Inside, progress 0–100 means start–end of the whole."""
        low, high = self._range
        before = self._range
        self._range = (low + (high - low) * start / 100, low + (high - low) * end / 100)
        try:
            yield
        finally:
            self._range = before

    def warn(self, message: Text) -> None:
        """Something the creator should know: on the job's timeline and on the artifact."""
        self.warnings.append(message)
        self._event(message, "warning")

    def clipped(self, what: Text | str, kept: int, of: int) -> None:
        """Say what was shortened to fit the prompt, and by how much (D11)."""
        self._event(Text(N_("{what} shortened to {kept} of {of} characters"), what=what, kept=kept, of=of), "info")

    def _event(self, message: Text, level: str) -> None:
        run = self._running
        with run.database.write() as conn:
            writes.fence(conn, run.job_id, run.claim)
            writes.add_event(conn, run.job_id, message, claim=run.claim, level=level)


def _urgency(error: BaseException) -> int:
    """Which of several ends counts: whoever lost the job writes nothing, a stop comes before a fault, both before a wait."""
    kinds = (LostClaim, asyncio.CancelledError, Exception)
    return next((place for place, kind in enumerate(kinds) if isinstance(error, kind)), len(kinds))


def _result(row: dict[str, Any]) -> ChildResult:
    return ChildResult(row["id"], row["node_id"], row["kind"], row["state"], row["error_kind"], row["error"])
