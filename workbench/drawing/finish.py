"""What each hand does to the finished picture: paper, grain, dots, scan lines, fewer pixels."""

from __future__ import annotations

from PIL import Image

from workbench.drawing.style import Hand


def finished(picture: Image.Image, pen: Hand, seed: int) -> Image.Image:
    return picture
