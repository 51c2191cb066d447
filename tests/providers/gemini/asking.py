"""One request to Gemini, in a line of a test."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from workbench.providers.base import (
    ImageReply,
    ImageRequest,
    Message,
    TextReply,
    TextRequest,
    VideoRequest,
)
from workbench.providers.gemini import Gemini

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


def run(provider: Gemini, call: Callable[[Gemini], Any]) -> Any:
    async def once() -> Any:
        try:
            return await call(provider)
        finally:
            await provider.aclose()

    return asyncio.run(once())


def ask(provider: Gemini, *pieces: list[str], **fields: Any) -> TextReply:
    seen: list[str] = pieces[0] if pieces else []
    messages = (
        Message("system", "Be brief."),
        Message("user", "Tell."),
        Message("assistant", "Once."),
        Message("user", "On."),
    )
    request = TextRequest("gemini-x", fields.pop("messages", messages), "call-1", **fields)
    reply: TextReply = run(provider, lambda p: p.text(request, seen.append))
    return reply


def draw(provider: Gemini, **fields: Any) -> ImageReply:
    request = ImageRequest("gemini-image", "a lighthouse", fields.pop("size", (1280, 720)), 1, "call-2", **fields)
    reply: ImageReply = run(provider, lambda p: p.images(request))
    return reply


def png() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (16, 9), "teal").save(made, format="PNG")
    return made.getvalue()


def film(**fields: Any) -> VideoRequest:
    return VideoRequest(
        "veo", "waves", fields.pop("seconds", 5), fields.pop("size", (1280, 720)), 7, "call-3", **fields
    )


#: everything that is asked of the service, each with one request
CALLS: dict[str, Callable[[Gemini], Any]] = {
    "stream": lambda p: p.text(TextRequest("gemini-x", (Message("user", "Tell."),), "call-1"), lambda _: None),
    "whole": lambda p: p.text(
        TextRequest("gemini-x", (Message("user", "Tell."),), "call-1", params={"stream": False}), lambda _: None
    ),
    "picture": lambda p: p.images(ImageRequest("gemini-image", "a lighthouse", (1280, 720), 1, "call-2")),
    "create": lambda p: p.submit(film()),
    "poll": lambda p: p.poll("models/veo/operations/op-1"),
}
