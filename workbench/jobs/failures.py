"""What a failure is called: its kind, its words, and the fingerprint under which like failures are counted."""

from __future__ import annotations

import hashlib
import re
import traceback as tracebacks
from dataclasses import dataclass

from workbench.errors import JobError, OutputError, ProviderError, ReelwrightError, Refused, Unavailable
from workbench.i18n import N_, Text
from workbench.security.redact import redactor

_VARYING = re.compile(r"[0-9a-f]{8,}|\d+|“[^”]*”|'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True)
class Failure:
    kind: str
    text: Text
    retryable: bool
    retry_after_ms: int | None
    traceback: str
    fingerprint: str
    #: for output errors: what the model said and what was wrong with it
    detail: dict[str, object] | None = None


def describe(error: BaseException, job_kind: str) -> Failure:
    """Classify an exception that ended an attempt."""
    kind, retryable, retry_after = "internal", False, None
    text = Text(N_("A bug in Reelwright: {error}"), error=redactor.text(f"{type(error).__name__}: {error}"))
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
    trace = redactor.text("".join(tracebacks.format_exception(error)))
    return Failure(kind, text, retryable, retry_after, trace, fingerprint(job_kind, kind, str(text), error), detail)


def _clean(error: ReelwrightError) -> Text:
    said = str(error.text)
    return error.text if redactor.text(said) == said else Text("{message}", message=redactor.text(said))


def fingerprint(job_kind: str, error_kind: str, text: str, error: BaseException | None = None) -> str:
    """Equal for failures of one cause: names, numbers and ids in the message do not count."""
    place = ""
    if error_kind == "internal" and error is not None and error.__traceback__ is not None:
        frame = tracebacks.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename.rsplit('/', 1)[-1]}:{frame.name}"
    shape = _VARYING.sub("#", text)[:200]
    return hashlib.sha1(f"{job_kind}|{error_kind}|{place}|{shape}".encode(), usedforsecurity=False).hexdigest()[:16]
