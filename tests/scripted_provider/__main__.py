"""The server as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import tests.scripted_provider
from tests.scripted_provider.answers import Answer, default_answer
from tests.scripted_provider.server import Server


def _load(spec: str) -> Answer:
    module, _, name = spec.partition(":")
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


async def _serve(port: int, log: Path | None, answer: Answer, script: dict[str, Any], orphan: bool) -> None:
    server = Server(log, answer)
    server.script(script)
    bound = await server.start(port=port)
    print(f"http://127.0.0.1:{bound}/v1", flush=True)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    if not orphan:
        # Ends with whoever started it, even after a SIGKILL of the test.
        threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(over.set)), daemon=True).start()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, over.set)
    await over.wait()
    await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=tests.scripted_provider.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--answer", default="", help="module:function, called with the request, returns the text")
    parser.add_argument("--script", default="{}", help="the first script, as JSON")
    parser.add_argument("--orphan", action="store_true", help="go on when standard input closes")
    given = parser.parse_args()
    answer = _load(given.answer) if given.answer else default_answer
    asyncio.run(_serve(given.port, given.log, answer, json.loads(given.script), given.orphan))


if __name__ == "__main__":
    main()
