"""Which providers exist. Naming one costs nothing; its code and SDK load when the first provider of it is made.

Another package's provider need not inherit what it offers: what it leaves out is what the Protocols have.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import entry_points
from types import MethodType
from typing import TYPE_CHECKING, Any, cast

from workbench.errors import InvalidInput, Issue, ProgrammingError
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from workbench.providers.base import Profile, Provider
    from workbench.settings import Settings

#: makes a provider from a profile (its key in plain) and the settings
Factory = Callable[["Profile", "Settings"], "Provider"]

#: installed packages add providers under this entry point group: name = "module:factory"
ENTRY_POINTS = "reelwright.providers"

#: what offers something → what must be there with it
_NEEDED: dict[str, tuple[str, ...]] = {"text": ("modes",), "images": (), "submit": ("poll", "cancel")}

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
    try:
        factory = _factory(profile.provider)
    except (Exception, SystemExit) as error:
        # whatever its module does while it is imported
        reason = f"{type(error).__name__}: {error}"
        raise ProgrammingError(
            Text(N_("The provider {name} cannot be loaded: {reason}"), name=profile.provider, reason=reason)
        ) from error
    return _complete(profile.provider, factory(profile, settings))


def _complete(name: str, provider: Any) -> Provider:
    """A provider with all that the engine calls. Raises ProgrammingError for what no default stands for."""
    from workbench.providers.base import ImageProvider, Provider, VideoProvider

    offers = [offer for offer in _NEEDED if hasattr(provider, offer)]
    missing = [needed for offer in offers for needed in _NEEDED[offer] if not hasattr(provider, needed)]
    if missing or not offers:
        listed = ", ".join(missing) if offers else " / ".join(_NEEDED)
        raise ProgrammingError(
            Text(N_("The provider {name} cannot be used: it has no {missing}."), name=name, missing=listed)
        )
    defaults: dict[str, object] = {
        "name": name,
        "free": Provider.free,
        "ready": MethodType(Provider.ready, provider),
        "aclose": MethodType(Provider.aclose, provider),
    }
    if "images" in offers:
        defaults["most_images"] = MethodType(ImageProvider.most_images, provider)
        defaults["picture_references"] = MethodType(ImageProvider.picture_references, provider)
    if "submit" in offers:
        defaults["find"] = MethodType(VideoProvider.find, provider)
        defaults["clip_references"] = MethodType(VideoProvider.clip_references, provider)
    for attribute, default in defaults.items():
        if not hasattr(provider, attribute):
            setattr(provider, attribute, default)
    return cast("Provider", provider)


def _factory(name: str) -> Factory:
    factory = _factories.get(name)
    if factory is None:
        factory = next(point.load() for point in entry_points(group=ENTRY_POINTS) if point.name == name)
    if isinstance(factory, str):
        module, _, attribute = factory.partition(":")
        factory = cast(Factory, getattr(importlib.import_module(module), attribute))
    _factories[name] = factory
    return factory
