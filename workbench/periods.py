"""Days and months as people in a time zone count them: some have 23 or 25 hours."""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text

DAY_MS = 86_400_000


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name such as Asia/Shanghai. Raises InvalidInput."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        text = Text(N_("There is no time zone {name}. Name one like Asia/Shanghai, Europe/Berlin or UTC."), name=name)
        raise InvalidInput(text, [Issue("time_zone", text)]) from None


def day_of(ms: int, zone: tzinfo) -> date:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).date()


def start_of(day: date, zone: tzinfo) -> int:
    """The first moment of a day there, epoch ms; where clocks skip midnight, the moment they skip it."""
    return round(datetime.combine(day, time.min, zone).timestamp() * 1000)


def starts_of_days(first: date, last: date, zone: tzinfo) -> list[int]:
    """The first moment of each day from the first to the last, and of the day after, epoch ms."""
    return [start_of(first + timedelta(days=n), zone) for n in range((last - first).days + 2)]


def begin_before(since: int, until: int, zone: tzinfo) -> int:
    """Where the stretch before begins, as long by the clocks there: 30 days before 30 days, whatever they had hours."""
    first, last = (datetime.fromtimestamp(ms / 1000, zone).replace(tzinfo=None) for ms in (since, until))
    try:
        return min(since, round((first - (last - first)).replace(tzinfo=zone).timestamp() * 1000))
    except (ValueError, OverflowError):
        return 0


# A page asks for each of its parts, and looks at every day of a stretch.
@functools.lru_cache(maxsize=64)
def list_offsets(since: int, until: int, zone: tzinfo) -> tuple[tuple[int, int], ...]:
    """(from, offset from UTC), epoch ms and ms: the offsets that hold there from `since` to `until`, oldest first."""
    offsets = [(since, _offset(since, zone))]
    at = since
    while at < until:
        following = min(at + DAY_MS, until)
        if _offset(following, zone) != offsets[-1][1]:
            low, high = at, following
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(middle, zone) == offsets[-1][1] else (low, middle)
            offsets.append((high, _offset(high, zone)))
        at = following
    return tuple(offsets)


def _offset(ms: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).utcoffset()
    return round(offset.total_seconds() * 1000) if offset else 0


def parse_moment(typed: str, zone: tzinfo, field: str) -> int:
    """A day (its first moment) or a day and time there, or a moment with an offset of its own, epoch ms. Raises
    InvalidInput naming the field."""
    try:
        at = datetime.fromisoformat(typed.strip())
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone)
        return round(at.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        text = Text(N_("{typed} is no day and no time. Write 2026-11-01 or 2026-11-01T08:30."), typed=typed)
        raise InvalidInput(text, [Issue(field, text)]) from None
