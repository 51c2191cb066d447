"""Clips by Seedance on Volcengine Ark: how a task is worded and what it says of itself. No request is made here.

Sources: docs/providers.md; volcengine.com/docs/82379/1520757 (create), /1521309 (query).
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers import faults
from workbench.providers.ark_images import data_uri
from workbench.providers.base import GeneratedMedia, TaskState, Usage, VideoRequest
from workbench.providers.counting import count, mapping
from workbench.providers.references import limits_of

TASKS = "/contents/generations/tasks"
POLL_MS = 10_000
#: where the story does not say
DEFAULT_S = 5.0
#: no clip is longer than an hour
LONGEST_S = 3600
RATIOS = {
    name: int(name.partition(":")[0]) / int(name.partition(":")[2])
    for name in ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9")
}
_STATES = ("queued", "running", "succeeded", "failed", "cancelled", "expired")
#: the service's clock and ours; also, it tells whole seconds
CLOCKS_DIFFER_MS = 60_000


@dataclass(frozen=True)
class Family:
    """How long the clips of a model may be, in whole seconds."""

    models: re.Pattern[str]
    shortest: int
    longest: int


FAMILIES = (
    Family(re.compile(r"seedance-1-[5-9]"), 4, 12),
    Family(re.compile(r"seedance-1"), 2, 12),
    Family(re.compile(r"seedance-[2-9]"), 4, 15),
)
#: what all of them film: an endpoint (ep-…) hides its model
_ANY = Family(re.compile(""), 4, 12)


def duration_for(model: str, seconds: float) -> int:
    """The length nearest to the wanted one that the model films."""
    family = next((f for f in FAMILIES if f.models.search(model.lower())), _ANY)
    return min(max(math.floor((seconds or DEFAULT_S) + 0.5), family.shortest), family.longest)


def ratio_for(size: tuple[int, int]) -> str:
    """The ratio nearest in shape."""
    return min(RATIOS, key=lambda name: abs(math.log(RATIOS[name] * size[1] / size[0])))


def seed_for(seed: int) -> int:
    """A seed as the service takes it."""
    return seed % 2**31


def body(request: VideoRequest) -> JsonObject:
    """The fields of the request. Raises ProviderError bad_request for frames that no clip can have."""
    if request.last_frame and not request.first_frame:
        raise ProviderError("bad_request", Text(N_("A clip with a last frame needs a first one.")), sent=False)
    params = request.params
    frames = [("first_frame", request.first_frame), ("last_frame", request.last_frame)]
    if request.first_frame is None:
        # the service refuses references beside frames
        taken = request.references[: limits_of("ark", "video", request.model).most]
        frames += [("reference_image", picture) for picture in taken]
    return {
        "model": request.model,
        "content": [
            {"type": "text", "text": request.prompt},
            *({"type": "image_url", "image_url": {"url": data_uri(f)}, "role": role} for role, f in frames if f),
        ],
        # A clip goes on in the shape of its first frame; any other would crop it.
        "ratio": "adaptive" if request.first_frame else ratio_for(request.size),
        "duration": duration_for(request.model, request.seconds),
        "resolution": str(params.get("resolution") or "720p"),
        "seed": seed_for(request.seed),
        # The service marks its clips unless told not to.
        "watermark": bool(params.get("watermark", False)),
        # Some models refuse these even when they say nothing new, so they are named only when chosen.
        **{name: bool(params[name]) for name in ("camera_fixed", "generate_audio") if params.get(name) is not None},
    }


def state_of(task: Mapping[str, Any], poll_ms: int | None) -> TaskState:
    """What a task says of itself. A state nobody has heard of is one that goes on."""
    status = str(task.get("status") or "").lower()
    state = status if status in _STATES else "running"
    error: Text | None = None
    kind = "unknown"
    if state in ("failed", "expired", "cancelled") and task.get("error"):
        fault = faults.fault(None, {"error": task["error"]}, {})
        error, kind = fault.text, fault.kind
    link = mapping(task.get("content")).get("video_url")
    least = poll_ms or POLL_MS
    return TaskState(
        cast(Any, state),
        clip=GeneratedMedia(url=str(link)) if state == "succeeded" and link else None,
        error=error,
        error_kind=kind,
        # Tasks that began together are not to be asked about together for ever.
        poll_after_ms=random.randint(least, 2 * least),
        usage=Usage(output=count(mapping(task.get("usage")).get("completion_tokens"))),
        seconds=_length(task.get("duration")),
        model=str(task["model"]) if task.get("model") else None,
    )


def _length(told: Any) -> float | None:
    """Seconds of a clip as reported; anything senseless is None."""
    number = isinstance(told, int | float) and not isinstance(told, bool)
    return float(told) if number and 0 <= told <= LONGEST_S else None


def find(tasks: Any, model: str, seed: int, since_ms: int) -> str | None:
    """The one task among those listed that was created with this seed since then; None when there is none or more."""
    ids = [
        str(task["id"])
        for task in (tasks if isinstance(tasks, list) else ())
        if isinstance(task, dict)
        and task.get("id")
        and task.get("seed") == seed_for(seed)
        and (model.startswith("ep-") or task.get("model") == model)
        and (count(task.get("created_at")) or 0) * 1000 >= since_ms - CLOCKS_DIFFER_MS
    ]
    return ids[0] if len(ids) == 1 else None
