"""`wb.profiles`: which service, which models, which key, which limits. A key is sealed and never shown again."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Unpack

from workbench.api.queues import Queues
from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.db.rows.profiles import SavedProfile
from workbench.db.writes import installation
from workbench.profiles.profiles import ChangedFields, ProfileFields, Profiles, Rotated
from workbench.settings import Settings

if TYPE_CHECKING:
    from workbench.media import MediaStore
    from workbench.profiles.check import ProfileCheck
    from workbench.webhooks.registry import Webhooks


@check_arguments
class ModelProfiles:
    """Adds, changes and checks the profiles of model services."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        profiles: Profiles,
        webhooks: Webhooks,
        media: MediaStore,
        queues: Queues,
    ) -> None:
        self._database = database
        self._settings = settings
        self._profiles = profiles
        self._webhooks = webhooks
        self._media = media
        self._queues = queues

    def list(self, *, include_archived: bool = False) -> builtins.list[SavedProfile]:
        """By name, without keys; the built-in sketch is not among them."""
        return self._profiles.list_profiles(archived=include_archived)

    def id_of(self, name: str) -> int | None:
        """A profile's id; None for the built-in sketch. Raises NotFound."""
        return self._profiles.id_of(name)

    def add(self, name: str, provider: str, **fields: Unpack[ProfileFields]) -> SavedProfile:
        """Add a profile (its fields: profiles.Profiles.add). Raises InvalidInput naming each field."""
        return self._with_limit(self._profiles.add(name, provider, **fields))

    def update(self, name: str, /, **fields: Unpack[ChangedFields]) -> SavedProfile:
        """Change some fields of a profile; another address asks for its key again. Raises InvalidInput, NotFound."""
        return self._with_limit(self._profiles.change(name, **fields))

    def duplicate(self, name: str, new_name: str) -> SavedProfile:
        """A second profile with the same settings and key. Raises InvalidInput, NotFound."""
        return self._with_limit(self._profiles.duplicate(name, new_name))

    def archive(self, name: str, archived: bool = True) -> None:
        """Hide a profile, or show it again. Raises InvalidInput, NotFound."""
        self._profiles.archive(name, archived)

    def _with_limit(self, profile: SavedProfile) -> SavedProfile:
        # no more jobs than calls are let through to a service that is full
        key = f"profile:{profile.id}"
        if profile.concurrency or any(g.key == key for g in self._queues.list_gates()):
            self._queues.limit(key, profile.concurrency)
        return profile

    def check(self, name: str, *, image: bool = False) -> builtins.list[ProfileCheck]:
        """Make one tiny real call of each kind that a profile is bound to; each is in the ledger. Raises NotFound."""
        import asyncio

        from workbench.profiles.check import ProfileChecker
        from workbench.profiles.rate_limits import RateLimits
        from workbench.profiles.routing import BoundProviders
        from workbench.providers import registry

        async def run() -> builtins.list[ProfileCheck]:
            providers = BoundProviders(
                self._profiles.open(self._profiles.id_of(name)),
                self._profiles.open,
                lambda profile: registry.make(profile, self._settings),
            )
            try:
                # no worker calls anybody while Redis is away
                limit = RateLimits(self._settings, lambda: installation.identify(self._database), away_s=0.0)
                return await ProfileChecker(self._database, providers, self._media, limit).run(image=image)
            finally:
                await providers.aclose()

        return asyncio.run(run())

    def rotate_keys(self) -> Rotated:
        """Seal every stored key, and webhooks' addresses, with a new master key. Raises InvalidInput, Unavailable."""
        return self._profiles.rotate(also=self._webhooks.reseal)

    def remember_keys(self) -> None:
        """Teach this process's log redactor every stored key and webhook address."""
        self._profiles.remember_keys()
        self._webhooks.remember()
