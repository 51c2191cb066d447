from __future__ import annotations

import subprocess
import sys

import pytest

from workbench.errors import InvalidInput
from workbench.providers import registry
from workbench.providers.base import ImageProvider, Profile, Provider, ProviderTask, TextProvider, VideoProvider
from workbench.settings import Settings


def test_the_first_providers_are_known_by_name() -> None:
    assert {"sketch", "openai"} <= set(registry.names())


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="openai"):
        registry.make(Profile(1, "x", "nobody"), Settings())


def test_a_registered_factory_makes_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_factories", dict(registry._factories))
    registry.register("mine", lambda profile, settings: (profile.name, settings))  # type: ignore[arg-type, return-value]
    settings = Settings()

    assert registry.make(Profile(1, "x", "mine"), settings) == ("x", settings)


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
