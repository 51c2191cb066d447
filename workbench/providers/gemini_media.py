"""Pictures and clips by Gemini and Veo: how they are worded and read. No request is made here.

Sources: docs/providers.md, https://ai.google.dev/gemini-api/docs/image-generation and /video.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.plain_text import storable
from workbench.providers import faults
from workbench.providers.answers import FINISHES
from workbench.providers.answers import read_failure as read_end
from workbench.providers.base import GeneratedMedia, ImageReply, TaskState, VideoRequest
from workbench.providers.counting import count
from workbench.providers.gemini_answers import (
    WITHHELD,
    block_reason_of,
    finish_of,
    name_blocked_part,
    parts_of,
    request_id_of,
    usage_of,
    withheld,
)
from workbench.providers.references import limits_of
from workbench.security.redact import redactor

if TYPE_CHECKING:
    from google.genai import types

RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
VIDEO_RATIOS = ("16:9", "9:16")
#: the lengths that Veo films, in seconds
VIDEO_SECONDS = (4, 6, 8)
_NO_IMAGE = "NO_IMAGE"
#: google.rpc.Code → HTTP status
_RPC_CODES = {3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 13: 500, 14: 503, 16: 401}


def video_body(request: VideoRequest) -> JsonObject:
    """The fields of a clip's request. Raises ProviderError bad_request for frames that no clip can have."""
    if request.last_frame is not None and request.first_frame is None:
        raise ProviderError("bad_request", Text(N_("A clip with a last frame needs a first one.")), sent=False)
    # beside a first frame the service takes none
    limits = limits_of("gemini", "video", request.model)
    most = limits.most if request.first_frame is None else 0
    taken = request.references[:most]
    # durationSeconds must be 8 with references and between two frames
    # (https://ai.google.dev/gemini-api/docs/video#parameters)
    longest = bool(taken) or (request.last_frame is not None and limits.ends_at_frame)
    instance = {
        "prompt": request.prompt,
        "image": inline(request.first_frame),
        "lastFrame": inline(request.last_frame),
        "referenceImages": [{"image": inline(picture), "referenceType": "asset"} for picture in taken] or None,
    }
    parameters = {
        "durationSeconds": nearest_length(VIDEO_SECONDS[-1] if longest else request.seconds),
        "aspectRatio": nearest_ratio(request.size, VIDEO_RATIOS),
        "resolution": request.params.get("resolution"),
        "seed": request.seed if request.params.get("image_seed") else None,
    }
    return {"instances": [drop_unset(instance)], "parameters": drop_unset(parameters)}


def read_pictures(answer: types.GenerateContentResponse, model: str) -> ImageReply:
    """The pictures of an answer, and what was said in their place. Raises ProviderError where there are none because
    the service refused or failed."""
    request_id = request_id_of(answer)
    reason = block_reason_of(answer)
    if reason:
        raise withheld(name_blocked_part(reason), reason, usage_of(answer, spoke=False), request_id)
    candidates = answer.candidates or []
    finishes = [finish_of(candidate) for candidate in candidates]
    parts = [part for candidate in candidates for part in parts_of(candidate) if not part.thought]
    pictures = [picture for part in parts for picture in _read_part(part)]
    text = redactor.text(storable("".join(part.text or "" for part in parts).strip()))
    usage = usage_of(answer, spoke=bool(pictures or text))
    refused = next((f for f in finishes if f.startswith(WITHHELD) and f != _NO_IMAGE), None)
    if not pictures and refused:
        raise withheld(faults.PICTURE, refused, usage, request_id)
    failed = next((f for f in finishes if f and f.lower() not in FINISHES and f != _NO_IMAGE), None)
    if not pictures and failed:
        kind, message = read_end(failed, text)
        raise ProviderError(kind, message, http_status=200, request_id=request_id, usage=usage)
    return ImageReply(tuple(pictures), usage, model, len(pictures), request_id, text="" if pictures else text)


def _read_part(part: types.Part) -> Iterator[GeneratedMedia]:
    if part.inline_data is not None:
        data = part.inline_data.data
        damaged = Text(N_("The picture's base64 is damaged."))
        yield GeneratedMedia(data, error=None if data else ProviderError("malformed_output", damaged, http_status=200))
    elif part.file_data is not None and part.file_data.file_uri:
        yield GeneratedMedia(url=part.file_data.file_uri)


def read_failure(error: Mapping[str, Any]) -> TaskState:
    """An operation that ended with an error: a google.rpc.Status."""
    fault = faults.fault(_RPC_CODES.get(count(error.get("code")) or 0, 200), {"error": {**error, "code": None}}, {})
    if fault.kind in ("unknown", "bad_request") and "safety" in str(error).lower():
        message = redactor.text(str(error.get("message") or ""))[: faults.LONGEST_MESSAGE]
        return TaskState("failed", error=faults.describe_filter(faults.REQUEST, message), error_kind="content_filter")
    return TaskState("failed", error=fault.text, error_kind=fault.kind)


def nearest_ratio(size: tuple[int, int], ratios: tuple[str, ...]) -> str:
    """The ratio nearest in shape to the wanted size."""
    shape = size[0] / size[1]

    def distance(ratio: str) -> float:
        width, height = (int(n) for n in ratio.split(":"))
        return abs(math.log(width / height / shape))

    return min(ratios, key=distance)


def nearest_length(seconds: float) -> int:
    """The shortest clip that Veo films of at least these seconds, else its longest."""
    return next((s for s in VIDEO_SECONDS if s >= seconds), VIDEO_SECONDS[-1])


def inline(data: bytes | None) -> dict[str, str] | None:
    """A picture in the words of the long-operation API."""
    return None if data is None else {"bytesBase64Encoded": encode(data), "mimeType": mime_of(data)}


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def drop_unset(fields: JsonObject) -> JsonObject:
    return {k: v for k, v in fields.items() if v is not None}


def mime_of(data: bytes) -> str:
    if data[:4] == b"RIFF":
        return "image/webp"
    return "image/png" if data[:4] == b"\x89PNG" else "image/jpeg"
