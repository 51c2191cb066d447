"""How alike two pictures of somebody are: a perceptual hash and a histogram of colours, or a model's vectors.

Pure: callers bring the pictures. A distance is 0 for the same picture and 1 for nothing in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

#: left, top, right, bottom as shares of width and height
Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
#: pixels along an edge while it is looked at
_EDGE = 96
_HASH = 8
#: bins of each of two colour differences, and of lightness
_CHROMA, _LIGHT = 8, 2
#: how much the shape counts, of 1; the rest is colour. A figure stands another way in every shot
SHAPE = 0.2
#: a figure fills so much of its box, at least
FILLED = 0.25
#: less than this of a sheet's part is nobody
EMPTY = 0.04
#: a colour nearer than this to the ground's is ground
_GROUND = 26


@dataclass(frozen=True)
class Fingerprint:
    """`colours`: shares by bin that add up to 1; `shape`: 64 bits. `vector`: of an embedding model, of length 1."""

    colours: Any
    shape: int
    vector: Any = None


def fingerprint(image: Image.Image, box: Box = WHOLE, *, on_ground: bool = False) -> Fingerprint:
    """Of a part of a picture. `on_ground`: what has the colour of its edges is no part of the figure."""
    import numpy as np

    seen = crop(image, box).convert("RGB").resize((_EDGE, _EDGE))
    pixels = np.asarray(seen, dtype=np.float32)
    weights = _weigh_middle()
    if on_ground:
        figure = _find_figure(pixels)
        weights = figure if figure.mean() > EMPTY else np.ones_like(figure)
    return Fingerprint(_histogram(pixels, weights), _hash_shape(seen))


def is_empty(image: Image.Image, box: Box) -> bool:
    """Whether a part of a sheet is ground alone."""
    import numpy as np

    seen = crop(image, box).convert("RGB").resize((_EDGE, _EDGE))
    return bool(_find_figure(np.asarray(seen, dtype=np.float32)).mean() <= EMPTY)


def crop(image: Image.Image, box: Box) -> Image.Image:
    """The part of a picture, a pixel at least."""
    width, height = image.size
    left, top = min(width - 1, int(box[0] * width)), min(height - 1, int(box[1] * height))
    return image.crop((left, top, max(left + 1, round(box[2] * width)), max(top + 1, round(box[3] * height))))


def distance(figure: Fingerprint, views: Sequence[Fingerprint]) -> float:
    """How far a figure is from the nearest of several views of it."""
    return min(_distance(figure, view) for view in views)


def _distance(figure: Fingerprint, view: Fingerprint) -> float:
    import numpy as np

    if figure.vector is not None and view.vector is not None:
        return float(np.clip(1.0 - figure.vector @ view.vector, 0.0, 1.0))
    # what of the view's colours is there, though the figure shares its box with what is behind it
    there = float(np.minimum(view.colours, figure.colours / FILLED).sum())
    bits = (figure.shape ^ view.shape).bit_count() / (_HASH * _HASH)
    return (1 - SHAPE) * (1.0 - there) + SHAPE * min(1.0, bits * 2)


def _histogram(pixels: Any, weights: Any) -> Any:
    """Colours by hue and strength, whatever the light: three steps of lightness, and two differences blurred."""
    import numpy as np

    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    light = (red + green + blue) / 3
    strength = np.maximum(light, 40.0)
    first = np.clip((red - green) / strength, -1.2, 1.2) / 2.4 + 0.5
    second = np.clip((red + green - 2 * blue) / (2 * strength), -1.2, 1.2) / 2.4 + 0.5
    bins = np.stack([first * (_CHROMA - 1), second * (_CHROMA - 1), light / 256 * _LIGHT], axis=-1)
    counts, _ = np.histogramdd(
        bins.reshape(-1, 3),
        bins=(_CHROMA, _CHROMA, _LIGHT),
        range=((-0.5, _CHROMA - 0.5), (-0.5, _CHROMA - 0.5), (0, _LIGHT)),
        weights=weights.reshape(-1),
    )
    for axis in (0, 1):
        counts = 0.5 * counts + 0.25 * (np.roll(counts, 1, axis) + np.roll(counts, -1, axis))
    flat = counts.reshape(-1)
    return flat / max(float(flat.sum()), 1e-9)


def _find_figure(pixels: Any) -> Any:
    """1 where there is something else than the ground, which is what most of the edge has."""
    import numpy as np

    edge = np.concatenate([pixels[:3].reshape(-1, 3), pixels[:, :3].reshape(-1, 3), pixels[:, -3:].reshape(-1, 3)])
    ground = np.median(edge, axis=0)
    return (np.abs(pixels - ground).max(axis=-1) > _GROUND).astype(np.float32)


@lru_cache(maxsize=1)
def _weigh_middle() -> Any:
    """More for the middle of a box, where the figure is, than for its corners."""
    import numpy as np

    line = np.linspace(-1, 1, _EDGE, dtype=np.float32)
    across = np.exp(-((line / 0.6) ** 2))
    down = np.exp(-((line / 0.9) ** 2))
    return np.outer(down, across)


def _hash_shape(image: Image.Image) -> int:
    """The lowest frequencies of its lightness against their median (pHash)."""
    import numpy as np

    edge = _HASH * 4
    grey = np.asarray(image.convert("L").resize((edge, edge)), dtype=np.float32)
    waves = _cosines(edge)
    low = (waves @ grey @ waves.T)[:_HASH, :_HASH].reshape(-1)
    bits = low > np.median(low[1:])
    return int("".join("1" if bit else "0" for bit in bits), 2)


@lru_cache(maxsize=2)
def _cosines(edge: int) -> Any:
    import numpy as np

    steps = np.arange(edge, dtype=np.float32)
    return np.cos(np.pi / edge * (steps[None, :] + 0.5) * steps[:, None])
