"""What a failure is called: its kind, its words, and the fingerprint under which like failures are counted."""

from __future__ import annotations

import re
import traceback as tracebacks
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.errors import (
    KINDS,
    ChildFailed,
    GuardUnmet,
    InvalidInput,
    JobError,
    OutputError,
    ProviderError,
    ReelwrightError,
    Refused,
    Unavailable,
)
from workbench.fingerprints import fingerprint
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.plain_text import storable
from workbench.security.redact import redactor

#: whatever job meets these has met the same cause: a service's key, account or address, or a model of it
OF_SERVICE = ("auth", "quota_exhausted", "network")
OF_MODEL = ("permission", "not_found_model", "overloaded", "rate_limit")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Failure:
    kind: str
    text: Text
    retryable: bool
    retry_after_ms: int | None
    traceback: str
    #: None: a parent that only sums up failures which are counted by themselves
    fingerprint: str | None
    #: for output errors: what the model said and what was wrong with it
    detail: dict[str, object] | None = None


def describe(error: BaseException, job_kind: str, profile_id: int | None) -> Failure:
    """Classify an exception that ended an attempt of a job of this kind under this profile."""
    kind, retryable, retry_after = "internal", False, None
    said = storable(redactor.text(f"{type(error).__name__}: {_message_of(error)}"))
    text = Text(N_("A bug in Reelwright: {error}"), error=said)
    detail: dict[str, object] | None = None
    if isinstance(error, TimeoutError):
        kind, retryable = "timeout", True
        text = Text(N_("The job's time limit was reached."))
    elif isinstance(error, (JobError, Refused)):
        kind = error.kind
        retryable = isinstance(error, JobError) and error.retryable
        text = _clean(error)
    elif isinstance(error, Unavailable):
        # the profile's key cannot be opened: the remedy is the same as for a refused one
        kind, text = "auth", _clean(error)
    if isinstance(error, ProviderError):
        retry_after = error.retry_after_ms
    if isinstance(error, OutputError):
        detail = {"issues": [str(i) for i in error.issues], "raw": redactor.text(error.raw)[:200_000]}
    trace = storable(redactor.text("".join(tracebacks.format_exception(error))))
    return Failure(kind, text, retryable, retry_after, trace, fingerprint_of(error, kind, job_kind, profile_id), detail)


def _clean(error: ReelwrightError) -> Text:
    said = str(error.text)
    return error.text if redactor.text(said) == said else Text("{message}", message=redactor.text(said))


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as problem:  # of a library; what ended the job must be told all the same
        return f"({type(problem).__name__})"


def shorten(failure: Failure, problem: Exception) -> Failure:
    """What can be written of a failure whose own words cannot: its kind, and why there is no more."""
    text = Text(
        N_("{kind}. What was said cannot be stored ({problem})."),
        kind=Text(KINDS.get(failure.kind, KINDS["unknown"]).title),
        problem=type(problem).__name__,
    )
    return replace(failure, text=text, traceback="", detail=None)


def fingerprint_of(error: BaseException, kind: str, job_kind: str, profile_id: int | None) -> str | None:
    """Equal for failures of one cause: of its kind, the workflow, the step, the service and its model, and the places
    in the schema where something was wrong. Nothing of the answer, no id and no time counts.

    What a service says to everybody – a refused key, an overloaded model – is one cause for all workflows.
    """
    if isinstance(error, ChildFailed):
        return fingerprint_of_parts(job_kind, error.failed)
    if isinstance(error, Unavailable):
        return fingerprint(kind, f"profile {profile_id}")
    origin = error.origin if isinstance(error, JobError) else None
    if origin is not None:
        if kind in OF_SERVICE:
            return fingerprint(kind, origin.service)
        if kind in OF_MODEL or (kind == "timeout" and isinstance(error, ProviderError)):
            return fingerprint(kind, origin.service, origin.model)
    asked = (_NUMBER.sub("#", origin.step), origin.service, origin.model) if origin is not None else ()
    return fingerprint(kind, job_kind, *asked, *_places(error, kind))


def fingerprint_of_parts(job_kind: str, failed: Sequence[JsonObject]) -> str | None:
    """Of a job whose parts have failed; None when they are jobs, and so counted by themselves.

    A part that was refused has no job: its parent stands for it.
    """
    jobs = [part for part in failed if part.get("job_id") is not None]
    refused = [part for part in failed if part.get("job_id") is None and part.get("state") != "not_started"]
    if not refused and any(part["state"] in ("failed", "partial") for part in jobs):
        return None
    return fingerprint("child_failed", job_kind, *sorted({str(part["error_kind"]) for part in refused or failed}))


def _places(error: BaseException, kind: str) -> list[str]:
    """Where it was: of an answer in the schema, of a precondition in the story, of a bug in the code."""
    if isinstance(error, OutputError):
        return list(error.places)
    issues = error.unmet if isinstance(error, GuardUnmet) else error.issues if isinstance(error, InvalidInput) else []
    if kind == "internal" and error.__traceback__ is not None:
        frame = tracebacks.extract_tb(error.__traceback__)[-1]
        return [type(error).__name__, f"{frame.filename.rsplit('/', 1)[-1]}:{frame.name}"]
    return sorted({_NUMBER.sub("#", issue.path) for issue in issues})
