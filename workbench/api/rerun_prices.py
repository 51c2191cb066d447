"""What ended jobs will cost when they are run again, asked as they will be asked then."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.errors import NotFound
from workbench.jobs import overrides as asking
from workbench.usage import estimates, plans

if TYPE_CHECKING:
    from workbench.db.connection import Database
    from workbench.jobs.acts import Rerun
    from workbench.jobs.overrides import Overrides
    from workbench.providers.base import Profile
    from workbench.workflows.registry import Registry, Workflow


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
    #: of a workflow with a profile, asked with these overrides
    _known: dict[tuple[str, int | None, str], estimates.Estimate] = field(default_factory=dict)

    def __call__(self, rerun: Rerun) -> tuple[int, str] | None:
        """What is left of a run will probably cost; None: not known."""
        try:
            declared = self.registry.find(rerun.kind)
        except NotFound:
            return None  # of a package that is not there any more
        guess = self._estimate(declared, rerun)
        if guess.cost_micros is None or guess.currency is None:
            return None
        share = declared.share
        asked = 1.0 if rerun.params is None or share is None else plans.read_share(declared, rerun.params)
        # of what is usual: one frame again is not nine, and what is done of it is not counted again
        left = max(0.0, asked - 1 + declared.typical.share_left(rerun.done))
        return round(guess.cost_micros * left), guess.currency

    def _estimate(self, declared: Workflow, rerun: Rerun) -> estimates.Estimate:
        profile_id = self.profile_id if self.change_profile else rerun.profile_id
        overrides: Mapping[str, Any] | None = self.overrides
        if overrides is None:
            overrides = rerun.overrides if profile_id == rerun.profile_id else asking.carry_over(rerun.overrides)
        key = declared.name, profile_id, json.dumps(overrides, sort_keys=True)
        if key not in self._known:
            profile = self.profile_of(profile_id)
            if self.overrides is not None:
                overrides = asking.check(overrides, profile)
            bound = estimates.BoundProfiles.bind(asking.apply(profile, overrides), self.profile_of)
            self._known[key] = plans.estimates_of(self.database, [declared], bound)[declared.name]
        return self._known[key]
