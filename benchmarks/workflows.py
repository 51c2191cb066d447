"""The jobs that are measured. Importing this module adds them to the registry."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from workbench.jobs.context import Context
from workbench.workflows.registry import Params, workflow


class NothingParams(Params):
    stamp: bool = False


@workflow("bench_nothing", title="Nothing", scope="any", params=NothingParams)
async def nothing(ctx: Context, params: NothingParams) -> dict[str, Any] | None:
    """The smallest job there is; with `stamp` it says when it began."""
    return {"began_ns": time.time_ns()} if params.stamp else None


class WaitParams(Params):
    seconds: float = 1.0


@workflow("bench_wait", title="Wait", scope="any", params=WaitParams)
async def wait(ctx: Context, params: WaitParams) -> None:
    """Waits, as a job does for its provider."""
    await asyncio.sleep(params.seconds)
