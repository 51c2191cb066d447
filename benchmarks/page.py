"""One run of the Jobs page's live fragment, in the real server.

A client of Streamlit's own protocol opens the page as a browser does and sends the reruns that a browser's timer would
send, a little over a second apart, so that no answer shared for a second is used twice. The figure is the CPU time of
the server process for one run, all threads and the sending of its messages included, less what it uses between runs.
"""

from __future__ import annotations

import contextlib
import socket
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from benchmarks.contenders import Reelwright
from benchmarks.report import Line, median
from benchmarks.scale import Scale
from benchmarks.stores import Stores
from workbench.cli.parts import web_command
from workbench.jobs.submit import Request

ROWS = 50
APART_S = 1.3
HOST = "127.0.0.1"


@dataclass
class Run:
    """What came back from one run of the script or of a fragment."""

    page: str = ""
    fragments: list[str] = field(default_factory=list)
    elements: int = 0
    exceptions: int = 0
    seconds: float = 0.0


def measure(stores: Stores, scale: Scale) -> list[Line]:
    settings = stores.settings("sqlite", 8)
    ours = Reelwright(settings)
    # They wait for longer than the measurement takes: a live board without a worker's CPU beside it.
    asked = {"messages": [{"role": "user", "content": "What does the lamp say?"}]}
    ours.wb.submit_many([Request("llm_chat", params=asked, delay_ms=3_600_000) for _ in range(ROWS)])
    port = _free_port()
    process = stores.start(*web_command(HOST, port)[1:], settings=settings)
    _wait_for_page(port)
    with _client(port) as client:
        first = _run(client, page_name="jobs")
        fragment = _board(client, first)
        watched = psutil.Process(process.pid)
        between = _cpu_of(watched, lambda: time.sleep(max(APART_S, scale.idle_s / 3)))
        warm = [_run(client, page_script_hash=first.page, fragment_id=fragment, is_auto_rerun=True) for _ in range(3)]
        runs: list[Run] = []

        def tick() -> None:
            for _ in range(scale.fragments):
                time.sleep(APART_S)
                runs.append(_run(client, page_script_hash=first.page, fragment_id=fragment, is_auto_rerun=True))

        busy = _cpu_of(watched, tick)
    stores.stop(process)
    ours.wb.close()
    if any(r.exceptions for r in [first, *warm, *runs]):
        raise RuntimeError("the Jobs page shows an exception")
    section = f"The Jobs page's live fragment, {ROWS} rows, real server, {len(runs)} runs over its WebSocket"
    per_run = max(0.0, busy.used - between.used / between.wall * busy.wall) / len(runs)
    return [
        Line(section, "server CPU a run", per_run * 1000, "ms", at_most=10.0),
        Line(section, "request to the last message, median", median([r.seconds for r in runs]) * 1000, "ms"),
        Line(section, "whole page, first run in this process", first.seconds, "s"),
    ]


@dataclass(frozen=True)
class Cpu:
    used: float
    wall: float


def _cpu_of(process: psutil.Process, work: Any) -> Cpu:
    before, began = process.cpu_times(), time.monotonic()
    work()
    after = process.cpu_times()
    return Cpu(after.user + after.system - before.user - before.system, time.monotonic() - began)


def _board(client: ClientConnection, page: Run) -> str:
    """The fragment that draws most is the board; there are smaller ones beside it."""
    if not page.fragments:
        raise RuntimeError("the Jobs page has no live fragment")
    drawn = {
        each: _run(client, page_script_hash=page.page, fragment_id=each, is_auto_rerun=True).elements
        for each in page.fragments
    }
    return max(drawn, key=drawn.__getitem__)


def _run(client: ClientConnection, **state: Any) -> Run:
    """Ask for a run as the browser does, and read until it is finished."""
    message = BackMsg()
    for name, value in state.items():
        setattr(message.rerun_script, name, value)
    # set even when no field is
    message.rerun_script.query_string = ""
    began = time.monotonic()
    client.send(message.SerializeToString())
    run = Run()
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(bytes(client.recv(timeout=60)))  # type: ignore[arg-type]
        kind = answer.WhichOneof("type")
        if kind == "new_session":
            run.page = answer.new_session.page_script_hash
        elif kind == "auto_rerun":
            run.fragments.append(answer.auto_rerun.fragment_id)
        elif kind == "delta":
            run.elements += 1
            run.exceptions += answer.delta.new_element.WhichOneof("type") == "exception"
        elif kind == "script_finished" and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            run.seconds = time.monotonic() - began
            return run


@contextlib.contextmanager
def _client(port: int) -> Iterator[ClientConnection]:
    address = f"ws://{HOST}:{port}/_stcore/stream"
    origin: Any = f"http://{HOST}:{port}"
    with connect(address, origin=origin, subprotocols=["streamlit"], max_size=None) as client:  # type: ignore[list-item]
        yield client


def _wait_for_page(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{HOST}:{port}/_stcore/health", timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("the page did not come up")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
