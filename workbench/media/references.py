"""Pictures of the store as a service takes them to draw from: small enough, and in a format that it reads."""

from __future__ import annotations

import io

from workbench.media.pictures import open_image
from workbench.providers.references import ReferenceLimits

#: each try is so much smaller than the one before
_STEP = 0.75
_SHORTEST_EDGE = 64


def fit(data: bytes, limits: ReferenceLimits) -> bytes:
    """A picture of the store, within these limits: as it is where it fits, else JPEG, smaller if need be."""
    from PIL import Image

    picture = open_image(data)
    edge = max(picture.size)
    if "WEBP" in limits.formats and len(data) <= limits.bytes_each and edge <= limits.edge:
        return data
    edge = min(edge, limits.edge)
    while True:
        smaller = picture.convert("RGB")
        smaller.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        made = io.BytesIO()
        smaller.save(made, format="JPEG", quality=92)
        if made.tell() <= limits.bytes_each or edge <= _SHORTEST_EDGE:
            return made.getvalue()
        edge = max(_SHORTEST_EDGE, int(edge * _STEP))
