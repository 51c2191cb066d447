"""The one fake of the test suite must itself be reliable: as a process, under load, with a log that misses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import until
from tests.scripted_provider import ScriptedProvider, control, read_log
from workbench.errors import ProviderError
from workbench.providers.base import Message, Profile, TextRequest
from workbench.providers.openai_compatible import OpenAICompatible


@contextlib.contextmanager
def process(log: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "tests.scripted_provider", "--port", "0", "--log", str(log)]
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    try:
        yield running, running.stdout.readline().strip()
    finally:
        running.kill()
        running.wait()


async def ask_all(url: str, prompts: list[str]) -> list[str]:
    provider = OpenAICompatible(Profile(1, "p", "openai", base_url=url))

    async def one(place: int, prompt: str) -> str:
        try:
            reply = await provider.text(TextRequest("m", (Message("user", prompt),), f"call-{place}"), lambda _: None)
        except ProviderError as error:
            return error.kind
        return reply.text

    answers = await asyncio.gather(*(one(place, prompt) for place, prompt in enumerate(prompts)))
    await provider.aclose()
    return answers


def test_another_process_scripts_it_and_reads_its_log(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    with process(log) as (_, url):
        control(url, "script", {"nth": {"1": {"status": 500}}})
        answers = [asyncio.run(ask_all(url, [prompt]))[0] for prompt in ("one", "two")]

        until(lambda: all(c.get("ended_at") for c in read_log(log)))
        assert answers == ["overloaded", "A short answer."]
        assert [c["outcome"] for c in read_log(log)] == ["500", "ok"]
        assert [c["n"] for c in control(url, "log")] == [1, 2]
        control(url, "reset")
        assert read_log(log) == control(url, "log") == []


def test_a_killed_server_leaves_every_call_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    with process(log) as (running, url):
        control(url, "script", {"default": {"delay_ms": 60_000}})

        async def cut_short() -> list[str]:
            asking = asyncio.create_task(ask_all(url, ["a", "b", "c"]))
            while len(read_log(log)) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            running.kill()
            return await asking

        assert asyncio.run(cut_short()) == ["network"] * 3
        assert {c["call_id"] for c in read_log(log)} == {"call-0", "call-1", "call-2"}


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    with process(tmp_path / "calls.jsonl") as (running, _):
        assert running.stdin is not None
        running.stdin.close()

        assert running.wait(120) == 0


def test_two_dozen_connections_at_once_all_get_their_answers(scripted: ScriptedProvider) -> None:
    answers = asyncio.run(ask_all(scripted.url, ["x"] * 240))

    assert answers == ["A short answer."] * 240
    assert len({c["call_id"] for c in scripted.calls()}) == 240


@pytest.mark.parametrize(
    ("marker", "kinds"),
    [
        ("[[fault:500]]", ["overloaded", "overloaded", "overloaded"]),
        ("[[fault:quota*2]]", ["quota_exhausted", "quota_exhausted", "A short answer."]),
        (
            '[[fault:{"status": 429, "headers": {"Retry-After": "1"}}*1]]',
            ["rate_limit", "A short answer.", "A short answer."],
        ),
    ],
)
def test_a_prompt_may_carry_its_own_fault(marker: str, kinds: list[str], scripted: ScriptedProvider) -> None:
    assert [asyncio.run(ask_all(scripted.url, [f"please {marker}"]))[0] for _ in range(3)] == kinds


def test_rules_hit_the_prompts_they_name_as_often_as_they_say(scripted: ScriptedProvider) -> None:
    scripted.script(rules=[{"match": "storm", "times": 1, "status": 503}])

    answers = [asyncio.run(ask_all(scripted.url, [prompt]))[0] for prompt in ("calm", "a storm", "a storm")]

    assert answers == ["A short answer.", "overloaded", "A short answer."]


def test_a_schema_quoted_in_the_prompt_is_answered_too(scripted: ScriptedProvider) -> None:
    schema = {
        "type": "object",
        "properties": {
            "episodes": {
                "type": "array",
                "minItems": 3,
                "items": {"type": "object", "properties": {"order": {"type": "integer"}}},
            },
            "episode_count": {"type": "integer"},
        },
    }

    answer = asyncio.run(ask_all(scripted.url, [f"Follow {json.dumps(schema)} please, as json"]))[0]

    assert json.loads(answer) == {"episodes": [{"order": 1}, {"order": 2}, {"order": 3}], "episode_count": 3}
