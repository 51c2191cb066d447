"""A statement that tells days of a zone apart by its offsets from UTC tells no two moments apart, or together, that the
calendar does not."""

from __future__ import annotations

import random
from zoneinfo import available_timezones

import pytest

from workbench.db.reads.rollups import MOST_OFFSETS, day_of, list_offsets
from workbench.db.rollups import DAY_MS

_QUARTER_MS = 900_000
#: in the year 2000, and fifty years later
_FROM, _TO = 946_684_800_000, 2_524_608_000_000


def noon_of(at: int, offsets: list[tuple[int, int]]) -> int:
    offset = next((own for until, own in offsets[:-1] if at < until), offsets[-1][1])
    return at - (at + offset) % DAY_MS + DAY_MS // 2


@pytest.mark.parametrize("days", [1, 7, 90, 400])
def test_a_day_begins_where_the_calendar_says(days: int) -> None:
    dice = random.Random(days)
    changed = 0
    for zone in sorted(available_timezones() - {"localtime"}):
        since = dice.randrange(_FROM, _TO)
        until = since + days * DAY_MS
        offsets = list_offsets(since, until, zone)
        assert len(offsets) <= MOST_OFFSETS
        assert offsets[-1][0] == until
        changed += len(offsets) - 1
        borders = [border + step for border, _ in offsets[:-1] for step in (-_QUARTER_MS, 0, _QUARTER_MS)]
        moments = [dice.randrange(since, until) for _ in range(40)]
        for at in (moment // _QUARTER_MS * _QUARTER_MS for moment in (*borders, *moments)):
            assert day_of(noon_of(at, offsets), zone) == day_of(at, zone), (zone, at)
    # clocks were put forward and back meanwhile
    assert changed or days == 1


def test_a_zone_that_changes_too_often_for_a_statement_says_so() -> None:
    assert len(list_offsets(_FROM, _TO, "Europe/Berlin")) > MOST_OFFSETS
    assert list_offsets(_FROM, _TO, "Asia/Shanghai") == [(_TO, 8 * 3_600_000)]
