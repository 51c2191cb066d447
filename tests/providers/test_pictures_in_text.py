"""A text call that shows pictures, in the words of each wire; one that shows none is worded as before."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.providers import openai_chat, openai_responses
from workbench.providers.base import Message, TextRequest
from workbench.providers.gemini import Gemini
from workbench.providers.openai_compatible import _prompt_of

SHOWN = (b"\xff\xd8\xff-one", b"\xff\xd8\xff-two")
LINKS = [f"data:image/jpeg;base64,{code}" for code in ("/9j/LW9uZQ==", "/9j/LXR3bw==")]


def request(*pictures: bytes) -> TextRequest:
    messages = (Message("system", "Be exact."), Message("user", "Which one?", pictures))
    return TextRequest(model="eyes", messages=messages, call_id="c1")


def test_chat_completions_show_pictures_as_links_after_the_words() -> None:
    system, asked = openai_chat.body(request(*SHOWN), {}, "max_tokens")["messages"]
    assert system["content"] == "Be exact."
    assert asked["content"] == [
        {"type": "text", "text": "Which one?"},
        *({"type": "image_url", "image_url": {"url": link}} for link in LINKS),
    ]
    assert openai_chat.body(request(), {}, "max_tokens")["messages"][1]["content"] == "Which one?"


def test_responses_show_pictures_as_inputs_of_their_own() -> None:
    asked = openai_responses.body(request(*SHOWN), {})["input"][1]
    assert asked["content"] == [
        {"type": "input_text", "text": "Which one?"},
        *({"type": "input_image", "image_url": link} for link in LINKS),
    ]
    assert openai_responses.body(request(), {})["input"][1]["content"] == "Which one?"


def test_gemini_shows_pictures_as_bytes_with_their_kind() -> None:
    provider: Any = Gemini.__new__(Gemini)
    [content] = provider._arguments(request(*SHOWN), {})["contents"]
    assert [p.text for p in content.parts] == ["Which one?", None, None]
    blobs = [p.inline_data for p in content.parts[1:]]
    assert [(b.data, b.mime_type) for b in blobs] == [(data, "image/jpeg") for data in SHOWN]


@pytest.mark.parametrize("pictures", [(), SHOWN])
def test_what_a_service_quotes_of_a_prompt_is_looked_for_in_its_words_alone(pictures: tuple[bytes, ...]) -> None:
    sent = openai_chat.body(request(*pictures), {}, "max_tokens")
    assert [line for line in _prompt_of(sent).split("\n") if line] == ["Be exact.", "Which one?"]
