"""Notices events and delivers them. Runs in every worker; whoever takes a row first delivers it.

A job's end marks its row in the same statement, so nothing is missed; the mark becomes deliveries in one transaction; a
delivery is tried until its receiver accepts it or the tries are used up. So each event is delivered at least once,
always with the same id.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx
from sqlalchemy import Connection

from workbench.db.connection import Database
from workbench.db.reads import alerts as alert_reads
from workbench.db.reads import budgets as budget_reads
from workbench.db.reads import webhooks as reads
from workbench.db.reads.usage import spending_of_jobs
from workbench.db.rows.webhooks import Delivery, SealedWebhook, Webhook
from workbench.db.writes import alerts as alert_writes
from workbench.db.writes import failures
from workbench.db.writes import webhooks as writes
from workbench.errors import Unavailable
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.retry_after import retry_after_s
from workbench.security import outbound
from workbench.security.redact import redactor
from workbench.usage import alerts, budgets
from workbench.webhooks.address import Address
from workbench.webhooks.events import WebhookEvent, alert_event, budget_event, job_event, regression_event
from workbench.webhooks.formats import FORMS, refusal_of, request_of

log = logging.getLogger(__name__)

#: from the end of one try to the next: about a day in all (Standard Webhooks' own advice, shortened)
PAUSES_S = (5, 60, 300, 1800, 7200, 18_000, 36_000)
DEADLINE_S = 15.0
#: how long a try may take before another worker makes one as well
LEASE_MS = round(DEADLINE_S * 1000) + 15_000
BUDGETS_EVERY_S = 15.0
#: what a receiver may ask for with Retry-After
MAX_PAUSE_S = 6 * 3600
MAX_CONCURRENT = 64
#: of those at once, to one webhook: one that does not answer leaves places for the others
MAX_CONCURRENT_PER_WEBHOOK = 4
MAX_ANSWER_BYTES = 2000
MAX_SHOWN_CHARS = 200
#: how long an ended delivery can be looked up
RETENTION_MS = 30 * 86_400_000
#: the receiver asks to be left alone for good
GONE = 410


class Outcome(NamedTuple):
    """The result of one try. `error` None: the receiver accepted it."""

    status: int | None
    error: Text | None
    #: no later try can succeed
    final: bool = False
    #: seconds that the receiver asks to wait before the next try
    after_s: float | None = None


class WebhookSender:
    """The webhooks' part of a worker: `run_once` is called again and again, on one thread."""

    def __init__(self, database: Database, address_of: Callable[[SealedWebhook], Address]) -> None:
        self._database = database
        self._address_of = address_of
        self._budgets_at = 0.0
        self._rules_at = 0.0

    def run_once(self) -> int:
        """Deliver until nothing is due or under way; returns how many tries were made."""
        self._record_events()
        with self._database.read() as conn:
            if not reads.list_due(conn, 1):
                return 0
        return asyncio.run(self._send_due())

    # -- noticing ------------------------------------------------------------------------------------------------------

    def _record_events(self) -> None:
        self._record_job_events()
        self._record_regressions()
        self._record_budget_events()
        self._record_alerts()

    def _record_job_events(self) -> None:
        with self._database.read() as conn:
            marked = reads.jobs_with_pending_webhooks(conn, 200)
        if not marked:
            return
        with self._database.write() as conn:
            hooks = reads.list_enabled(conn)
            taken = writes.take_pending_jobs(conn, marked)
            spent = spending_of_jobs(conn, [job.id for job in taken])
            for job in taken:
                if event := job_event(job, reads.project_title(conn, job.project_id), spent[job.id]):
                    enqueue(conn, hooks, event)

    def _record_regressions(self) -> None:
        with self._database.read() as conn:
            if not reads.has_untold_regressions(conn):
                return
        with self._database.write() as conn:
            hooks = reads.list_enabled(conn)
            for fingerprint, at, job_id in failures.take_untold(conn):
                if (job := reads.find_job(conn, job_id)) is not None:
                    project = reads.project_title(conn, job.project_id)
                    enqueue(conn, hooks, regression_event(job, fingerprint, at, project))

    def _record_budget_events(self) -> None:
        if time.monotonic() < self._budgets_at:
            return
        self._budgets_at = time.monotonic() + BUDGETS_EVERY_S
        with self._database.read() as conn:
            hooks = [h for h in reads.list_enabled(conn) if any(e.startswith("budget.") for e in h.events)]
            if not hooks:
                return
            month = budgets.month_start_ms(budget_reads.now(conn))
            states = budgets.states(conn, everything=True)
            events = [
                budget_event(s, month if s.period == "month" else 0, reads.project_title(conn, s.project_id))
                for s in states
            ]
        if any(events):
            with self._database.write() as conn:
                for event in filter(None, events):
                    enqueue(conn, hooks, event)

    def _record_alerts(self) -> None:
        """Look at the rules, and tell of what one has noticed, whoever noticed it."""
        with self._database.read() as conn:
            rules = time.monotonic() >= self._rules_at and bool(alert_reads.list_rules(conn))
            if not rules and not alert_reads.list_untold(conn):
                return
        with self._database.write() as conn:
            if rules:
                alerts.watch(conn)
            hooks = reads.list_enabled(conn)
            for alert in alert_reads.list_untold(conn):
                if alert_writes.take_told(conn, alert.id):
                    enqueue(conn, hooks, alert_event(alert, reads.project_title(conn, alert.project_id)))
        if rules:
            self._rules_at = time.monotonic() + BUDGETS_EVERY_S

    # -- sending -------------------------------------------------------------------------------------------------------

    async def _send_due(self) -> int:
        tries, under_way = 0, dict[asyncio.Task[None], int]()
        while True:
            for row in self._take_due(Counter(under_way.values())):
                under_way[asyncio.create_task(self._deliver(row))] = row.webhook_id
                tries += 1
            if not under_way:
                return tries
            # no longer than a moment: others may have become due
            done, _ = await asyncio.wait(under_way, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del under_way[task]
                if error := task.exception():
                    # its lease runs out after a while; then it is tried again
                    log.warning("webhooks: %s", error, exc_info=error if log.isEnabledFor(logging.DEBUG) else None)
            self._record_events()

    def _take_due(self, under_way: Counter[int]) -> Iterator[Delivery]:
        """What there is room for beside the tries under way, by webhook."""
        if under_way.total() >= MAX_CONCURRENT:
            return
        with self._database.read() as conn:
            due = reads.list_due(conn, MAX_CONCURRENT_PER_WEBHOOK)
        for row in due:
            if under_way.total() >= MAX_CONCURRENT:
                return
            if under_way[row.webhook_id] >= MAX_CONCURRENT_PER_WEBHOOK:
                continue
            with self._database.write() as conn:
                taken = writes.take(conn, row, LEASE_MS)
            if taken:
                under_way[row.webhook_id] += 1
                yield row

    async def _deliver(self, row: Delivery) -> None:
        with self._database.read() as conn:
            hook = reads.find_sealed(conn, row.webhook_id)
        if hook is None or not hook.enabled:
            outcome = Outcome(None, Text(N_("The webhook was switched off.")), final=True)
        else:
            outcome = await self.attempt(hook, row)
        with self._database.write() as conn:
            record_outcome(conn, row, outcome)

    async def attempt(self, hook: SealedWebhook, row: Delivery) -> Outcome:
        """One try of one delivery; never raises."""
        try:
            address = self._address_of(hook)
            body, headers = request_of(hook.form, row.payload, f"msg_{row.id}", address.secret)
            async with asyncio.timeout(DEADLINE_S), outbound.client() as client:
                request = await outbound.request(
                    client, address.url, allow_private=hook.allow_private, attempt=row.tries, method="POST",
                    headers=headers,
                    content=body,
                )  # fmt: skip
                response = await client.send(request, stream=True)
                try:
                    # nothing depends on what most programs say to what they took: some never end their answer
                    read = FORMS[hook.form].code is not None or not response.is_success
                    outcome = _read_outcome(
                        hook.form, response.status_code, await _read_beginning(response) if read else b""
                    )
                    return outcome._replace(after_s=retry_after_s(response.headers))
                finally:
                    await response.aclose()
        except Unavailable as error:
            return Outcome(None, error.text)
        except outbound.AddressRefused as refused:
            problem = Text(N_("The address cannot be called: {reason}."), reason=refused.reason)
            return Outcome(None, problem, final=not refused.passing)
        except TimeoutError:
            return Outcome(None, Text(N_("No answer within {seconds} s."), seconds=f"{DEADLINE_S:g}"))
        except Exception as error:
            reason = Text(N_("the connection failed ({problem})"), problem=type(error).__name__)
            return Outcome(None, Text(N_("The address cannot be called: {reason}."), reason=reason))

    def prune(self) -> None:
        with self._database.write() as conn:
            writes.prune(conn, RETENTION_MS)


def enqueue(conn: Connection, hooks: list[Webhook], event: WebhookEvent) -> None:
    """A delivery for each webhook that wants to know of this."""
    for hook in hooks:
        if event.name in hook.events and hook.project_id in (None, event.project_id):
            payload = redactor.value(event.payload(hook.lang, hook.page_url))
            writes.put(conn, hook.id, event.name, event.key, payload)


def record_outcome(conn: Connection, row: Delivery, outcome: Outcome) -> None:
    """Record the result of a try, and when the next one is due."""
    error = outcome.error
    if outcome.status == GONE:
        # before its delivery, as whoever removes one does it
        writes.change(conn, row.webhook_id, enabled=False)
    answer: JsonObject = {
        "status": outcome.status,
        "error": error and str(error),
        "error_i18n": error and error.to_json(),
    }
    if error is None:
        writes.settle(conn, row.id, "delivered", **answer)
    elif outcome.final or row.tries >= len(PAUSES_S):
        writes.settle(conn, row.id, "failed", **answer)
    else:
        pause_s = max(PAUSES_S[row.tries], min(outcome.after_s or 0, MAX_PAUSE_S))
        writes.settle(conn, row.id, "pending", again_ms=round(pause_s * 1000), **answer)


def _read_outcome(form: str, status: int, answer: bytes) -> Outcome:
    if status == GONE:
        return Outcome(status, Text(N_("The receiver is gone for good (410): the webhook is off.")), final=True)
    refusal = refusal_of(form, answer) if 200 <= status < 300 else answer.decode(errors="replace")
    if 200 <= status < 300 and refusal is None:
        return Outcome(status, None)
    return Outcome(
        status, Text(N_("The receiver answered {status}: {said}"), status=status, said=_shorten(refusal or ""))
    )


def _shorten(answer: str) -> str:
    """The beginning on one line, without addresses, and without NUL, which PostgreSQL takes in no text."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", redactor.text(answer)).strip()[:MAX_SHOWN_CHARS] or "—"


async def _read_beginning(response: httpx.Response) -> bytes:
    """As much of the answer as is worth reading."""
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) >= MAX_ANSWER_BYTES:
            break
    return bytes(body[:MAX_ANSWER_BYTES])
