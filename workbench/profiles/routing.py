"""Which provider a claim calls for what, who answers instead, and what must hold before any paid call.

A profile may leave pictures or clips to another profile's service, and names who answers when a service is overloaded,
out of quota or cannot be reached. Before a call: the budget, the calls under way (in the ledger), the minute's share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from sqlalchemy import Connection

from workbench.db.connection import Database
from workbench.db.writes import ledger
from workbench.errors import BudgetExceeded, NotFound, ProviderError, find_kind
from workbench.i18n import N_, Text
from workbench.providers.base import ImageProvider, Profile, Provider, TextProvider, VideoProvider
from workbench.suspend import NoRoom, Suspend
from workbench.usage import budgets

Capability = Literal["text", "image", "video"]
#: a shorter wait is slept through; a longer one gives the worker's thread away
SHORT_S = 0.5
#: how soon a full service is asked again
FULL_S = 0.5

ProfileOf = Callable[[int | None], Profile]
MakeProvider = Callable[[Profile], Provider]


class RateLimit(Protocol):
    """Takes a call's share of a profile's minute (workbench.profiles.rate_limits)."""

    def take(self, profile: Profile, tokens: int) -> float:
        """0, or the seconds after which to ask again."""
        ...

    def settle(self, profile: Profile, taken: int, used: int, seconds: float) -> None:
        """What a call really counted, so many seconds after `taken` tokens were taken for it."""
        ...


class Unlimited:
    """For those without a Redis to count on."""

    def take(self, profile: Profile, tokens: int) -> float:
        return 0.0

    def settle(self, profile: Profile, taken: int, used: int, seconds: float) -> None:
        pass


@dataclass
class BoundProvider:
    """A profile with its provider, made on first use. `fallback_from`: the profile that could not answer."""

    profile: Profile
    make: MakeProvider
    fallback_from: int | None = None
    _provider: Provider | None = None

    @property
    def provider(self) -> Provider:
        if self._provider is None:
            self._provider = self.make(self.profile)
            # loading an SDK takes up to seconds, which are no part of a call's
            self._provider.ready()
        return self._provider

    @property
    def text(self) -> TextProvider:
        provider = self.provider
        if not isinstance(provider, TextProvider):
            raise TypeError(f"the provider of profile {self.profile.name} writes no text")
        return provider

    @property
    def image(self) -> ImageProvider:
        """Raises ProviderError when the service draws no pictures."""
        provider = self.provider
        if not isinstance(provider, ImageProvider):
            text = Text(
                N_("The service of profile {profile} draws no pictures. Choose one that does."),
                profile=self.profile.name,
            )
            raise ProviderError("bad_request", text, sent=False)
        return provider

    @property
    def video(self) -> VideoProvider:
        """Raises ProviderError when the service makes no videos."""
        provider = self.provider
        if not isinstance(provider, VideoProvider):
            text = Text(
                N_("The service of profile {profile} makes no videos. Choose one that does."),
                profile=self.profile.name,
            )
            raise ProviderError("bad_request", text, sent=False)
        return provider

    @property
    def free(self) -> bool:
        """Asking again costs nothing."""
        return self.provider.free

    def model(self, capability: Capability) -> str:
        profile = self.profile
        return {"text": profile.text_model, "image": profile.picture_model, "video": profile.clip_model}[capability]

    async def aclose(self) -> None:
        if self._provider is not None:
            await self._provider.aclose()


@dataclass
class BoundProviders:
    """The providers that one claim may call, each made once."""

    profile: Profile
    profile_of: ProfileOf
    make_provider: MakeProvider
    #: who is asked, and who instead, in this order
    _order: dict[Capability, list[BoundProvider]] = field(default_factory=dict)
    _bound: dict[int | None, BoundProvider] = field(default_factory=dict)

    def of(self, capability: Capability) -> BoundProvider:
        """Who is asked now."""
        return self._order_of(capability)[0]

    def fall_back(self, capability: Capability, error: ProviderError) -> BoundProvider | None:
        """Who answers instead for the rest of this claim; None when a fallback does not help here, or none is left."""
        order = self._order_of(capability)
        if not find_kind(error.kind).falls_back or len(order) < 2:
            return None
        failed = order.pop(0)
        if order[0].fallback_from is None:
            order[0].fallback_from = failed.profile.id
        return order[0]

    def _order_of(self, capability: Capability) -> list[BoundProvider]:
        if capability not in self._order:
            first = self._first(capability)
            others = [self._bind(i) for i in first.profile.fallback_ids if i != first.profile.id]
            self._order[capability] = [first, *(b for b in others if b is not None and b.model(capability))]
        return self._order[capability]

    def _first(self, capability: Capability) -> BoundProvider:
        named = {"text": None, "image": self.profile.image_profile_id, "video": self.profile.video_profile_id}
        other_id = named[capability]
        own = self._bound.setdefault(self.profile.id, BoundProvider(self.profile, self.make_provider))
        return (self._bind(other_id) if other_id is not None else None) or own

    def _bind(self, profile_id: int) -> BoundProvider | None:
        if profile_id not in self._bound:
            try:
                self._bound[profile_id] = BoundProvider(self.profile_of(profile_id), self.make_provider)
            except NotFound:
                return None
        return self._bound[profile_id]

    async def aclose(self) -> None:
        for bound in self._bound.values():
            await bound.aclose()


async def admit(
    database: Database, limit: RateLimit, bound: BoundProvider, project_id: int | None, tokens: int
) -> None:
    """Return when a call may begin. Raises Suspend when the job has to wait for its budget or the service's limits."""
    if bound.free:
        return
    profile = bound.profile
    while True:
        with database.read() as conn:
            try:
                budgets.check_call(conn, project_id)
            except BudgetExceeded as error:
                raise Suspend("budget", message=error.text, asks=not error.passing) from None
            full = profile.concurrency is not None and ledger.open_calls(conn, profile.id) >= profile.concurrency
        if full:
            raise _no_slot(profile)
        wait = limit.take(profile, tokens)
        if not wait:
            return
        if wait > SHORT_S:
            raise Suspend("rate_limit", resume_in_s=wait, message=_limit_message(profile))
        await asyncio.sleep(wait)


def reserve(conn: Connection, bound: BoundProvider, project_id: int | None) -> None:
    """In the transaction that opens a call: raises NoRoom when others took the last slot, or the budget's rest,
    meanwhile."""
    profile = bound.profile
    if not bound.free:
        try:
            budgets.lock_and_check(conn, project_id)
        except BudgetExceeded as error:
            raise NoRoom("budget", message=error.text, asks=not error.passing) from None
    if profile.concurrency is not None and not ledger.lock_slots(conn, profile.id, profile.concurrency):
        raise _no_slot(profile)


def _no_slot(profile: Profile) -> NoRoom:
    return NoRoom("rate_limit", resume_in_s=FULL_S, message=_limit_message(profile))


def _limit_message(profile: Profile) -> Text:
    return Text(N_("Waits for the rate limit of {profile}"), profile=profile.name)
