"""Several things of one run at once, each to its own end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar, cast

from workbench.errors import JobError, LostClaim, ProgrammingError

T = TypeVar("T")


async def run_together(
    work: Sequence[Callable[[], Awaitable[T]]], *, limit: int, stop_on: Collection[str] = ()
) -> list[T | JobError]:
    """Do several things at once, at most `limit`: each comes to its result, or to the JobError that ended it.

    An error of a kind in `stop_on` is also the result of all that had not begun. When the job has to wait or to
    stop nothing more begins either, but what is under way – and paid for – comes to its end first.
    """
    gate = asyncio.Semaphore(limit)
    broken: list[BaseException] = []
    final: list[JobError] = []

    async def run_one(start: Callable[[], Awaitable[T]]) -> T | JobError | None:
        async with gate:
            if broken or final:
                return final[0] if final else None
            try:
                return await start()
            except BaseException as error:
                if not isinstance(error, JobError) or isinstance(error, ProgrammingError):
                    broken.append(error)
                    raise
                if error.kind in stop_on:
                    final.append(error)
                return error

    results = await asyncio.gather(*(run_one(start) for start in work), return_exceptions=True)
    if broken:
        raise min(broken, key=_urgency)
    return cast("list[T | JobError]", results)


def _urgency(error: BaseException) -> int:
    """Which of several ends counts: whoever lost the job writes nothing, a stop comes before a fault, both before a
    wait."""
    kinds = (LostClaim, asyncio.CancelledError, Exception)
    return next((place for place, kind in enumerate(kinds) if isinstance(error, kind)), len(kinds))
