"""Pictures through the real SDK against a real server: each outcome, and never more than one request a call."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.conftest import until
from tests.providers.conftest import KEY, refused_wording
from tests.providers.test_openai_compatible import error
from tests.scripted_provider import ScriptedProvider, picture
from workbench.errors import ProviderError
from workbench.providers import openai_images
from workbench.providers.base import ImageReply, ImageRequest, Usage
from workbench.providers.openai_compatible import OpenAICompatible

Draw = Callable[..., ImageReply]


@pytest.fixture
def draw(make: Callable[..., OpenAICompatible]) -> Draw:
    """Ask for one picture, in a loop of its own."""

    def drawn(
        model: str = "gpt-image-1",
        *,
        size: tuple[int, int] = (960, 540),
        references: tuple[bytes, ...] = (),
        params: dict[str, Any] | None = None,
        **more: Any,
    ) -> ImageReply:
        request = ImageRequest(model, "a lamp", size, 7, "call-1", references, params or {})

        async def once() -> ImageReply:
            provider = make(params=params, **more)
            try:
                return await provider.images(request)
            finally:
                await provider.aclose()

        return asyncio.run(once())

    return drawn


def sent(scripted: ScriptedProvider) -> dict[str, Any]:
    [call] = scripted.calls()
    return dict(call["request"])


def test_a_gpt_image_model_is_not_asked_for_a_format(scripted: ScriptedProvider, draw: Draw) -> None:
    scripted.script(
        default={
            "reject": ["response_format"],
            "usage": {
                "input_tokens": 50,
                "input_tokens_details": {"text_tokens": 40, "image_tokens": 10},
                "output_tokens": 1500,
            },
        }
    )
    reply = draw()
    assert sent(scripted) == {"model": "gpt-image-1", "prompt": "a lamp", "n": 1, "size": "1536x1024"}
    [made] = reply.images
    with Image.open(io.BytesIO(made.data or b"")) as image:
        assert image.size == (1536, 1024)
    assert reply.usage == Usage(input=50, output=1500, image_input=10, image_output=1500)
    assert (reply.count, reply.request_id, reply.notes) == (1, "req-1", ())


def test_other_models_are_asked_for_base64(scripted: ScriptedProvider, draw: Draw) -> None:
    draw("qwen-image")
    assert sent(scripted)["response_format"] == "b64_json"
    assert sent(scripted)["size"] == "1280x720"


def test_a_service_that_knows_no_base64_is_asked_without_and_gives_a_link(
    scripted: ScriptedProvider, draw: Draw
) -> None:
    scripted.script(default={"reject": ["response_format"], "image_url": True})
    with refused_wording() as adapted:
        draw("qwen-image")
    assert (adapted.value.kind, adapted.value.http_status) == ("bad_request", 400)
    [made] = draw("qwen-image").images
    assert made.data is None
    assert made.url == f"{scripted.root}/media/2.png?sig=a%2Fb+c"
    assert scripted.fetches() == []
    draw("qwen-image")
    assert [("response_format" in c["request"]) for c in scripted.calls()] == [True, False, False]


def test_a_data_link_is_its_bytes(scripted: ScriptedProvider, draw: Draw) -> None:
    scripted.script(default={"image_url": "data:image/png;base64,aGVsbG8="})
    assert draw("qwen-image").images[0].data == b"hello"


@pytest.mark.parametrize(
    ("model", "size", "expected"),
    [
        ("gpt-image-1", (960, 540), (1536, 1024)),
        ("gpt-image-1.5", (540, 960), (1024, 1536)),
        ("gpt-image-1-mini", (720, 720), (1024, 1024)),
        ("gpt-image-2", (960, 540), (1536, 864)),
        ("gpt-image-2.5-flare", (540, 960), (864, 1536)),
        ("openai/gpt-image-2", (720, 720), (1152, 1152)),
        ("dall-e-3", (960, 540), (1792, 1024)),
        ("dall-e-3", (540, 960), (1024, 1792)),
        ("dall-e-2", (960, 540), (1024, 1024)),
        ("seedream", (1260, 540), (1472, 624)),
        ("seedream", (960, 120), (1664, 560)),
    ],
)
def test_the_size_is_the_nearest_in_shape_that_the_family_draws(
    model: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    family = openai_images.family_of(model)
    assert openai_images.size_for(family, size) == expected


def test_a_profile_may_say_size_seed_and_more(scripted: ScriptedProvider, draw: Draw) -> None:
    draw("seedream", params={"image_size": "2K", "image_seed": True, "image_params": {"watermark": False}})
    asked = sent(scripted)
    assert (asked["size"], asked["seed"], asked["watermark"]) == ("2K", 7, False)


def test_references_are_sent_where_the_model_takes_them(scripted: ScriptedProvider, draw: Draw) -> None:
    pictures = (b"RIFFone", b"RIFFthree")
    reply = draw(references=pictures)
    [call] = scripted.calls()
    assert call["path"].endswith("/images/edits")
    assert call["request"]["image"] == [
        {"name": f"reference-{n}.webp", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for n, data in enumerate(pictures, start=1)
    ]
    assert (call["request"]["prompt"], call["request"]["size"]) == ("a lamp", "1536x1024")
    assert len(reply.images) == 1
    assert reply.notes == ()


def test_references_that_the_model_cannot_take_are_left_out_and_said(scripted: ScriptedProvider, draw: Draw) -> None:
    reply = draw("dall-e-3", references=(b"RIFFone",))
    assert scripted.calls()[0]["path"].endswith("/images/generations")
    assert [str(n) for n in reply.notes] == ["dall-e-3 takes no reference pictures; 1 were left out"]


TABLE: list[tuple[str, dict[str, Any], str, int | None]] = [
    ("401", error(401, "invalid_api_key"), "auth", 401),
    ("403", error(403), "permission", 403),
    ("404", error(404), "not_found_model", 404),
    ("model", error(400, "model_not_found"), "not_found_model", 400),
    ("400", error(400, "invalid_request_error", "size is wrong", param="size"), "bad_request", 400),
    ("moderation", error(400, "moderation_blocked"), "content_filter", 400),
    ("policy", error(400, "content_policy_violation"), "content_filter", 400),
    ("ark output filter", error(400, "OutputImageSensitiveContentDetected"), "content_filter", 400),
    ("402", error(402), "quota_exhausted", 402),
    ("429 quota", error(429, "insufficient_quota"), "quota_exhausted", 429),
    ("429", error(429, "rate_limit_exceeded"), "rate_limit", 429),
    *[(str(status), {"status": status, "body": "upstream"}, "overloaded", status) for status in (500, 502, 503, 529)],
    ("redirect", {"status": 302, "body": "", "headers": {"location": "http://169.254.169.254/"}}, "unknown", 302),
    ("deadline", {"hang": True}, "timeout", None),
    ("reset", {"reset": True}, "network", None),
    ("half", {"half": True}, "network", None),
    ("html with 200", {"html": True}, "malformed_output", 200),
    ("other json", {"status": 200, "body": {"hello": 1}}, "malformed_output", 200),
    ("error with 200", {"body": {"error": {"message": "x", "code": "rate_limit_exceeded"}}}, "rate_limit", 200),
]


@pytest.mark.parametrize(("fault", "kind", "status"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE])
def test_every_failure_has_its_kind_after_one_call(
    scripted: ScriptedProvider, draw: Draw, fault: dict[str, Any], kind: str, status: int | None
) -> None:
    scripted.script(default=fault)
    with pytest.raises(ProviderError) as failed:
        draw(params={"timeout_s": 1.5})
    assert failed.value.kind == kind
    assert failed.value.http_status == status
    until(scripted.calls)
    assert len(scripted.calls()) == 1
    assert KEY not in str(failed.value)


@pytest.mark.parametrize("fault", [{"no_image": True}, {"image_b64": ""}, {"body": {"data": [{}]}}])
def test_an_answer_without_a_picture_has_none(scripted: ScriptedProvider, draw: Draw, fault: dict[str, Any]) -> None:
    scripted.script(default=fault)
    reply = draw()
    assert (reply.images, reply.count) == ((), 0)


def test_a_picture_that_was_withheld_says_why(scripted: ScriptedProvider, draw: Draw) -> None:
    scripted.script(default={"image_error": {"code": "OutputImageSensitiveContentDetected", "message": "withheld"}})
    [made] = draw("seedream").images
    assert made.error is not None
    assert (made.error.kind, made.data, made.url) == ("content_filter", None, None)


def test_damaged_base64_is_told_apart(scripted: ScriptedProvider, draw: Draw) -> None:
    scripted.script(default={"image_b64": "a"})
    [made] = draw().images
    assert made.error is not None
    assert made.error.kind == "malformed_output"


def test_no_word_of_a_broken_answer_repeats_the_picture(scripted: ScriptedProvider, draw: Draw) -> None:
    scripted.script(default={"body": '{"data": [{"b64_json": "iVBORw0KGgoAAAANSUhEUgAA', "content_type": "text/plain"})
    with pytest.raises(ProviderError) as failed:
        draw()
    assert "iVBOR" not in str(failed.value)


def test_a_large_picture_passes_the_cap_that_texts_have(scripted: ScriptedProvider, draw: Draw) -> None:
    import base64

    large = picture("x", "64x36") + bytes(20 * 1024 * 1024)
    scripted.script(default={"image_b64": base64.b64encode(large).decode()})
    assert len(draw().images[0].data or b"") == len(large)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}, (None, None)),
        ({"prompt_tokens": 9, "completion_tokens": 1290, "total_tokens": 1299}, (9, 1290)),
    ],
)
def test_tokens_of_a_picture_are_the_truth_or_unknown(
    usage: Any, tokens: Any, scripted: ScriptedProvider, draw: Draw
) -> None:
    scripted.script(default={"body": {"data": [{"url": LINK}], "usage": usage}})

    counted = draw("qwen-image").usage

    assert (counted.input, counted.output) == tokens


def test_a_link_without_its_host_leads_to_the_services_own(scripted: ScriptedProvider, draw: Draw) -> None:
    scripted.script(default={"body": {"data": [{"url": "/files/1.png"}]}})

    [made] = draw("qwen-image").images

    assert made.url == scripted.url.removesuffix("/v1") + "/files/1.png"


def test_an_order_in_place_of_a_picture_is_not_placed_twice(scripted: ScriptedProvider, draw: Draw) -> None:
    scripted.script(default={"body": {"output": {"task_id": "7", "task_status": "PENDING"}}})

    with pytest.raises(ProviderError, match="PENDING") as failed:
        draw("qwen-image")

    assert failed.value.kind == "malformed_output"


def test_without_a_model_nothing_is_sent(scripted: ScriptedProvider, draw: Draw) -> None:
    with pytest.raises(ProviderError) as failed:
        draw("")
    assert (failed.value.kind, failed.value.sent) == ("not_found_model", False)
    assert scripted.calls() == []


PIXEL = base64.b64encode(picture("a lamp", "8x8")).decode()
LINK = "https://media.example/1.png?sig=a%2Fb+c"

#: what services answer with status 200 → the pictures: bytes, or a link
ANSWERED: dict[str, tuple[Any, list[bytes | str]]] = {
    "siliconflow": ({"images": [{"url": LINK}], "timings": {"inference": 1}, "seed": 7}, [LINK]),
    "images of bare links": ({"images": [LINK]}, [LINK]),
    "images of bare base64": ({"images": [PIXEL]}, [picture("a lamp", "8x8")]),
    "minimax": (
        {"data": {"image_urls": [LINK]}, "base_resp": {"status_code": 0, "status_msg": "success"}},
        [LINK],
    ),
    "minimax in base64": ({"data": {"image_base64": [PIXEL]}}, [picture("a lamp", "8x8")]),
    "dashscope": ({"output": {"task_status": "SUCCEEDED", "results": [{"url": LINK}]}, "request_id": "1"}, [LINK]),
    "replicate": ({"output": [LINK], "status": "succeeded"}, [LINK]),
    "one object": ({"data": {"url": LINK}}, [LINK]),
    "an error that is none": ({"data": [{"url": LINK}], "error": None, "code": 0, "message": "success"}, [LINK]),
    "a link in an object": ({"data": [{"image_url": {"url": LINK}}]}, [LINK]),
    "openrouter": ({"choices": [{"message": {"images": [{"image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]}}]},
        [picture("a lamp", "8x8")]),
    "markdown in a chat answer": ({"choices": [{"message": {"content": f"Here: ![lamp]({LINK})"}}]}, [LINK]),
    "a data URI in a chat answer": (
        {"choices": [{"message": {"content": f"![lamp](data:image/png;base64,{PIXEL})"}}]},
        [picture("a lamp", "8x8")],
    ),
    "base64 for URLs": ({"data": [{"b64_json": "-_-_"}]}, [b"\xfb\xff\xbf"]),
    "base64 without padding": ({"data": [{"b64_json": "aGVsbG8"}]}, [b"hello"]),
    "base64 for URLs without padding": ({"data": [{"b64_json": "-_8"}]}, [b"\xfb\xff"]),
    "base64 in lines": ({"data": [{"b64_json": "aGVs\r\nbG8=\n"}]}, [b"hello"]),
    "base64 in the field of the link": ({"data": [{"url": "aGVsbG8="}]}, [b"hello"]),
    "a link in the field of base64": ({"data": [{"b64_json": LINK}]}, [LINK]),
    "base64 that went through an address": ({"data": [{"b64_json": "aGVsbG8%3D"}]}, [b"hello"]),
    "qwen-image": (
        {"output": {"choices": [{"finish_reason": "stop", "message": {"content": [{"image": LINK}]}}]}}, [LINK],
    ),
    "stability": ({"artifacts": [{"base64": PIXEL, "finishReason": "SUCCESS"}]}, [picture("a lamp", "8x8")]),
    "cloudflare": ({"result": {"image": PIXEL}, "success": True, "errors": []}, [picture("a lamp", "8x8")]),
    "imagen": ({"predictions": [{"bytesBase64Encoded": PIXEL}]}, [picture("a lamp", "8x8")]),
    "gemini": (
        {"candidates": [{"content": {"parts": [{"text": "Here."}, {"inlineData": {"data": PIXEL}}]}}]},
        [picture("a lamp", "8x8")],
    ),
    "responses": ({"output": [{"type": "image_generation_call", "result": PIXEL}]}, [picture("a lamp", "8x8")]),
    "parts of a chat answer": (
        {"choices": [{"message": {"content": [
            {"type": "text", "text": "Here."}, {"type": "image_url", "image_url": {"url": LINK}}]}}]},
        [LINK],
    ),
    "a link alone in a chat answer": ({"choices": [{"message": {"content": f"Done: {LINK}"}}]}, [LINK]),
    "links in a list": ({"data": [{"url": [LINK]}]}, [LINK]),
    "boxes in boxes": ({"data": {"result": {"images": [{"url": LINK}]}}}, [LINK]),
    "the request told again": (
        {"parameters": {"image": "https://media.example/reference.png"}, "data": [{"url": LINK}]}, [LINK],
    ),
    "the picture itself": (picture("a lamp", "8x8"), [picture("a lamp", "8x8")]),
    "a stream, drafts first": (
        b'event: image_generation.partial_image\ndata: {"b64_json": "AAAA"}\n\n'
        b'event: image_generation.completed\ndata: {"b64_json": "' + PIXEL.encode() + b'"}\n\n',
        [picture("a lamp", "8x8")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "pictures"), ANSWERED.values(), ids=ANSWERED.keys())
def test_pictures_are_seen_wherever_a_service_puts_them(
    body: Any, pictures: list[bytes | str], scripted: ScriptedProvider, draw: Draw
) -> None:
    scripted.script(default={"body": body})

    reply = draw("qwen-image")

    assert [m.data or m.url for m in reply.images] == pictures
    assert (reply.count, reply.text) == (len(pictures), "")


#: what services answer with status 200 that is no picture → its kind, and the words to show
REFUSED: dict[str, tuple[Any, str, str]] = {
    "a code beside no data": ({"code": 50603, "message": "System is too busy", "data": None}, "", "System is too busy"),
    "msg": ({"code": 1, "msg": "prompt is too odd", "data": None}, "", "prompt is too odd"),
    "a base_resp": ({"base_resp": {"status_code": 1026, "status_msg": "sensitive"}, "data": {}}, "", "sensitive"),
    "an error of words": ({"error": "model is loading", "images": []}, "", "model is loading"),
    "damaged base64": ({"data": [{"b64_json": "no base64 at all!"}]}, "malformed_output", "damaged"),
    "text": ({"choices": [{"message": {"content": "I cannot draw that."}}]}, "malformed_output", "I cannot draw that."),
    "text in parts": (
        {"choices": [{"message": {"content": [{"type": "text", "text": "I cannot draw that."}]}}]},
        "malformed_output",
        "I cannot draw that.",
    ),
    "text in Responses' words": (
        {"output": [{"type": "message", "content": [{"type": "output_text", "text": "I cannot draw that."}]}]},
        "malformed_output",
        "I cannot draw that.",
    ),
    "text in an entry": ({"data": [{"text": "I cannot draw that."}]}, "malformed_output", "I cannot draw that."),
    "a refusal": ({"choices": [{"message": {"refusal": "I will not."}}]}, "malformed_output", "I will not."),
    "a filter": ({"choices": [{"message": {}, "finish_reason": "content_filter"}]}, "content_filter", "content_filter"),
    "a mist in its place": (
        {"artifacts": [{"base64": PIXEL, "finishReason": "CONTENT_FILTERED"}]},
        "content_filter",
        "content_filtered",
    ),
    "a task that failed": (
        {"output": {"task_status": "FAILED", "code": "DataInspectionFailed", "message": "inappropriate content"}},
        "content_filter",
        "inappropriate content",
    ),
    "words alone": (b"model is loading", "overloaded", "model is loading"),
    "an error in a stream": (b'data: {"error": {"message": "boom"}}\n\n', "unknown", "boom"),
}


@pytest.mark.parametrize(("body", "kind", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_picture_says_why(body: Any, kind: str, says: str, scripted: ScriptedProvider, draw: Draw) -> None:
    scripted.script(default={"body": body})

    try:
        [made] = draw("qwen-image").generated
        refused = made.error
    except ProviderError as error:
        refused = error

    assert refused is not None
    assert says in str(refused)
    assert "base URL" not in str(refused)
    assert refused.kind == kind or not kind
    assert len(scripted.calls()) == 1
