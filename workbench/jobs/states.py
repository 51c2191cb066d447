"""States of a job and what may follow what."""

from __future__ import annotations

from workbench.db.schema import ACTIVE, TERMINAL

TRANSITIONS: dict[str, frozenset[str]] = {
    "queued": frozenset({"running", "cancelled"}),
    "running": frozenset({"queued", "waiting", "succeeded", "partial", "failed", "cancelled"}),
    "waiting": frozenset({"queued", "cancelled", "failed"}),
    **{state: frozenset() for state in TERMINAL},
}
WAITING_FOR = ("children", "provider", "decision", "budget", "rate_limit")

__all__ = ["ACTIVE", "TERMINAL", "TRANSITIONS", "WAITING_FOR"]
