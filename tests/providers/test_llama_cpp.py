"""The OpenAI-compatible provider against a server that is not ours: llama.cpp's, with a tiny model of noise."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine
from workbench.errors import ProviderError
from workbench.providers.base import ImageRequest, Message, Profile, TextReply, TextRequest
from workbench.providers.openai_compatible import OpenAICompatible
from workbench.settings import Settings

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "green", "blue"]}, "warm": {"type": "boolean"}},
    "required": ["colour", "warm"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server in a process of its own, so that a crash of it takes no test run down."""
    folder = tmp_path_factory.mktemp("llama")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.providers.llama_server", str(folder)],
        cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(folder / "log").open("w"),
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), (folder / "log").read_text()
    yield f"{address}/v1"
    process.kill()
    process.wait()


@pytest.fixture
def ask(url: str) -> Callable[..., TextReply]:
    def asked(text: str = "hello", pieces: list[str] | None = None, base_url: str = url, **fields: Any) -> TextReply:
        params = {"max_tokens": 12, "temperature": 0.0, "seed": 7, "timeout_s": 60, **fields.pop("params", {})}
        provider = OpenAICompatible(
            Profile(id=1, name="llama", provider="openai", base_url=base_url, text_model="noise", params=params)
        )
        request = TextRequest("noise", (Message("user", text),), "call-1", **fields)

        async def once() -> TextReply:
            try:
                return await provider.text(request, (pieces if pieces is not None else []).append)
            finally:
                await provider.aclose()

        return asyncio.run(once())

    return asked


def test_text_in_one_piece_with_its_usage(ask: Callable[..., TextReply]) -> None:
    reply = ask(params={"stream": False})
    assert reply.finish_reason == "length"
    assert reply.usage.output == 12
    assert (reply.usage.input or 0) > 5


def test_a_stream_with_usage_and_the_time_of_its_first_token(ask: Callable[..., TextReply]) -> None:
    pieces: list[str] = []
    reply = ask(pieces=pieces)
    assert len(pieces) > 1
    assert "".join(pieces).strip() == reply.text.strip()
    assert reply.ttft_ms is not None
    assert reply.usage.output == 12
    assert (reply.usage.input or 0) > 5


@pytest.mark.parametrize("streamed", [True, False])
def test_a_schema_is_kept_to_even_by_noise(ask: Callable[..., TextReply], streamed: bool) -> None:
    reply = ask(schema=SCHEMA, mode="json_schema", params={"max_tokens": 120, "stream": streamed})
    found = json.loads(reply.text)
    assert set(found) == {"colour", "warm"}
    assert found["colour"] in ("red", "green", "blue")
    assert isinstance(found["warm"], bool)
    assert reply.finish_reason == "stop"


def test_an_answer_cut_inside_its_json_is_truncated_not_malformed(ask: Callable[..., TextReply]) -> None:
    """Said as finish_reason length, or as the server's own error 500."""

    def kind() -> str:
        try:
            return ask(schema=SCHEMA, mode="json_schema", params={"max_tokens": 6, "stream": False}).finish_reason
        except ProviderError as error:
            return error.kind

    assert kind() in ("length", "truncated_output")


def test_a_prompt_that_is_too_long_says_so(ask: Callable[..., TextReply]) -> None:
    with pytest.raises(ProviderError) as failed:
        ask("word " * 900)
    assert (failed.value.kind, failed.value.http_status) == ("context_length", 400)


def test_a_wrong_path_is_told(ask: Callable[..., TextReply], url: str) -> None:
    with pytest.raises(ProviderError) as failed:
        ask(base_url=f"{url}/nowhere")
    assert failed.value.kind == "not_found_model"


def test_it_draws_no_pictures_and_says_so(url: str) -> None:
    provider = OpenAICompatible(Profile(id=1, name="llama", provider="openai", base_url=url, image_model="noise"))

    async def draw() -> None:
        try:
            await provider.images(ImageRequest("noise", "x", (64, 64), 1, "c"))
        finally:
            await provider.aclose()

    with pytest.raises(ProviderError) as failed:
        asyncio.run(draw())
    assert failed.value.kind == "not_found_model"


def test_a_job_of_ours_is_answered_by_it_with_tokens_in_the_ledger(url: str, settings: Settings) -> None:
    engine = Engine(settings)
    engine.wb.profiles.add(
        "llama", "openai", base_url=url, text_model="noise", params={"max_tokens": 8, "temperature": 0}
    )
    assert [t.check for t in engine.wb.profiles.check("llama")] == ["text", "structured"]
    job = engine.wb.submit("llm_chat", None, {"messages": [{"role": "user", "content": "hello"}]}, profile="llama")
    done = engine.finish(job.id)
    [call] = engine.wb.jobs.get_detail(done.id).model_calls
    assert call.output_tokens == 8
    assert done.error_kind == "truncated_output"
    engine.close()


def test_a_check_of_it_passes_and_says_what_it_cannot_do(url: str, settings: Settings) -> None:
    engine = Engine(settings)
    params = {"max_tokens": 400, "temperature": 1, "seed": 7}
    engine.wb.profiles.add("llama", "openai", base_url=url, text_model="noise", image_model="noise", params=params)

    text, structured, image = engine.wb.profiles.check("llama", image=True)

    assert [(c.error_kind, c.streamed, c.counted) for c in (text, structured)] == [(None, True, True)] * 2
    assert structured.mode == "json_schema"
    assert (image.ok, image.error_kind) == (False, "not_found_model")
    assert [str(note) for note in image.notes] == ["It writes, and draws no pictures at this address."]
    engine.close()
