"""Pictures and clips of Gemini: references, tokens, polls, links, and why there is none."""

from __future__ import annotations

import asyncio
import base64
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from tests.providers.conftest import KEY
from tests.providers.gemini.asking import draw, film, png, run
from tests.providers.test_error_table import MEGABYTE, memory
from tests.scripted_gemini import USAGE, ScriptedGemini
from workbench.errors import MediaRefused, ProviderError
from workbench.media import download
from workbench.providers.base import (
    ImageRequest,
    TaskState,
    Usage,
)
from workbench.providers.gemini import Gemini
from workbench.providers.gemini_media import nearest_length, nearest_ratio


def test_a_picture_comes_with_its_tokens_and_references_go_along(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    image = png()
    usage = {**USAGE, "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 5}]}
    server.script({"images": [image], "usage": usage})
    reply = draw(gemini(), size=(720, 1280), references=(image,))
    assert ([m.data for m in reply.images], reply.count, reply.usage.image_output) == ([image], 1, 5)
    body = server.calls[0]["body"]
    assert body["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "9:16"}}
    assert [list(p) for p in body["contents"][0]["parts"]] == [["inlineData"], ["text"]]


def test_a_profiles_picture_size_goes_along(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"images": [png()]})
    draw(gemini(), params={"image_size": "2K"})
    asked = server.calls[0]["body"]["generationConfig"]["imageConfig"]
    assert asked == {"aspectRatio": "16:9", "imageSize": "2K"}


@pytest.mark.parametrize(("finish", "kind"), [("IMAGE_SAFETY", "content_filter"), ("NO_IMAGE", None), ("STOP", None)])
def test_no_picture(finish: str, kind: str | None, server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"finish": finish})
    if kind is None:
        assert draw(gemini()).images == ()
    else:
        with pytest.raises(ProviderError) as refused:
            draw(gemini())
        assert refused.value.kind == kind


def test_a_profile_without_a_picture_model_sends_nothing(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    with pytest.raises(ProviderError):
        run(gemini(), lambda p: p.images(ImageRequest("", "x", (1, 1), 1, "c")))
    assert server.calls == []


def test_a_picture_model_that_answers_with_text_shows_it(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"text": "I cannot draw that.", "finish": "STOP"})
    [made] = draw(gemini()).generated
    assert made.error is not None
    assert (made.error.kind, "I cannot draw that." in str(made.error)) == ("malformed_output", True)


@pytest.mark.parametrize(("finish", "kind"), [("OTHER", "unknown"), ("LANGUAGE", "content_filter")])
def test_a_picture_that_was_broken_off_is_not_asked_for_again(
    finish: str, kind: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"finish": finish, "text": ""})
    with pytest.raises(ProviderError, match=finish) as failed:
        draw(gemini())
    assert (failed.value.kind, failed.value.usage) == (kind, Usage(12, None, 8, 3))


def test_a_picture_in_base64_for_urls_is_whole(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    part = {"inline_data": {"mime_type": "image/png", "data": base64.urlsafe_b64encode(png()).decode().rstrip("=")}}
    server.script({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]})
    assert [m.data for m in draw(gemini()).images] == [png()]


def poll(provider: Gemini, times: int = 1) -> list[TaskState]:
    async def polled(p: Gemini) -> list[TaskState]:
        return [await p.poll("models/veo/operations/op-1") for _ in range(times)]

    found: list[TaskState] = run(provider, polled)
    return found


def fetched(state: TaskState, deadline_s: float = 30) -> tuple[bytes | None, str | None]:
    assert state.clip is not None
    assert state.clip.fetch is not None
    return asyncio.run(download.fetch_from_provider(state.clip.fetch, most_bytes=64 * MEGABYTE, deadline_s=deadline_s))


def test_a_clip_is_created_once_with_its_frames_and_length(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    name = run(
        gemini(resolution="720p"),
        lambda p: p.submit(film(first_frame=png(), last_frame=png(), params={"resolution": "720p"})),
    )
    assert name == "models/veo/operations/op-1"
    [call] = server.calls
    assert call["path"] == "/v1beta/models/veo:predictLongRunning"
    [instance] = call["body"]["instances"]
    assert (instance["prompt"], instance["image"]["mimeType"], "lastFrame" in instance) == ("waves", "image/png", True)
    parameters = call["body"]["parameters"]
    assert (parameters["durationSeconds"], parameters["aspectRatio"], parameters["resolution"]) == (6, "16:9", "720p")


def test_a_clip_is_polled_to_its_end_and_fetched_with_the_key(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"polls": 2})
    states = poll(gemini(poll_ms=50), 3)
    assert [s.state for s in states] == ["running", "running", "succeeded"]
    assert states[0].poll_after_ms == 50
    assert len(server.calls) == 3  # a clip may take longer than a poll: it is fetched after it
    assert fetched(states[2]) == (b"clip", None)
    assert server.calls[-1]["headers"]["x-goog-api-key"] == KEY


@pytest.mark.parametrize(
    ("fault", "passing", "said"),
    [
        ({"file_status": 404}, False, "404"),
        ({"file_status": 403}, False, "403"),
        ({"file_status": 503}, True, "503"),
        ({"file_status": 429}, True, "429"),
        ({"reset": True}, True, "RemoteProtocolError"),
        ({"hang": True}, True, "within 0.3 s"),
        ({"huge_mb": 1024}, False, "larger than 64 MB"),
        ({"status": 200, "body": b"x", "headers": {"Content-Encoding": "gzip"}}, True, "Packed"),
    ],
)
def test_a_clip_that_cannot_be_fetched_says_whether_it_may_be_later(
    fault: dict[str, Any], passing: bool, said: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    [state] = poll(gemini())
    server.script(fault)
    with memory() as watch, pytest.raises(MediaRefused, match=said) as refused:
        fetched(state, deadline_s=0.3 if "hang" in fault else 30)
    assert (refused.value.kind, refused.value.passing) == ("media_download", passing)
    assert watch.highest < 50 * MEGABYTE
    assert KEY not in "".join(traceback.format_exception(refused.value))


def test_a_link_on_another_host_is_handed_on_without_the_key(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    with ScriptedGemini() as other:
        server.script({"uri": f"{other.url}/files/clip.mp4"})
        [state] = poll(gemini())
        assert state.clip is not None
        assert state.clip.url == f"{other.url}/files/clip.mp4"
        server.script(
            {"file_status": 302, "file": b"", "file_headers": {"Location": f"{other.url}/files/signed.mp4?sig=1"}}
        )
        [state] = poll(gemini())
        assert fetched(state) == (None, f"{other.url}/files/signed.mp4?sig=1")
        assert other.calls == []


def test_googles_link_behind_a_relay_is_asked_of_the_relay(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"uri": "https://generativelanguage.googleapis.com/files/abc:download?alt=media"})
    [state] = poll(gemini())
    assert fetched(state) == (b"clip", None)
    assert (server.calls[-1]["path"], server.calls[-1]["query"]) == ("/files/abc:download", {"alt": ["media"]})
    assert server.calls[-1]["headers"]["x-goog-api-key"] == KEY


def test_googles_link_behind_a_relay_with_a_path_keeps_the_path(gemini: Callable[..., Gemini]) -> None:
    provider = gemini(base_url="https://relay.example/gemini/")
    link = "https://generativelanguage.googleapis.com/v1beta/files/abc:download?alt=media"
    assert provider._route(link) == "https://relay.example/gemini/v1beta/files/abc:download?alt=media"
    assert provider._route("https://storage.example/clip.mp4?sig=1") == "https://storage.example/clip.mp4?sig=1"
    assert gemini(base_url="https://generativelanguage.googleapis.com")._route(link) == link


def test_a_clip_inside_the_answer_is_its_bytes(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    clip = {"bytesBase64Encoded": base64.b64encode(b"clip").decode()}
    for samples in ({"generatedSamples": [{"video": clip}]}, {"videos": [clip]}):
        server.script({"operation": {"response": samples}})
        [state] = poll(gemini())
        assert state.clip is not None
        assert state.clip.data == b"clip"


@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        ({"error": {"code": 8, "message": "quota", "status": "RESOURCE_EXHAUSTED"}}, "rate_limit"),
        ({"error": {"code": 3, "message": "blocked for safety"}}, "content_filter"),
        (
            {
                "response": {
                    "generateVideoResponse": {"raiMediaFilteredReasons": ["a celebrity"], "raiMediaFilteredCount": 1}
                }
            },
            "content_filter",
        ),
        ({"response": {"generateVideoResponse": {}}}, "empty_output"),
    ],
)
def test_a_clip_that_failed_says_why(
    ended: Any, kind: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"operation": ended})
    [state] = poll(gemini())
    assert (state.state, state.error_kind) == ("failed", kind)
    assert state.error


@pytest.mark.parametrize(("code", "retryable"), [(503, True), (429, True), (404, False)])
def test_a_poll_that_fails_says_whether_to_ask_again(
    code: int, retryable: bool, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"status": code})
    with pytest.raises(ProviderError) as failed:
        poll(gemini())
    assert failed.value.retryable is retryable


def test_a_last_frame_needs_a_first(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    with pytest.raises(ProviderError) as refused:
        run(gemini(), lambda p: p.submit(film(last_frame=png())))
    assert (refused.value.kind, refused.value.sent, server.calls) == ("bad_request", False, [])


@pytest.mark.parametrize(("seconds", "filmed"), [(2, 4), (4, 4), (4.5, 6), (8, 8), (12, 8)])
def test_the_nearest_length_that_can_be_filmed(seconds: float, filmed: int) -> None:
    assert nearest_length(seconds) == filmed


def test_the_nearest_shape() -> None:
    assert [nearest_ratio(s, ("1:1", "16:9", "9:16")) for s in ((1280, 720), (720, 1280), (100, 90))] == [
        "16:9",
        "9:16",
        "1:1",
    ]
