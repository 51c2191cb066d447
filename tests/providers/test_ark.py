"""Volcengine Ark against a real server: texts, groups of pictures, and clips from their creation to their link."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import httpx2
import pytest
from PIL import Image
from sqlalchemy import update

from tests.conftest import until
from tests.engine.conftest import Engine
from tests.media.clips import tiny_mp4
from tests.providers.conftest import KEY, SCHEMA, refused_wording
from tests.providers.test_openai_compatible import error
from tests.scripted_provider import ScriptedProvider, picture
from workbench.db.connection import db_now_ms
from workbench.db.schema import step
from workbench.errors import ProviderError
from workbench.providers import ark, ark_images, ark_video, registry
from workbench.providers.ark import Ark
from workbench.providers.base import (
    GeneratedMedia,
    ImageReply,
    ImageRequest,
    Message,
    Profile,
    TaskState,
    TextReply,
    TextRequest,
    Usage,
    VideoRequest,
)
from workbench.settings import Settings

T = TypeVar("T")
With = Callable[..., Any]
SEEDREAM, SEEDANCE = "doubao-seedream-4-5-251128", "doubao-seedance-1-0-pro-250528"


@pytest.fixture
def use(scripted: ScriptedProvider) -> With:
    """Do something with a provider, in a loop of its own."""

    def used(
        what: Callable[[Ark], Awaitable[T]], *, params: dict[str, Any] | None = None, base_url: str = "", **more: Any
    ) -> T:
        profile = Profile(
            1, "mine", "ark", base_url=base_url or scripted.ark_url, text_model="m-1", key=KEY, params=params or {}
        )

        async def once() -> T:
            provider = Ark(profile, **more)
            try:
                return await what(provider)
            finally:
                await provider.aclose()

        return asyncio.run(once())

    return used


def sent(scripted: ScriptedProvider) -> dict[str, Any]:
    [call] = scripted.calls()
    return dict(call["request"])


# -- texts -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ask(use: With) -> Callable[..., TextReply]:
    def asked(model: str = "doubao-seed-1-6", *, mode: str = "plain", **more: Any) -> TextReply:
        schema = None if mode == "plain" else SCHEMA
        request = TextRequest(model, (Message("user", "Hello, json"),), "call-1", schema, "out", mode)  # type: ignore[arg-type]
        reply: TextReply = use(lambda provider: provider.text(request, lambda _: None), **more)
        return reply

    return asked


def test_the_registry_makes_it() -> None:
    made = registry.make(Profile(1, "mine", "ark", key=KEY), Settings())

    assert isinstance(made, Ark)
    assert made._base_url == "https://ark.cn-beijing.volces.com/api/v3"
    assert made.modes == ("json_schema", "json_object", "plain")


def test_texts_go_to_responses_without_thinking(scripted: ScriptedProvider, ask: With) -> None:
    scripted.script(default={"reasoning": "hm"})

    reply = ask(params={"max_tokens": 900})

    assert sent(scripted) == {
        "model": "doubao-seed-1-6",
        "input": [{"role": "user", "content": "Hello, json"}],
        "store": False,
        "stream": True,
        "max_output_tokens": 900,
        "thinking": {"type": "disabled"},
    }
    assert scripted.calls()[0]["path"] == "/api/v3/responses"
    assert (reply.text, reply.usage.input, reply.finish_reason) == ("A short answer.", 2, "stop")


def test_a_profile_may_prefer_chat(scripted: ScriptedProvider, ask: With) -> None:
    reply = ask(params={"api": "chat", "max_tokens": 900})

    assert scripted.calls()[0]["path"] == "/api/v3/chat/completions"
    asked = sent(scripted)
    assert (asked["thinking"], asked["max_tokens"]) == ({"type": "disabled"}, 900)
    assert reply.usage.output


@pytest.mark.parametrize(
    ("params", "thinking"),
    [
        ({"thinking": "enabled"}, {"type": "enabled"}),
        ({"thinking": "auto"}, {"type": "auto"}),
        ({"reasoning_effort": "minimal"}, {"type": "disabled"}),
        # an effort is no use with thinking switched off
        ({"reasoning_effort": "high"}, None),
        ({"reasoning_effort": "high", "thinking": "disabled"}, {"type": "disabled"}),
        ({"extra_body": {"thinking": {"type": "auto"}, "caching": {"type": "enabled"}}}, {"type": "auto"}),
    ],
)
def test_a_profile_says_how_much_the_model_thinks(
    params: dict[str, Any], thinking: Any, scripted: ScriptedProvider, ask: With
) -> None:
    ask(params=params)

    asked = sent(scripted)
    assert asked.get("thinking") == thinking
    assert asked.get("caching") == params.get("extra_body", {}).get("caching")


def test_a_model_that_knows_no_thinking_is_not_told_again(scripted: ScriptedProvider, ask: With) -> None:
    said = (
        "The parameter `thinking.type` specified in the request are not valid: `disabled` is not supported "
        "by this model"
    )
    scripted.script(nth={"1": error(400, "InvalidParameter", said, param="thinking.type", type="BadRequest")})

    with refused_wording():
        ask()
    ask()

    assert [("thinking" in c["request"]) for c in scripted.calls()] == [True, False]


def test_thinking_that_was_chosen_is_not_dropped(scripted: ScriptedProvider, ask: With) -> None:
    scripted.script(default={"reject": ["thinking"]})

    with pytest.raises(ProviderError) as raised:
        ask(params={"thinking": "enabled"})

    assert not raised.value.adapted
    assert raised.value.kind == "bad_request"


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("mode", ["json_schema", "json_object"])
def test_a_refused_mode_is_told_apart(mode: str, api: str, scripted: ScriptedProvider, ask: With) -> None:
    field = "text.format.type" if api == "responses" else "response_format.type"
    said = f"The parameter `{field}` specified in the request are not valid: `{mode}` is not supported by this model."
    scripted.script(default=error(400, "InvalidParameter", said, param=field, type="BadRequest"))

    with pytest.raises(ProviderError) as raised:
        ask(mode=mode, params={"api": api})

    assert raised.value.mode_unsupported
    assert len(scripted.calls()) == 1


@pytest.mark.parametrize(
    ("pasted", "model"),
    [
        ("doubao-seed-1-6-250615", "doubao-seed-1-6-250615"),
        ("  doubao-seed-1-6\n", "doubao-seed-1-6"),
        ("ep-20250101123456-abcde", "ep-20250101123456-abcde"),
        ("我的接入点 ep-20250101123456-abcde", "ep-20250101123456-abcde"),
        ("story (ep-20250101123456-abcde)", "ep-20250101123456-abcde"),
        ("deep-seek-v3", "deep-seek-v3"),
        ("", ""),
    ],
)
def test_an_endpoint_is_found_in_what_was_pasted(pasted: str, model: str) -> None:
    assert ark.model_id(pasted) == model


def test_a_badly_pasted_model_still_works(scripted: ScriptedProvider, ask: With, draw: With, film: With) -> None:
    ask("story ep-1-a ")
    draw("pictures ep-2-b")
    film(model="clips ep-3-c")

    assert [c["model"] for c in scripted.calls()] == ["ep-1-a", "ep-2-b", "ep-3-c"]


# -- pictures ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def draw(use: With) -> Callable[..., ImageReply]:
    def drawn(
        model: str = SEEDREAM,
        *,
        size: tuple[int, int] = (960, 540),
        references: tuple[bytes, ...] = (),
        params: dict[str, Any] | None = None,
    ) -> ImageReply:
        request = ImageRequest(model, "a lamp", size, 2**31 + 7, "call-1", references, params or {})
        reply: ImageReply = use(lambda provider: provider.images(request), params=params)
        return reply

    return drawn


def test_a_picture_is_asked_for_without_a_mark(scripted: ScriptedProvider, draw: With) -> None:
    reply = draw()

    assert sent(scripted) == {
        "model": SEEDREAM,
        "prompt": "a lamp",
        "size": "2560x1440",
        "response_format": "b64_json",
        "watermark": False,
        "sequential_image_generation": "disabled",
    }
    [call] = scripted.calls()
    assert (call["path"], call["call_id"], call["kind"]) == ("/api/v3/images/generations", "call-1", "image")
    [made] = reply.images
    with Image.open(io.BytesIO(made.data or b"")) as image:
        assert image.size == (2560, 1440)
    assert (reply.count, reply.usage, reply.model) == (1, Usage(output=14_400, image_output=14_400), SEEDREAM)


@pytest.mark.parametrize(
    ("model", "wanted", "size"),
    [
        (SEEDREAM, (960, 540), (2560, 1440)),
        (SEEDREAM, (540, 960), (1440, 2560)),
        (SEEDREAM, (1024, 1024), (1920, 1920)),
        (SEEDREAM, (1260, 540), (2944, 1264)),
        (SEEDREAM, (4000, 10), (7680, 480)),
        ("doubao-seedream-4-0-250828", (960, 540), (2560, 1440)),
        ("doubao-seedream-5-0-260128", (640, 480), (2224, 1664)),
        ("ep-20250101-abcde", (960, 540), (2560, 1440)),
        ("doubao-seedream-3-0-t2i-250415", (960, 540), (1280, 720)),
    ],
)
def test_the_size_has_the_wanted_shape_and_enough_pixels(
    model: str, wanted: tuple[int, int], size: tuple[int, int]
) -> None:
    family = ark_images.family_of(model)

    assert ark_images.size_for(family, wanted) == size
    assert size[0] * size[1] >= family.pixels


@pytest.mark.parametrize("width", range(200, 3000, 53))
def test_no_shape_falls_below_the_least_pixels(width: int) -> None:
    made = ark_images.size_for(ark_images.family_of(SEEDREAM), (width, 777))

    assert made[0] * made[1] >= 3_686_400
    assert made[0] % 16 == made[1] % 16 == 0
    assert made[0] / made[1] == pytest.approx(width / 777, rel=0.03)


def test_a_profile_may_say_size_mark_seed_and_more(scripted: ScriptedProvider, draw: With) -> None:
    params = {"size": "4K", "watermark": True, "image_seed": True, "image_params": {"response_format": "url"}}

    [made] = draw(params=params).images

    asked = sent(scripted)
    assert (asked["size"], asked["watermark"], asked["seed"]) == ("4K", True, 7)
    assert made.data is None
    assert made.url == f"{scripted.root}/media/1.png?sig=a%2Fb+c"


def test_the_older_model_takes_a_seed_and_knows_no_groups(scripted: ScriptedProvider, draw: With) -> None:
    reply = draw("doubao-seedream-3-0-t2i-250415", references=(b"RIFFone",))

    asked = sent(scripted)
    assert asked["seed"] == 7
    assert not {"image", "sequential_image_generation"} & asked.keys()
    assert [str(n) for n in reply.notes] == [
        "doubao-seedream-3-0-t2i-250415 takes no reference pictures; 1 were left out"
    ]


def test_a_model_that_only_edits_keeps_the_size_of_the_picture(scripted: ScriptedProvider, draw: With) -> None:
    model = "doubao-seededit-3-0-i2i-250628"

    reply = draw(model, references=(b"RIFFone", b"RIFFtwo"))

    asked = sent(scripted)
    assert (asked["size"], asked["seed"], asked["watermark"]) == ("adaptive", 7, False)
    assert asked["image"] == ark_images.data_uri(b"RIFFone")
    assert "sequential_image_generation" not in asked
    assert [str(n) for n in reply.notes] == [f"{model} takes at most 1 reference pictures; 1 were left out"]


def test_a_model_that_only_edits_needs_a_picture(scripted: ScriptedProvider, draw: With) -> None:
    with pytest.raises(ProviderError) as raised:
        draw("doubao-seededit-3-0-i2i-250628")

    assert (raised.value.kind, raised.value.sent, scripted.calls()) == ("bad_request", False, [])


def test_references_travel_inside_the_request(scripted: ScriptedProvider, draw: With) -> None:
    png = picture("x")

    draw(references=(png,))
    draw(references=(png, b"RIFF....WEBP"))

    one, two = (c["request"]["image"] for c in scripted.calls())
    assert one == f"data:image/png;base64,{base64.b64encode(png).decode()}"
    assert two == [one, f"data:image/webp;base64,{base64.b64encode(b'RIFF....WEBP').decode()}"]


def test_references_beyond_what_the_model_takes_are_left_out_and_said(scripted: ScriptedProvider, draw: With) -> None:
    reply = draw(references=(b"RIFF",) * 16)

    assert len(sent(scripted)["image"]) == 14
    assert [str(n) for n in reply.notes] == [f"{SEEDREAM} takes at most 14 reference pictures; 2 were left out"]


def test_a_group_is_several_pictures_in_one_reply(scripted: ScriptedProvider, draw: With) -> None:
    params = {"sequential_image_generation": "auto", "max_images": 3, "size": "64x32"}

    reply = draw(params=params, references=(b"RIFF",) * 14)

    asked = sent(scripted)
    assert asked["sequential_image_generation_options"] == {"max_images": 3}
    assert len(asked["image"]) == 12  # drawn from and drawn: fifteen together
    # their bytes together could pass the cap on an answer
    assert (asked["response_format"], len({m.url for m in reply.images})) == ("url", 3)
    assert (reply.count, reply.usage.output) == (3, 43_200)


def test_a_picture_of_a_group_that_was_withheld_says_why_and_is_not_billed(
    scripted: ScriptedProvider, draw: With
) -> None:
    withheld = {"code": "OutputImageSensitiveContentDetected", "message": "withheld"}
    scripted.script(default={"image_error": withheld, "image_error_at": [1]})

    reply = draw(params={"sequential_image_generation": "auto", "max_images": 3, "size": "64x32"})

    assert [m.error and m.error.kind for m in reply.images] == [None, "content_filter", None]
    assert reply.count == 2


def test_a_model_that_knows_no_groups_is_asked_without_the_word(scripted: ScriptedProvider, draw: With) -> None:
    scripted.script(default={"reject": ["sequential_image_generation"]})

    with refused_wording():
        draw("ep-1-a")
    draw("ep-1-a")

    assert "sequential_image_generation" not in scripted.calls()[1]["request"]
    assert scripted.calls()[1]["request"]["watermark"] is False


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (error(401, "AuthenticationError"), "auth"),
        (error(403, "AccessDenied"), "permission"),
        (error(403, "AccountOverdueError"), "quota_exhausted"),
        (error(404, "InvalidEndpointOrModel.NotFound"), "not_found_model"),
        (error(404, "ModelNotOpen"), "not_found_model"),
        (error(400, "InputImageSensitiveContentDetected"), "content_filter"),
        (error(400, "InvalidParameter", "image size must be at least 3686400 pixels", param="size"), "bad_request"),
        (error(429, "RateLimitExceeded.EndpointRPMExceeded"), "rate_limit"),
        (error(429, "QuotaExceeded"), "quota_exhausted"),
        (error(429, "SetLimitExceeded"), "quota_exhausted"),
        (error(429, "ServerOverloaded"), "overloaded"),
        (error(500, "InternalServiceError"), "overloaded"),
    ],
)
def test_a_refused_picture_has_its_kind_after_one_call(
    fault: dict[str, Any], kind: str, scripted: ScriptedProvider, draw: With
) -> None:
    scripted.script(default=fault)

    with pytest.raises(ProviderError) as raised:
        draw()

    assert raised.value.kind == kind
    assert len(scripted.calls()) == 1


# -- clips -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def film(use: With) -> Callable[..., str]:
    """Create a task."""

    def filmed(*, params: dict[str, Any] | None = None, base_url: str = "", **more: Any) -> str:
        task_id: str = use(lambda provider: provider.submit(wanted(params, **more)), params=params, base_url=base_url)
        return task_id

    return filmed


def wanted(params: dict[str, Any] | None = None, **more: Any) -> VideoRequest:
    fields = {"model": SEEDANCE, "prompt": "a lamp swings", "seconds": 5.0, "size": (960, 540), "seed": 7} | more
    return VideoRequest(call_id="call-1", params=params or {}, **fields)


def kinds(scripted: ScriptedProvider) -> list[str]:
    return [c["kind"] for c in scripted.calls()]


def test_a_clip_is_created_polled_and_fetched(scripted: ScriptedProvider, use: With) -> None:
    clip = tiny_mp4(note=b"mine")
    scripted.script(default={"states": ["queued", "running", "succeeded"], "clip": clip})

    async def all_of_it(provider: Ark) -> list[TaskState]:
        task_id = await provider.submit(wanted())
        return [await provider.poll(task_id) for _ in range(3)]

    states = use(all_of_it)

    assert [s.state for s in states] == ["queued", "running", "succeeded"]
    last = states[-1]
    assert last.clip == GeneratedMedia(url=f"{scripted.root}/media/cgt-1.mp4?sig=a%2Fb+c")
    assert (last.usage, last.seconds, last.model, last.error) == (Usage(output=108_000), 5.0, SEEDANCE, None)
    assert httpx2.get(last.clip.url, trust_env=False).content == clip
    assert kinds(scripted) == ["create", "poll", "poll", "poll"]
    assert all(c["headers"]["authorization"] == f"Bearer {KEY}" for c in scripted.calls())


def test_a_task_is_worded_in_the_services_names(scripted: ScriptedProvider, film: With) -> None:
    film(params={"camera_fixed": True, "generate_audio": False, "resolution": "1080p", "watermark": True})

    [call] = scripted.calls()
    assert (call["path"], call["call_id"]) == ("/api/v3/contents/generations/tasks", "call-1")
    assert call["request"] == {
        "model": SEEDANCE,
        "content": [{"type": "text", "text": "a lamp swings"}],
        "ratio": "16:9",
        "duration": 5,
        "resolution": "1080p",
        "seed": 7,
        "watermark": True,
        "camera_fixed": True,
        "generate_audio": False,
    }


def test_frames_travel_inside_the_request_and_give_the_shape(scripted: ScriptedProvider, film: With) -> None:
    first, last = picture("first"), b"RIFF....WEBP"

    film(first_frame=first, last_frame=last)

    asked = sent(scripted)
    assert [(c["type"], c.get("role")) for c in asked["content"]] == [
        ("text", None),
        ("image_url", "first_frame"),
        ("image_url", "last_frame"),
    ]
    assert asked["content"][1]["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(first).decode()}"
    assert asked["content"][2]["image_url"]["url"].startswith("data:image/webp;base64,")
    assert (asked["ratio"], asked["resolution"], asked["watermark"]) == ("adaptive", "720p", False)
    assert not {"camera_fixed", "generate_audio"} & asked.keys()


@pytest.mark.parametrize(
    ("model", "seconds", "duration"),
    [
        (SEEDANCE, 5.0, 5),
        (SEEDANCE, 4.5, 5),
        (SEEDANCE, 4.4, 4),
        (SEEDANCE, 0.5, 2),
        (SEEDANCE, 40, 12),
        (SEEDANCE, 0, 5),
        ("doubao-seedance-1-5-pro-251215", 1, 4),
        ("doubao-seedance-1-5-pro-251215", 15, 12),
        ("doubao-seedance-2-0-260128", 1, 4),
        ("doubao-seedance-2-0-260128", 99, 15),
        # an endpoint hides its model: what every model films
        ("ep-20250101-abcde", 1, 4),
        ("ep-20250101-abcde", 99, 12),
    ],
)
def test_a_length_is_the_nearest_that_the_model_films(model: str, seconds: float, duration: int) -> None:
    assert ark_video.duration_for(model, seconds) == duration


@pytest.mark.parametrize(
    ("size", "ratio"),
    [((960, 540), "16:9"), ((540, 960), "9:16"), ((800, 800), "1:1"), ((640, 480), "4:3"), ((2100, 900), "21:9")],
)
def test_a_shape_is_the_nearest_that_the_service_names(size: tuple[int, int], ratio: str) -> None:
    assert ark_video.ratio_for(size) == ratio


def test_a_last_frame_without_a_first_is_refused_unsent(scripted: ScriptedProvider, film: With) -> None:
    with pytest.raises(ProviderError) as raised:
        film(last_frame=picture("x"))

    assert (raised.value.kind, raised.value.sent, raised.value.retryable) == ("bad_request", False, False)
    assert scripted.calls() == []


def test_without_a_model_nothing_is_sent(scripted: ScriptedProvider, film: With) -> None:
    with pytest.raises(ProviderError) as raised:
        film(model=" ")

    assert (raised.value.kind, raised.value.sent) == ("not_found_model", False)
    assert scripted.calls() == []


def test_a_seed_that_the_model_refuses_is_left_out_of_the_next_task(scripted: ScriptedProvider, film: With) -> None:
    model = "doubao-seedance-2-0-260128"
    said = f"The parameter `seed` specified in the request is not valid for model {model} in i2v"
    scripted.script(nth={"1": error(400, "InvalidParameter", said, param="seed")})

    with refused_wording():
        film(model=model)
    film(model=model)

    assert [("seed" in c["request"]) for c in scripted.calls()] == [True, False]


#: what a service does with the request that creates a task → kind
CREATING: list[tuple[str, dict[str, Any], str]] = [
    ("401", error(401, "AuthenticationError"), "auth"),
    ("403", error(403, "AccessDenied"), "permission"),
    ("overdue", error(403, "AccountOverdueError"), "quota_exhausted"),
    ("404", error(404, "InvalidEndpointOrModel.NotFound"), "not_found_model"),
    ("not open", error(404, "ModelNotOpen"), "not_found_model"),
    ("filter", error(400, "InputTextSensitiveContentDetected"), "content_filter"),
    ("picture filter", error(400, "InputImageSensitiveContentDetected.PolicyViolation"), "content_filter"),
    ("400", error(400, "InvalidParameter", "resolution", param="resolution"), "bad_request"),
    ("429", error(429, "RateLimitExceeded.EndpointRPMExceeded"), "rate_limit"),
    ("quota", error(429, "QuotaExceeded"), "quota_exhausted"),
    ("500", error(500, "InternalServiceError"), "overloaded"),
    ("503", {"status": 503, "body": "upstream"}, "overloaded"),
    ("redirect", {"status": 302, "body": "", "headers": {"location": "http://169.254.169.254/"}}, "unknown"),
    ("hang", {"hang": True}, "timeout"),
    ("reset", {"reset": True}, "network"),
    ("html", {"html": True}, "malformed_output"),
    ("other json", {"body": {"hello": 1}}, "malformed_output"),
    ("no id", {"body": {"id": ""}}, "malformed_output"),
    ("a list", {"body": "[1]", "content_type": "application/json"}, "malformed_output"),
    ("huge", {"huge_mb": 64}, "malformed_output"),
    ("error with 200", {"body": {"error": {"code": "RateLimitExceeded.X", "message": "x"}}}, "rate_limit"),
]


@pytest.mark.parametrize(("fault", "kind"), [row[1:] for row in CREATING], ids=[row[0] for row in CREATING])
def test_a_task_that_was_not_created_has_its_kind_after_one_call(
    fault: dict[str, Any], kind: str, scripted: ScriptedProvider, film: With
) -> None:
    scripted.script(default=fault)

    with pytest.raises(ProviderError) as raised:
        film(params={"timeout_s": 1.5 if kind == "timeout" else 5})

    assert raised.value.kind == kind
    assert raised.value.sent
    until(scripted.calls)
    assert len(scripted.calls()) == 1
    assert KEY not in str(raised.value)


def test_nobody_listening_created_nothing(scripted: ScriptedProvider, film: With) -> None:
    with pytest.raises(ProviderError) as raised:
        film(base_url="http://127.0.0.1:1/api/v3")

    assert (raised.value.kind, raised.value.sent) == ("network", False)


@pytest.mark.parametrize(
    ("task", "state", "kind"),
    [
        ({"code": "OutputVideoSensitiveContentDetected", "message": "no"}, "failed", "content_filter"),
        ({"code": "InternalServiceError", "message": "no"}, "failed", "overloaded"),
        ({"code": "SomethingNew", "message": "you wrote 429"}, "failed", "unknown"),
    ],
)
def test_a_failed_task_says_why(
    task: dict[str, Any], state: str, kind: str, scripted: ScriptedProvider, use: With, film: With
) -> None:
    scripted.script(default={"states": [state], "task_error": task})
    task_id = film()

    found = use(lambda provider: provider.poll(task_id))

    assert (found.state, found.error_kind, found.clip) == (state, kind, None)
    said = "The content filter stopped the clip that was made" if kind == "content_filter" else None
    code = f" ({task['code']})" if kind == "unknown" else ""
    assert found.error == f"{said or 'The service answered with an error'}: {task['message']}{code}"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("queued", "queued"),
        ("running", "running"),
        ("post_processing", "running"),
        ("", "running"),
        ("cancelled", "cancelled"),
        ("expired", "expired"),
        ("SUCCEEDED", "succeeded"),
    ],
)
def test_a_state_nobody_has_heard_of_goes_on(
    said: str, state: str, scripted: ScriptedProvider, use: With, film: With
) -> None:
    scripted.script(default={"states": [said]})
    task_id = film()

    assert use(lambda provider: provider.poll(task_id)).state == state


def test_a_clip_without_usage_or_link_has_none(scripted: ScriptedProvider, use: With, film: With) -> None:
    scripted.script(default={"no_usage": True, "no_url": True, "task": {"duration": None, "model": None}})
    task_id = film()

    found = use(lambda provider: provider.poll(task_id))

    assert (found.state, found.clip, found.usage, found.seconds, found.model) == (
        "succeeded",
        None,
        Usage(),
        None,
        None,
    )


@pytest.mark.parametrize(("poll_ms", "least"), [(None, 10_000), (20, 20)])
def test_polls_are_spread(poll_ms: int | None, least: int) -> None:
    waits = {ark_video.state_of({"status": "running"}, poll_ms).poll_after_ms for _ in range(200)}

    assert least <= min(waits) < max(waits) <= 2 * least


def test_a_profile_may_poll_more_often(scripted: ScriptedProvider, use: With, film: With) -> None:
    task_id = film()

    assert 20 <= use(lambda provider: provider.poll(task_id), params={"poll_ms": 20}).poll_after_ms <= 40


@pytest.mark.parametrize(
    ("fault", "kind", "retryable"),
    [
        ({"status": 429}, "rate_limit", True),
        ({"status": 503}, "overloaded", True),
        ({"reset": True}, "network", True),
        ({"hang": True}, "timeout", True),
        # a gateway's page says nothing of a clip that is paid for
        ({"html": True}, "malformed_output", True),
        ({"status": 302, "headers": {"location": "http://169.254.169.254/"}}, "unknown", True),
        ({"status": 401}, "auth", False),
        ({"status": 404}, "not_found_model", False),
    ],
)
def test_a_failed_poll_says_nothing_of_the_task_where_it_may_pass(
    fault: dict[str, Any], kind: str, retryable: bool, scripted: ScriptedProvider, use: With, film: With
) -> None:
    scripted.script(default={"polls": {"1": fault}})
    task_id = film()

    with pytest.raises(ProviderError) as raised:
        use(lambda provider: provider.poll(task_id), params={"timeout_s": 1.5})
    assert (raised.value.kind, raised.value.retryable) == (kind, retryable)
    until(lambda: "poll" in kinds(scripted))
    assert kinds(scripted) == ["create", "poll"]

    assert use(lambda provider: provider.poll(task_id)).state == "succeeded"


def test_a_poll_never_outlives_the_engines_patience() -> None:
    provider = Ark(Profile(1, "mine", "ark", params={"timeout_s": 900}))

    assert provider._poll_s() == 8.0


@pytest.mark.parametrize(("state", "after"), [("queued", "cancelled"), ("running", "running"), ("succeeded", None)])
def test_only_a_queued_task_is_cancelled(
    state: str, after: str | None, scripted: ScriptedProvider, use: With, film: With
) -> None:
    scripted.script(default={"states": [state]})
    task_id = film()

    use(lambda provider: provider.cancel(task_id))

    assert kinds(scripted) == ["create", "cancel"]
    if after is None:  # the service forgets an ended task
        with pytest.raises(ProviderError):
            use(lambda provider: provider.poll(task_id))
    else:
        assert use(lambda provider: provider.poll(task_id)).state == after


def test_a_cancel_that_did_not_arrive_is_worth_a_retry(use: With) -> None:
    with pytest.raises(ProviderError) as raised:
        use(lambda provider: provider.cancel("cgt-1"), base_url="http://127.0.0.1:1/api/v3")

    assert (raised.value.kind, raised.value.retryable) == ("network", True)


def test_a_task_id_is_no_path(scripted: ScriptedProvider, use: With) -> None:
    with pytest.raises(ProviderError):
        use(lambda provider: provider.poll("../../models?x=1"))

    assert scripted.calls()[0]["path"] == "/api/v3/contents/generations/tasks/..%2F..%2Fmodels%3Fx%3D1"


def test_a_task_nobody_wrote_down_is_found_by_its_seed(scripted: ScriptedProvider, use: With, film: With) -> None:
    now = round(time.time() * 1000)
    film(seed=1)
    task_id = film(seed=2**31 + 5)
    film(seed=6)
    film(seed=6)

    def found(seed: int, model: str = SEEDANCE, since_ms: int = now) -> str | None:
        made: str | None = use(lambda provider: provider.find(model, seed, since_ms))
        return made

    assert found(2**31 + 5) == task_id
    assert found(3) is None
    assert found(6) is None  # which of the two, nobody knows
    assert found(5, model="another") is None
    assert found(5, model="name ep-1-a") == task_id
    assert found(5, since_ms=now + 3_600_000) is None
    assert kinds(scripted)[-1] == "list"


def test_one_connection_serves_a_whole_clip(scripted: ScriptedProvider, use: With) -> None:
    async def all_of_it(provider: Ark) -> None:
        task_id = await provider.submit(wanted())
        for _ in range(3):
            await provider.poll(task_id)

    use(all_of_it)

    assert kinds(scripted) == ["create", "poll", "poll", "poll"]
    assert len({c["peer"] for c in scripted.calls()}) == 1


def test_closing_closes_both_ways_out(scripted: ScriptedProvider) -> None:
    async def closed() -> list[bool]:
        provider = Ark(Profile(1, "mine", "ark", base_url=scripted.ark_url, key=KEY))
        await provider.aclose()
        await provider.submit(wanted())
        await provider.text(TextRequest("m", (Message("user", "x"),), "c"), lambda _: None)
        await provider.aclose()
        return [provider._http.is_closed, provider._client.is_closed()]

    assert asyncio.run(closed()) == [True, True]


# -- through the engine ------------------------------------------------------------------------------------------------


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    made = Engine(settings)
    yield made
    made.close()


def test_the_engine_draws_and_films_with_it(scripted: ScriptedProvider, engine: Engine) -> None:
    scripted.script(default={"states": ["running", "post_processing", "succeeded"], "polls": {"2": {"status": 503}}})
    engine.wb.profiles.add(
        "ark",
        "ark",
        base_url=scripted.ark_url,
        key=KEY,
        text_model="story ep-1-a",
        image_model=SEEDREAM,
        video_model=SEEDANCE,
        params={
            "poll_ms": 10,
            "allow_private_media": True,
            "prices": {"*": {"currency": "CNY", "input": 1, "output": 2, "image": 0.25, "video_tokens": 15}},
        },
    )

    told = engine.finish(engine.wb.submit("test_tell", profile="ark").id)
    drawn = engine.finish(engine.wb.submit("test_image", profile="ark").id)
    filmed = engine.wb.submit("test_video", profile="ark")
    engine.deliver()

    def asked_again() -> bool:
        """Polls are due at once here, also the one that failed and would wait."""
        with engine.wb.database.write() as conn:
            conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))
        engine.worker.maintain()
        engine.deliver()
        return bool(engine.wb.jobs.get(filmed.id).state != "waiting")

    until(asked_again)
    done = engine.wb.jobs.get(filmed.id)

    assert [told.state, drawn.state, done.state] == ["succeeded"] * 3
    assert done.result["model"] == SEEDANCE
    assert engine.wb.media.get(done.result["media"]).kind == "video"
    assert kinds(scripted) == ["responses", "image", "create", *["poll"] * 3]
    # 0.108 million tokens at 15 yuan a million
    assert (done.cost_micros, done.currency) == (1_620_000, "CNY")
    assert drawn.cost_micros == 250_000
