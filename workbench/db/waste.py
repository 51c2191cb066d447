"""What the sums over wasted calls hold (`rollup_tables.waste_sum`).

Reads ask `db/reads/waste.py`; workers fill them by `db/writes/waste.py`.
"""

from __future__ import annotations

from workbench.db.rollups import DAY_MS, THIRD_MS

CAUSES = ("lost", "cancelled", "error", "invalid", "job_failed", "superseded")
#: facet → how much of a time a row sums up, ms, and what its rows tell apart
FACETS: dict[str, tuple[int, tuple[str, ...]]] = {
    "cause": (DAY_MS, ("workflow", "cause", "currency")),
    "cause_project": (DAY_MS, ("project_id", "workflow", "cause", "currency")),
    "cause_model": (DAY_MS, ("model", "workflow", "cause", "currency")),
    # by the third, of which days of other zones are put together
    "all": (THIRD_MS, ("currency",)),
    "project": (THIRD_MS, ("project_id", "currency")),
    "workflow": (THIRD_MS, ("workflow", "currency")),
    "model": (THIRD_MS, ("model", "currency")),
}
#: the primary key of `waste_sum` beside its facet and its time, and what stands for none
NONE = {"project_id": 0, "model": "", "workflow": "", "cause": "", "currency": ""}
SUMS = ("calls", "cost_micros", "unpriced")
