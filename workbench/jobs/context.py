"""What a workflow may do: read the story, generate, start children, report progress. Nothing else.

A workflow may be run again from the top after a crash, a retry or a wait; everything here is safe to repeat.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

from pydantic import BaseModel
from sqlalchemy import Connection

from workbench import crash, prompts
from workbench.artifacts import staleness
from workbench.artifacts.storyboard import Candidate
from workbench.artifacts.versions import hash_of
from workbench.db.reads import failures
from workbench.db.reads import jobs as reads
from workbench.db.reads import story as story_reads
from workbench.db.rows.jobs import ChildState
from workbench.db.rows.story import Artifact, ArtifactVersion, Input
from workbench.db.schema import ACTIVE
from workbench.db.writes import claims, families, steps, timeline
from workbench.errors import ChildFailed, Issue, JobError, LostClaim, ProgrammingError, Refused
from workbench.i18n import N_, Text
from workbench.jobs import replay, submit
from workbench.jobs.media_calls import ClipOutput, MediaSpec
from workbench.jobs.media_steps import MediaSteps
from workbench.jobs.session import ClaimSession
from workbench.jobs.text_steps import Check, TextSteps, judge
from workbench.json_types import JsonObject
from workbench.profiles.routing import Capability
from workbench.providers.base import Message as Message
from workbench.providers.base import TextReply
from workbench.story import freshness, hanzi, languages
from workbench.story.facts import Inputs, NodeView
from workbench.story.names import names_of
from workbench.suspend import Suspend

log = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


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


@dataclass
class PartialArtifact:
    """What a workflow that writes an artifact returns when parts of it are missing: what there is gets saved.

    `failed`: {"item", "error_kind", "error"} each; with any, the job ends partial. `succeeded`: the items that are
    there.
    """

    content: BaseModel
    failed: list[JsonObject]
    succeeded: list[Any]


class Context:
    """Handed to a workflow's `run`. Attributes: node (None for kinds without one), params, language, job_id."""

    def __init__(self, session: ClaimSession, node: NodeView | None, inputs: Inputs, params: Any) -> None:
        self._session = session
        self._inputs = inputs
        self._text = TextSteps(session)
        self._media = MediaSteps(session)
        self._range = (0.0, 100.0)
        self._prompt_versions: list[str] = []
        self._batches = 0
        self._traditional: hanzi.Traditional | None = None
        self._node = node
        self.params = params
        self.job_id = session.job_id
        self.warnings: list[Text] = []
        #: what drafts alone are told beside a prompt's facts; no model reads it and no seed depends on it
        self.offline_facts: JsonObject = {}
        self.language: str = (node.read_brief("language").get("language") if node else None) or "en"

    @property
    def node(self) -> NodeView:
        if self._node is None:
            raise ProgrammingError(Text("This workflow has no node."))
        return self._node

    @property
    def inputs(self) -> list[Input]:
        return self._inputs.as_list()

    @property
    def last_attempt(self) -> bool:
        """A retryable failure of this run would end the job."""
        job = self._session.job
        return job.failures + 1 >= job.max_attempts

    @property
    def has_failed_step(self) -> bool:
        """Whether a step of this run ended in an error, whatever the workflow made of it."""
        return self._session.has_failed_step

    @property
    def prompt_version(self) -> str | None:
        return self._prompt_versions[0] if self._prompt_versions else None

    @property
    def model(self) -> str:
        """What the artifact is said to be made by."""
        queue = self._session.declared.queue
        capability: Capability = "image" if queue == "image" else "video" if queue == "video" else "text"
        return self._session.providers.of(capability).model(capability)

    @property
    def picture_model(self) -> str:
        """The model that draws; empty when the profile names none."""
        return self._session.providers.of("image").model("image")

    @property
    def clip_model(self) -> str:
        """The model that films; empty when the profile names none."""
        return self._session.providers.of("video").model("video")

    def picture(self, sha256: str) -> bytes:
        """A picture of the media store."""
        return self._session.media.read(sha256)

    def current_content(self) -> JsonObject | None:
        """The artifact that this workflow writes, as it stands now; reading it makes it no input of its successor."""
        kind = self._session.declared.writes
        head = self._own_head() if kind else None
        return None if head is None else cast("JsonObject", head.content)

    def finished_pictures(self, step: str) -> list[Candidate]:
        """What `images` came to under this name, in this job or in the one that it retries; empty while it has not."""
        done = self._finished(step)
        return [] if done is None else [Candidate.model_validate(c) for c in done.output["images"]]

    def is_filmed(
        self,
        step: str,
        *,
        prompt: str,
        seconds: float,
        size: tuple[int, int],
        first_frame: str | None,
        last_frame: str | None,
        seed: int,
    ) -> bool:
        """Has `video` made just this clip under this name, in this job or in the one that it retries?"""
        done = self._finished(step)
        spec = MediaSpec(prompt, size, seed, seconds=seconds, first_frame=first_frame, last_frame=last_frame)
        return done is not None and done.input_hash == spec.hash

    def _finished(self, step: str) -> steps.StepState | None:
        with self._session.database.read() as conn:
            found = steps.find_step(conn, self.job_id, step)
        return found if found is not None and found.state == "done" else None

    @property
    def pictures_at_once(self) -> int:
        """How many pictures to ask for at the same time."""
        profile = self._session.providers.of("image").profile
        most = int(profile.params.get("pictures_at_once") or (2 if profile.provider == "sketch" else 8))
        return min(most, profile.concurrency or most)

    def has_changed(self, part: str, written: str) -> bool:
        """Has what a part of the artifact (`written`: ``frame:KF3``) is made from changed since it was written?

        That is the input part of its own (``shot:4``), and every whole input that it uses.
        """
        head = self._own_head()
        before = head.inputs if head else []
        for made_from in self._inputs.as_list():
            only_for = made_from.get("only_for")
            if made_from["part"] not in (None, part) or (only_for is not None and written not in only_for):
                continue
            known = next((i for i in before if staleness.is_same_source(i, made_from, written)), None)
            if known is None:
                # what was written before such inputs were recorded tells nothing of them
                if only_for is None:
                    return True
            elif not staleness.equals(known, made_from):
                return True
        return False

    def keep_sources(self, parts: Collection[str], written: Collection[str]) -> None:
        """What is left as it was stays as old as it was: it goes on counting as made from the versions of then.

        `parts`: the input parts (``shot:4``) that only the parts left alone were made from; whole inputs count for all,
        save those of which it is known for which parts of the artifact they were used. `written`: the parts left alone
        (``frame:KF3``).
        """
        head = self._own_head()
        for made_from in head.inputs if head else ():
            only_for = made_from.get("only_for")
            if only_for is not None:
                still = [p for p in only_for if p in written]
                if still:
                    self._inputs.keep({**made_from, "only_for": still})
            elif made_from.get("part") is None or made_from["part"] in parts:
                self._inputs.keep(made_from)

    def _own_head(self) -> ArtifactVersion | None:
        with self._session.database.read() as conn:
            return story_reads.find_head(conn, self.node.id, str(self._session.declared.writes))

    def prompt(self, variant: str | None = None, /, **facts: Any) -> prompts.Prompt:
        """The workflow's prompt file in the story's language, with its facts filled in as data.

        Where a person has written or edited what the workflow writes, their version follows, for the model to keep to.
        """
        prompt = prompts.render(prompts.name_for(self._session.declared.run.__module__, variant), self.language, facts)
        self._prompt_versions.append(prompt.version)
        if self._traditional_names is not None:
            prompt = prompts.ask_for_traditional(prompt)
        if self.by_hand is None:
            return prompt
        if len(self._prompt_versions) == 1:
            self._event(Text(N_("Keeps to version {version}, edited by hand"), version=self.by_hand.version), "info")
        return prompts.keep_to(prompt, self.by_hand.content)

    @functools.cached_property
    def _traditional_names(self) -> list[str] | None:
        """The names of the story's people and world where it is written in traditional Chinese; None where not."""
        if self._node is None or self.language != "zh":
            return None
        # a look of its own: how it is written makes no artifact stale
        project = self._node.at(self._node.project_id)
        source = project.artifact("source") or {}
        if not hanzi.is_traditional(languages.words_of({**project.brief, "source": source.get("text")})):
            return None
        return [n for e in (*project.characters(most=None), *project.world(most=None)) for n in names_of(e)]

    @functools.cached_property
    def by_hand(self) -> Artifact | None:
        """The version that a person had written or edited when this job, or the one that it replays, was asked for.

        Of that time, not of now: a job that goes on, or is retried, puts the same question again, and pays nothing
        twice.
        """
        with self._session.database.read() as conn:
            return self._find_by_hand(conn)

    def _find_by_hand(self, conn: Connection) -> Artifact | None:
        declared, job = self._session.declared, self._session.job
        if declared.writes is None or declared.adds or job.node_id is None:
            return None
        return story_reads.find_by_hand(conn, job.node_id, declared.writes, reads.asked_at(conn, self.job_id))

    def find_saved_meanwhile(self, conn: Connection) -> int | None:
        """The head's version where a person has saved it since this job was asked for and the job knows nothing of it:
        it stays the head."""
        declared, job = self._session.declared, self._session.job
        if declared.writes is None or declared.adds or job.node_id is None:
            return None
        newer = failures.find_newer_by_hand(conn, job.node_id, declared.writes, reads.created_at(conn, self.job_id))
        if newer is None:
            return None
        known = self._find_by_hand(conn)
        return None if known is not None and known.id == newer.artifact_id else newer.version

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
        names = self._traditional_names
        own = None if names is None else hanzi.Traditional(hanzi.iterate_texts(dict(prompt.facts)), names)
        if own is not None:
            self._traditional = own
            checks = [partial(_check_kept, own, check) for check in checks]
        write = self._draft(step, dict(prompt.facts), draft)
        if self.by_hand is not None and write is not None:
            # the offline provider keeps to all of it, as long as it still passes
            by_hand = json.dumps(self.by_hand.content, ensure_ascii=False)
            _, _, usable = judge(by_hand, schema, checks)
            write = write if usable is None else partial(str, by_hand)
        with self._session.note_failure():
            answer = await self._text.generate(step, prompt, schema, checks, write)
        return answer if own is None else own.keep(answer)

    def keep_script(self, content: M) -> M:
        """What a workflow made of answers, with the fixed phrases that it added, in the story's own Chinese."""
        return content if self._traditional is None else self._traditional.keep(content)

    async def chat(self, step: str, messages: Sequence[Message]) -> TextReply:
        """A plain answer, memoised under `step`."""
        facts = {"messages": [{"role": m.role, "content": m.content} for m in messages]}
        with self._session.note_failure():
            return await self._text.chat(step, messages, self._draft(step, facts, None))

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
        """One paid image call, memoised under `step`; the pictures are in the media store, `references` come from
        there.

        `size` is what the story wants; a model draws the nearest that it can. `draw` draws it offline, as PNG bytes.
        An uncertain outcome is never silently paid again. Several may be under way at once: see `together`.
        """
        with self._session.note_failure():
            return await self._media.images(step, MediaSpec(prompt, size, seed, tuple(references)), draw)

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
    ) -> ClipOutput:
        """A long provider task: created once, polled by whoever is alive, no worker held; frames come from the media
        store.

        Returns {"media", "width", "height", "seconds", "model"}. `draw` makes the clip offline, as MP4 bytes.
        """
        versions = tuple(i["artifact_id"] for i in self._inputs.as_list())
        spec = MediaSpec(
            prompt, size, seed, seconds=seconds, first_frame=first_frame, last_frame=last_frame, versions=versions
        )
        with self._session.note_failure():
            return await self._media.video(step, spec, draw)

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

        async def run_one(start: Callable[[], Awaitable[T]]) -> T | JobError | None:
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

        results = await asyncio.gather(*(run_one(start) for start in work), return_exceptions=True)
        if broken:
            raise min(broken, key=_urgency)
        return cast("list[T | JobError]", results)

    def _draft(self, step: str, facts: JsonObject, own: Callable[..., Any] | None) -> Callable[[], str] | None:
        write = own or self._session.declared.draft
        if write is None:
            return None
        # the phrase books are in simplified Chinese; `generate` brings what they give into the story's own
        facts = {**(facts if self._traditional_names is None else hanzi.simplify(facts)), "step": step}
        # the same facts and params give the same bytes on any machine
        seed = hash_of([self._session.job.kind, facts, self.params.model_dump(mode="json")])
        if self._node is not None:
            # as the brief has it, whatever script its words are in
            facts.setdefault("language", self.language)

        def draft() -> str:
            more = self.offline_facts if self._traditional_names is None else hanzi.simplify(self.offline_facts)
            made = write({**facts, **more}, self.params, random.Random(seed))
            return made.model_dump_json() if isinstance(made, BaseModel) else str(made)

        return draft

    async def children(
        self,
        wanted: Sequence[Child],
        *,
        chained: bool = False,
        name: str | None = None,
        unless_fresh: bool = False,
    ) -> list[ChildResult]:
        """Run jobs as children and wait for them without holding a worker; results in the order asked for.

        chained: each starts when its predecessor has ended. A child that is refused counts as failed.
        name: known by kind and node alone, so that a resume may ask in another grouping; each pair once a job.
        unless_fresh: asked again in the commit that would start a child; when another job has made its artifact
        meanwhile, nothing is started and the result's state is FRESH. Each kind and node once a batch.
        """
        self._batches += 1
        batch = self._batches if name is None else None
        fresh: set[str] = set()
        while True:
            results, missing = self._find_children(wanted, name, batch, chained, unless_fresh, fresh)
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
        fresh: Collection[str],
    ) -> tuple[list[ChildResult], list[_MissingChild]]:  # fmt: skip
        """How far the children are, and those that are not started yet. `by_work`: whatever their place in the batch
        was, which changes where some are left out."""
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
                results.append(
                    ChildResult(None, child.node_id, child.kind, "failed", refusal["error_kind"], refusal["error"])
                )
            elif item in fresh:
                results.append(ChildResult(None, child.node_id, child.kind, FRESH))
            else:
                missing.append(_MissingChild(child, item, batch, None if batch is None else number))
            if chained and (missing or results[-1].state in ACTIVE):
                break
        return results, missing

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
                    conn, session.job_id, new.item, position, session.claim, values.kind, str(values)
                )
                timeline.add_event(
                    conn,
                    session.job_id,
                    Text(N_("Not started: {reason}"), reason=str(values)),
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

    def batch_result(self, results: Sequence[ChildResult], skipped: Sequence[JsonObject] = ()) -> BatchResult:
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

    def progress(self, percent: float, message: Text) -> None:
        """Report progress 0–100 (scaled inside `progress_range`) and what is being done; raises when the job was
        cancelled or lost."""
        session = self._session
        if session.stopping is not None:
            raise asyncio.CancelledError
        start, end = self._range
        scaled = round(start + (end - start) * min(100.0, max(0.0, percent)) / 100)
        with session.database.write() as conn:
            timeline.report(conn, session.job_id, session.claim, scaled, message)

    @contextmanager
    def progress_range(self, start: float, end: float) -> Iterator[None]:
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

    def note(self, message: Text) -> None:
        """Say something on the job's timeline."""
        self._event(message, "info")

    def report_shortened(self, what: Text | str, kept: int, of: int) -> None:
        """Say what was shortened to fit the prompt, and by how much."""
        self._event(Text(N_("{what} shortened to {kept} of {of} characters"), what=what, kept=kept, of=of), "info")

    def _event(self, message: Text, level: str) -> None:
        session = self._session
        with session.write() as conn:
            session.add_event(conn, message, level)


def _check_kept(own: hanzi.Traditional, check: Check, answer: BaseModel) -> list[Issue]:
    """A check of what an answer becomes."""
    return check(own.keep(answer))


def _nothing_came(bad: Sequence[JsonObject]) -> Text:
    """How a parent ended of whose parts none is there."""
    first = next((b for b in bad if b["state"] not in (NOT_STARTED, "cancelled")), bad[0])
    why = first["error"] or first["state"]
    if all(b["state"] == first["state"] for b in bad):
        return Text(N_("All {count} parts failed; the first: {error}"), count=len(bad), error=why)
    return Text(N_("{counts}; the first: {error}"), counts=count_failed(bad, len(bad)), error=why)


def _urgency(error: BaseException) -> int:
    """Which of several ends counts: whoever lost the job writes nothing, a stop comes before a fault, both before a
    wait."""
    kinds = (LostClaim, asyncio.CancelledError, Exception)
    return next((place for place, kind in enumerate(kinds) if isinstance(error, kind)), len(kinds))


def _result(row: ChildState) -> ChildResult:
    return ChildResult(row.id, row.node_id, row.kind, row.state, row.error_kind, row.error)
