"""The offline provider's pictures: storyboard frames and clips drawn by code, the same on every machine.

`frame` puts a picture together: `space` is the camera, `scenery` the set, `figures` the people, `light` the time and
weather, `style` the preset's hand, `caption` the line below. `clip` moves a camera over a finished frame.
"""

from workbench.sketch.drawing.clip import draw_clip
from workbench.sketch.drawing.frame import draw_frame, frame_size

__all__ = ["draw_clip", "draw_frame", "frame_size"]
