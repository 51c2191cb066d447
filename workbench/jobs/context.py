"""What a workflow may do: read the story, generate, start children, report progress. Nothing else.

A workflow may be run again from the top after a crash, a retry or a wait; everything here is safe to repeat.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import random
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from workbench import prompts
from workbench.artifacts.storyboard import Candidate, Reference
from workbench.artifacts.versions import hash_of
from workbench.db.reads import jobs as reads
from workbench.db.reads import story as story_reads
from workbench.db.rows.story import Input
from workbench.db.writes import steps, timeline
from workbench.errors import GuardUnmet, Issue, ProgrammingError, ProviderError
from workbench.i18n import N_, Text
from workbench.jobs import bulk
from workbench.jobs.children import BatchResult, Child, Children, ChildResult, sum_up
from workbench.jobs.conversation import Conversation
from workbench.jobs.hand_written import HandWritten
from workbench.jobs.media_calls import ClipOutput, MediaSpec
from workbench.jobs.media_steps import MediaSteps
from workbench.jobs.part_prompts import PartPrompts
from workbench.jobs.part_sources import PartSources
from workbench.jobs.results import save_so_far
from workbench.jobs.session import ClaimSession
from workbench.jobs.text_steps import Check, Guide, TextSteps, judge
from workbench.jobs.tried_call import TriedCall
from workbench.json_types import JsonObject
from workbench.profiles.routing import Capability
from workbench.prompts import overrides
from workbench.providers.base import Message as Message
from workbench.providers.base import Mode as Mode
from workbench.providers.base import TextReply
from workbench.providers.params import takes_pictures
from workbench.providers.reading import read_json as read_json
from workbench.providers.references import NONE as NO_REFERENCES
from workbench.providers.references import ReferenceLimits
from workbench.story import hanzi, languages
from workbench.story.facts import Inputs, NodeView
from workbench.story.names import names_of

log = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


#: params that say how an output is saved, not what is in it
SAVING_PARAMS = {"review"}


@dataclass
class PartialArtifact:
    """What a workflow that writes an artifact returns when parts of it are missing: what there is gets saved.

    `failed`: {"item", "error_kind", "error"} each, the last a Text; with any, the job ends partial. `succeeded`: the
    items that are there. A callable `content` gets the head's content when it is saved, and puts into it what was made;
    then `made` names the parts that were, and all others keep what they were made from.
    """

    content: BaseModel | Callable[[JsonObject | None], BaseModel]
    failed: list[JsonObject]
    succeeded: list[Any]
    made: Collection[str] | None = None


class Context:
    """Handed to a workflow's `run`. Attributes: node (None for kinds without one), params, language, job_id."""

    def __init__(self, session: ClaimSession, node: NodeView | None, inputs: Inputs, params: Any) -> None:
        self._session = session
        self._inputs = inputs
        self._text = TextSteps(session)
        self._media = MediaSteps(session)
        self._range = (0.0, 100.0)
        self._prompt_versions: list[str] = []
        self._children = Children(session)
        self._traditional: hanzi.Traditional | None = None
        self._node = node
        self.language: str = (node.read_brief("language").get("language") if node else None) or "en"
        #: what its parts are made with and from, and what of it a person has written
        self.prompts = PartPrompts(session, inputs, self.language)
        self.sources = PartSources(session, inputs, self.prompts)
        self.hand_written = HandWritten(session)
        self.params = params
        self.job_id = session.job_id
        self.warnings: list[Text] = []
        #: what drafts alone are told beside a prompt's facts; no model reads it and no seed depends on it
        self.offline_facts: JsonObject = {}

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
    def sees_pictures(self) -> bool:
        """Whether the text model takes pictures, as far as its profile or its name says."""
        return takes_pictures(self._session.providers.of("text").profile)

    @property
    def clip_model(self) -> str:
        """The model that films; empty when the profile names none."""
        return self._session.providers.of("video").model("video")

    @property
    def picture_references(self) -> ReferenceLimits:
        """How many pictures the model that draws takes to draw from."""
        bound = self._session.providers.of("image")
        try:
            return bound.image.picture_references(bound.model("image"), bound.profile.params)
        except ProviderError:
            # whoever asks for the picture is told
            return NO_REFERENCES

    @property
    def clip_references(self) -> ReferenceLimits:
        """How many pictures the model that films takes to film from, beside no frame."""
        bound = self._session.providers.of("video")
        try:
            return bound.video.clip_references(bound.model("video"))
        except ProviderError:
            return NO_REFERENCES

    @property
    def has_node(self) -> bool:
        return self._node is not None

    def picture(self, sha256: str) -> bytes:
        """A picture of the media store."""
        return self._session.media.read(sha256)

    def keep_file(self, data: bytes, ending: str) -> str:
        """Keep a file that can be made again (see MediaStore.keep_file); its SHA-256."""
        return self._session.media.keep_file(data, ending)

    def current_content(self) -> JsonObject | None:
        """The artifact that this workflow writes, as it stands now; reading it makes it no input of its successor."""
        kind = self._session.declared.writes
        head = self.sources.find_head() if kind else None
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
        references: Sequence[Reference] = (),
    ) -> bool:
        """Has `video` made just this clip under this name, in this job or in the one that it retries?"""
        done = self._finished(step)
        spec = MediaSpec(prompt, size, seed, tuple(references), (), seconds, first_frame, last_frame)
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

    def save_so_far(self, content: BaseModel, made: Collection[str] | None = None) -> None:
        """Keep what there is of the artifact as a version while the job goes on; once, however often it runs anew.

        `made`: the only parts of it that this job has made; all others keep what they were made from.
        """
        session = self._session
        with session.write() as conn:
            self.sources.own = save_so_far(conn, session.job, self, str(session.declared.writes), content, made)

    def go_on_from_begun(self, field: str, prefixes: Collection[str]) -> None:
        """Where the last version that a model wrote has something begun (`field`), the steps that its job has finished
        (their names begin so) are this job's too: what is asked for in the same words is not paid again.

        A replay makes everything itself.
        """
        session = self._session
        job, kind = session.job, str(session.declared.writes)
        if job.replay_of is not None and job.reused_from is None:
            return
        with session.write() as conn:
            last = story_reads.find_newest_made(conn, self.node.id, kind)
            if last is not None and last.content.get(field) and last.job_id not in (None, self.job_id):
                steps.copy_done_steps(conn, last.job_id, self.job_id, prefixes=prefixes)

    def making(self, part: str) -> AbstractContextManager[None]:
        """Inside, one part of the artifact is made: whatever is read is an input of that part alone, and of what a
        person has written by hand, prompts keep to that part."""
        return self._inputs.reading_for(part)

    def asking_for(self, part: str) -> AbstractContextManager[None]:
        """Inside, prompts are for one part of the artifact: in other words, they make that part stale and no other."""
        return self.prompts.asking_for(part)

    def prompt(self, variant: str | None = None, /, **facts: Any) -> prompts.Prompt:
        """The workflow's prompt file in the story's language, with its facts filled in as data.

        Where a person has written or edited what the workflow writes, their version follows, for the model to keep to.
        """
        name = prompts.name_for(self._session.declared.run.__module__, variant)
        prompt = self._fill(self.prompts.use(name), facts)
        self._prompt_versions.append(prompt.version)
        if self._traditional_names is not None:
            prompt = prompts.ask_for_traditional(prompt)
        by_hand = self.hand_written.version
        if by_hand is None or self.hand_written.find_content(self._inputs.made_for) is None:
            return prompt
        if len(self._prompt_versions) == 1:
            self._event(Text(N_("Keeps to version {version}, edited by hand"), version=by_hand.version), "info")
        return self.keep_to(prompt, by_hand.content)

    def keep_to(self, prompt: prompts.Prompt, by_hand: Any) -> prompts.Prompt:
        """The prompt with what a person has written by hand, for the model to keep to."""
        return prompts.keep_to(prompt, by_hand, self.prompts.use(prompts.KEEP_TO))

    def _fill(self, file: prompts.PromptFile, facts: JsonObject) -> prompts.Prompt:
        try:
            return prompts.fill(file, facts)
        except ProgrammingError as error:
            if file.override is None:
                raise
            # no bug of the workflow: somebody's own words ask for what these values do not have
            message = Text(
                N_(
                    "The prompt {prompt} in your own words cannot be filled in: {problem}. Edit or reset it on Prompts."
                ),
                prompt=file.key,
                problem=str(error)[:300],
            )
            raise GuardUnmet([Issue("prompt", message)]) from error

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

    async def generate(
        self,
        step: str,
        prompt: prompts.Prompt,
        *,
        schema: type[M],
        checks: Sequence[Check] = (),
        draft: Callable[..., Any] | None = None,
        pictures: Sequence[str] = (),
        guide: Guide | None = None,
    ) -> M:
        """A validated answer, memoised under `step`. Raises OutputError when three repairs did not help.

        `pictures`: SHA-256 in the media store of what the model is shown after the words (see `sees_pictures`).
        `guide`: what a repair is told besides the issues, for those that it knows how to mend.
        """
        names = self._traditional_names
        own = None if names is None else hanzi.Traditional(hanzi.iterate_texts(dict(prompt.facts)), names)
        if own is not None:
            self._traditional = own
            checks = [partial(_check_kept, own, check) for check in checks]
        write = self._draft(step, dict(prompt.facts), draft)
        hand_written = self.hand_written.find_content(self._inputs.made_for)
        if hand_written is not None and write is not None:
            # the offline provider keeps to all of it, as long as it still passes
            by_hand = json.dumps(hand_written, ensure_ascii=False)
            _, _, usable = judge(by_hand, schema, checks)
            write = write if usable is None else partial(str, by_hand)
        with self._session.note_failure():
            answer = await self._text.generate(step, prompt, schema, checks, write, pictures, guide)
        return answer if own is None else own.keep(answer)

    async def act_on_jobs(self, params: Any) -> JsonObject:
        """Act on many jobs, piece by piece (jobs/bulk.py); returns how many came to which outcome."""
        return await bulk.run(self._session, params, self.progress)

    async def rehearse(self, call_id: int) -> TriedCall:
        """A call of the past, with the checks of its workflow. Raises InvalidInput when it cannot be tried again."""
        assert self._session.rehearse is not None
        return await self._session.rehearse(self._session, call_id)

    def find_prompt(self, name: str, language: str) -> prompts.PromptFile:
        """The prompt in the words that count for this job."""
        with self._session.database.read() as conn:
            asked_at = reads.created_at(conn, self.job_id)
            return overrides.find_file(conn, self._session.job.project_id, name, language, asked_at)

    async def try_prompt(self, step: str, tried: TriedCall, file: prompts.PromptFile) -> JsonObject:
        """One answer to a past call in the words of `file`, judged and never repaired, memoised under `step`.

        What the very same words have brought from the same model before is read from the ledger: `paid` is False.
        Returns {"valid", "kind", "issues", "text", "model", "prompt_version", "input_tokens", "output_tokens",
        "cost_micros", "currency", "latency_ms", "mode", "paid"}.
        """
        return await self._text.try_prompt(step, tried, tried.fill(file))

    def keep_script(self, content: M) -> M:
        """What a workflow made of answers, with the fixed phrases that it added, in the story's own Chinese."""
        return content if self._traditional is None else self._traditional.keep(content)

    async def chat(self, step: str, messages: Sequence[Message]) -> TextReply:
        """A plain answer with its tokens, memoised under `step`."""
        facts = {"messages": [{"role": m.role, "content": m.content} for m in messages]}
        with self._session.note_failure():
            return await self._text.chat(step, messages, self._draft(step, facts, None))

    async def try_format(
        self, step: str, messages: Sequence[Message], schema: JsonObject, *, name: str, strict: bool,
        modes: Sequence[Mode], params: JsonObject,
    ) -> JsonObject:  # fmt: skip
        """One answer to messages that want a JSON schema, as it comes, memoised under `step`: {"text", "model", "mode",
        "finish_reason", "duration_ms", "tokens"}. `modes`: those to try; `params`: beside the profile's own."""
        facts = {"messages": [{"role": m.role, "content": m.content} for m in messages]}
        conversation = Conversation(
            tuple(messages), self.language, schema, name, params=params, strict=strict, modes=tuple(modes), as_is=True
        )
        with self._session.note_failure():
            return await self._text.try_format(step, conversation, self._draft(step, facts, None))

    async def images(
        self,
        step: str,
        *,
        prompt: str,
        size: tuple[int, int],
        seed: int,
        references: Sequence[Reference] = (),
        prompts: Sequence[str] = (),
        draw: Callable[[], bytes] | None = None,
    ) -> list[Candidate]:
        """One paid image call, memoised under `step`; the pictures are in the media store, `references` come from
        there: at most so many as `picture_references` says.

        `prompts`: what to ask a service that takes fewer of them, by how many it takes; another may have to answer.
        `size` is what the story wants; a model draws the nearest that it can. `draw` draws it offline, as PNG bytes.
        An uncertain outcome is never silently paid again. Several may be under way at once: see `together`.
        """
        with self._session.note_failure():
            return await self._media.images(
                step, MediaSpec(prompt, size, seed, tuple(references), tuple(prompts)), draw
            )

    async def video(
        self,
        step: str,
        *,
        prompt: str,
        seconds: float,
        size: tuple[int, int],
        first_frame: str | None = None,
        last_frame: str | None = None,
        references: Sequence[Reference] = (),
        prompts: Sequence[str] = (),
        seed: int = 0,
        draw: Callable[[], bytes] | None = None,
    ) -> ClipOutput:
        """A long provider task: created once, polled by whoever is alive, no worker held; frames come from the media
        store, and so do `references`, which no clip with a first frame has (`prompts`: see `images`).

        Returns {"media", "width", "height", "seconds", "model"}. `draw` makes the clip offline, as MP4 bytes.
        """
        versions = tuple(i["artifact_id"] for i in self._inputs.as_list())
        spec = MediaSpec(
            prompt, size, seed, tuple(references), tuple(prompts), seconds, first_frame, last_frame, versions
        )
        with self._session.note_failure():
            return await self._media.video(step, spec, draw)

    def _draft(self, step: str, facts: JsonObject, own: Callable[..., Any] | None) -> Callable[[], str] | None:
        write = own or self._session.declared.draft
        if write is None:
            return None
        # the phrase books are in simplified Chinese; `generate` brings what they give into the story's own
        facts = {**(facts if self._traditional_names is None else hanzi.simplify(facts)), "step": step}
        # the same facts and params give the same bytes on any machine
        params = self.params.model_dump(mode="json", exclude=SAVING_PARAMS)
        seed = hash_of([self._session.job.kind, facts, params])
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
        A parent that was told to stop starts none: those that were not begun come back as NOT_STARTED.
        name: known by kind and node alone, so that a resume may ask in another grouping; each pair once a job.
        unless_fresh: asked again in the commit that would start a child; when another job has made its artifact
        meanwhile, nothing is started and the result's state is FRESH. Each kind and node once a batch.
        """
        return await self._children.run(wanted, chained=chained, name=name, unless_fresh=unless_fresh)

    def expect(self, parts: int) -> None:
        """How many children there will be in all: what a parent's progress is a share of."""
        self._children.expect(parts)

    def is_told_to_stop(self) -> bool:
        """A person has asked this parent to start nothing more than what is at work."""
        return self._children.is_told_to_stop()

    def batch_result(self, results: Sequence[ChildResult], skipped: Sequence[JsonObject] = ()) -> BatchResult:
        """Sum up children; raises ChildFailed when every one of them failed."""
        return sum_up(results, skipped)

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
