"""Notices what is to be told and sends it. Runs in every worker; whoever takes a row first tells it.

A job's end marks its row in the same statement, so nothing is missed; the mark becomes deliveries in one transaction; a
delivery is tried until its receiver takes it or the tries are used up. So each is told at least once, with one id.
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
from workbench.db.reads import budgets as budget_reads
from workbench.db.reads import webhooks as reads
from workbench.db.rows.webhooks import Delivery, SealedWebhook, Webhook
from workbench.db.writes import webhooks as writes
from workbench.errors import Unavailable
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.retry_after import retry_after_s
from workbench.security import outbound
from workbench.security.redact import redactor
from workbench.usage import budgets
from workbench.webhooks.events import Happening, of_budget, of_job
from workbench.webhooks.formats import FORMS, refused_by, request_of
from workbench.webhooks.registry import Address

log = logging.getLogger(__name__)

#: from the end of one try to the next: about a day in all (Standard Webhooks' own advice, shortened)
PAUSES_S = (5, 60, 300, 1800, 7200, 18_000, 36_000)
DEADLINE_S = 15.0
#: how long a try may take before another worker makes one as well
HOLD_MS = round(DEADLINE_S * 1000) + 15_000
BUDGETS_EVERY_S = 15.0
#: what a receiver may ask for with Retry-After
LONGEST_PAUSE_S = 6 * 3600
AT_ONCE = 64
#: of those at once, to one webhook: one that does not answer leaves places for the others
AT_ONCE_EACH = 4
MOST_ANSWER = 2000
MOST_SHOWN = 200
#: how long an ended delivery can be looked up
KEPT_MS = 30 * 86_400_000
#: the receiver asks to be left alone for good
GONE = 410


class Outcome(NamedTuple):
    """What one try came to. `error` None: it was taken."""

    status: int | None
    error: Text | None
    #: no later try would do better
    final: bool = False
    #: the receiver asks to be left alone for so long
    after_s: float | None = None


class Courier:
    """The webhooks' part of a worker: `run_once` is called again and again, on one thread."""

    def __init__(self, database: Database, address_of: Callable[[SealedWebhook], Address]) -> None:
        self._database = database
        self._address_of = address_of
        self._budgets_at = 0.0

    def run_once(self) -> int:
        """Tell what is to be told, until nothing is due or under way; returns how many tries were made."""
        self._note()
        with self._database.read() as conn:
            if not reads.due(conn, 1):
                return 0
        return asyncio.run(self._send_due())

    # -- noticing ------------------------------------------------------------------------------------------------------

    def _note(self) -> None:
        self._note_jobs()
        self._note_budgets()

    def _note_jobs(self) -> None:
        with self._database.read() as conn:
            marked = reads.untold(conn, 200)
        if not marked:
            return
        with self._database.write() as conn:
            hooks = reads.enabled(conn)
            for row in writes.take_untold(conn, marked):
                if happening := of_job(row, reads.project_title(conn, row["project_id"])):
                    put(conn, hooks, happening)

    def _note_budgets(self) -> None:
        if time.monotonic() < self._budgets_at:
            return
        self._budgets_at = time.monotonic() + BUDGETS_EVERY_S
        with self._database.read() as conn:
            hooks = [h for h in reads.enabled(conn) if any(e.startswith("budget.") for e in h.events)]
            if not hooks:
                return
            month = budgets.month_start_ms(budget_reads.now(conn))
            states = budgets.states(conn, everything=True)
            found = [
                of_budget(s, month if s.period == "month" else 0, reads.project_title(conn, s.project_id))
                for s in states
            ]
        if any(found):
            with self._database.write() as conn:
                for happening in filter(None, found):
                    put(conn, hooks, happening)

    # -- sending -------------------------------------------------------------------------------------------------------

    async def _send_due(self) -> int:
        tries, under_way = 0, dict[asyncio.Task[None], int]()
        while True:
            for row in self._take_due(Counter(under_way.values())):
                under_way[asyncio.create_task(self._send(row))] = row.webhook_id
                tries += 1
            if not under_way:
                return tries
            # no longer than a moment: others may have become due
            done, _ = await asyncio.wait(under_way, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del under_way[task]
                if error := task.exception():
                    # it stays held for a while and is then tried again
                    log.warning("webhooks: %s", error, exc_info=error if log.isEnabledFor(logging.DEBUG) else None)
            self._note()

    def _take_due(self, under_way: Counter[int]) -> Iterator[Delivery]:
        """What there is room for beside the tries under way, by webhook."""
        if under_way.total() >= AT_ONCE:
            return
        with self._database.read() as conn:
            due = reads.due(conn, AT_ONCE_EACH)
        for row in due:
            if under_way.total() >= AT_ONCE:
                return
            if under_way[row.webhook_id] >= AT_ONCE_EACH:
                continue
            with self._database.write() as conn:
                taken = writes.take(conn, row, HOLD_MS)
            if taken:
                under_way[row.webhook_id] += 1
                yield row

    async def _send(self, row: Delivery) -> None:
        with self._database.read() as conn:
            hook = reads.find(conn, row.webhook_id)
        if hook is None or not hook.enabled:
            outcome = Outcome(None, Text(N_("The webhook was switched off.")), final=True)
        else:
            outcome = await self.tried(hook, row)
        with self._database.write() as conn:
            settle(conn, row, outcome)

    async def tried(self, hook: SealedWebhook, row: Delivery) -> Outcome:
        """One try of one delivery; never raises."""
        try:
            address = self._address_of(hook)
            body, headers = request_of(hook.form, row.payload, f"msg_{row.id}", address.secret)
            async with asyncio.timeout(DEADLINE_S), outbound.client() as client:
                request = await outbound.request(
                    client, address.url, allow_private=hook.allow_private, attempt=row.tries, method="POST", headers=headers,
                    content=body,
                )  # fmt: skip
                response = await client.send(request, stream=True)
                try:
                    # nothing depends on what most programs say to what they took: some never end their answer
                    read = FORMS[hook.form].code is not None or not response.is_success
                    told = _outcome(hook.form, response.status_code, await _beginning(response) if read else b"")
                    return told._replace(after_s=retry_after_s(response.headers))
                finally:
                    await response.aclose()
        except Unavailable as error:
            return Outcome(None, error.text)
        except outbound.AddressRefused as refused:
            said = Text(N_("The address cannot be called: {reason}."), reason=refused.reason)
            return Outcome(None, said, final=not refused.passing)
        except TimeoutError:
            return Outcome(None, Text(N_("No answer within {seconds} s."), seconds=f"{DEADLINE_S:g}"))
        except Exception as error:
            said = Text(N_("the connection failed ({problem})"), problem=type(error).__name__)
            return Outcome(None, Text(N_("The address cannot be called: {reason}."), reason=said))

    def prune(self) -> None:
        with self._database.write() as conn:
            writes.prune(conn, KEPT_MS)


def put(conn: Connection, hooks: list[Webhook], happening: Happening) -> None:
    """A delivery for each webhook that wants to know of this."""
    for hook in hooks:
        if happening.event in hook.events and hook.project_id in (None, happening.project_id):
            payload = redactor.value(happening.payload(hook.lang, hook.page_url))
            writes.put(conn, hook.id, happening.event, happening.key, payload)


def settle(conn: Connection, row: Delivery, outcome: Outcome) -> None:
    """Write down what a try came to, and when the next one is due."""
    error = outcome.error
    if outcome.status == GONE:
        # before its delivery, as whoever removes one does it
        writes.change(conn, row.webhook_id, enabled=False)
    told: JsonObject = {
        "status": outcome.status,
        "error": error and str(error),
        "error_i18n": error and error.to_json(),
    }
    if error is None:
        writes.settle(conn, row.id, "delivered", **told)
    elif outcome.final or row.tries >= len(PAUSES_S):
        writes.settle(conn, row.id, "failed", **told)
    else:
        pause_s = max(PAUSES_S[row.tries], min(outcome.after_s or 0, LONGEST_PAUSE_S))
        writes.settle(conn, row.id, "pending", again_ms=round(pause_s * 1000), **told)


def _outcome(form: str, status: int, answer: bytes) -> Outcome:
    if status == GONE:
        return Outcome(status, Text(N_("The receiver is gone for good (410): the webhook is off.")), final=True)
    refusal = refused_by(form, answer) if 200 <= status < 300 else answer.decode(errors="replace")
    if 200 <= status < 300 and refusal is None:
        return Outcome(status, None)
    return Outcome(
        status, Text(N_("The receiver answered {status}: {said}"), status=status, said=_shown(refusal or ""))
    )


def _shown(answer: str) -> str:
    """The beginning on one line, without addresses, and without NUL, which PostgreSQL takes in no text."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", redactor.text(answer)).strip()[:MOST_SHOWN] or "—"


async def _beginning(response: httpx.Response) -> bytes:
    """As much of the answer as is worth reading."""
    made = bytearray()
    async for piece in response.aiter_raw():
        made += piece
        if len(made) >= MOST_ANSWER:
            break
    return bytes(made[:MOST_ANSWER])
