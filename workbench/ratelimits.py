"""Requests and tokens a minute of a profile, over all workers: counted on Redis by the `limits` library.

Requests by a moving window, which never lets more through in any minute; tokens by its sliding counter, which takes
weights. A window is a little longer than the minute: two requests may take differently long to reach the service.
"""

from __future__ import annotations

import functools
import logging
import time
from typing import TYPE_CHECKING

from workbench.broker import NAMESPACE, connect
from workbench.settings import Settings

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import RateLimiter

    from workbench.providers.base import Profile

log = logging.getLogger(__name__)

WINDOW_S = 62
#: a sliding count frees room little by little: how soon it is worth asking again
SPREAD_S = 10.0
#: while Redis cannot be asked, paid calls wait rather than run without their limit
AWAY_S = 2.0


class RateLimits:
    """Takes a call's share of its profile's minute, or says how long to wait. Safe from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def take(self, profile: Profile, tokens: int) -> float:
        """0: the call may begin now, and counts. Else the seconds after which to ask again."""
        if profile.id is None or not (profile.rpm or profile.tpm):
            return 0.0
        import redis

        try:
            return self._taken(profile, tokens)
        except redis.RedisError as error:
            log.warning("rate limits of profile %s cannot be asked: %s", profile.name, error)
            return AWAY_S

    def _taken(self, profile: Profile, tokens: int) -> float:
        from limits import RateLimitItemPerSecond

        name = f"profile:{profile.id}"
        if profile.tpm:
            by_tokens = RateLimitItemPerSecond(profile.tpm, WINDOW_S, namespace="tpm")
            # A call larger than the whole minute's share may still be made, alone.
            share = min(max(tokens, 1), profile.tpm)
            if not self._tokens.test(by_tokens, name, cost=share):
                return _until(self._tokens, by_tokens, name, spread=True)
        if profile.rpm:
            by_requests = RateLimitItemPerSecond(profile.rpm, WINDOW_S, namespace="rpm")
            if not self._requests.hit(by_requests, name):
                return _until(self._requests, by_requests, name)
        if profile.tpm and not self._tokens.hit(by_tokens, name, cost=share):
            return _until(self._tokens, by_tokens, name, spread=True)
        return 0.0

    @functools.cached_property
    def _requests(self) -> RateLimiter:
        from limits.strategies import MovingWindowRateLimiter

        return MovingWindowRateLimiter(self._storage)

    @functools.cached_property
    def _tokens(self) -> RateLimiter:
        from limits.strategies import SlidingWindowCounterRateLimiter

        return SlidingWindowCounterRateLimiter(self._storage)

    @functools.cached_property
    def _storage(self):  # type: ignore[no-untyped-def]
        from limits.storage import RedisStorage

        pool = connect(self._settings).connection_pool
        return RedisStorage("redis://", connection_pool=pool, key_prefix=f"{NAMESPACE}:limits")


def _until(strategy: RateLimiter, item: RateLimitItem, name: str, *, spread: bool = False) -> float:
    """Seconds until there may be room. `spread`: a sliding count frees room little by little, so ask again sooner."""
    wait = strategy.get_window_stats(item, name).reset_time - time.time()
    return min(max(wait, 0.05), SPREAD_S if spread else WINDOW_S)
