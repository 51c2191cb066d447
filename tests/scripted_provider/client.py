"""The server in a thread of a test's own process, and how to talk to one in another process."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from pathlib import Path
from typing import Any

from tests.scripted_provider.answers import Answer, default_answer
from tests.scripted_provider.server import Server


class ScriptedProvider:
    """The server in a thread of this process. `url` is what a profile's base_url wants, `ark_url` an Ark profile's."""

    def __init__(self, log: Path | None = None, answer: Answer = default_answer, port: int = 0) -> None:
        self._server = Server(log, answer)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted-provider", daemon=True)
        self._wanted_port = port

    def __enter__(self) -> ScriptedProvider:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._server.start(port=self._wanted_port), self._loop).result(10)
        self.root = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.root}/v1"
        self.ark_url = f"{self.root}/api/v3"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(120)
        self._loop.close()

    def script(self, **script: Any) -> None:
        self._server.script(script)

    def answer_with(self, answer: Answer) -> None:
        self._server.answer = answer

    def reset(self) -> None:
        self._server.reset()

    def calls(self) -> list[dict[str, Any]]:
        return self._server.calls()

    def fetches(self) -> list[dict[str, Any]]:
        """What was asked of the links it handed out."""
        return self._server.fetches()


def control(root: str, what: str, body: dict[str, Any] | None = None) -> Any:
    """Talk to a server in another process: control(root, "script", {...}), "reset", "log"."""
    sent = urllib.request.Request(
        f"{root.removesuffix('/v1')}/_{what}", data=json.dumps(body or {}).encode(), method="POST"
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sent, timeout=120) as reply:
        return json.loads(reply.read())


def read_log(file: Path) -> list[dict[str, Any]]:
    """The call log of a server in another process: one dict per call, in the order of their coming."""
    calls: dict[int, dict[str, Any]] = {}
    for line in file.read_text("utf-8").splitlines():
        if not line.endswith("}"):
            continue  # being written right now
        entry = json.loads(line)
        entry.pop("event")
        calls.setdefault(entry["n"], {}).update(entry)
    return [calls[n] for n in sorted(calls)]
