"""How long a failed job waits before its next attempt."""

from __future__ import annotations

import random

from workbench.settings import Settings

#: a longer hint from a service reschedules the job this far and no further
MAX_RETRY_AFTER_MS = 6 * 3_600_000


def back_off_ms(settings: Settings, tries: int, retry_after_ms: int | None = None) -> int:
    """Exponential with jitter, never earlier than the service asked for."""
    base: int = min(settings.retry_base_ms * 2 ** (tries - 1), settings.retry_max_ms)
    wait = round(base * random.uniform(0.8, 1.2))
    return max(wait, min(retry_after_ms or 0, MAX_RETRY_AFTER_MS))
