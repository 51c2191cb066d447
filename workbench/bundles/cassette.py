"""A provider that answers from what a job was answered before: call by call, step by step, and never over a wire."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image
from sqlalchemy import select

from workbench.db.connection import Database
from workbench.db.schema import job, model_call
from workbench.errors import KINDS, JobError, ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers.base import (
    MODES,
    GeneratedMedia,
    ImageReply,
    ImageRequest,
    OnDelta,
    Profile,
    TaskState,
    TextReply,
    TextRequest,
    Usage,
    VideoRequest,
)
from workbench.providers.references import ReferenceLimits

#: with this many pictures in each request nothing is left out that the recorded service took
_MANY = ReferenceLimits(most=16, known=True)
_HASH = re.compile(r"[0-9a-f]{12,64}")
_TOKENS = ("input", "cached", "output", "reasoning", "image_input", "image_output")


class Tape:
    """The recorded calls of a job and its parts, each handed out once, in their order."""

    def __init__(self, tables: dict[str, list[JsonObject]], read_media: Callable[[str], bytes | None]) -> None:
        self._read_media = read_media
        jobs = {row["id"]: row for row in tables["job"]}
        self._jobs = jobs
        self._outputs = {(row["job_id"], row["name"]): row["output"] for row in tables["step"]}
        self._calls: dict[tuple[Any, ...], deque[JsonObject]] = defaultdict(deque)
        for call in sorted(tables["model_call"], key=lambda row: row["id"]):
            owner = jobs[call["job_id"]]
            # what a killed worker left open brought no answer, and was sent again
            if call["outcome"] not in ("sent", "lost"):
                self._calls[_key(owner["kind"], owner["node_id"], owner["params"], call["step"])].append(call)
        #: how many calls found no recorded answer
        self.missed = 0

    def take(
        self, kind: str, node_id: int | None, params: Any, step: str | None
    ) -> tuple[JsonObject, JsonObject | None]:
        """The next call of this step, and the one after it. Raises ProviderError when there is none."""
        calls = self._calls.get(_key(kind, node_id, params, step))
        if not calls:
            self.missed += 1
            text = Text(N_("The bundle holds no further answer for step {step}."), step=step or "—")
            raise ProviderError("unknown", text, sent=False, retryable=False)
        return calls.popleft(), calls[0] if calls else None

    def count_left(self) -> int:
        return sum(len(calls) for calls in self._calls.values())

    def media_of(self, call: JsonObject) -> list[bytes]:
        """What came of a call that drew or filmed, as far as the bundle has it."""
        output = self._outputs.get((call["job_id"], call["step"]))
        if not isinstance(output, dict):
            return []
        shas = [image.get("media") for image in output.get("images", ())] or [output.get("media")]
        found = [self._read_media(str(sha)) for sha in shas if sha]
        return [data for data in found if data is not None]

    def is_done(self, call: JsonObject) -> bool:
        """Whether the step of a call came to something."""
        return isinstance(self._outputs.get((call["job_id"], call["step"])), dict)

    def failure_of(self, call: JsonObject) -> tuple[str | None, str]:
        """What the call's job failed of: (kind, words)."""
        owner = self._jobs[call["job_id"]]
        return owner["error_kind"], owner["error"] or ""


def _key(kind: str, node_id: int | None, params: Any, step: str | None) -> tuple[Any, ...]:
    # a picture that is drawn again has other bytes, and a step about it another name
    return kind, node_id, json.dumps(params, sort_keys=True, ensure_ascii=False), _HASH.sub("#", step or "")


class CassetteProvider:
    """Stands for every service: whichever profile is asked, the tape answers as that one did."""

    free = True
    modes = MODES

    def __init__(self, profile: Profile, database: Database, tape: Tape) -> None:
        self.name = profile.provider
        self._database = database
        self._tape = tape

    def ready(self) -> None:
        return

    async def aclose(self) -> None:
        return

    def _take(self, call_id: str) -> tuple[JsonObject, JsonObject | None]:
        """The ledger knows for which step of which job a request is."""
        with self._database.read() as conn:
            query = select(model_call.c.step, job.c.kind, job.c.node_id, job.c.params)
            row = conn.execute(query.join(job, job.c.id == model_call.c.job_id).where(model_call.c.call_id == call_id))
            asked = row.one()
        return self._tape.take(asked.kind, asked.node_id, asked.params, asked.step)

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        call, following = self._take(request.call_id)
        self._fail_as(call, following)
        text = call["raw_output"]
        if text is None:
            said = Text(N_("The answer of step {step} was no longer kept when the bundle was made."), step=call["step"])
            raise ProviderError("unknown", said, retryable=False)
        on_delta(text)
        return TextReply(
            text, _usage_of(call), call["model"], call["finish_reason"] or "stop", call["request_id"], call["ttft_ms"]
        )

    async def images(self, request: ImageRequest) -> ImageReply:
        call, following = self._take(request.call_id)
        self._fail_as(call, following)
        images = self._tape.media_of(call) or [draw_grey(request.size)]
        media = tuple(GeneratedMedia(data=data) for data in images)
        return ImageReply(media, _usage_of(call), call["model"], call["images"] or len(media), call["request_id"])

    def most_images(self, request: ImageRequest) -> int:
        return 1

    def picture_references(self, model: str, params: JsonObject) -> ReferenceLimits:
        return _MANY

    def clip_references(self, model: str) -> ReferenceLimits:
        return _MANY

    async def submit(self, request: VideoRequest) -> str | GeneratedMedia:
        call, following = self._take(request.call_id)
        self._fail_as(call, following)
        for data in self._tape.media_of(call):
            return GeneratedMedia(data=data)
        if request.draw is not None and self._tape.is_done(call):
            # the clip itself is not in the bundle
            return GeneratedMedia(data=await asyncio.to_thread(request.draw))
        # the task was created, and failed while it was polled
        kind, words = self._tape.failure_of(call)
        raise ProviderError(kind if kind in KINDS else "unknown", words or "—", retryable=False)

    async def poll(self, task_id: str) -> TaskState:
        """Nothing is ever under way."""
        return TaskState("expired")

    async def cancel(self, task_id: str) -> None:
        return

    async def find(self, model: str, seed: int, since_ms: int) -> str | None:
        return None

    def _fail_as(self, call: JsonObject, following: JsonObject | None) -> None:
        """Raise what the recorded call came to, if it was no answer."""
        kind, words = call["error_kind"], call["error"] or ""
        if kind is None:
            return
        if kind == "cancelled":
            raise TimeoutError(words)
        if kind == "internal":
            raise RuntimeError(words)
        answered = call["outcome"] in ("ok", "late")
        if answered and call["capability"] != "text":
            return
        if answered or kind not in KINDS:
            raise JobError(words, kind=kind if kind in KINDS else "unknown", retryable=False)
        # a request that was worded anew after a refusal is so again
        again = following is not None and following["claim"] == call["claim"] and kind == "bad_request"
        weaker = again and following is not None and following["mode"] != call["mode"]
        raise ProviderError(
            kind, words, http_status=call["http_status"], request_id=call["request_id"], raw=call["raw_output"],
            usage=_usage_of(call), mode_unsupported=weaker, adapted=again and not weaker,
        )  # fmt: skip


def _usage_of(call: JsonObject) -> Usage:
    return Usage(**{name: call[f"{name}_tokens"] for name in _TOKENS})


def draw_grey(size: Sequence[int]) -> bytes:
    """In the place of a picture that the bundle has not."""
    file = io.BytesIO()
    Image.new("RGB", (max(16, size[0] // 8), max(16, size[1] // 8)), (128, 128, 128)).save(file, "WEBP")
    return file.getvalue()
