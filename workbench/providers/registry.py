"""Which providers exist. Naming one costs nothing; its code and SDK load when the first provider of it is made."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, cast

from workbench.errors import InvalidInput, Issue
from workbench.i18n import Text

if TYPE_CHECKING:
    from workbench.providers.base import Profile, Provider
    from workbench.settings import Settings

#: makes a provider from a profile (its key in plain) and the settings
Factory = Callable[["Profile", "Settings"], "Provider"]

#: installed packages add providers under this entry point group: name = "module:factory"
ENTRY_POINTS = "reelwright.providers"

_factories: dict[str, str | Factory] = {
    "sketch": "workbench.sketch.provider:make",
    "openai": "workbench.providers.openai_compatible:make",
    "gemini": "workbench.providers.gemini:make",
    "ark": "workbench.providers.ark:make",
}


def register(name: str, factory: str | Factory) -> None:
    """Add a provider, as ``"module:attribute"`` or as the factory itself."""
    _factories[name] = factory


def names() -> list[str]:
    """What a profile's `provider` may be."""
    return sorted({*_factories, *(point.name for point in entry_points(group=ENTRY_POINTS))})


def check(name: str) -> None:
    """Raises InvalidInput for a provider nobody offers."""
    if name not in _factories and name not in names():
        text = Text("There is no provider named {name}. Known: {known}.", name=name, known=", ".join(names()))
        raise InvalidInput(text, [Issue("provider", text)])


def make(profile: Profile, settings: Settings) -> Provider:
    """A provider for this profile. Close it after use, in the event loop that used it."""
    check(profile.provider)
    return _factory(profile.provider)(profile, settings)


def _factory(name: str) -> Factory:
    factory = _factories.get(name)
    if factory is None:
        factory = next(point.load() for point in entry_points(group=ENTRY_POINTS) if point.name == name)
    if isinstance(factory, str):
        module, _, attribute = factory.partition(":")
        factory = cast(Factory, getattr(importlib.import_module(module), attribute))
    _factories[name] = factory
    return factory
