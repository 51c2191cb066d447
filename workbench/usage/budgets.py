"""Budgets: what may be spent in all in a month, and on a project in a month or altogether.

Spent is what the ledger holds, each currency brought to the budget's by the set rate; a month's is what this home
has paid, without what came with imported projects. A call without a known price
counts nothing and is said beside it. At 100 % nothing paid begins any more: not at submit, not before a paid step.
What calls under way will probably cost is reserved: jobs side by side do not spend the same rest twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal

from sqlalchemy import Connection

from workbench import periods
from workbench.db.reads import budgets as reads
from workbench.db.rows.budgets import Budget, Spent
from workbench.db.rows.record import Record
from workbench.db.writes import budgets as writes
from workbench.errors import BudgetExceeded, InvalidInput, Issue
from workbench.i18n import N_, Text
from workbench.usage import money

Period = Literal["month", "all"]
#: percent at which people are told
MARKS = (80, 95, 100)
MOST_MICROS = 10**15
#: a budget without an end is shown over so many days
ALL_DAYS = 30


@dataclass(frozen=True)
class State:
    """One budget as it stands. `project_id` None: everything. `under_way_micros`: what is reserved for calls that
    have not ended. `unpriced`: calls whose cost nobody knows."""

    key: str
    project_id: int | None
    period: Period
    amount_micros: int
    currency: str
    spent_micros: int
    under_way_micros: int
    unpriced: int

    @property
    def percent(self) -> float:
        return 100 * self.spent_micros / self.amount_micros

    @property
    def mark(self) -> int:
        """The highest mark reached: 0, 80, 95 or 100."""
        return max((m for m in MARKS if self.spent_micros * 100 >= self.amount_micros * m), default=0)

    @property
    def used_up(self) -> bool:
        return self.mark == 100

    @property
    def full(self) -> bool:
        """Nothing is left for a further call, at least until those under way have ended."""
        return self.spent_micros + self.under_way_micros >= self.amount_micros

    @property
    def rest_micros(self) -> int:
        """What is left beside what calls under way will probably cost."""
        return max(0, self.amount_micros - self.spent_micros - self.under_way_micros)

    def describe(self) -> Text:
        taken = N_(
            "{percent} % of the budget is used and calls under way need the rest: {spent} of {amount} "
            "{currency} ({whose})."
        )
        return Text(
            taken
            if self.full and not self.used_up
            else N_("{percent} % of the budget is used: {spent} of {amount} {currency} ({whose})."),
            percent=round(self.percent),
            spent=_format_amount(self.spent_micros),
            amount=_format_amount(self.amount_micros),
            currency=self.currency,
            whose=self.describe_scope(),
        )

    def describe_scope(self) -> Text:
        if self.project_id is None:
            return Text(N_("all projects, this month"))
        return Text(N_("this project, this month")) if self.period == "month" else Text(N_("this project, in all"))


def key_of(project_id: int | None, period: Period) -> str:
    return "month" if project_id is None else f"project:{project_id}:{period}"


def put(
    conn: Connection, project_id: int | None, period: Period, amount_micros: int | None, currency: str, user: str
) -> None:
    """Set a budget, or take it away with None. Raises InvalidInput."""
    if project_id is None and period != "month":
        text = Text(N_("A budget for all projects is one for a month."))
        raise InvalidInput(text, [Issue("period", text)])
    if currency not in money.CURRENCIES:
        text = Text(N_("A budget is in CNY or USD."))
        raise InvalidInput(text, [Issue("currency", text)])
    if amount_micros is not None and not 0 < amount_micros <= MOST_MICROS:
        too_much = amount_micros > MOST_MICROS
        text = (
            Text(N_("A budget is at most {most}. Take it away to spend without one."), most=f"{MOST_MICROS // 10**6:,}")
            if too_much
            else Text(N_("A budget is more than 0. Take it away to spend without one."))
        )
        raise InvalidInput(text, [Issue("amount", text)])
    writes.put(
        conn,
        key_of(project_id, period),
        project_id=project_id,
        period=period,
        amount_micros=amount_micros,
        currency=currency,
        created_by=user,
    )


def exist(conn: Connection, project_id: int | None) -> bool:
    """Whether there is a budget that a project's calls count against."""
    return bool(reads.list_of_project(conn, project_id))


def states(
    conn: Connection, project_id: int | None = None, *, everything: bool = False, count_unpriced: bool = False
) -> list[State]:
    """The budgets that a project's calls count against, or all there are; who only compares sums need not count calls
    without a price."""
    rows = reads.list_budgets(conn) if everything else reads.list_of_project(conn, project_id)
    if not rows:
        return []
    yuan, month = money.rate(conn), month_start_ms(reads.now(conn))
    return [_state(conn, row, yuan, month, count_unpriced) for row in rows]


def _state(conn: Connection, row: Budget, yuan: Any, month: int, count_unpriced: bool) -> State:
    since = month if row.period == "month" else None
    spent, under_way = 0, 0
    unpriced = reads.count_unpriced(conn, row.project_id, since) if count_unpriced else 0
    for sums in reads.sum_spending(conn, row.project_id, since):
        if sums.currency:
            spent += money.convert(int(sums.micros or 0), sums.currency, row.currency, yuan)
            under_way += money.convert(int(sums.under_way or 0), sums.currency, row.currency, yuan)
    return State(
        row.key, row.project_id, row.period, row.amount_micros, row.currency, spent, under_way, unpriced
    )  # fmt: skip


@dataclass(frozen=True)
class Outlook:
    """A budget and what jobs will probably need of it, in its currency. `unpriced`: jobs without a known price, not in
    it."""

    state: State
    needed_micros: int
    unpriced: int

    @property
    def beyond(self) -> bool:
        """Whether the budget will not do: a price that nobody knows is more than nothing."""
        return self.needed_micros > self.state.rest_micros or (self.unpriced > 0 and not self.state.rest_micros)

    def describe(self) -> Text:
        """Why it will not do, and what to do."""
        amounts = {
            "needed": _format_amount(self.needed_micros),
            "rest": _format_amount(self.state.rest_micros),
            "amount": _format_amount(self.state.amount_micros),
            "currency": self.state.currency,
            "whose": self.state.describe_scope(),
        }
        if self.unpriced:
            return Text(
                N_(
                    "This will probably cost {needed} {currency} and {n} jobs more have no known price, but {rest} of "
                    "{amount} {currency} are left ({whose}). Raise the budget, or run less."
                ),
                n=self.unpriced,
                **amounts,
            )
        return Text(
            N_(
                "This will probably cost {needed} {currency}, but {rest} of {amount} {currency} are left ({whose}). "
                "Raise the budget, or run less."
            ),
            **amounts,
        )


def outlooks(conn: Connection, project_id: int | None, cost: Mapping[str, int], unpriced: int = 0) -> list[Outlook]:
    """What jobs of this price (micros by currency) need of each budget that they count against: the one that leaves
    least first."""
    yuan = money.rate(conn)
    asked = [
        Outlook(state, sum(money.convert(m, c, state.currency, yuan) for c, m in cost.items()), unpriced)
        for state in states(conn, project_id)
    ]
    return sorted(asked, key=lambda o: (not o.beyond, o.state.rest_micros - o.needed_micros))


def check_price(conn: Connection, project_id: int | None, cost: Mapping[str, int], unpriced: int = 0) -> None:
    """Raises BudgetExceeded when jobs of this price will not fit into a budget's rest."""
    for outlook in outlooks(conn, project_id, cost, unpriced)[:1]:
        if outlook.beyond:
            raise BudgetExceeded(outlook.describe())


@dataclass(frozen=True)
class Course:
    """How a budget was used, day by day (epoch ms, UTC): what was spent by the end of each day that has begun, in its
    currency. `pace`: what the month comes to if it goes on like this; None for a budget without an end. `before`: what
    was spent before these days, `since`: from when on it counts."""

    state: State
    days: list[int]
    spent: list[int]
    pace: float | None
    before: int
    since: int


def courses(conn: Connection, project_id: int | None = None, *, most: int = 4) -> list[Course]:
    """Of the budgets that a project's calls count against, or of all there are: the fullest first, so many."""
    yuan, now = money.rate(conn), reads.now(conn)
    fullest = sorted(
        states(conn, project_id, everything=project_id is None, count_unpriced=True), key=lambda s: -s.percent
    )
    return [_course(conn, state, yuan, now) for state in fullest[:most]]


def _course(conn: Connection, state: State, yuan: Any, now: int) -> Course:
    month = month_start_ms(now)
    today = now - now % reads.DAY_MS
    since, until = month, _next_month(month)
    if state.period == "all":
        since, until = today - (ALL_DAYS - 1) * reads.DAY_MS, today + reads.DAY_MS
    by_month = state.period == "month"
    rows = reads.sum_spending_by_day(conn, state.project_id, month if by_month else 0, imported=not by_month)
    days = list(range(since, until, reads.DAY_MS))

    def sum_until(day: int) -> int:
        sums: dict[str, int] = {}
        for row in rows:
            if row.day <= day and row.currency:
                sums[row.currency] = sums.get(row.currency, 0) + int(row.micros)
        return sum(money.convert(m, c, state.currency, yuan) for c, m in sums.items())

    spent = [sum_until(day) for day in days if day <= today]
    share = (now - month) / (until - month)
    pace = spent[-1] / share if state.period == "month" and share > 0 else None
    first = min([since, *(row.day for row in rows)])
    return Course(state, days, spent, pace, sum_until(since - 1), first)


@dataclass(frozen=True, slots=True)
class MonthForecast(Record):
    """What a month costs, micros by currency: `spent` so far, and what it comes to if it goes on as in the last two
    weeks. `until`: its end, epoch ms; `unpriced`: calls that are in neither, at a price nobody knows."""

    until: int
    spent: dict[str, int]
    expected: dict[str, int]
    unpriced: int


#: whose mean is taken for the days to come
FORECAST_DAYS = 14


def forecast_month(conn: Connection, project_id: int | None, zone: tzinfo) -> MonthForecast:
    now = reads.now(conn)
    today = periods.day_of(now, zone)
    month = periods.start_of(today.replace(day=1), zone)
    until = periods.start_of((today.replace(day=1) + timedelta(days=32)).replace(day=1), zone)
    spent = _by_currency(reads.sum_spending(conn, project_id, month))
    days = reads.sum_spending_by_day(conn, project_id, now - FORECAST_DAYS * reads.DAY_MS)
    lately = Counter[str]()
    for row in days:
        lately[row.currency or ""] += int(row.micros)
    lately.pop("", None)
    # a home of three days says nothing of the eleven before
    since = max(now - FORECAST_DAYS * reads.DAY_MS, min((row.day for row in days), default=0))
    share = (until - now) / max(now - since, reads.DAY_MS)
    expected = {c: spent.get(c, 0) + round(lately[c] * share) for c in sorted({*spent, *lately})}
    return MonthForecast(until, spent, expected, reads.count_unpriced(conn, project_id, month))


def _by_currency(rows: Sequence[Spent]) -> dict[str, int]:
    return {row.currency: int(row.micros) for row in rows if row.currency and row.micros is not None}


def _next_month(month: int) -> int:
    return month_start_ms(month + 32 * reads.DAY_MS)


def month_start_ms(now_ms: int) -> int:
    """The first moment of the month, UTC."""
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    return round(datetime(at.year, at.month, 1, tzinfo=UTC).timestamp() * 1000)


def check(conn: Connection, project_id: int | None) -> None:
    """Raises BudgetExceeded when one is used up."""
    _refuse(max((s for s in states(conn, project_id) if s.used_up), key=lambda s: s.percent, default=None))


def check_call(conn: Connection, project_id: int | None) -> None:
    """Before a paid call. Raises BudgetExceeded when nothing is left beside the calls under way."""
    _refuse(find_exhausted(conn, project_id))


def find_exhausted(conn: Connection, project_id: int | None) -> State | None:
    """The fullest budget that leaves no room for a paid call; None when there is room."""
    return max((s for s in states(conn, project_id) if s.full), key=lambda s: s.percent, default=None)


def lock_and_check(conn: Connection, project_id: int | None) -> None:
    """The same in the transaction that opens the call, so that of several at once each sees those before it."""
    if writes.lock(conn, project_id):
        check_call(conn, project_id)


def _refuse(state: State | None) -> None:
    if state is not None:
        refused = BudgetExceeded(state.describe())
        refused.passing = not state.used_up
        raise refused


def _format_amount(micros: int) -> str:
    return f"{micros / 1_000_000:,.2f}"
