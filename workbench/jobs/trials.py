"""A prompt tried on calls of the past: the same values in other words, judged by the same checks, and nothing saved.

The checks of a step are made by its workflow's own code. So that code is run again, on behalf of the past job, up to
the step: what it asked for before is answered from what the job has stored, and nothing is written or paid for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection

from workbench import prompts
from workbench.artifacts import kinds
from workbench.db.reads import jobs as job_reads
from workbench.db.reads import prompts as reads
from workbench.db.reads import story as story_reads
from workbench.db.rows.jobs import Job
from workbench.db.writes import ledger, steps
from workbench.db.writes.claims import Claim
from workbench.errors import InvalidInput, Issue, ReelwrightError
from workbench.i18n import N_, Text
from workbench.jobs.context import Context
from workbench.jobs.part_prompts import PartPrompts
from workbench.jobs.text_steps import Guide, TextSteps, read_answers
from workbench.jobs.tried_call import TriedCall
from workbench.prompts import PromptFile
from workbench.story.facts import Inputs, NodeView
from workbench.suspend import Suspend

if TYPE_CHECKING:
    from workbench.jobs.session import ClaimSession
    from workbench.jobs.text_steps import Check

M = TypeVar("M", bound=BaseModel)


async def rehearse(session: ClaimSession, call_id: int) -> TriedCall:
    """Run the workflow of a past call again up to the call. Raises InvalidInput when it does not come so far."""
    with session.database.read() as conn:
        call = reads.find_past_call(conn, call_id)
        job = None if call is None else job_reads.find(conn, call.job_id)
        if call is None or job is None:
            raise _unavailable(call_id, Text(N_("its values are not kept")))
        inputs = Inputs(_versions_of(conn, job.id), until=call.started_at - 1)
    past = _past_session(session, job)
    try:
        node = None if job.node_id is None else NodeView.load(session.database, job.node_id, inputs)
        rehearsal = Rehearsal(past, node, inputs, session.workflows.parse(past.declared, job.params), call.step)
        await past.declared.run(rehearsal, rehearsal.params)
    except _Reached as reached:
        return TriedCall(call, reached.schema, reached.checks, reached.draft, reached.pictures)
    except (ReelwrightError, Suspend, ValueError, LookupError, TypeError) as error:
        reason = error.text if isinstance(error, ReelwrightError) else Text("{message}", message=str(error))
        raise _unavailable(call_id, reason) from error
    raise _unavailable(call_id, Text(N_("its workflow does not ask for it any more")))


def _past_session(session: ClaimSession, job: Job) -> ClaimSession:
    """The same for a job that has ended, on whose behalf nothing is written."""
    claim = Claim(
        job_id=job.id, number=job.claim, kind=job.kind, queue=job.queue, title=job.title, project_id=job.project_id,
        node_id=job.node_id, profile_id=job.profile_id, params=job.params, failures=0, max_attempts=job.max_attempts,
        parent_id=job.parent_id, replay_of=job.replay_of, answers_from=None, reused_from=None,
        priority=job.priority, created_by=job.created_by, overrides=None,
    )  # fmt: skip
    return replace(
        session, declared=session.workflows.find(job.kind), job=claim, job_id=job.id, claim=job.claim, unjudged=[],
        step_names=[], deadline=None,
    )  # fmt: skip


async def read_again(session: ClaimSession, job: Job) -> None:
    """Today's parser and checks on what an ended job was answered; nothing is written or called.

    Raises OutputError with what is still wrong, or InvalidInput where its answers are not all that it needs.
    """
    past = _past_session(session, job)
    inputs = Inputs()
    node = None if job.node_id is None else NodeView.load(session.database, job.node_id, inputs)
    reading = Rehearsal(past, node, inputs, session.workflows.parse(past.declared, job.params), None)
    reading.read_stored()
    await past.declared.run(reading, reading.params)


def _versions_of(conn: Connection, job_id: int) -> list[Any]:
    """What the job's artifact was made from: the words of then. Of a job that made none, the story is as it was."""
    made_from = reads.list_inputs_of_job(conn, job_id)
    return story_reads.find_versions(
        conn, {one["artifact_id"] for one in made_from if one["kind"] in kinds.all_kinds()}
    )


def _unavailable(call_id: int, reason: Text) -> InvalidInput:
    message = Text(N_("Call {call} cannot be tried again: {reason}."), call=call_id, reason=reason)
    return InvalidInput(message, [Issue("calls", message)])


@dataclass
class _Reached(BaseException):
    """The rehearsal has come to the step; no workflow catches it."""

    schema: type[BaseModel]
    checks: Sequence[Check]
    draft: Callable[[], str] | None
    pictures: Sequence[str]
    args: tuple[Any, ...] = field(default=())


class Rehearsal(Context):
    """The context of a past job that is run again up to a step: it reads, and neither writes nor pays."""

    def __init__(
        self, session: ClaimSession, node: NodeView | None, inputs: Inputs, params: Any, step: str | None
    ) -> None:
        super().__init__(session, node, inputs, params)
        self.prompts = _ShippedPrompts(session, inputs, self.language)
        self._text = _StoredTexts(session, step)

    def read_stored(self) -> None:
        """Go on past the steps that came to nothing, by the answers that are stored for them."""
        self._text = _ReadTexts(self._session, None)

    def save_so_far(self, content: BaseModel, made: Collection[str] | None = None) -> None:
        """What there was so far has been saved by the job itself."""

    def go_on_from_begun(self, field: str, prefixes: Collection[str]) -> None:
        """The job itself has taken over what it goes on from."""

    def expect(self, parts: int) -> None:
        """It starts none."""

    async def try_format(self, step: str, *_: Any, **__: Any) -> NoReturn:
        raise _not_here(step)

    async def chat(self, step: str, messages: Sequence[Any]) -> NoReturn:
        raise _not_here(step)

    async def images(self, step: str, **_: Any) -> NoReturn:
        raise _not_here(step)

    async def video(self, step: str, **_: Any) -> NoReturn:
        raise _not_here(step)

    async def children(self, *_: Any, **__: Any) -> NoReturn:
        raise _not_here("children")

    def progress(self, percent: float, message: Text) -> None:
        if self._session.stopping is not None:
            raise asyncio.CancelledError

    def _event(self, message: Text, level: str) -> None:
        """Nothing is told of a rehearsal."""


class _ShippedPrompts(PartPrompts):
    """The words of a rehearsal do not count: what they are filled in with does."""

    def use(self, name: str) -> PromptFile:
        return prompts.find(name, self.language)


class _StoredTexts(TextSteps):
    """The text steps of a past job: up to `until` each is answered from what is stored."""

    def __init__(self, session: ClaimSession, until: str | None) -> None:
        super().__init__(session)
        self._until = until

    async def generate(
        self,
        name: str,
        prompt: prompts.Prompt,
        schema: type[M],
        checks: Sequence[Check],
        draft: Callable[[], str] | None,
        pictures: Sequence[str] = (),
        guide: Guide | None = None,
    ) -> M:
        if name == self._until:
            raise _Reached(schema, checks, draft, pictures)
        with self._session.database.read() as conn:
            done = steps.find_step(conn, self._session.job_id, name)
        if done is None or done.output is None:
            raise _not_here(name)
        return schema.model_validate(done.output)


class _ReadTexts(_StoredTexts):
    """The same, and what was rejected then is judged by today's parser and checks."""

    async def generate(
        self,
        name: str,
        prompt: prompts.Prompt,
        schema: type[M],
        checks: Sequence[Check],
        draft: Callable[[], str] | None,
        pictures: Sequence[str] = (),
        guide: Guide | None = None,
    ) -> M:
        with self._session.database.read() as conn:
            done = steps.find_step(conn, self._session.job_id, name)
            answers = ledger.list_raw_answers(conn, self._session.job_id, name)
        if done is not None and done.state == "done":
            return schema.model_validate(done.output)
        if not answers:
            raise _not_here(name)
        return read_answers(answers, schema, checks)


def _not_here(step: str) -> InvalidInput:
    return InvalidInput(Text(N_("what came of its step {step} is not stored"), step=step), [])
