from __future__ import annotations

import asyncio

import pytest

from workbench.errors import KINDS, InvalidInput, ProviderError
from workbench.providers.base import ImageRequest, Message, TextReply, TextRequest, VideoRequest, estimate_tokens
from workbench.sketch.provider import Simulation, Sketch, simulate_failure


def request(call_id: str = "call-1", text: str = "一段很长的草稿，" * 30) -> TextRequest:
    return TextRequest("sketch-1", (Message("user", "写吧 now"),), call_id, draft=lambda: text)


def ask(provider: Sketch, wanted: TextRequest, pieces: list[str] | None = None) -> TextReply:
    return asyncio.run(provider.text(wanted, (pieces if pieces is not None else []).append))


def test_the_draft_is_streamed_in_pieces_that_make_up_the_answer() -> None:
    pieces: list[str] = []

    reply = ask(Sketch(), request(), pieces)

    assert "".join(pieces) == reply.text == "一段很长的草稿，" * 30
    assert len(pieces) > 10
    assert (reply.model, reply.finish_reason) == ("sketch-1", "stop")


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("灯", 1), ("灯塔。", 3), ("abcd", 1), ("abcde", 2), ("灯abcd", 2)]
)
def test_tokens_are_estimated_one_per_chinese_character_and_one_per_four_others(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_usage_counts_the_messages_and_the_answer() -> None:
    usage = ask(Sketch(), request(text="好了")).usage

    assert (usage.input, usage.output, usage.cached, usage.reasoning) == (3, 2, 0, 0)


def test_without_a_draft_it_says_what_to_do() -> None:
    with pytest.raises(ProviderError, match="Choose a model profile") as caught:
        ask(Sketch(), TextRequest("sketch-1", (), "x"))
    assert caught.value.kind == "bad_request"


def test_simulated_failures_are_of_many_kinds_and_about_as_frequent_as_asked() -> None:
    failures = [f for n in range(400) if (f := simulate_failure(request(f"call-{n}"), 0.5)) is not None]

    assert 140 < len(failures) < 260
    assert {f.kind for f in failures} == {
        "overloaded",
        "rate_limit",
        "timeout",
        "network",
        "malformed_output",
        "content_filter",
    }
    assert all(f.retryable == KINDS[f.kind].retryable for f in failures)
    assert all((f.retry_after_ms is not None) == (f.kind == "rate_limit") for f in failures)


def test_a_simulated_broken_answer_keeps_what_came_of_it() -> None:
    broken = next(
        wanted
        for n in range(400)
        if (f := simulate_failure(wanted := request(f"call-{n}"), 1)) is not None and f.kind == "malformed_output"
    )

    with pytest.raises(ProviderError) as caught:
        ask(Sketch(Simulation(failure_rate=1)), broken)

    assert caught.value.raw == "一段很长的草稿，" * 15
    assert caught.value.usage.output > 0


def test_the_same_call_fails_the_same_way_every_time() -> None:
    provider = Sketch(Simulation(failure_rate=1))
    said = []
    for _ in range(2):
        with pytest.raises(ProviderError) as caught:
            ask(provider, request("same"))
        said.append(caught.value.kind)

    assert said[0] == said[1]


def test_simulated_latency_can_be_cancelled() -> None:
    async def main() -> None:
        task = asyncio.create_task(Sketch(Simulation(latency_ms=60_000)).text(request(), lambda piece: None))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(main(), timeout=60))


def test_the_setting_is_read() -> None:
    assert Simulation.parse("latency_ms=800, failure_rate=0.2") == Simulation(800, 0.2)
    assert Simulation.parse("") == Simulation()


@pytest.mark.parametrize("text", ["speed=9", "failure_rate=1.5", "latency_ms=-1", "latency_ms=fast", "nonsense"])
def test_a_setting_that_is_not_understood_is_named(text: str) -> None:
    with pytest.raises(InvalidInput, match=text.split("=")[0]):
        Simulation.parse(text)


def picture(call_id: str = "call-1", **more: object) -> ImageRequest:
    return ImageRequest("sketch-1", "a lamp", (96, 54), 1, call_id, **more)  # type: ignore[arg-type]


def test_a_picture_is_what_the_workflow_draws() -> None:
    reply = asyncio.run(Sketch().images(picture(draw=lambda: b"drawn")))

    assert [m.data for m in reply.images] == [b"drawn"]
    assert (reply.count, reply.model, reply.usage.input, reply.notes) == (1, "sketch-1", 0, ())


def test_a_clip_is_there_at_once() -> None:
    asked = VideoRequest("sketch-1", "a lamp", 2.0, (96, 54), 1, "call-1", draw=lambda: b"filmed")

    assert asyncio.run(Sketch().submit(asked)).data == b"filmed"


def test_what_cannot_be_drawn_offline_says_so() -> None:
    with pytest.raises(ProviderError, match="cannot be drawn offline") as refused:
        asyncio.run(Sketch().images(picture()))
    assert refused.value.kind == "bad_request"


def test_drawing_leaves_the_loop_to_others() -> None:
    import threading

    went_on = threading.Event()

    def draw() -> bytes:
        # ends only if the loop runs meanwhile
        assert went_on.wait(120)
        return b"drawn"

    async def both() -> bytes | None:
        drawing = asyncio.ensure_future(Sketch().images(picture(draw=draw)))
        await asyncio.sleep(0.01)
        went_on.set()
        return (await drawing).images[0].data

    assert asyncio.run(both()) == b"drawn"


def test_pictures_fail_as_simulated_too() -> None:
    provider = Sketch(Simulation.parse("failure_rate=1"))
    kinds = set()
    for number in range(60):
        with pytest.raises(ProviderError) as failed:
            asyncio.run(provider.images(picture(f"call-{number}", draw=lambda: b"drawn")))
        kinds.add(failed.value.kind)

    assert {"overloaded", "rate_limit", "content_filter"} <= kinds
