"""`reelwright budgets`: what may be spent in a month, and on a project."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal, InvalidOperation

import click

from workbench.cli import client, console
from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.usage.budgets import Period, State, key_of

COLUMNS = ("key", "spent", "amount", "currency", "percent", "unpriced")


@click.group()
def command() -> None:
    """Set and show budgets."""


@command.command("list")
@console.json_option
def list_(as_json: bool) -> None:
    """List budgets with what is spent of each."""
    with client.open_reading() as wb:
        rows = [_row(s) for s in wb.budgets.list(everything=True)]
    console.emit(rows) if as_json else console.table(rows, COLUMNS)


@command.command("set")
@click.argument("amount")
@click.option("--currency", type=click.Choice(["CNY", "USD"]), default="CNY", show_default=True)
@click.option("--project", type=int, metavar="ID", help="For this project alone; default: all projects.")
@click.option("--period", type=click.Choice(["month", "all"]), default="month", show_default=True)
@console.json_option
def set_(amount: str, currency: str, project: int | None, period: Period, as_json: bool) -> None:
    """Set a budget: AMOUNT in whole currency, such as 120 or 99.50. Jobs that waited for it go on."""
    with client.open_workbench() as wb:
        wb.budgets.set(read_amount(amount), currency=currency, project_id=project, period=period)
        row = next(_row(s) for s in wb.budgets.list(everything=True) if s.key == key_of(project, period))
    console.emit(row) if as_json else console.table([row], COLUMNS)


@command.command()
@click.option("--project", type=int, metavar="ID", help="That of this project; default: that of all projects.")
@click.option("--period", type=click.Choice(["month", "all"]), default="month", show_default=True)
@console.json_option
def clear(project: int | None, period: Period, as_json: bool) -> None:
    """Take a budget away."""
    with client.open_workbench() as wb:
        wb.budgets.set(None, project_id=project, period=period)
        rows = [_row(s) for s in wb.budgets.list(everything=True)]
    if as_json:
        console.emit(rows)
    else:
        console.say(Text(N_("The budget is gone.")))


@command.command()
@click.argument("yuan_for_dollar", required=False)
@console.json_option
def rate(yuan_for_dollar: str | None, as_json: bool) -> None:
    """Show or set the exchange rate: yuan for one dollar."""
    with client.open_workbench() as wb:
        if yuan_for_dollar is not None:
            wb.budgets.set_exchange_rate(yuan_for_dollar)
        now = f"{wb.budgets.exchange_rate():f}"
    console.emit({"yuan_for_dollar": now}) if as_json else console.print_plain(now)


def _row(state: State) -> JsonObject:
    return {
        **asdict(state),
        "percent": round(state.percent, 1),
        "spent": f"{state.spent_micros / 1_000_000:.6f}",
        "amount": f"{state.amount_micros / 1_000_000:.2f}",
    }


def read_amount(typed: str) -> int:
    """An amount in whole currency as micros. Raises InvalidInput."""
    try:
        return int(Decimal(typed.strip()) * 1_000_000)
    except (InvalidOperation, ValueError, OverflowError):  # the latter two: nan, inf
        text = Text(N_("{typed} is no amount of money."), typed=typed)
        raise InvalidInput(text, [Issue("amount", text)]) from None
