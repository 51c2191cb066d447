"""`reelwright webhooks`: who is told of jobs and budgets. Addresses come from a variable, never from the command
line."""

from __future__ import annotations

from typing import Any

import click

from workbench.cli import client, console
from workbench.db.rows.webhooks import Delivery, ListedWebhook
from workbench.webhooks.events import EVENTS, USUAL
from workbench.webhooks.formats import FORMS

COLUMNS = ("id", "form", "host", "project_id", "events", "enabled", "last")
DELIVERY_COLUMNS = ("id", "webhook_id", "event", "state", "tries", "status", "error")


@click.group()
def command() -> None:
    """Add, try, list and remove webhooks."""


@command.command()
@click.option(
    "--url-env", metavar="VAR", required=True, help="The variable that holds the address; it is sealed like a key."
)
@click.option(
    "--form", type=click.Choice(list(FORMS)), default="standard", show_default=True,
    help="standard: JSON for a program, signed; the others: a sentence for a chat.",
)  # fmt: skip
@click.option(
    "--event", "events", multiple=True, type=click.Choice(list(EVENTS)), default=USUAL, show_default=True,
    help="What to tell of; may be given several times.",
)  # fmt: skip
@click.option("--project", type=int, metavar="ID", help="Of this project alone.")
@click.option("--secret-env", metavar="VAR", help="The variable that holds a signing secret of your own (whsec_…).")
@click.option("--allow-private", is_flag=True, help="The address may be one of this machine or its network.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Of what is told; default: this terminal's.")
@click.option("--page-url", help="Where the pages are reached, for links to them.")
@console.json_option
def add(url_env: str, secret_env: str | None, project: int | None, lang: Any, as_json: bool, **given: Any) -> None:
    """Add a webhook. Prints its signing secret, this once."""
    url, secret = client.read_secret(url_env, "url_env"), secret_env and client.read_secret(secret_env, "secret_env")
    with client.open_workbench() as wb:
        row = wb.webhooks.add(url, secret=secret, project_id=project, lang=lang or console.language(), **given)
    if as_json:
        console.emit(row, with_secrets=True)
        return
    _table([row])
    if row.secret:
        console.print_plain(row.secret)


@command.command("list")
@console.json_option
def list_(as_json: bool) -> None:
    """List webhooks, and how the last delivery of each ended."""
    with client.open_reading() as wb:
        rows = wb.webhooks.list()
    console.emit(rows) if as_json else _table(rows)


@command.command()
@click.argument("webhook_id", type=int, metavar="ID")
@console.json_option
def test(webhook_id: int, as_json: bool) -> None:
    """Send a greeting now; exit 1 when it is not taken."""
    with client.open_workbench() as wb:
        row = wb.webhooks.send_test(webhook_id)
    console.emit(row) if as_json else _deliveries([row])
    if row.state != "delivered":
        raise click.exceptions.Exit(1)


@command.command()
@click.argument("webhook_id", type=int, metavar="[ID]", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@console.json_option
def deliveries(webhook_id: int | None, limit: int, as_json: bool) -> None:
    """List what was told, newest first."""
    with client.open_reading() as wb:
        rows = wb.webhooks.list_deliveries(webhook_id, most=limit)
    console.emit(rows) if as_json else _deliveries(rows)


@command.command("send-again")
@click.argument("delivery_id", type=int, metavar="DELIVERY")
def send_again(delivery_id: int) -> None:
    """Have an ended delivery sent once more."""
    with client.open_workbench() as wb:
        wb.webhooks.send_again(delivery_id)


@command.command()
@click.argument("webhook_id", type=int, metavar="ID")
@click.option("--on/--off", "enabled", required=True)
def switch(webhook_id: int, enabled: bool) -> None:
    """Switch a webhook off, or on again."""
    with client.open_workbench() as wb:
        wb.webhooks.enable(webhook_id, enabled)


@command.command()
@click.argument("webhook_id", type=int, metavar="ID")
def remove(webhook_id: int) -> None:
    """Remove a webhook; what it was told stays listed for a month."""
    with client.open_workbench() as wb:
        wb.webhooks.remove(webhook_id)


def _table(rows: list[ListedWebhook]) -> None:
    console.table([{**r.as_json(), "events": ", ".join(r.events)} for r in rows], COLUMNS)


def _deliveries(rows: list[Delivery]) -> None:
    console.table([{**r.as_json(), "error": console.localize_column(r, "error")} for r in rows], DELIVERY_COLUMNS)
