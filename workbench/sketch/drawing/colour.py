"""Colours as three numbers from 0 to 255, and what is done with them."""

from __future__ import annotations

import zlib

RGB = tuple[int, int, int]


def rgb(code: str) -> RGB:
    """“#C9743F” as a colour."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """`share` of b in a, 0 to 1."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def times(a: RGB, factor: float | tuple[float, float, float]) -> RGB:
    """Brighter or darker, by one factor or one for each part."""
    r, g, b = factor if isinstance(factor, tuple) else (factor, factor, factor)
    return (
        min(255, max(0, round(a[0] * r))),
        min(255, max(0, round(a[1] * g))),
        min(255, max(0, round(a[2] * b))),
    )


def luma(a: RGB) -> float:
    """How bright it looks, 0 to 255."""
    return 0.299 * a[0] + 0.587 * a[1] + 0.114 * a[2]


def saturate(a: RGB, factor: float) -> RGB:
    """More or less colour at the same brightness."""
    grey = luma(a)
    return (
        min(255, max(0, round(grey + (a[0] - grey) * factor))),
        min(255, max(0, round(grey + (a[1] - grey) * factor))),
        min(255, max(0, round(grey + (a[2] - grey) * factor))),
    )


def digest(*words: object) -> int:
    """A number that the words give on every machine."""
    return zlib.crc32("/".join(str(w) for w in words).encode())
