"""Two currencies and the rate between them. Calls keep the currency of their price; sums are only joined by the set
rate."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection

from workbench.db.writes import installation, ledger
from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text

CURRENCIES = ("CNY", "USD")
#: yuan for a dollar until somebody sets another rate (about what it was in 2025)
USUAL_RATE = Decimal("7.20")
_KEY = "setting.usd_cny"


def rate(conn: Connection) -> Decimal:
    """Yuan for one dollar."""
    stored = installation.get_meta(conn, _KEY)
    return Decimal(stored) if stored else USUAL_RATE


def set_rate(conn: Connection, typed: str) -> None:
    """Raises InvalidInput for anything but a number from 0.01 to 1000."""
    try:
        value = Decimal(str(typed).strip())
        sensible = Decimal("0.01") <= value <= 1000
    except InvalidOperation:
        sensible = False
    if not sensible:
        text = Text(N_("The exchange rate is a number from 0.01 to 1000: yuan for one dollar."))
        raise InvalidInput(text, [Issue("usd_cny", text)])
    installation.set_meta(conn, _KEY, f"{value.normalize():f}")


def convert(micros: int, currency: str, into: str, yuan_for_dollar: Decimal) -> int:
    """Micros of one currency as micros of the other."""
    if currency == into:
        return micros
    amount = micros * yuan_for_dollar if into == "CNY" else micros / yuan_for_dollar
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def add_to_job(
    conn: Connection,
    job_id: int,
    *,
    input_tokens: int | None,
    output_tokens: int | None,
    cost_micros: int | None,
    currency: str | None,
) -> None:
    """Add a call to its job's counters; what costs in a second currency is converted to the job's first by the set
    rate."""
    tokens = {"input_tokens": input_tokens, "output_tokens": output_tokens}
    if ledger.count_on_job(conn, job_id, **tokens, cost_micros=cost_micros, currency=currency):
        return
    counted = ledger.currency_of(conn, job_id)
    if counted is not None and cost_micros is not None and currency is not None:
        converted = convert(cost_micros, currency, counted, rate(conn))
        ledger.count_on_job(conn, job_id, **tokens, cost_micros=converted, currency=counted)


def price_step(conn: Connection, job_id: int, name: str) -> None:
    """Write what a step's calls cost together, in the currency that its job counts in; another one is converted by the
    set rate."""
    if ledger.price_step(conn, job_id, name) or not (costs := ledger.list_costs(conn, job_id, name)):
        return
    # a job that counts in none yet will in that of its first paid call
    counted = ledger.currency_of(conn, job_id) or next((currency for _, currency in costs if currency), None)
    together = 0
    for micros, currency in costs:
        together += convert(micros, currency, counted, rate(conn)) if currency and counted else micros
    ledger.set_step_cost(conn, job_id, name, together)


def price_task(conn: Connection, job_id: int, name: str, **values: Any) -> None:
    """Write what a long task cost on the call that created it, and on its step."""
    ledger.price_task(conn, job_id, name, **values)
    price_step(conn, job_id, name)
