"""What the sums over wasted calls hold (`rollup_tables.waste_sum`).

Reads ask `db/reads/waste.py`; workers fill them by `db/writes/waste.py`.
"""

from __future__ import annotations

from collections.abc import Collection

CAUSES = ("lost", "cancelled", "error", "invalid", "job_failed", "superseded")
#: what a row sums up, hours: of thirds of a UTC day those of other zones are put together; eight days are hardly more
#: rows than one, so a quarter of a year is read from few
THIRD, DAY, EIGHT_DAYS = 8, 24, 192
_WORK = ("workflow", "model", "profile_id", "capability")
_NODE = ("project_id", "node_id")
#: facet → the dimensions that its rows tell apart, besides cause and currency, the one first that comes first in the
#: key; and what they sum up. Those with few rows first
FACETS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "all": ((), (THIRD,)),
    "work": (_WORK, (THIRD, EIGHT_DAYS)),
    "who": (("project_id", "created_by"), (THIRD, EIGHT_DAYS)),
    "project": ((*_WORK, "project_id"), (DAY, EIGHT_DAYS)),
    "node": (_NODE, (DAY, EIGHT_DAYS)),
    # of one day these were nearly as many rows as there are calls
    "full": ((*_WORK, *_NODE, "created_by"), (EIGHT_DAYS,)),
}
#: dimensions that every row tells apart
ALWAYS = ("cause", "currency")
#: the primary key of `waste_sum` behind its facet, hours and time, and what stands for none
NONE = {
    "workflow": "", "project_id": 0, "node_id": 0, "model": "", "profile_id": 0, "created_by": "", "capability": "",
    "cause": "", "currency": "",
}  # fmt: skip
SUMS = ("calls", "cost_micros", "unpriced")
#: what of a call its sums are made of
FACTS = ("cause", "started_at", *(name for name in NONE if name != "cause"), "cost_micros", "unpriced")


def pick(wanted: Collection[str], hours: int) -> str | None:
    """The facet with the fewest rows that tells these dimensions apart, in rows of so many hours."""
    for facet, (dimensions, spans) in FACETS.items():
        if {*wanted} <= {*dimensions} and hours in spans:
            return facet
    return None
