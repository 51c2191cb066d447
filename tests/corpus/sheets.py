"""Contact sheets: the nine frames of a scene, drawn, in a picture to look at."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from tests.corpus.making import Scene
from workbench.sketch.drawing.caption import font, replace_missing

_CELL = (400, 225)
_HEAD = 40
_GAP = 8


def contact_sheet(title: str, scene: Scene) -> Image.Image:
    """Three by three frames under a line that says which story and scene."""
    width, height = _CELL
    sheet = Image.new("RGB", (3 * width + 4 * _GAP, _HEAD + 3 * (height + _GAP)), (246, 244, 238))
    ImageDraw.Draw(sheet).text(
        (_GAP, 9), replace_missing(f"{title} · {scene.outline['location']}"), font=font(20), fill=(40, 42, 48)
    )
    for number, frame in enumerate(scene.frames):
        drawn = Image.open(io.BytesIO(frame.draw())).convert("RGB").resize(_CELL, Image.Resampling.LANCZOS)
        sheet.paste(drawn, (_GAP + number % 3 * (width + _GAP), _HEAD + number // 3 * (height + _GAP)))
    return sheet
