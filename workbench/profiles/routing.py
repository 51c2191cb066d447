"""Which service a claim calls for what, who answers instead, and what must hold before any paid call.

A profile may leave pictures or clips to another profile's service, and names who answers when a service is overloaded,
out of quota or cannot be reached. Before a call: the budget, the calls under way (in the ledger), the minute's share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sqlalchemy import Connection

from workbench.db.connection import Database
from workbench.db.writes import ledger
from workbench.errors import BudgetExceeded, NotFound, ProviderError
from workbench.i18n import N_, Text
from workbench.providers.base import Profile
from workbench.usage import budgets

Capability = Literal["text", "image", "video"]
#: overload, quota, outage; nothing else is another service's business
FALLBACK_ON = frozenset(("overloaded", "quota_exhausted", "network"))
#: a shorter wait is slept through; a longer one gives the worker's thread away
SHORT_S = 0.5
#: how soon a full service is asked again
FULL_S = 0.5

ProfileOf = Callable[[int | None], Profile]
MakeProvider = Callable[[Profile], Any]


class Suspend(BaseException):
    """The job waits; its worker is free. Not an Exception, so that a workflow's own handlers let it through."""

    def __init__(
        self, waiting_for: str, *, resume_in_s: float | None = None, said: Text | None = None, asks: bool = False
    ) -> None:
        """`asks`: it goes on only when somebody does something."""
        super().__init__(waiting_for)
        self.asks = asks
        self.waiting_for = waiting_for
        self.resume_in_s = resume_in_s
        self.said = said


class Held(Suspend):
    """The call had to wait when it was about to be opened; nothing was sent."""


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
class Service:
    """A profile with its provider, made on first use. `instead_of`: the profile that could not answer."""

    profile: Profile
    make: MakeProvider
    instead_of: int | None = None
    _provider: Any = None

    @property
    def provider(self) -> Any:
        if self._provider is None:
            self._provider = self.make(self.profile)
            # loading an SDK takes up to seconds, which are none of a call's
            getattr(self._provider, "ready", lambda: None)()
        return self._provider

    @property
    def free(self) -> bool:
        """Asking again costs nothing."""
        return bool(getattr(self.provider, "free", False))

    def model(self, capability: Capability) -> str:
        profile = self.profile
        return {"text": profile.text_model, "image": profile.picture_model, "video": profile.clip_model}[capability]

    async def aclose(self) -> None:
        if self._provider is not None:
            await self._provider.aclose()


@dataclass
class Services:
    """The services of one claim, each opened once."""

    profile: Profile
    profile_of: ProfileOf
    make_provider: MakeProvider
    _lines: dict[Capability, list[Service]] = field(default_factory=dict)
    _opened: dict[int | None, Service] = field(default_factory=dict)

    def of(self, capability: Capability) -> Service:
        """Who is asked now."""
        return self._line(capability)[0]

    def step_aside(self, capability: Capability, error: ProviderError) -> Service | None:
        """Who answers instead for the rest of this claim; None when this failure is none of a fallback's, or none is left."""
        line = self._line(capability)
        if error.kind not in FALLBACK_ON or len(line) < 2:
            return None
        left = line.pop(0)
        if line[0].instead_of is None:
            line[0].instead_of = left.profile.id
        return line[0]

    def _line(self, capability: Capability) -> list[Service]:
        if capability not in self._lines:
            first = self._bound(capability)
            others = [self._open(i) for i in first.profile.fallback_ids if i != first.profile.id]
            self._lines[capability] = [first, *(s for s in others if s is not None and s.model(capability))]
        return self._lines[capability]

    def _bound(self, capability: Capability) -> Service:
        bound = {"text": None, "image": self.profile.image_profile_id, "video": self.profile.video_profile_id}[
            capability
        ]
        own = self._opened.setdefault(self.profile.id, Service(self.profile, self.make_provider))
        return (self._open(bound) if bound is not None else None) or own

    def _open(self, profile_id: int) -> Service | None:
        if profile_id not in self._opened:
            try:
                self._opened[profile_id] = Service(self.profile_of(profile_id), self.make_provider)
            except NotFound:
                return None
        return self._opened[profile_id]

    async def aclose(self) -> None:
        for service in self._opened.values():
            await service.aclose()


async def admit(database: Database, limit: RateLimit, service: Service, project_id: int | None, tokens: int) -> None:
    """Return when a call may begin. Raises Suspend when the job has to wait for its budget or the service's limits."""
    if service.free:
        return
    profile = service.profile
    while True:
        with database.read() as conn:
            try:
                budgets.check_call(conn, project_id)
            except BudgetExceeded as error:
                raise Suspend("budget", said=error.text, asks=not error.passing) from None
            full = profile.concurrency is not None and ledger.open_calls(conn, profile.id) >= profile.concurrency
        if full:
            raise _full(profile)
        wait = limit.take(profile, tokens)
        if not wait:
            return
        if wait > SHORT_S:
            raise Suspend("rate_limit", resume_in_s=wait, said=_limited(profile))
        await asyncio.sleep(wait)


def take_place(conn: Connection, service: Service, project_id: int | None) -> None:
    """In the transaction that opens a call: raises Held when others took the last place, or the budget's rest, meanwhile."""
    profile = service.profile
    if not service.free:
        try:
            budgets.hold(conn, project_id)
        except BudgetExceeded as error:
            raise Held("budget", said=error.text, asks=not error.passing) from None
    if profile.concurrency is not None and not ledger.place_free(conn, profile.id, profile.concurrency):
        raise _full(profile)


def _full(profile: Profile) -> Held:
    return Held("rate_limit", resume_in_s=FULL_S, said=_limited(profile))


def _limited(profile: Profile) -> Text:
    return Text(N_("Waits for the rate limit of {profile}"), profile=profile.name)
