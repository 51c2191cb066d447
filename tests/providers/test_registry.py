from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.errors import InvalidInput, ProgrammingError
from workbench.providers import registry
from workbench.providers.base import (
    NO_REFERENCES,
    ImageProvider,
    ImageReply,
    ImageRequest,
    OnDelta,
    Profile,
    Provider,
    ProviderTask,
    TaskState,
    TextProvider,
    TextReply,
    TextRequest,
    Usage,
    VideoProvider,
    VideoRequest,
)
from workbench.settings import Settings


def test_the_first_providers_are_known_by_name() -> None:
    assert {"sketch", "openai"} <= set(registry.names())


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="openai"):
        registry.make(Profile(1, "x", "nobody"), Settings())


def test_a_registered_factory_makes_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_factories", dict(registry._factories))
    asked: list[tuple[str, Settings]] = []
    mine = OnlyText()
    registry.register("mine", lambda profile, settings: asked.append((profile.name, settings)) or mine)  # type: ignore[arg-type, func-returns-value, return-value]
    settings = Settings()

    assert registry.make(Profile(1, "x", "mine"), settings) is mine
    assert asked == [("x", settings)]


class OnlyText:
    """As a provider was first documented: it inherits nothing."""

    modes = ("plain",)

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        return TextReply("Hello", Usage(), request.model)


class Everything(OnlyText):
    name = "its own name"
    free = True

    async def images(self, request: ImageRequest) -> ImageReply:
        return ImageReply((), Usage(), request.model, 0)

    async def submit(self, request: VideoRequest) -> str:
        return "task"

    async def poll(self, task_id: str) -> TaskState:
        return TaskState("running")

    async def cancel(self, task_id: str) -> None:
        return


def made_by(factory: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(registry, "_factories", dict(registry._factories))
    registry.register("mine", factory)
    return registry.make(Profile(1, "x", "mine"), Settings())


def test_what_a_provider_that_inherits_nothing_leaves_out_is_as_the_protocols_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = made_by(lambda *_: OnlyText(), monkeypatch)
    assert isinstance(text, TextProvider)
    assert not isinstance(text, ImageProvider | VideoProvider)
    assert (text.name, text.free, text.ready()) == ("mine", False, None)
    asyncio.run(text.aclose())

    everything = made_by(lambda *_: Everything(), monkeypatch)
    for protocol in (TextProvider, ImageProvider, VideoProvider, ProviderTask):
        assert isinstance(everything, protocol)
    assert (everything.name, everything.free) == ("its own name", True)
    assert everything.most_images(ImageRequest("m", "p", (1, 1), 0, "c")) == 1
    assert asyncio.run(everything.find("m", 0, 0)) is None
    assert everything.picture_references("m", {}) == everything.clip_references("m") == NO_REFERENCES


def test_a_provider_that_cannot_be_used_is_refused_with_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_only(**methods: Any) -> Any:
        return lambda *_: SimpleNamespace(**methods)

    with pytest.raises(ProgrammingError, match="The provider mine cannot be used: it has no modes"):
        made_by(with_only(text=print), monkeypatch)
    with pytest.raises(ProgrammingError, match="it has no poll, cancel"):
        made_by(with_only(submit=print), monkeypatch)
    with pytest.raises(ProgrammingError, match="it has no text / images / submit"):
        made_by(with_only(), monkeypatch)
    with pytest.raises(ProgrammingError, match="mine cannot be loaded: AttributeError: module"):
        made_by("workbench.providers.base:nothing", monkeypatch)
    with pytest.raises(ProgrammingError, match="mine cannot be loaded: ModuleNotFoundError"):
        made_by("no_such_package:make", monkeypatch)
    (tmp_path / "provider_that_exits.py").write_text("raise SystemExit('licence missing')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ProgrammingError, match="mine cannot be loaded: SystemExit: licence missing"):
        made_by("provider_that_exits:make", monkeypatch)


@pytest.mark.parametrize(
    "module",
    [
        "workbench.providers.registry",
        "workbench.providers.reading",
        "workbench.usage.prices",
        "workbench.security.keys",
        "workbench.providers.endpoints",
    ],
)
def test_no_sdk_loads_before_it_is_used(module: str) -> None:
    script = (
        f"import sys, {module}; print([m for m in ('openai', 'httpx2', 'genai_prices', 'cryptography') if m "
        f"in sys.modules])"
    )

    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert shown.stdout.strip() == "[]"


OFFERS: dict[str, tuple[type, ...]] = {
    "sketch": (TextProvider, ImageProvider, VideoProvider),
    "openai": (TextProvider, ImageProvider),
    "gemini": (TextProvider, ImageProvider, VideoProvider),
    "ark": (TextProvider, ImageProvider, VideoProvider),
}


def test_every_provider_offers_what_the_engine_calls() -> None:
    """By the declared protocols alone, and none of their methods is left without a body."""
    assert set(OFFERS) <= set(registry.names())
    built_in = {name for name in registry.names() if not name.startswith("test_")}
    assert built_in == set(OFFERS)
    for name, protocols in OFFERS.items():
        provider = registry.make(Profile(1, name, name), Settings.load(home="."))
        inherited = {base for protocol in protocols for base in protocol.__mro__}
        for protocol in (Provider, TextProvider, ImageProvider, VideoProvider, ProviderTask):
            assert isinstance(provider, protocol) == (protocol in inherited), (name, protocol)
            assert (protocol in type(provider).__mro__) == (protocol in inherited), (name, protocol)
