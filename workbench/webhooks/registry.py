"""Webhooks as people set them up. The address and the secret are sealed like keys and never shown again."""

from __future__ import annotations

import asyncio
import base64
import builtins
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from workbench.arguments import Count, check_arguments
from workbench.db.connection import Database
from workbench.db.reads import story as story_reads
from workbench.db.reads import webhooks as reads
from workbench.db.rows.webhooks import Delivery, ListedWebhook, NewWebhook, SealedWebhook
from workbench.db.writes import webhooks as writes
from workbench.errors import InvalidInput, Issue, NotAllowed, NotFound, all_of
from workbench.i18n import LANGUAGES, N_, Text
from workbench.security.keys import Vault
from workbench.webhooks import address, events
from workbench.webhooks.address import Address
from workbench.webhooks.events import EVENTS, USUAL
from workbench.webhooks.formats import FORMS


@check_arguments
class Webhooks:
    """Adds, changes, tries and lists webhooks, and what they were told."""

    def __init__(self, database: Database, vault_of: Callable[[], Vault]) -> None:
        self._database = database
        self._vault_of = vault_of

    def add(
        self,
        url: str,
        *,
        form: str = "standard",
        events: Sequence[str] = USUAL,
        project_id: int | None = None,
        secret: str | None = None,
        allow_private: bool = False,
        lang: str = "en",
        page_url: str | None = None,
        user: str = "local",
    ) -> NewWebhook:
        """Add a webhook. The answer has its signing `secret`, this once. Raises InvalidInput naming the field,
        NotFound.

        `events` as in EVENTS; `page_url`: where the pages are reached, for links; `secret`: one of your own (whsec_…).
        """
        url, issues = url.strip(), []
        parts = address.parse(url)
        if parts is None:
            issues.append(Issue("url", Text(N_("An address begins with https:// or http://, without a user name."))))
        elif not allow_private and address.is_private(url):
            issues.append(Issue("url", Text(N_("This is an address of your own network. Allow that, if you mean it."))))
        if form not in FORMS:
            text = Text(N_("There is no form {form}; choose {forms}."), form=form, forms=", ".join(FORMS))
            issues.append(Issue("form", text))
        issues += _check_events(events)
        if lang not in LANGUAGES:
            issues.append(Issue("lang", Text(N_("The language is zh or en."))))
        if page_url and address.parse(page_url) is None:
            issues.append(
                Issue("page_url", Text(N_("An address begins with https:// or http://, without a user name.")))
            )
        secret = secret.strip() if secret else "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        if not address.is_secret(secret):
            issues.append(Issue("secret", Text(N_("A secret is whsec_ and 24 to 64 bytes in base64."))))
        if issues or parts is None:
            raise InvalidInput(all_of(issues), issues)
        address.hide_pieces(url)
        vault = self._vault_of()
        with vault.lock(), self._database.write() as conn:
            if project_id is not None:
                node = story_reads.find_node(conn, project_id)
                if node is None or node.kind != "project":
                    raise NotFound(Text(N_("There is no project {project}."), project=project_id))
            sealed_url, sealed_secret = vault.seal(url), vault.seal(secret)
            webhook_id = writes.add(
                conn, form=form, events=list(dict.fromkeys(events)), project_id=project_id, host=parts.netloc,
                url_ciphertext=sealed_url.ciphertext, secret_ciphertext=sealed_secret.ciphertext,
                key_id=sealed_url.key_id, allow_private=allow_private, lang=lang, page_url=page_url or None,
                created_by=user,
            )  # fmt: skip
        listed = self._get(webhook_id)
        return NewWebhook(**listed.as_json(), secret=secret if FORMS[form].signed else None)

    def list(self) -> builtins.list[ListedWebhook]:
        """Oldest first: form, events, project, host, enabled, and how the last delivery ended."""
        with self._database.read() as conn:
            return reads.list_webhooks(conn)

    def _get(self, webhook_id: int) -> ListedWebhook:
        return next(row for row in self.list() if row.id == webhook_id)

    def enable(self, webhook_id: int, enabled: bool) -> None:
        """Off: nothing is told meanwhile, and what happens then is not told later. Raises NotFound."""
        self._change(webhook_id, enabled=enabled)

    def subscribe(self, webhook_id: int, events: Sequence[str]) -> None:
        """Change what it is told of. Raises InvalidInput, NotFound."""
        if issues := _check_events(events):
            raise InvalidInput(all_of(issues), issues)
        self._change(webhook_id, events=list(dict.fromkeys(events)))

    def _change(self, webhook_id: int, **values: Any) -> None:
        with self._database.write() as conn:
            _require(conn, webhook_id)
            writes.change(conn, webhook_id, **values)

    def remove(self, webhook_id: int) -> None:
        """Raises NotFound."""
        with self._database.write() as conn:
            _require(conn, webhook_id)
            writes.archive(conn, webhook_id)

    # -- deliveries ----------------------------------------------------------------------------------------------------

    def list_deliveries(self, webhook_id: int | None = None, *, most: Count = 50) -> builtins.list[Delivery]:
        """Newest first: event, payload, state (pending, delivered, failed), tries, status, error."""
        with self._database.read() as conn:
            return reads.list_deliveries(conn, webhook_id, most)

    def send_test(self, webhook_id: int) -> Delivery:
        """Send a greeting at once, and once; returns the delivery. Raises NotFound."""
        # Imported here: commands and pages that only look do not load the HTTP client.
        from workbench.webhooks.delivery import WebhookSender, record_outcome

        event = events.greeting(time.time_ns())
        with self._database.write() as conn:
            hook = _require(conn, webhook_id)
            delivery_id = writes.put(conn, webhook_id, event.name, event.key, event.payload(hook.lang, hook.page_url))
            row = reads.find_delivery(conn, delivery_id or 0)
            assert row is not None
            writes.take(conn, row, 60_000)
        outcome = asyncio.run(WebhookSender(self._database, self.address_of).attempt(hook, row))
        with self._database.write() as conn:
            record_outcome(conn, row, outcome._replace(final=True))
            ended = reads.find_delivery(conn, row.id)
        assert ended is not None
        return ended

    def send_again(self, delivery_id: int) -> None:
        """Have an ended delivery sent once more by the next worker. Raises NotFound, NotAllowed."""
        with self._database.write() as conn:
            if reads.find_delivery(conn, delivery_id) is None:
                raise NotFound(Text(N_("There is no delivery {delivery}."), delivery=delivery_id))
            if not writes.send_again(conn, delivery_id):
                raise NotAllowed(Text(N_("Delivery {delivery} is still under way."), delivery=delivery_id))

    # -- what is sealed ------------------------------------------------------------------------------------------------

    def address_of(self, hook: SealedWebhook) -> Address:
        """Raises Unavailable when the master key is another one."""
        vault = self._vault_of()
        url = vault.unseal(hook.url_ciphertext, hook.key_id)
        address.hide_pieces(url)
        return Address(url, vault.unseal(hook.secret_ciphertext, hook.key_id))

    def remember(self) -> None:
        """Teach this process's redactor every address and secret. Raises Unavailable."""
        with self._database.read() as conn:
            rows = reads.list_sealed(conn)
        for row in rows:
            self.address_of(row)

    def reseal(self, conn: Connection, vault: Vault) -> int:
        """Seal everything with the newest master key, in the caller's transaction; returns how many webhooks."""
        rows = writes.lock_sealed(conn)
        for row in rows:
            sealed = (row.url_ciphertext, row.secret_ciphertext)
            url, secret = (vault.seal(vault.unseal(text, row.key_id)) for text in sealed)
            writes.change(
                conn, row.id, url_ciphertext=url.ciphertext, secret_ciphertext=secret.ciphertext, key_id=url.key_id
            )
        return len(rows)


def _require(conn: Connection, webhook_id: int) -> SealedWebhook:
    row = reads.find_sealed(conn, webhook_id)
    if row is None:
        raise NotFound(Text(N_("There is no webhook {webhook}."), webhook=webhook_id))
    return row


def _check_events(events: Sequence[str]) -> list[Issue]:
    unknown = [e for e in events if e not in EVENTS]
    if events and not unknown:
        return []
    return [Issue("events", Text(N_("Name at least one of {events}."), events=", ".join(EVENTS)))]
