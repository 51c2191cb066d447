"""What plans were expected to take is written once, when they are launched."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from workbench.db.rows.forecasts import StoredForecast
from workbench.db.schema import forecast
from workbench.db.writes.installation import upsert


def add_forecasts(conn: Connection, forecasts: Sequence[StoredForecast]) -> None:
    """A plan that was launched before, and is answered with the same job, keeps what was expected then."""
    if forecasts:
        conn.execute(upsert(conn, forecast).on_conflict_do_nothing(), [one.as_json() for one in forecasts])
