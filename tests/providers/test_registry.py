from __future__ import annotations

import subprocess
import sys

import pytest

from workbench.errors import InvalidInput
from workbench.providers import registry
from workbench.providers.base import Profile
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
    script = f"import sys, {module}; print([m for m in ('openai', 'httpx2', 'genai_prices', 'cryptography') if m in sys.modules])"

    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert shown.stdout.strip() == "[]"
