"""How a claim ends: saved, failed or tried again, put to wait, stopped; each fenced (docs/engine.md)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from workbench import crash
from workbench.db.connection import Database
from workbench.db.writes import claims, end, families, steps, timeline, waits
from workbench.errors import KINDS, LostClaim, MediaUnavailable
from workbench.i18n import N_, Text
from workbench.jobs.back_off import back_off_ms
from workbench.jobs.children import BatchResult, count_failed
from workbench.jobs.context import Context, PartialArtifact
from workbench.jobs.declared import Workflows
from workbench.jobs.failures import Failure, fingerprint_of_parts, shorten
from workbench.jobs.results import save_result
from workbench.jobs.session import ClaimSession
from workbench.json_types import JsonObject
from workbench.profiles.model_call import DATABASE_AWAY, WAITS_S, write_with_retry
from workbench.settings import Settings
from workbench.suspend import Suspend

log = logging.getLogger(__name__)

DONE = Text(N_("Done"))

#: claims ready jobs in the transaction that ends another
ClaimNext = Callable[[Connection], list[claims.Claim]]


class Endings:
    """Writes what became of claims. Every method raises LostClaim when the claim is another worker's by now."""

    def __init__(self, database: Database, settings: Settings, workflows: Workflows) -> None:
        self._database = database
        self._settings = settings
        self._workflows = workflows

    def succeed(
        self, claim: claims.Claim, context: Context, result: Any, claim_next: ClaimNext | None = None
    ) -> tuple[bool, list[claims.Claim]]:
        """Save and end; returns whether parents wait for the job, and what `claim_next` claimed in the same commit.

        Raises LostClaim.
        """
        declared = self._workflows.find(claim.kind)
        crash.point("before_finish")
        with self._database.write() as conn:
            claims.fence(conn, claim.job_id, claim.number)
            state, result_json = "succeeded", None
            if isinstance(result, PartialArtifact) and declared.writes is not None:
                result_json = _save(conn, claim, context, declared.writes, result.content, result.made)
                result_json |= {"succeeded": result.succeeded, "failed": [_tell(part) for part in result.failed]}
                state = "partial" if result.failed else "succeeded"
            elif declared.writes is not None:
                result_json = _save(conn, claim, context, declared.writes, result)
            elif isinstance(result, BatchResult):
                result_json = result.as_json()
                state = "partial" if result.failed else "succeeded"
            else:
                result_json = as_json(result)
            ending = _end_values(claim.kind, state, result_json)
            if context.has_failed_step:
                steps.close_open(conn, claim.job_id)
            end.end_attempt(conn, claim.job_id, claim.number, "ok")
            whole = declared.writes is not None and not declared.adds
            has_parents = end.end(conn, claim.job_id, state, result=result_json, whole=whole, **ending)
            following = [] if has_parents or claim_next is None else claim_next(conn)
        crash.point("finished")
        return has_parents, following

    def fail(self, claim: claims.Claim, failure: Failure, session: ClaimSession | None = None) -> None:
        """The job goes back to the queue, or ends. A failure that cannot be written in full is written in short:
        otherwise its job would be run, and might be paid, again and again."""
        if session is not None:
            _record_unjudged_calls(session)
        log.warning("job %s attempt %s failed: %s: %s", claim.job_id, claim.failures + 1, failure.kind, failure.text)
        crash.point("failed_before_put_back")
        try:
            write_with_retry(lambda again: self._write_failure(claim, failure))
        except (LostClaim, *DATABASE_AWAY):
            raise
        except Exception as error:
            log.exception("job %s: its failure cannot be written in full", claim.job_id)
            short = shorten(failure, error)
            write_with_retry(lambda again: self._write_failure(claim, short))

    def _write_failure(self, claim: claims.Claim, failure: Failure) -> None:
        tries = claim.failures + 1
        again = failure.retryable and tries < claim.max_attempts
        with self._database.write() as conn:
            if claims.fence(conn, claim.job_id, claim.number):
                _end_cancelled(conn, claim)
                return
            end.end_attempt(
                conn,
                claim.job_id,
                claim.number,
                "error",
                kind=failure.kind,
                error=str(failure.text),
                traceback=failure.traceback,
            )
            timeline.add_event(conn, claim.job_id, failure.text, claim=claim.number, level="error")
            if again:
                wait_ms = back_off_ms(self._settings, tries, failure.retry_after_ms)
                message = Text(
                    N_("Will retry {tried}/{attempts} in {seconds} s: {why}"),
                    tried=tries,
                    attempts=claim.max_attempts,
                    seconds=-(-wait_ms // 1000),
                    why=Text(KINDS.get(failure.kind, KINDS["unknown"]).title),
                )
                waits.put_back(conn, claim.job_id, delay_ms=wait_ms, message=message, failed=True)
                timeline.add_event(conn, claim.job_id, message, claim=claim.number)
            else:
                end.end(
                    conn,
                    claim.job_id,
                    "failed",
                    kind=failure.kind,
                    error=failure.text,
                    fingerprint=failure.fingerprint,
                    result=failure.detail,
                )

    def wait(self, claim: claims.Claim, suspend: Suspend) -> None:
        waiting_for = suspend.waiting_for
        message = suspend.message or {
            "children": Text(N_("Waits for its parts")),
            "provider": Text(N_("Waits for the provider")),
            "decision": Text(N_("Possibly charged: send it again, or give up?")),
        }.get(waiting_for)
        with self._database.write() as conn:
            if claims.fence(conn, claim.job_id, claim.number):
                _end_cancelled(conn, claim)
                return
            end.end_attempt(conn, claim.job_id, claim.number, "waiting")
            resume_ms = None if suspend.resume_in_s is None else round(suspend.resume_in_s * 1000)
            waits.put_waiting(conn, claim.job_id, waiting_for, message, resume_ms, asks=suspend.asks)
            if waiting_for == "children":
                # the last child may have ended before we began to wait
                families.wake_parent(conn, claim.job_id)
            elif waiting_for in ("provider", "decision"):
                waits.resume_if_settled(conn, claim.job_id, waiting_for)
        crash.point("put_waiting")

    def stop(self, claim: claims.Claim, reason: str | None) -> None:
        """The task was cancelled from outside: by the user, by a shutdown, or because the lease was lost."""
        if reason == "lost":
            raise LostClaim(Text("Job {job_id} is no longer this worker's.", job_id=claim.job_id))
        with self._database.write() as conn:
            if claims.fence(conn, claim.job_id, claim.number) or reason == "cancel":
                _end_cancelled(conn, claim)
            else:
                _put_back(conn, claim, Text(N_("Interrupted by a shutdown; goes on with the next worker")))

    def put_back_later(self, claim: claims.Claim, error: Exception) -> None:
        """The database restarted or broke a deadlock, or the media store is away: no fault of the job, which goes back
        as soon as that can be written."""
        log.warning("job %s: put back: %s", claim.job_id, str(error).splitlines()[0])
        message, delay_ms = Text(N_("The database was away; goes on when it is back")), self._settings.retry_base_ms
        if isinstance(error, MediaUnavailable):
            message = Text(N_("{reason}. The job goes on when it can."), reason=error.text)
            delay_ms = self._settings.retry_max_ms
        for wait_s in (0.0, *WAITS_S):
            time.sleep(wait_s)
            try:
                with self._database.write() as conn:
                    cancelled = claims.fence(conn, claim.job_id, claim.number)
                    if cancelled:
                        _end_cancelled(conn, claim)
                    else:
                        _put_back(conn, claim, message, delay_ms=delay_ms)
                return
            except DATABASE_AWAY:
                continue
        # nothing could be written: the lease runs out, and the sweeper takes the job from here


def _save(
    conn: Connection, claim: claims.Claim, context: Context, kind_name: str, result: Any,
    parts: Collection[str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """`parts`: the only ones of it that the job has made (see PartialArtifact)."""
    saved = save_result(conn, claim, context, kind_name, result, parts)
    made = saved.artifact
    return {
        "artifact_id": made.id,
        "kind": made.kind,
        "version": made.version,
        "content_hash": made.content_hash,
        **({"held": True} if saved.held else {}),
    }


def _tell(part: JsonObject) -> JsonObject:
    """A part that failed, with its sentence in a form that can be said in another language."""
    error = part.get("error")
    return {**part, "error": str(error), "error_i18n": error.to_json()} if isinstance(error, Text) else part


def _end_values(job_kind: str, state: str, result_json: Any) -> dict[str, Any]:
    if state == "succeeded":
        return {"message": DONE}
    failed = result_json["failed"]
    message = count_failed(failed, len(failed) + len(result_json["succeeded"]))
    return {
        "message": message,
        "kind": "child_failed",
        "error": message,
        "fingerprint": fingerprint_of_parts(job_kind, failed),
    }


def _record_unjudged_calls(session: ClaimSession) -> None:
    """Whatever keeps an answer from being counted keeps no failure from being written."""
    try:
        session.record_unjudged_calls()
    except Exception:
        log.exception("job %s: what its last calls came to could not be written", session.job_id)


def _end_cancelled(conn: Connection, claim: claims.Claim) -> None:
    end.end_attempt(conn, claim.job_id, claim.number, "cancelled", kind="cancelled")
    end.end(conn, claim.job_id, "cancelled", kind="cancelled", error=Text(N_("Cancelled")))


def _put_back(conn: Connection, claim: claims.Claim, message: Text, delay_ms: int = 0) -> None:
    end.end_attempt(conn, claim.job_id, claim.number, "interrupted")
    timeline.add_event(conn, claim.job_id, message, claim=claim.number, level="warning")
    waits.put_back(conn, claim.job_id, delay_ms=delay_ms, message=message, failed=False)


def as_json(result: Any) -> Any:
    return result.model_dump(mode="json") if isinstance(result, BaseModel) else result
