"""A scripted Gemini, and a provider that talks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.providers.conftest import KEY
from tests.scripted_gemini import ScriptedGemini
from workbench.providers.base import (
    Profile,
)
from workbench.providers.gemini import Gemini


@pytest.fixture
def server() -> Iterator[ScriptedGemini]:
    with ScriptedGemini() as made:
        yield made


@pytest.fixture
def gemini(server: ScriptedGemini) -> Callable[..., Gemini]:
    def make(
        key: str | None = KEY, base_url: str | None = None, most_bytes: int | None = None, **params: Any
    ) -> Gemini:
        profile = Profile(
            id=1,
            name="mine",
            provider="gemini",
            base_url=base_url or server.url,
            text_model="gemini-x",
            params=params,
            key=key,
        )
        return Gemini(profile, **({} if most_bytes is None else {"most_bytes": most_bytes}))

    return make
