"""Pictures by Seedream on Volcengine Ark: how it wants to be asked. No request is made here.

Sources: docs/providers.md; volcengine.com/docs/82379/1541523. Answers are read by openai_images.
"""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers.base import ImageRequest
from workbench.providers.openai_images import note_left_out
from workbench.providers.references import ReferenceLimits, limits_of

#: 2560×1440: the least that 4.5 and 5.0 draw, and what all of them call 2K
TWO_K = 3_686_400
_STEP = 16
_MOST_UNEVEN = 16.0
#: pictures that one request may hold, those to draw from and those drawn together
_MOST_TOGETHER = 15


@dataclass(frozen=True)
class Family:
    """`pixels`: what is asked for, and never less. `seeds`: it takes a seed."""

    models: re.Pattern[str]
    pixels: int = TWO_K
    seeds: bool = False
    #: draws several pictures of one kind in one call, and takes the word that it should not
    groups: bool = True
    #: changes one given picture and keeps its size
    edits: bool = False


FAMILIES = (
    Family(re.compile(r"seedream-3"), pixels=1280 * 720, seeds=True, groups=False),
    Family(re.compile(r"seededit"), seeds=True, groups=False, edits=True),
)
#: 4.0, 4.5, 5.0, and endpoints (ep-…), which hide their model
_LATER = Family(re.compile(""))


def family_of(model: str) -> Family:
    """What a model takes, by its name."""
    return next((f for f in FAMILIES if f.models.search(model.lower())), _LATER)


def size_for(family: Family, wanted: tuple[int, int]) -> tuple[int, int]:
    """The smallest size in this shape that the family draws, with sides that are multiples of 16."""
    shape = min(max(wanted[0] / wanted[1], 1 / _MOST_UNEVEN), _MOST_UNEVEN)
    width = _up(math.sqrt(family.pixels * shape))
    return width, _up(family.pixels / width)


def _up(side: float) -> int:
    # rounded first: a root like 2560.0000000001 is not to become the next step
    return math.ceil(round(side, 6) / _STEP) * _STEP


def body(request: ImageRequest, *, names_format: bool) -> JsonObject:
    """The fields of the request. A profile's `size` replaces the size, its `image_params` are added as they are.

    Raises ProviderError bad_request where a picture to change is missing.
    """
    family, params = family_of(request.model), request.params
    if family.edits and not request.references:
        message = Text(N_("{model} only changes pictures, and there is none to change."), model=request.model)
        raise ProviderError("bad_request", message, sent=False)
    width, height = size_for(family, request.size)
    size = "adaptive" if family.edits else f"{width}x{height}"
    fields: JsonObject = {
        "model": request.model,
        "prompt": request.prompt,
        "size": str(params.get("size") or params.get("image_size") or size),
    }
    if names_format:
        # Several pictures in one answer pass the cap on what an answer may hold: their links are followed instead.
        fields["response_format"] = "b64_json" if group_size(request) == 1 else "url"
    # The service marks its pictures unless told not to.
    more: JsonObject = {"watermark": bool(params.get("watermark", False))}
    if family.groups:
        more |= _group(request)
    if family.seeds or params.get("image_seed"):
        more["seed"] = request.seed % 2**31
    taken = [data_uri(data) for data in request.references[: references(request).most]]
    if taken:
        more["image"] = taken[0] if len(taken) == 1 else taken
    fields["extra_body"] = more | dict(params.get("image_params") or {})
    return fields


def _group(request: ImageRequest) -> JsonObject:
    mode = str(request.params.get("sequential_image_generation") or "disabled")
    if mode != "auto":
        return {"sequential_image_generation": mode}
    options = {"max_images": group_size(request)}
    return {"sequential_image_generation": mode, "sequential_image_generation_options": options}


def group_size(request: ImageRequest) -> int:
    """How many pictures the request may bring."""
    if request.params.get("sequential_image_generation") != "auto" or not family_of(request.model).groups:
        return 1
    return int(request.params.get("max_images") or 4)


def references(request: ImageRequest) -> ReferenceLimits:
    """How many pictures the request may carry beside those that it brings."""
    return limits_of("ark", "image", request.model).at_most(_MOST_TOGETHER - group_size(request))


def notes(request: ImageRequest) -> tuple[Text, ...]:
    """What of the request the model cannot take."""
    return note_left_out(request.model, len(request.references), references(request).most)


_MAGIC = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpeg"), (b"GIF8", "gif"), (b"BM", "bmp"))


def data_uri(picture: bytes) -> str:
    """A picture inside the request itself; what our store keeps is WebP."""
    kind = next((kind for magic, kind in _MAGIC if picture.startswith(magic)), "webp")
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
