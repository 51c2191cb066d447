"""`wb.budgets`: what may be spent, what was spent, and the rate between yuan and dollars."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from decimal import Decimal

from workbench import periods
from workbench.api.existing import check_project
from workbench.arguments import Count, check_arguments
from workbench.db.connection import Database
from workbench.usage import budgets, money
from workbench.usage.budgets import Course, MonthForecast, Outlook, Period, State


@check_arguments
class Budgets:
    """Sets and reads budgets. Amounts are micros of CNY or USD."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, project_id: int | None = None, *, everything: bool = False) -> builtins.list[State]:
        """The budgets that a project's calls count against, with what is spent; or all there are."""
        with self._database.read() as conn:
            return budgets.states(conn, project_id, everything=everything, count_unpriced=True)

    def list_outlooks(
        self, project_id: int | None, cost: Mapping[str, int], unpriced: int = 0
    ) -> builtins.list[Outlook]:
        """What jobs of this price (micros by currency; `unpriced` more without one) need of each budget that they count
        against: the one that leaves least first."""
        with self._database.read() as conn:
            return budgets.outlooks(conn, project_id, cost, unpriced)

    def list_courses(self, project_id: int | None = None, *, most: Count = 4) -> builtins.list[Course]:
        """How budgets were used, day by day: the fullest first, so many."""
        with self._database.read() as conn:
            return budgets.courses(conn, project_id, most=most)

    def forecast_month(self, project_id: int | None = None, *, time_zone: str = "UTC") -> MonthForecast:
        """What this month comes to if it goes on as in the last two weeks; a month of `time_zone`. Raises
        InvalidInput."""
        zone = periods.zone_of(time_zone)
        with self._database.read() as conn:
            return budgets.forecast_month(conn, project_id, zone)

    def set(
        self,
        amount_micros: int | None,
        *,
        currency: str = "CNY",
        project_id: int | None = None,
        period: Period = "month",
        user: str = "local",
    ) -> None:
        """Set a budget of a project (month, all) or of everything (month); None takes it away.

        Jobs that wait for it go on. Raises InvalidInput naming the field, NotFound.
        """
        with self._database.write() as conn:
            if project_id is not None:
                check_project(conn, project_id)
            budgets.put(conn, project_id, period, amount_micros, currency, user)

    def exchange_rate(self) -> Decimal:
        """Yuan for one dollar."""
        with self._database.read() as conn:
            return money.rate(conn)

    def set_exchange_rate(self, yuan_for_dollar: str) -> None:
        """Raises InvalidInput."""
        with self._database.write() as conn:
            money.set_rate(conn, yuan_for_dollar)
