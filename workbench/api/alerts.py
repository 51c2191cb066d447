"""`wb.alerts`: rules that watch spending, failures, queues and workers, and what they noticed."""

from __future__ import annotations

import builtins

from workbench.api.existing import check_project
from workbench.arguments import Count, check_arguments
from workbench.db.connection import Database
from workbench.db.reads import alerts as reads
from workbench.db.rows.alerts import Alert, AlertRule
from workbench.db.writes import alerts as writes
from workbench.errors import NotFound
from workbench.i18n import N_, Text
from workbench.usage import alerts
from workbench.usage.alerts import Kind


@check_arguments
class Alerts:
    """Workers look at the rules every 15 seconds; what one notices is shown on pages and told to webhooks, once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_rule(
        self,
        kind: Kind,
        threshold: int = 0,
        *,
        currency: str | None = None,
        project_id: int | None = None,
        time_zone: str = "UTC",
        user: str = "local",
    ) -> AlertRule:
        """`threshold`: of spend_day micros of `currency` a day of `time_zone`, of failure_share percent within an hour,
        of stuck_queue minutes, of worker_gone nothing. Raises InvalidInput naming the field, NotFound."""
        alerts.check(kind, threshold, currency, time_zone)
        with self._database.write() as conn:
            if project_id is not None:
                check_project(conn, project_id)
            rule_id = writes.add_rule(
                conn, kind=kind, threshold=threshold, currency=currency if kind == "spend_day" else None,
                project_id=project_id, time_zone=time_zone, created_by=user,
            )  # fmt: skip
            return next(r for r in reads.list_rules(conn) if r.id == rule_id)

    def enable_rule(self, rule_id: int, enabled: bool) -> None:
        """Raises NotFound."""
        with self._database.write() as conn:
            _require(writes.enable_rule(conn, rule_id, enabled), rule_id)

    def remove_rule(self, rule_id: int) -> None:
        """With what it noticed. Raises NotFound."""
        with self._database.write() as conn:
            _require(writes.remove_rule(conn, rule_id), rule_id)

    def list_rules(self) -> builtins.list[AlertRule]:
        with self._database.read() as conn:
            return reads.list_rules(conn)

    def list(self, limit: Count = 100, before: int | None = None) -> builtins.list[Alert]:
        """What holds first, then what has ended; newest first. `before`: the last one of the page before."""
        with self._database.read() as conn:
            return reads.list_alerts(conn, limit, before)

    def list_shown(self) -> builtins.list[Alert]:
        """What holds and was not dismissed."""
        with self._database.read() as conn:
            return reads.list_shown(conn)

    def dismiss(self, alert_id: int) -> None:
        """Show it no more while it holds. Raises NotFound."""
        with self._database.write() as conn:
            if not writes.dismiss(conn, alert_id):
                raise NotFound(Text(N_("There is no alert {alert}."), alert=alert_id))


def _require(changed: bool, rule_id: int) -> None:
    if not changed:
        raise NotFound(Text(N_("There is no rule {rule}."), rule=rule_id))
