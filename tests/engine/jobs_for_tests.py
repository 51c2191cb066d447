"""Workflows that do what the engine tests need. Importing this module adds them to the registry."""

from __future__ import annotations

import asyncio
import io
import json
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image
from pydantic import BaseModel, Field

from tests.media.clips import tiny_mp4
from workbench.errors import Issue, JobError, OutputError, ProviderError
from workbench.i18n import Text
from workbench.jobs.children import BatchResult, Child
from workbench.jobs.context import Context
from workbench.jobs.together import run_together
from workbench.prompts import Prompt
from workbench.providers import registry as providers
from workbench.providers.base import GeneratedMedia, Profile, TaskState, VideoProvider, VideoRequest
from workbench.workflows.registry import Params, Typical, workflow


class Told(BaseModel):
    text: str = Field(min_length=1)


class TellParams(Params):
    about: str = "a lighthouse"
    steps: int = 1


def prompt(text: str, **facts: Any) -> Prompt:
    return Prompt("test", "en", "You tell stories.", text, "v1", facts)


def draft(facts: dict[str, Any], params: Any, rng: Random) -> Told:
    return Told(text=f"Once there was {facts['about']}.")


FORBIDDEN: str | None = "LIE"


def no_lies(told: Told) -> list[Issue]:
    return [Issue("text", Text("lies are not allowed"))] if FORBIDDEN in told.text else []


@workflow("test_tell", title="Tell", scope="any", params=TellParams, draft=draft, deadline_s=20)
async def tell(ctx: Context, params: TellParams) -> dict[str, Any]:
    """One paid step after the other."""
    texts = []
    for number in range(params.steps):
        told = await ctx.generate(
            f"tell-{number}",
            prompt(f"Tell of {params.about}, part {number}.", about=params.about),
            schema=Told,
            checks=[no_lies],
        )
        texts.append(told.text)
        ctx.progress(100 * (number + 1) / params.steps, Text("told {n}", n=number + 1))
    return {"texts": texts}


class FailParams(Params):
    kind: str = "overloaded"
    retry_after_ms: int | None = None


@workflow("test_fail", title="Fail", scope="any", params=FailParams)
async def fail(ctx: Context, params: FailParams) -> None:
    """Fails in the way it is told."""
    if params.kind == "bug":
        raise ZeroDivisionError("a bug with sk-canary0123456789abcdef in it")
    if params.kind == "invalid_output":
        raise OutputError("invalid_output", Text("no good"))
    raise ProviderError(
        params.kind, Text("the service said {kind}", kind=params.kind), retry_after_ms=params.retry_after_ms
    )


class SleepParams(Params):
    seconds: float = 60.0
    note: str = ""


@workflow("test_sleep", title="Sleep", scope="any", params=SleepParams)
async def sleep(ctx: Context, params: SleepParams) -> dict[str, Any]:
    """Takes its time."""
    await asyncio.sleep(params.seconds)
    return {"slept": params.seconds}


@workflow("test_deadline", title="Deadline", scope="any", params=SleepParams, deadline_s=1, max_attempts=1)
async def deadline(ctx: Context, params: SleepParams) -> None:
    """Sleeps past its deadline."""
    await asyncio.sleep(params.seconds)


class NothingParams(Params):
    number: int = 0


@workflow("test_nothing", title="Nothing", scope="any", params=NothingParams)
async def nothing(ctx: Context, params: NothingParams) -> None:
    """The smallest job there is."""


class BatchParams(Params):
    chained: bool = False
    kinds: list[str] = ["test_child_good"]
    wait_s: float = 0.0
    first: int = 0


class ChildParams(Params):
    number: int = 0
    seconds: float = 0.0


@workflow("test_child_good", title="Good child", scope="project", params=ChildParams, draft=draft)
async def child_good(ctx: Context, params: ChildParams) -> dict[str, Any]:
    """A child that succeeds."""
    await asyncio.sleep(params.seconds)
    told = await ctx.generate("tell", prompt(f"Child {params.number}", about="a child"), schema=Told)
    return {"number": params.number, "text": told.text}


@workflow("test_child_bad", title="Bad child", scope="project", params=ChildParams)
async def child_bad(ctx: Context, params: ChildParams) -> None:
    """A child that fails."""
    raise ProviderError("auth", Text("the key was refused"))


#: while it is “bad”, `test_child_moody` fails
MOOD = "bad"


@workflow("test_child_moody", title="Moody child", scope="project", params=ChildParams)
async def child_moody(ctx: Context, params: ChildParams) -> None:
    """A child that fails by its mood."""
    if MOOD == "bad":
        raise ProviderError("auth", Text("the key was refused"))


@workflow("test_chapters", title="Chapters", scope="project", params=ChildParams, draft=draft)
async def chapters(ctx: Context, params: ChildParams) -> None:
    """Three paid steps."""
    for number in range(3):
        await ctx.generate(f"chapter-{number}", prompt(f"Chapter {number}", about="a chapter"), schema=Told)


@workflow("test_book", title="Book", scope="project", params=ChildParams, batch=True)
async def book(ctx: Context, params: ChildParams) -> BatchResult:
    """A parent that may be another one's child."""
    return ctx.batch_result(await ctx.children([Child("test_chapters", ctx.node.id, {"number": params.number})]))


@workflow("test_shelf", title="Shelf", scope="project", params=ChildParams, batch=True)
async def shelf(ctx: Context, params: ChildParams) -> BatchResult:
    """A parent of books."""
    return ctx.batch_result(await ctx.children([Child("test_book", ctx.node.id, {"number": params.number})]))


@workflow("test_waves", title="Waves", scope="project", params=ChildParams, batch=True)
async def waves(ctx: Context, params: ChildParams) -> BatchResult:
    """A parent of two waves, which says how far it is before each."""
    ctx.progress(params.number, Text("the first wave"))
    first = await ctx.children([Child("test_child_good", ctx.node.id, {"number": n}) for n in range(2)])
    ctx.progress(5, Text("the second wave"))
    second = await ctx.children([Child("test_child_good", ctx.node.id, {"number": n}) for n in range(2, 4)])
    return ctx.batch_result([*first, *second])


@workflow("test_batch", title="Batch", scope="project", params=BatchParams, batch=True)
async def batch(ctx: Context, params: BatchParams) -> BatchResult:
    """A parent that waits for its children."""
    wanted = [
        Child(kind, ctx.node.id, {"number": n, "seconds": params.wait_s})
        for n, kind in enumerate(params.kinds, params.first)
    ]
    return ctx.batch_result(await ctx.children(wanted, chained=params.chained))


@workflow("test_video", title="Video", scope="any", params=TellParams, queue="video", max_attempts=1)
async def video(ctx: Context, params: TellParams) -> dict[str, Any]:
    """One long provider task."""
    return await ctx.video("clip", prompt=params.about, seconds=2, size=(640, 360), draw=tiny_mp4)


def tiny_png(colour: str = "teal") -> bytes:
    """A picture of one colour, as bytes."""
    made = io.BytesIO()
    Image.new("RGB", (96, 54), colour).save(made, format="PNG")
    return made.getvalue()


class ImageParams(TellParams):
    colours: list[str] = ["teal"]
    limit: int = 2


@workflow(
    "test_image",
    title="Image",
    scope="any",
    params=ImageParams,
    queue="image",
    max_attempts=1,
    typical=Typical(calls=0, images=1),
)
async def image(ctx: Context, params: ImageParams) -> dict[str, Any]:
    """Paid image calls, several at once."""

    async def draw(number: int, colour: str) -> str:
        [made] = await ctx.images(
            f"frame-{number}",
            prompt=f"{params.about} in {colour}",
            size=(96, 54),
            seed=number,
            draw=lambda: tiny_png(colour),
        )
        return made.media

    work = [partial(draw, number, colour) for number, colour in enumerate(params.colours)]
    results = await run_together(work, limit=params.limit, stop_on=("auth",))
    errors = [r for r in results if isinstance(r, JobError)]
    if errors and (len(errors) == len(results) or any(e.retryable for e in errors)):
        raise next((e for e in errors if e.retryable), errors[0])
    return {"frames": [r if isinstance(r, str) else r.kind for r in results]}


class TaskService(VideoProvider):
    """A service whose tasks succeed at the second poll; its log is the file that the profile's params name."""

    name = "tasks"

    def __init__(self, profile: Profile) -> None:
        self._log = Path(profile.params["log"])

    def _note(self, what: str) -> int:
        with self._log.open("a") as file:
            file.write(json.dumps(what) + "\n")
        return self._log.read_text().splitlines().count(json.dumps(what))

    async def submit(self, request: VideoRequest) -> str:
        self._note("create")
        return "task-1"

    async def poll(self, task_id: str) -> TaskState:
        if self._note("poll") < 2:
            return TaskState("running", poll_after_ms=100)
        return TaskState("succeeded", GeneratedMedia(tiny_mp4()))

    async def cancel(self, task_id: str) -> None:
        self._note("cancel")


providers.register("test_tasks", lambda profile, settings: TaskService(profile))
