"""Model services: what our layer costs over the bare SDK, pictures at once, and one limit for several workers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import openai

from benchmarks.contenders import TIMEOUT_S, Reelwright, reelwright_worker
from benchmarks.report import Line, median
from benchmarks.scale import Scale
from benchmarks.stores import Stores
from tests.scripted_provider import read_log
from workbench.jobs.submit import Request
from workbench.providers.base import Message, Profile, TextRequest
from workbench.providers.openai_compatible import OpenAICompatible

RPM = 60
PICTURES, AT_ONCE = 9, 8


@contextlib.contextmanager
def service(stores: Stores, name: str, **script: object) -> Iterator[tuple[str, Path]]:
    """A scripted service in a process of its own: its address and its log."""
    log = stores.folder / f"{name}.log"
    process = stores.start(
        "-m", "tests.scripted_provider", "--log", str(log), "--orphan", "--script", json.dumps({"default": script})
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip(), log
    stores.stop(process)


def measure(stores: Stores, scale: Scale) -> list[Line]:
    return [*overhead(stores, scale), *pictures(stores, scale), *minute(stores, scale)]


def overhead(stores: Stores, scale: Scale) -> list[Line]:
    """One streamed call with usage, by the SDK alone and through our provider, in turns."""
    section = f"One streamed call of a service on this machine, {scale.calls} each in turns"
    with service(stores, "overhead") as (url, _):
        bare, ours = asyncio.run(_in_turns(url, scale.calls))
    return [
        Line(section, "the bare SDK p50", median(bare), "ms"),
        Line(section, "our provider p50", median(ours), "ms"),
        Line(section, "our provider over the bare SDK p50", max(0.0, median(ours) - median(bare)), "ms", at_most=5.0),
    ]


async def _in_turns(url: str, count: int) -> tuple[list[float], list[float]]:
    sdk = openai.AsyncOpenAI(api_key="no-key", base_url=url, max_retries=0)
    provider = OpenAICompatible(Profile(id=1, name="p", provider="openai", base_url=url, text_model="m"))
    request = TextRequest("m", (Message("user", "hello"),), "call")

    async def by_sdk() -> None:
        stream = await sdk.chat.completions.create(
            model="m",
            messages=[{"role": "user", "content": "hello"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        async for _ in stream:
            pass

    async def by_us() -> None:
        await provider.text(request, lambda piece: None)

    took: tuple[list[float], list[float]] = ([], [])
    for number in range(count + 3):
        for call, times in zip((by_sdk, by_us), took, strict=True):
            began = time.perf_counter()
            await call()
            if number >= 3:  # the first ones open connections
                times.append((time.perf_counter() - began) * 1000)
    await sdk.close()
    await provider.aclose()
    return took


def pictures(stores: Stores, scale: Scale) -> list[Line]:
    """A job that asks for nine pictures, eight at once: two rounds of the service's own time and no more."""
    with (
        service(stores, "pictures", delay_ms=scale.picture_ms) as (url, log),
        reelwright_worker(stores, "sqlite", 8) as (ours, _),
    ):
        ours.wb.profiles.add(
            "mine", "openai", base_url=url, text_model="m", image_model="dall-e-3", params={"pictures_at_once": AT_ONCE}
        )
        rounds = [(_picture_job(ours), read_log(log)[-PICTURES:]) for _ in range(max(1, scale.rounds))]
    # each job is held to the delays of its own calls
    took, ratio = min((took, took / (2 * max(c["ended_at"] - c["at"] for c in calls))) for took, calls in rounds)
    section = f"{PICTURES} pictures of a scene, {AT_ONCE} at once, {scale.picture_ms} ms each at the service"
    return [
        Line(section, "the job, start to end", took, "s"),
        Line(section, "÷ two rounds of the slowest picture", ratio, "×", at_most=1.3),
    ]


def _picture_job(ours: Reelwright) -> float:
    [row] = ours.wb.jobs.submit_many(
        [Request("bench_pictures", params={"count": PICTURES}, profile_id=ours.wb.profiles.id_of("mine"))]
    )
    done = ours.wb.wait(row.id, timeout=TIMEOUT_S)
    assert done.state == "succeeded", done.error
    return float(done.finished_at - done.started_at) / 1000


def minute(stores: Stores, scale: Scale) -> list[Line]:
    """Worker processes that share a limit of requests a minute, with more to do than it allows."""
    with service(stores, "minute") as (url, log), reelwright_worker(stores, "sqlite", 8) as (ours, _):
        more = [
            stores.start("-m", "benchmarks.worker", "--threads", "8", settings=ours.wb.settings.environment)
            for _ in range(scale.sharing - 1)
        ]
        ours.wb.profiles.add("mine", "openai", base_url=url, text_model="m", rpm=RPM)
        rows = ours.wb.jobs.submit_many(
            [
                Request("bench_ask", params={"number": n}, profile_id=ours.wb.profiles.id_of("mine"))
                for n in range(scale.limited)
            ]
        )
        ours.wb.wait([r.id for r in rows], timeout=600)
        for process in more:
            stores.stop(process)
        times = sorted(c["at"] for c in read_log(log))
    most = max(sum(at <= t < at + 60 for t in times) for at in times)
    beyond = max(0, len(times) - RPM)
    used = 60 * beyond / (RPM * (times[-1] - times[0])) if beyond else 0.0
    section = f"{RPM} requests a minute over {scale.sharing} worker processes, {len(times)} calls"
    return [
        Line(section, "most calls in any minute at the service", most, "calls", at_most=RPM),
        Line(section, "share of the limit that was used", used, "", at_least=0.9),
    ]
