"""`reelwright alerts`: be told when a day costs too much, too much fails, a queue stands still or a worker is gone."""

from __future__ import annotations

import click

from workbench.cli import client, console
from workbench.cli.budgets import read_amount
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.usage.alerts import KINDS, Kind, describe

RULE_COLUMNS = ("id", "kind", "threshold", "currency", "project_id", "time_zone", "enabled")
COLUMNS = ("id", "kind", "text", "raised_at", "ended_at")


@click.group()
def command() -> None:
    """Add, list and remove rules, and show what they noticed."""


@command.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("threshold", default="0")
@click.option("--currency", type=click.Choice(["CNY", "USD"]), default="CNY", show_default=True)
@click.option("--project", type=int, metavar="ID", help="Of this project alone.")
@click.option("--time-zone", default="UTC", show_default=True, metavar="NAME", help="Where a day of spending begins.")
@console.json_option
def add(kind: Kind, threshold: str, currency: str, project: int | None, time_zone: str, as_json: bool) -> None:
    """Add a rule. THRESHOLD: of spend_day an amount, of failure_share percent, of stuck_queue minutes."""
    micros = read_amount(threshold)
    value = micros if kind == "spend_day" else micros // 1_000_000
    with client.open_workbench() as wb:
        rule = wb.alerts.add_rule(kind, value, currency=currency, project_id=project, time_zone=time_zone)
    console.emit(rule) if as_json else console.table([rule], RULE_COLUMNS)


@command.command()
@console.json_option
def rules(as_json: bool) -> None:
    """List the rules."""
    with client.open_reading() as wb:
        rows = wb.alerts.list_rules()
    console.emit(rows) if as_json else console.table(rows, RULE_COLUMNS)


@command.command("list")
@console.json_option
def list_(as_json: bool) -> None:
    """List what the rules noticed, what still holds first."""
    with client.open_reading() as wb:
        rows: list[JsonObject] = [{**a.as_json(), "text": console.localize(describe(a))} for a in wb.alerts.list()]
    console.emit(rows) if as_json else console.table(rows, COLUMNS)


@command.command()
@click.argument("rule_id", type=int)
@click.option("--on/--off", default=True, show_default=True)
def switch(rule_id: int, on: bool) -> None:
    """Switch a rule off, or on again."""
    with client.open_workbench() as wb:
        wb.alerts.enable_rule(rule_id, on)


@command.command()
@click.argument("rule_id", type=int)
def remove(rule_id: int) -> None:
    """Remove a rule with what it noticed."""
    with client.open_workbench() as wb:
        wb.alerts.remove_rule(rule_id)
    console.say(Text(N_("The rule is gone.")))
