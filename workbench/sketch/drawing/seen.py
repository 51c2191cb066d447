"""The colours of a picture that somebody brings."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from PIL import Image

from workbench.sketch.drawing.colour import RGB

T = TypeVar("T")
#: of how many pictures it is remembered what was seen
_REMEMBERED = 64


def remember(look_at: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Look at a picture once: every frame of a story goes by the same few sheets."""
    seen: dict[bytes, T] = {}
    lock = threading.Lock()

    def look(picture: bytes) -> T:
        key = hashlib.sha256(picture).digest()
        with lock:
            if key in seen:
                return seen[key]
        found = look_at(picture)
        with lock:
            while len(seen) >= _REMEMBERED:
                del seen[next(iter(seen))]
            seen[key] = found
        return found

    return look


def find_main_colour(
    picture: Image.Image,
    part: tuple[float, float, float, float],
    counts: Callable[[tuple[int, ...]], bool] = lambda pixel: True,
) -> RGB | None:
    """The colour that most of a part of the picture (shares of its width and height) has; None where no pixel
    counts."""
    width, height = picture.size
    left, top, right, low = part
    seen = picture.crop((
        int(width * left), int(height * top),
        max(int(width * left) + 1, round(width * right)), max(int(height * top) + 1, round(height * low)),
    ))  # fmt: skip
    seen.thumbnail((96, 96))
    pixels = [p for p in zip(*[iter(seen.tobytes())] * 3, strict=True) if counts(p)]
    if not pixels:
        return None
    [(bucket, _)] = Counter(tuple(c // 24 for c in p) for p in pixels).most_common(1)
    own = [p for p in pixels if tuple(c // 24 for c in p) == bucket]
    return (
        round(sum(p[0] for p in own) / len(own)),
        round(sum(p[1] for p in own) / len(own)),
        round(sum(p[2] for p in own) / len(own)),
    )
