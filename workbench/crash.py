"""Named places between two commits where a test may end the process. Inert unless REELWRIGHT_CRASH_AT is set.

REELWRIGHT_CRASH_AT=name ends the process each time it gets there; name@file only the first time (the file remembers).
"""

from __future__ import annotations

import os

#: every place there is; the engine's crash test goes through all of them
POINTS = (
    "submit_committed",
    "dispatch_marked",
    "dispatch_sent",
    "claimed",
    "step_sent",
    "call_opened",
    "call_answered",
    "media_stored",
    "call_settled",
    "step_done",
    "children_inserted",
    "put_waiting",
    "task_submitted",
    "poll_answered",
    "failed_before_put_back",
    "before_finish",
    "group_ends",
    "finished",
)


def point(name: str) -> None:
    """End the process here, without clean-up, if the test asked for it."""
    wanted = os.environ.get("REELWRIGHT_CRASH_AT")
    if not wanted:
        return
    place, _, once = wanted.partition("@")
    if place != name:
        return
    if once:
        try:
            os.close(os.open(once, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
    os._exit(137)
