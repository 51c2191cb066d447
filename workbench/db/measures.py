"""What ended jobs are counted by, beside their states: when they were created, how long they ran, what they cost.

`schema.ended_count` has a row for each bucket of a measure, so a condition such as “ran over a minute” is a sum of few
rows, and a look at the narrow rows of one bucket.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from workbench.db import histograms
from workbench.db.rollups import DAY_MS

Measure = Literal["day", "run", "cny", "usd"]
#: measure → the column of a narrow row that it is of
COLUMNS: Mapping[Measure, str] = {"day": "created_at", "run": "run_ms", "cny": "cny_micros", "usd": "usd_micros"}


def bucket_of(measure: Measure, value: int) -> int:
    """The UTC day; else of a ladder whose steps are 4 % apart. A larger value is never in a smaller bucket."""
    return value // DAY_MS if measure == "day" else histograms.bucket_of(value)


def end_of(bucket: int) -> int:
    """The largest value in a bucket of the ladder."""
    value = histograms.largest_in(bucket)
    while histograms.bucket_of(value + 1) == bucket:
        value += 1
    while histograms.bucket_of(value) > bucket:
        value -= 1
    return value


def list_buckets(row: Mapping[Any, Any]) -> Iterable[tuple[Measure, int, str]]:
    """(measure, bucket, state) under which a narrow row is counted."""
    for measure, column in COLUMNS.items():
        if row[column] is not None:
            yield measure, bucket_of(measure, int(row[column])), str(row["state"])
