"""Retry-After: how long whoever answered asks to be left alone (RFC 9110, 10.2.3: seconds, or a date)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime


def retry_after_s(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """Seconds, None when nothing readable is said. `headers` by lower-case name; `now`: epoch seconds."""
    said = headers.get("retry-after")
    seconds = number_of(said)
    if seconds is None and said:
        try:
            return max(0.0, parsedate_to_datetime(said).timestamp() - now())
        except (ValueError, OverflowError):
            return None
    return seconds


def number_of(said: str | None) -> float | None:
    """A number of zero or more; None for anything else."""
    try:
        number = float(said) if said else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
