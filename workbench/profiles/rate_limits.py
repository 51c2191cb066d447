"""Requests and tokens a minute of a profile, over all workers: counted on Redis by the `limits` library.

Requests by a moving window, which never lets more through in any minute; tokens by its sliding counter, which takes
weights: what a call is expected to count is taken before it, and made right by what it did count.
A window is a little longer than the minute: two requests may take differently long to reach the service.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workbench.broker.sender import NAMESPACE, connect, namespace_of
from workbench.errors import InvalidInput
from workbench.settings import Settings

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import RateLimiter

    from workbench.providers.base import Profile

log = logging.getLogger(__name__)

WINDOW_S = 62
#: calls that counted less than expected make room early: how soon it is worth asking again
SPREAD_S = 10.0
#: a window that ends later than this beyond its length was begun before the clock was put back; it is forgotten
CLOCK_SLACK_S = 5.0
#: for what was used already, and counts whatever the limit
NO_LIMIT = 10**12
#: while Redis cannot be asked, paid calls wait rather than run without their limit
AWAY_S = 2.0


class RateLimits:
    """Takes a call's share of its profile's minute, or says how long to wait. Safe from several threads.

    `installation` gives the name of the installation that counts for itself on this Redis. `away_s`: how long to wait
    when Redis cannot be asked; 0 goes on without it, which is for profile checks.
    """

    def __init__(
        self, settings: Settings, installation: Callable[[], str] | None = None, *, away_s: float = AWAY_S
    ) -> None:
        self._settings = settings
        self._installation = installation
        self._away_s = away_s

    def take(self, profile: Profile, tokens: int) -> float:
        """0: the call may begin now, and counts. Else the seconds after which to ask again."""
        if profile.id is None or not (profile.rpm or profile.tpm):
            return 0.0
        import redis

        try:
            return self._try_take(profile, tokens)
        except (redis.RedisError, InvalidInput) as error:
            log.warning("rate limits of profile %s cannot be asked: %s", profile.name, error)
            return self._away_s

    def settle(self, profile: Profile, taken: int, used: int, seconds: float) -> None:
        """What an answered call really counted, `seconds` after its `taken` tokens were; never raises."""
        if profile.id is None or not profile.tpm:
            return
        import redis

        try:
            self._correct(profile, min(max(taken, 1), profile.tpm), used, seconds)
        except (redis.RedisError, InvalidInput) as error:
            log.warning("the tokens of profile %s cannot be counted: %s", profile.name, error)

    def _try_take(self, profile: Profile, tokens: int) -> float:
        from limits import RateLimitItemPerSecond

        name = _name(profile)
        if profile.tpm:
            by_tokens = _by_tokens(profile.tpm)
            # A call larger than the whole minute's share may still be made, alone.
            share = min(max(tokens, 1), profile.tpm)
            if not self._tokens.test(by_tokens, name, cost=share):
                return self._until_tokens(by_tokens, name, share)
        if profile.rpm:
            by_requests = RateLimitItemPerSecond(profile.rpm, WINDOW_S, namespace="rpm")
            if not self._requests.hit(by_requests, name):
                wait = self._requests.get_window_stats(by_requests, name).reset_time - time.time()
                if wait > WINDOW_S + CLOCK_SLACK_S:
                    self._requests.clear(by_requests, name)
                return min(max(wait, 0.05), WINDOW_S)
        if profile.tpm and not self._tokens.hit(by_tokens, name, cost=share):
            return self._until_tokens(by_tokens, name, share)
        return 0.0

    def _until_tokens(self, item: RateLimitItem, name: str, share: int) -> float:
        """Seconds until the count has slid far enough for this share; the library only says when its first token is
        free."""
        before, before_s, now, now_s = self._storage.get_sliding_window(item.key_for(name), item.get_expiry())
        window, room = item.get_expiry(), item.amount - share
        if now_s > 2 * window + CLOCK_SLACK_S:
            self._tokens.clear(item, name)
            return 0.05
        if now <= room:
            # the window before weighs less and less
            wait: float = before_s - (room - now) * window / max(before, 1)
        else:
            # this window has to end first, and then to weigh less
            wait = now_s - window + window * (1 - room / now)
        return min(max(wait, 0.05), SPREAD_S)

    def _correct(self, profile: Profile, share: int, used: int, seconds: float) -> None:
        item = _by_tokens(profile.tpm or 0)
        window, key = item.get_expiry(), item.key_for(_name(profile))
        # asked first: it also begins a new window where one is due
        _, _, now, now_s = self._storage.get_sliding_window(key, window)
        # counted less: given back where it was taken, else it slides away by itself
        taken_here = seconds < 2 * window - now_s
        more = used - share if used > share else -min(share - used, now) if taken_here else 0
        if more:
            self._storage.acquire_sliding_window_entry(key, NO_LIMIT, window, more)

    @functools.cached_property
    def _requests(self) -> RateLimiter:
        from limits.strategies import MovingWindowRateLimiter

        return MovingWindowRateLimiter(self._storage)

    @functools.cached_property
    def _tokens(self) -> RateLimiter:
        from limits.strategies import SlidingWindowCounterRateLimiter

        return SlidingWindowCounterRateLimiter(self._storage)

    @functools.cached_property
    def _storage(self) -> Any:
        from limits.storage import RedisStorage

        pool = connect(self._settings).connection_pool
        namespace = NAMESPACE if self._installation is None else namespace_of(self._installation())
        return RedisStorage("redis://", connection_pool=pool, key_prefix=f"{namespace}:limits")


def _by_tokens(tpm: int) -> RateLimitItem:
    from limits import RateLimitItemPerSecond

    return RateLimitItemPerSecond(tpm, WINDOW_S, namespace="tpm")


def _name(profile: Profile) -> str:
    return f"profile:{profile.id}"
