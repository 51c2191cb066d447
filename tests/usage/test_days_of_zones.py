"""Days of any time zone, told apart by a statement, are those of its calendar."""

from __future__ import annotations

import random
from datetime import UTC
from zoneinfo import ZoneInfo, available_timezones

import pytest
from sqlalchemy import BigInteger, create_engine, literal, select, union_all

from workbench import periods
from workbench.db.rollups import DAY_MS, local_midnight

_QUARTER_MS = 900_000
#: in the year 2000, and fifty years later
_FROM, _TO = 946_684_800_000, 2_524_608_000_000


@pytest.mark.parametrize("days", [1, 7, 90, 400])
def test_a_day_begins_where_the_calendar_says(days: int) -> None:
    dice = random.Random(days)
    changed = 0
    with create_engine("sqlite://").connect() as conn:
        for name in sorted(available_timezones() - {"localtime"}):
            zone, since = ZoneInfo(name), dice.randrange(_FROM, _TO)
            until = since + days * DAY_MS
            offsets = periods.list_offsets(since, until, zone)
            changed += len(offsets) - 1
            borders = [border + step for border, _ in offsets[1:] for step in (-_QUARTER_MS, -1, 0, _QUARTER_MS)]
            moments = [*borders, *(dice.randrange(since, until) for _ in range(40))]
            asked = union_all(*(select(literal(at, BigInteger).label("at")) for at in moments)).subquery()
            for at, midnight in conn.execute(select(asked.c.at, local_midnight(asked.c.at, offsets))):
                day = periods.start_of(periods.day_of(midnight, UTC), zone)
                assert day == periods.start_of(periods.day_of(at, zone), zone), (name, at)
    # clocks were put forward and back meanwhile
    assert changed or days == 1
