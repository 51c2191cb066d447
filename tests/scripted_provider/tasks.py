"""Clips that are being made: what a poll, a list and a link tell of one."""

from __future__ import annotations

import base64
import time
from typing import Any

from tests.media.clips import tiny_mp4

TASKS = "/contents/generations/tasks"


def task_id_of(path: str) -> str:
    return path.partition("?")[0].partition(TASKS)[2].strip("/")


def task_kind(method: str, path: str) -> str:
    return {"POST": "create", "DELETE": "cancel"}.get(method, "poll" if task_id_of(path) else "list")


class Task:
    """A clip that is being made. Its state moves with each poll, as the script says."""

    def __init__(self, task_id: str, request: dict[str, Any], fault: dict[str, Any], host: str) -> None:
        self.id, self.request, self.fault, self.host = task_id, request, fault, host
        self.polled, self.cancelled, self.created = 0, False, time.time()

    @property
    def state(self) -> str:
        if self.cancelled:
            return "cancelled"
        states = self.fault.get("states") or ["succeeded"]
        # before its first poll it is where that poll will find it
        return str(states[min(max(self.polled, 1), len(states)) - 1])

    def clip(self) -> bytes:
        given = self.fault.get("clip")
        if given is None:
            return tiny_mp4(seconds=float(self.request.get("duration", 5)))
        return given if isinstance(given, bytes) else base64.b64decode(given)

    def told(self) -> dict[str, Any]:
        """The task as a poll shows it."""
        fault, asked = self.fault, self.request
        body: dict[str, Any] = {
            "id": self.id,
            "model": asked.get("model"),
            "status": self.state,
            "created_at": int(self.created),
            "updated_at": int(time.time()),
            **{k: asked[k] for k in ("seed", "duration", "ratio", "resolution") if k in asked},
        }
        if self.state == "succeeded":
            link = fault.get("clip_url") or f"http://{self.host}/media/{self.id}.mp4?sig=a%2Fb+c"
            body["content"] = {} if fault.get("no_url") else {"video_url": link}
            body["framespersecond"] = 24
            if not fault.get("no_usage"):
                tokens = {"completion_tokens": 108_000, "total_tokens": 108_000}
                body["usage"] = fault.get("usage", tokens)
        if self.state == "failed":
            body["error"] = fault.get("task_error", {"code": "InternalServiceError", "message": "scripted failure"})
        return body | fault.get("task", {})
