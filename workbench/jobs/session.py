"""One claim of one job in the process that runs it: what may be written under it, and whether it is being stopped."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from workbench.db.connection import Database
from workbench.db.rows.jobs import Act
from workbench.db.writes import claims, timeline
from workbench.errors import JobError, LostClaim, Origin, OutputError, ProgrammingError, ProviderError
from workbench.i18n import N_, Text
from workbench.jobs.declared import Declared, Workflows
from workbench.jobs.tried_call import TriedCall
from workbench.media import MediaStore
from workbench.profiles.model_call import ModelCall
from workbench.profiles.routing import BoundProvider, BoundProviders, Capability, RateLimit, Unlimited, admit
from workbench.providers.base import Profile
from workbench.security.redact import redactor

log = logging.getLogger(__name__)

PREVIEW_EVERY_S = 1.0
PREVIEW_CHARS = 1200


@dataclass
class ClaimSession:
    """One claim of one job in this process."""

    database: Database
    workflows: Workflows
    declared: Declared
    job: claims.Claim
    job_id: int
    claim: int
    providers: BoundProviders
    media: MediaStore
    #: runs the workflow of a past call again up to the call (see jobs.trials)
    rehearse: Callable[[ClaimSession, int], Awaitable[TriedCall]] | None = None
    #: reads the stored answers of other jobs by today's parser and checks (see jobs.reparse)
    read_again: Callable[[ClaimSession, Sequence[Act]], Awaitable[list[Act]]] | None = None
    limit: RateLimit = field(default_factory=Unlimited)
    #: calls whose answer is paid for and not judged yet
    unjudged: list[ModelCall] = field(default_factory=list)
    #: step names of this run, for all kinds of steps
    step_names: list[str] = field(default_factory=list)
    #: a step of this run ended in an error: it may still stand as under way
    has_failed_step: bool = False
    stopping: str | None = None
    #: it holds what was made until the media store can be written
    waits_for_store: bool = False
    deadline: asyncio.Timeout | None = None
    _preview: str = ""
    _preview_at: float = 0.0

    @property
    def profile(self) -> Profile:
        """The job's own profile, whoever answers."""
        return self.providers.profile

    @property
    def project_id(self) -> int | None:
        return self.job.project_id

    @property
    def workflow(self) -> str:
        return self.job.kind

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction of this claim. Raises LostClaim when the job is somebody else's by now."""
        with self.database.write() as conn:
            claims.fence(conn, self.job_id, self.claim)
            yield conn

    def extend_deadline(self, seconds: float) -> None:
        """Waiting for a part that is away is none of the job's own time."""
        if self.deadline is not None and (when := self.deadline.when()) is not None and not self.deadline.expired():
            self.deadline.reschedule(when + seconds)

    # -- who is asked --------------------------------------------------------------------------------------------------

    def find_provider(self, capability: Capability) -> BoundProvider:
        """Who is asked; no new paid call starts once the job is being stopped."""
        if self.stopping is not None:
            raise asyncio.CancelledError
        if self.job.answers_from is not None:
            raise OutputError(
                "empty_output", Text(N_("A re-parse calls no model, and no stored answer fits this step."))
            )
        return self.providers.of(capability)

    async def admit(self, bound: BoundProvider, tokens: int) -> None:
        """Return when a paid call may begin. Raises Suspend when the job has to wait for it."""
        await admit(self.database, self.limit, bound, self.project_id, tokens)
        if self.stopping is not None:
            raise asyncio.CancelledError

    def fall_back(self, capability: Capability, bound: BoundProvider, error: ProviderError) -> bool:
        """Whether another provider answers from here on, where the profile names one for such a failure."""
        if self.stopping is not None or bound is not self.providers.of(capability):
            return bound is not self.providers.of(capability)
        other = self.providers.fall_back(capability, error)
        if other is None:
            return False
        message = Text(
            N_("{profile} cannot answer ({kind}); {other} is asked instead"),
            profile=bound.profile.name,
            kind=error.kind,
            other=other.profile.name,
        )
        with self.write() as conn:
            self.add_event(conn, message, "warning")
        return True

    async def aclose(self) -> None:
        await self.providers.aclose()

    @contextmanager
    def name_origin(self, step: str, capability: Capability) -> Iterator[None]:
        """Say with an error in which step, and of which service and model, it came."""
        try:
            yield
        except JobError as error:
            if error.origin is None:
                bound = self.providers.of(capability)
                service = f"{bound.profile.provider} {bound.profile.id}"
                error.origin = Origin(step, service, bound.model(capability))
            raise

    # -- what is written -----------------------------------------------------------------------------------------------

    def new_step(self, name: str) -> None:
        """Note the next step of this run; raises ProgrammingError for a name used twice."""
        if name in self.step_names:
            raise ProgrammingError(Text("The step name “{name}” is used twice in one run.", name=name))
        self.step_names.append(name)

    @contextmanager
    def note_failure(self) -> Iterator[None]:
        """Around a step."""
        try:
            yield
        except BaseException:
            self.has_failed_step = True
            raise

    def add_event(self, conn: Connection, message: Text, level: str = "info") -> None:
        """A line of the job's timeline, in the caller's transaction."""
        timeline.add_event(conn, self.job_id, message, claim=self.claim, level=level)

    def record_unjudged_calls(self) -> None:
        """Write answers that were paid and never judged (a check that raised): they count like any other."""
        for call in self.unjudged:
            if call.result is not None and not call.settling:
                call.settle_unjudged()

    def begin_preview(self) -> None:
        """A new text is about to be streamed."""
        self._preview = ""

    def preview(self, piece: str) -> None:
        """Keep the tail of the streamed text on the job's row, at most once a second."""
        self._preview = redactor.exact(self._preview + piece)[-PREVIEW_CHARS:]
        if time.monotonic() - self._preview_at >= PREVIEW_EVERY_S:
            self._preview_at = time.monotonic()
            try:
                with self.database.write() as conn:
                    timeline.set_preview(conn, self.job_id, self.claim, redactor.whole(self._preview))
            except LostClaim:
                raise
            except Exception as error:
                # a preview is not worth a paid stream
                log.warning("job %s: preview not written: %s", self.job_id, error)
