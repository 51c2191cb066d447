"""Histograms of milliseconds, packed into a row: percentiles of any sum of them are within 2 % of the exact ones.

A bucket holds the values from one power of a number a little above 1 to the next; its value is the one that is nearest
to both ends (DDSketch, Masson et al. 2019). Counts may be negative: what is taken away again.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain

#: the largest share by which a percentile is off
ERROR = 0.02
_GAMMA = (1 + ERROR) / (1 - ERROR)
_LOG = math.log(_GAMMA)
_MOST = 32_767
#: bytes from which it pays to count by numpy
_MANY = 400

Histogram = dict[int, int]


def bucket_of(ms: int) -> int:
    """0 holds what is not positive."""
    return 0 if ms <= 0 else 1 + max(0, math.ceil(math.log(ms) / _LOG))


def largest_in(bucket: int) -> int:
    """About where a bucket ends."""
    return 0 if bucket == 0 else math.floor(_GAMMA ** (bucket - 1))


def value_of(bucket: int) -> int:
    """Milliseconds."""
    return 0 if bucket == 0 else round(2 * _GAMMA ** (bucket - 1) / (_GAMMA + 1))


def pack(histogram: Mapping[int, int]) -> bytes | None:
    """Pairs of bucket and count, 16 bits each, little-endian; None for an empty one."""
    pairs = array("h")
    if histogram and min(histogram.values()) >= -_MOST and max(histogram.values()) <= _MOST:
        pairs.extend(chain.from_iterable(pair for pair in sorted(histogram.items()) if pair[1]))
        return pairs.tobytes() or None
    for bucket, count in sorted(histogram.items()):
        while count:
            part = max(-_MOST, min(_MOST, count))
            pairs.extend((bucket, part))
            count -= part
    return pairs.tobytes() or None


def add(into: Histogram, packed: Iterable[bytes | None]) -> None:
    joined = b"".join(filter(None, packed))
    if len(joined) >= _MANY:
        _add_many(into, joined)
        return
    pairs = array("h")
    pairs.frombytes(joined)
    for bucket, count in zip(pairs[::2], pairs[1::2], strict=True):
        into[bucket] = into.get(bucket, 0) + count


def _add_many(into: Histogram, joined: bytes) -> None:
    """Several times as quick, of many pairs."""
    import numpy as np

    pairs = np.frombuffer(joined, np.int16).reshape(-1, 2)
    counts = np.bincount(pairs[:, 0], pairs[:, 1])
    buckets = counts.nonzero()[0]
    added = dict(zip(buckets.tolist(), counts[buckets].astype(int).tolist(), strict=True))
    into.update({bucket: into[bucket] + count if bucket in into else count for bucket, count in added.items()})


def percentile(histogram: Mapping[int, int], share: float) -> int | None:
    """Nearest rank, ms; None of nothing."""
    return percentiles(histogram, (share,))[0]


def percentiles(histogram: Mapping[int, int], shares: Sequence[float]) -> list[int | None]:
    """Of ascending shares, from one look at a histogram."""
    size = sum(histogram.values())
    if size <= 0:
        return [None] * len(shares)
    buckets = sorted(histogram)
    counted = [*accumulate(map(histogram.__getitem__, buckets))]
    # ascending, as long as nothing is taken away that was not there
    ranks = (max(1, math.ceil(share * size)) for share in shares)
    return [value_of(buckets[bisect_left(counted, rank)]) for rank in ranks]
