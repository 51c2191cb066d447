"""The jobs that are measured. Importing this module adds them to the registry."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

from workbench.jobs.context import Context, Message
from workbench.jobs.together import run_together
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


class AskParams(Params):
    number: int = 0


@workflow("bench_ask", title="Ask", scope="any", params=AskParams)
async def ask(ctx: Context, params: AskParams) -> None:
    """One small text call."""
    await ctx.chat("ask", [Message("user", f"question {params.number}")])


class PicturesParams(Params):
    count: int = 9


@workflow("bench_pictures", title="Pictures", scope="any", params=PicturesParams, queue="image")
async def pictures(ctx: Context, params: PicturesParams) -> None:
    """Pictures of a scene, as many at once as the profile takes."""

    async def draw(number: int) -> None:
        await ctx.images(f"frame-{number}", prompt=f"frame {number}", size=(1280, 720), seed=number)

    await run_together([partial(draw, n) for n in range(params.count)], limit=ctx.pictures_at_once)
