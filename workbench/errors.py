"""Every error Reelwright raises on purpose, each with a stable kind and a remedy.

    ReelwrightError
    ├── Refused                 the request cannot be taken; nothing was changed (command line: exit 2)
    │   ├── InvalidInput        a value is wrong; `issues` name the fields
    │   ├── NotFound            no such node, job, artifact, profile or workflow
    │   ├── GuardUnmet          preconditions of a workflow are missing; `unmet` lists all of them
    │   ├── AlreadyActive       a job that writes the same artifact is active; `job_id` names it
    │   ├── SubmitKeyReused     the submit key belongs to a job with other params
    │   ├── BudgetExceeded      a budget is used up; nothing paid begins
    │   ├── Conflict            somebody saved a newer version meanwhile; `head_version` names it
    │   ├── WouldReplace        a job's new version would stand in the place of one saved by hand since
    │   └── NotAllowed          the state does not allow it (cancel a finished job…)
    ├── Unavailable             a part is missing: Redis, worker, key file
    │   ├── DatabaseUnavailable a job that meets this goes back to the queue
    │   └── MediaUnavailable    the same; what is paid for is held until it can be kept
    │       └── DatabaseBusy    somebody has held a lock for too long; `pid` and `since_ms` say who
    ├── JobError                a running job ends or is retried because of it; `kind` is stored
    │   ├── ProviderError       what a model service answered (http status, request id, Retry-After)
    │   ├── OutputError         malformed, invalid, truncated or empty model output, with the issues
    │   ├── MediaRefused        bytes that are no picture or clip that may be kept; the message says why
    │   ├── ChildFailed
    │   └── ProgrammingError    a step name used twice and the like; a bug in a workflow
    └── LostClaim               this worker no longer owns the job; it must write nothing

Which signals mean which kind: docs/providers.md. Messages are `Text`, said again in the reader's language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workbench.i18n import N_, Text, join
from workbench.json_types import JsonObject


@dataclass(frozen=True)
class ErrorKind:
    """One way a job can fail, and what the product does about it.

    `retryable`: the engine tries again by itself within max_attempts. `falls_back`: another profile may answer instead.
    `shared_by`: whose every other call fails in the same way: all that use this account, this model or this connection;
    empty: only this one. `again`: a retry as it was may succeed; will fail again until something is changed; may be
    charged a second time.
    """

    name: str
    title: str
    remedy: str
    retryable: bool = False
    falls_back: bool = False
    shared_by: Literal["", "account", "model", "connection"] = ""
    #: whether the same request may simply be sent again by hand
    again: Literal["safe", "change", "charged"] = "change"


KINDS: dict[str, ErrorKind] = {
    k.name: k
    for k in (
        ErrorKind(
            "auth", N_("Key refused"), N_("Paste the key again, without “Bearer” or spaces."), shared_by="account"
        ),
        ErrorKind(
            "permission", N_("Not permitted"), N_("Grant this key access to the model or region."), shared_by="account"
        ),
        ErrorKind(
            "not_found_model",
            N_("Model not found"),
            N_("Check the model name or ep- id; activate it in the console."),
            shared_by="model",
        ),
        ErrorKind("bad_request", N_("Request refused"), N_("Change the parameter that the message names.")),
        ErrorKind("context_length", N_("Input too long"), N_("Shorten the input or pick a larger model.")),
        ErrorKind(
            "content_filter",
            N_("Blocked by the content filter"),
            N_("Reword the prompt or change the reference image."),
        ),
        ErrorKind("rate_limit", N_("Rate limited"), N_("Wait, or lower concurrency."), retryable=True, again="safe"),
        ErrorKind(
            "quota_exhausted",
            N_("Quota used up"),
            N_("Top up the account or raise the limit."),
            falls_back=True,
            shared_by="account",
        ),
        ErrorKind(
            "overloaded",
            N_("Service overloaded"),
            N_("Try again shortly."),
            retryable=True,
            falls_back=True,
            again="safe",
        ),
        ErrorKind("timeout", N_("Timed out"), N_("Raise the time limit or simplify."), retryable=True, again="safe"),
        ErrorKind(
            "network",
            N_("Network failure"),
            N_("Check network, proxy and base URL."),
            retryable=True,
            falls_back=True,
            shared_by="connection",
            again="safe",
        ),
        ErrorKind("malformed_output", N_("Unreadable answer"), N_("Retry or choose a stronger model."), again="safe"),
        ErrorKind(
            "invalid_output",
            N_("Answer breaks the story's rules"),
            N_("Edit by hand, retry, or choose a stronger model."),
            again="safe",
        ),
        ErrorKind("truncated_output", N_("Answer cut off"), N_("Raise the output limit.")),
        ErrorKind("empty_output", N_("Empty answer"), N_("Retry or change model."), again="safe"),
        ErrorKind("cancelled", N_("Cancelled"), N_("Run it again when you want it."), again="safe"),
        ErrorKind(
            "media_download",
            N_("Result could not be downloaded"),
            N_("Fetch it again; regenerate if the link expired."),
            again="safe",
        ),
        ErrorKind(
            "worker_lost",
            N_("Workers kept dying"),
            N_("Look at the worker's log for what kills it, then retry."),
            again="safe",
        ),
        ErrorKind("maybe_charged", N_("Possibly charged"), N_("Decide: send it again, or give up."), again="charged"),
        ErrorKind("budget_exceeded", N_("Budget used up"), N_("Raise the budget to go on.")),
        ErrorKind("guard_unmet", N_("Something is missing first"), N_("Do what the list names, then run it again.")),
        ErrorKind("child_failed", N_("Parts failed"), N_("Retry the failed ones."), again="safe"),
        ErrorKind("internal", N_("Bug in Reelwright"), N_("Open the traceback and report it; a replay is safe.")),
        ErrorKind("unknown", N_("Unknown failure"), N_("Look at the status and the request id.")),
    )
}


def find_kind(name: str | None) -> ErrorKind:
    """The kind of this name; `unknown` for one that a newer version stored."""
    return KINDS.get(name or "", KINDS["unknown"])


class ReelwrightError(Exception):
    """Base of all; `text` is what happened, sayable in any language."""

    kind = "unknown"

    def __init__(self, text: str) -> None:
        super().__init__(str(text))
        self.text: Text = text if isinstance(text, Text) else Text("{message}", message=str(text))


class Refused(ReelwrightError):
    """The request cannot be taken; nothing was changed."""

    kind = "refused"


@dataclass(frozen=True)
class Issue:
    """One thing wrong at one place. `path` like ``episodes.3.title``; empty means the whole."""

    path: str
    message: Text

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else str(self.message)


def all_of(issues: Sequence[Issue]) -> Text:
    """One sentence of them all, which can be said in another language."""
    each = (Text("{path}: {message}", path=i.path, message=i.message) if i.path else i.message for i in issues)
    return join(each, "; ", name="issue")


class InvalidInput(Refused):
    """A value is wrong; `issues` name the fields."""

    kind = "invalid_input"

    def __init__(self, text: str, issues: list[Issue] | None = None) -> None:
        super().__init__(text)
        self.issues = issues or []


class NotFound(Refused):
    """No such node, job, artifact, profile or workflow."""

    kind = "not_found"


class GuardUnmet(Refused):
    """Preconditions are missing; `unmet` lists all of them at once."""

    kind = "guard_unmet"

    def __init__(self, unmet: list[Issue]) -> None:
        super().__init__(Text("Not possible yet: {list}", list=join((i.message for i in unmet), "; ")))
        self.unmet = unmet


class AlreadyActive(Refused):
    """A job that writes the same artifact is active."""

    kind = "already_active"

    def __init__(self, job_id: int) -> None:
        super().__init__(
            Text(
                "Job {job_id} is already working on this with other settings. Wait for it or cancel it.", job_id=job_id
            )
        )
        self.job_id = job_id


class SubmitKeyReused(Refused):
    """The submit key belongs to a job with other params."""

    kind = "submit_key_reused"

    def __init__(self, job_id: int) -> None:
        super().__init__(
            Text(
                "This submit key already belongs to job {job_id}, which has other settings. Use a new key.",
                job_id=job_id,
            )
        )
        self.job_id = job_id


class Conflict(Refused):
    """Somebody saved a newer version meanwhile."""

    kind = "conflict"

    def __init__(self, head_version: int) -> None:
        super().__init__(
            Text("Version {version} was saved meanwhile. Compare, then choose which one to keep.", version=head_version)
        )
        self.head_version = head_version


class WouldReplace(Refused):
    """A person has saved a version since the job was asked for, and a new run would stand in its place."""

    kind = "would_replace"

    def __init__(self, title: str, head_version: int, job_id: int) -> None:
        super().__init__(
            Text(
                N_(
                    "Version {version} of “{title}” was saved by hand after job {job_id} was launched. A new run would "
                    "stand in its place; run it again only if you mean that."
                ),
                version=head_version,
                title=Text(title),
                job_id=job_id,
            )
        )
        self.head_version = head_version


class BudgetExceeded(Refused):
    """A budget is used up; raise it, then go on. `passing`: calls under way need the rest, and may leave some of it."""

    kind = "budget_exceeded"
    passing = False


class NotAllowed(Refused):
    """The current state does not allow it."""

    kind = "not_allowed"


class Unavailable(ReelwrightError):
    """A part is missing or unreachable: database, Redis, worker, key file."""

    kind = "unavailable"


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached now; a job that meets this goes back to the queue."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in a job something failed: its step, and which service and model were asked."""

    step: str
    #: as it is configured: provider and profile
    service: str
    model: str


class DatabaseBusy(DatabaseUnavailable):
    """Somebody has held a lock for too long. `pid`: that process on this machine, `since_ms` epoch ms; None: not
    known."""

    def __init__(self, text: str, *, pid: int | None = None, since_ms: int | None = None) -> None:
        super().__init__(text)
        self.pid = pid
        self.since_ms = since_ms


class MediaUnavailable(Unavailable):
    """The media store cannot be read or written now: its disk is full, its service is away."""


class JobError(ReelwrightError):
    """Ends an attempt. The engine retries when `retryable` and attempts are left."""

    kind = "unknown"
    #: None: not in a step that asks a model
    origin: Origin | None = None

    def __init__(self, text: str, *, kind: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(text)
        if kind is not None:
            self.kind = kind
        self.retryable = KINDS[self.kind].retryable if retryable is None else retryable


class ProviderError(JobError):
    """What a model service answered. `retry_after_ms` is the service's own hint, None when it gave none.

    `sent`: the request may have reached the service (and may be billed).
    """

    def __init__(
        self,
        kind: str,
        text: str,
        *,
        http_status: int | None = None,
        request_id: str | None = None,
        retry_after_ms: int | None = None,
        retryable: bool | None = None,
        sent: bool = True,
        mode_unsupported: bool = False,
        adapted: bool = False,
        raw: str | None = None,
        usage: Any = None,
    ) -> None:
        super().__init__(text, kind=kind, retryable=retryable)
        self.http_status = http_status
        self.request_id = request_id
        self.retry_after_ms = retry_after_ms
        self.sent = sent
        #: the service refused the structured-output mode itself: try the next weaker mode
        self.mode_unsupported = mode_unsupported
        #: nothing was generated or billed, and the provider has learned to word the same request otherwise
        self.adapted = adapted
        self.raw = raw
        #: a workbench.providers.base.Usage when the service reported one despite the failure
        self.usage = usage


class OutputError(JobError):
    """Model output that cannot be used. `kind` is malformed_, invalid_, truncated_ or empty_output."""

    #: where the issues are, in the schema's own names alone: nothing of the answer
    places: tuple[str, ...] = ()

    def __init__(self, kind: str, text: str, *, issues: list[Issue] | None = None, raw: str = "") -> None:
        super().__init__(text, kind=kind)
        self.issues = issues or []
        self.raw = raw


class MediaRefused(JobError):
    """Bytes that are no picture or clip that may be kept. `kind`: malformed_output, media_download for a link's
    content."""

    kind = "malformed_output"
    #: the link may bring it in a while
    passing = False


def not_downloaded(reason: Text, *, passing: bool = False) -> MediaRefused:
    """Why what a service made could not be fetched from where it lies."""
    made = MediaRefused(Text(N_("The result could not be downloaded: {reason}"), reason=reason), kind="media_download")
    made.passing = passing
    return made


class ChildFailed(JobError):
    """Every item of a batch failed. `failed`: as in the result of a batch, one entry for each."""

    kind = "child_failed"

    def __init__(self, text: str, failed: list[JsonObject]) -> None:
        super().__init__(text)
        self.failed = failed


class ProgrammingError(JobError):
    """A bug in a workflow: a step name used twice, an undeclared artifact written."""

    kind = "internal"


class LostClaim(ReelwrightError):
    """This worker no longer owns the job; it must write nothing more."""

    kind = "lost_claim"
