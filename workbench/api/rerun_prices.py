"""What ended jobs will cost when they are run again, asked as they will be asked then."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from workbench.errors import NotFound
from workbench.jobs import overrides as asking
from workbench.jobs.acts import Rerun, RerunPrice, Used
from workbench.providers.base import Usage
from workbench.providers.params import find_longest
from workbench.usage import estimates, plans
from workbench.usage.prices import clock_ms, cost_of

if TYPE_CHECKING:
    from workbench.db.connection import Database
    from workbench.jobs.overrides import Overrides
    from workbench.providers.base import Profile
    from workbench.workflows.registry import Registry, Workflow

_Known: TypeAlias = tuple[estimates.Estimate, estimates.BoundProfiles]


@dataclass
class RerunPrices:
    """Prices of runs with the settings of `wb.jobs.retry_many`. `profile_id` with `change_profile`: for all of them, in
    place of their own."""

    database: Database
    registry: Registry
    profile_of: Callable[[int | None], Profile]
    profile_id: int | None = None
    change_profile: bool = False
    overrides: Overrides | None = None
    #: (workflow, profile, whether it is another one, what it was asked with) → a whole run, and who does it
    _known: dict[tuple[str, int | None, bool, str], _Known] = field(default_factory=dict)

    def __call__(self, rerun: Rerun) -> RerunPrice | None:
        """None: not known."""
        try:
            declared = self.registry.find(rerun.kind)
        except NotFound:
            return None  # of a package that is not there any more
        guess, bound = self._estimate(declared, rerun)
        if guess.cost_micros is None or guess.currency is None:
            return None
        share = declared.share
        asked = 1.0 if rerun.params is None or share is None else plans.read_share(declared, rerun.params)
        # of what is usual: one frame again is not nine, and what is done of it is not counted again
        left = max(0.0, asked - 1 + declared.typical.share_left(rerun.done))
        price = RerunPrice(round(guess.cost_micros * left), guess.currency)
        price = _raise_to_used(price, rerun.used, bound.text)
        return price._replace(most_micros=_find_most(price, declared, rerun.used, bound.text, left))

    @cached_property
    def _ran(self) -> estimates.Ran:
        with self.database.read() as conn:
            return estimates.Ran(conn)

    def _estimate(self, declared: Workflow, rerun: Rerun) -> _Known:
        profile_id = self.profile_id if self.change_profile else rerun.profile_id
        is_other = profile_id != rerun.profile_id
        key = declared.name, profile_id, is_other, json.dumps(rerun.overrides, sort_keys=True)
        if key not in self._known:
            profile = self.profile_of(profile_id)
            overrides = asking.ask_again(rerun.overrides, self.overrides, profile, is_other=is_other)
            bound = estimates.BoundProfiles.bind(asking.apply(profile, overrides), self.profile_of)
            self._known[key] = plans.estimates_of(self.database, [declared], bound, self._ran)[declared.name], bound
        return self._known[key]


def _raise_to_used(price: RerunPrice, used: Used, profile: Profile) -> RerunPrice:
    """Not less than what was used before: what took more than is usual will hardly take less."""
    again = Usage(used.input_tokens, used.cached_tokens, used.output_tokens)
    cost = cost_of(profile, profile.text_model, again, clock_ms())
    if cost.cost_micros is None or cost.currency != price.currency:
        return price
    return price._replace(micros=max(price.micros, cost.cost_micros))


def _find_most(price: RerunPrice, declared: Workflow, used: Used, profile: Profile, left: float) -> int | None:
    """What it costs when as many calls as before, or as are usual, each answer at the longest; None: nothing says how
    long that is, or another service may be asked instead."""
    typical = declared.typical
    is_free = profile.provider == "sketch" or typical.calls + typical.images + typical.videos == 0
    if is_free and not price.micros:
        return 0
    longest = profile.params.get("max_tokens")
    if not longest or typical.images or typical.videos or declared.draws is not None or profile.fallback_ids:
        return None
    known = find_longest(profile.text_model, profile.base_url, profile.provider)
    longest = int(longest) if known is None else min(int(longest), known)
    calls = max(1, used.calls, math.ceil(typical.calls * left))
    at_most = Usage(max(used.input_tokens, round(typical.input_tokens * left)), 0, calls * longest)
    cost = cost_of(profile, profile.text_model, at_most, clock_ms())
    if cost.cost_micros is None or cost.currency != price.currency:
        return None
    return max(price.micros, cost.cost_micros)
