"""The live pages in the real server: what a tick of the Jobs page costs, and the Studio on a story of a hundred
episodes.

A client of Streamlit's own protocol opens a page as a browser does and sends the reruns that a browser's timer would
send, a little over a second apart, so that no answer shared for a second is used twice. CPU is the time of the server
process for one run, all threads and the sending of its messages included, less what it uses between runs.
"""

from __future__ import annotations

import contextlib
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from benchmarks import large_story
from benchmarks.contenders import TIMEOUT_S, Reelwright
from benchmarks.cpu import cpu_of
from benchmarks.report import Line, median
from benchmarks.scale import Scale
from benchmarks.stores import Stores
from workbench.cli.supervisor import web_command
from workbench.jobs.submit import Request
from workbench.security import door

ROWS = 50
HOST = "127.0.0.1"
TOKEN = door.new_token()


@dataclass
class Run:
    """What came back from one run of the script or of a fragment."""

    page: str = ""
    #: of messages, by the names of Streamlit's protocol
    kinds: set[str] = field(default_factory=set)
    fragments: list[str] = field(default_factory=list)
    elements: int = 0
    exceptions: int = 0
    seconds: float = 0.0


def measure(stores: Stores, scale: Scale) -> list[Line]:
    return [*_jobs(stores, scale), *_studio(stores, scale)]


def _jobs(stores: Stores, scale: Scale) -> list[Line]:
    """The board of many rows: a tick that finds nothing new, and the page drawn anew because something is."""
    settings = stores.settings("sqlite", 8)
    ours = Reelwright(settings)
    # They wait for longer than the measurement takes: a live board without a worker's CPU beside it.
    asked = {"messages": [{"role": "user", "content": "What does the lamp say?"}]}
    ours.wb.jobs.submit_many([Request("llm_chat", params=asked, delay_ms=3_600_000) for _ in range(ROWS)])
    port = free_port()
    process = stores.start(*web_command(HOST, port)[1:], settings=settings, env={door.TOKEN_VARIABLE: TOKEN})
    wait_for_page(port)
    with open_client(port) as client:
        first = ask_for_run(client, page_name="jobs")
        ticker = find_ticker(first)
        between = cpu_of(process.pid, lambda: time.sleep(max(scale.apart_s, scale.idle_s / 3)))

        def several(ask: Callable[[], Run]) -> tuple[float, list[Run]]:
            """CPU seconds of one run, and the runs."""
            runs: list[Run] = []

            def work() -> None:
                for _ in range(scale.fragments):
                    time.sleep(scale.apart_s)
                    runs.append(ask())

            busy = cpu_of(process.pid, work)
            return max(0.0, busy.used - between.used / between.wall * busy.wall) / len(runs), runs

        def change() -> Run:
            ours.wb.jobs.submit_many([Request("llm_chat", params=asked, delay_ms=3_600_000)])
            return ask_for_changes(client, first.page, ticker)

        def draw() -> Run:
            return ask_for_run(client, page_script_hash=first.page)

        # the board is drawn anew each minute
        left_s = 60 - time.time() % 60
        if left_s < (scale.fragments + scale.warm_up + 2) * scale.apart_s:
            time.sleep(left_s)
        for _ in range(scale.warm_up):
            # what was drawn from answers of the second before is drawn anew in the first tick
            time.sleep(scale.apart_s)
            draw()
        tick = partial(ask_for_run, client, page_script_hash=first.page, fragment_id=ticker, is_auto_rerun=True)
        tick_cpu, ticks = several(tick)
        change_cpu, changes = several(change)
        page_cpu, pages = several(draw)
    stores.stop(process)
    ours.wb.close()
    if any(r.exceptions for r in [first, *ticks, *changes, *pages]) or any(r.elements > 1 for r in ticks):
        raise RuntimeError("the Jobs page shows an exception, or a tick found something")
    section = f"The Jobs page live, {ROWS} rows, real server, {len(ticks)} runs over its WebSocket"
    return [
        Line(section, "server CPU of a tick that finds nothing new", tick_cpu * 1000, "ms", at_most=10.0),
        Line(section, "server CPU of what is drawn because a job changed", change_cpu * 1000, "ms", at_most=120.0),
        Line(section, "that, request to the last message, median", median([r.seconds for r in changes]) * 1000, "ms"),
        Line(section, "server CPU of the whole page", page_cpu * 1000, "ms"),
        Line(
            section,
            "the whole page, request to the last message, median",
            median([r.seconds for r in pages]) * 1000,
            "ms",
        ),
        Line(section, "whole page, first run in this process", first.seconds, "s"),
    ]


def _studio(stores: Stores, scale: Scale) -> list[Line]:
    """A scene of a story of a hundred episodes: its page, and what a tick costs beside it."""
    settings, origin = large_story.settings_with_origin(stores, scale)
    ours = Reelwright(settings)
    story = large_story.made(ours.wb, origin, scale.episodes, scale.scenes)
    port = free_port()
    process = stores.start(*web_command(HOST, port)[1:], settings=settings, env={door.TOKEN_VARIABLE: TOKEN})
    wait_for_page(port)
    query = f"project={story.project}&node={story.scene}"
    with open_client(port) as client:
        cold = ask_for_run(client, page_name="studio", query_string=query)
        ticks: list[Run] = []

        def tick() -> None:
            for _ in range(scale.fragments):
                time.sleep(scale.apart_s)
                ticks.append(
                    ask_for_run(
                        client,
                        page_script_hash=cold.page,
                        query_string=query,
                        fragment_id=find_ticker(cold),
                        is_auto_rerun=True,
                    )
                )

        between = cpu_of(process.pid, lambda: time.sleep(max(scale.apart_s, scale.idle_s / 3)))
        busy = cpu_of(process.pid, tick)
        tick_cpu = max(0.0, busy.used - between.used / between.wall * busy.wall) / len(ticks)
    warm = []
    for _ in range(scale.visits):
        time.sleep(scale.apart_s)
        with open_client(port) as client:
            warm.append(ask_for_run(client, page_name="studio", query_string=query))
    stores.stop(process)
    ours.wb.close()
    if any(r.exceptions for r in [cold, *ticks, *warm]) or any(r.elements > 1 for r in ticks):
        raise RuntimeError("the Studio shows an exception, or a tick found something")
    section = (
        f"The Studio on a scene of {scale.episodes} episodes × {scale.scenes} scenes, {story.artifacts:,} "
        f"artifacts, real server"
    )
    return [
        Line(
            section,
            "first visit in a new session, request to the last message, median of 5",
            median([r.seconds for r in warm]),
            "s",
            at_most=1.5,
        ),
        Line(section, "the very first visit of the process, imports included", cold.seconds, "s"),
        Line(section, "server CPU of a tick in the Studio", tick_cpu * 1000, "ms", at_most=10.0),
        Line(
            section, "such a tick, request to the last message, median", median([r.seconds for r in ticks]) * 1000, "ms"
        ),
    ]


def find_ticker(page: Run) -> str:
    """The fragment that runs by itself."""
    if not page.fragments:
        raise RuntimeError("the page has no live fragment")
    return page.fragments[-1]


def ask_for_run(client: ClientConnection, **state: Any) -> Run:
    """Ask for a run as the browser does, and read until it is finished."""
    message = BackMsg()
    # set even when no field is
    message.rerun_script.query_string = ""
    for name, value in state.items():
        setattr(message.rerun_script, name, value)
    began = time.monotonic()
    client.send(message.SerializeToString())
    return replace(read_run(client), seconds=time.monotonic() - began)


def ask_for_changes(client: ClientConnection, page: str, ticker: str) -> Run:
    """Ask for a look, where something has changed, and read until the parts that it finds changed are drawn."""
    run = ask_for_run(client, page_script_hash=page, fragment_id=ticker, is_auto_rerun=True)
    began = time.monotonic() - run.seconds
    # a look itself places its empty container
    while run.elements <= 1:
        run = read_run(client)
    return replace(run, seconds=time.monotonic() - began)


def read_run(client: ClientConnection, deadline: float | None = None) -> Run:
    """The next run that comes to its end. Raises TimeoutError where none has begun before the deadline (monotonic)."""
    run = Run()
    while True:
        # what tells of the session comes between runs, too
        begun = deadline is None or "new_session" in run.kinds
        timeout = TIMEOUT_S if begun or deadline is None else max(0.0, deadline - time.monotonic())
        answer = ForwardMsg()
        answer.ParseFromString(bytes(client.recv(timeout=timeout)))  # type: ignore[arg-type]
        kind = str(answer.WhichOneof("type"))
        run.kinds.add(kind)
        if kind == "new_session":
            run.page = answer.new_session.page_script_hash
        elif kind == "navigation":
            # a new server knows its pages by then
            run.page = answer.navigation.page_script_hash
        elif kind == "auto_rerun":
            run.fragments.append(answer.auto_rerun.fragment_id)
        elif kind == "delta":
            run.elements += 1
            run.exceptions += answer.delta.new_element.WhichOneof("type") == "exception"
        elif kind == "script_finished" and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return run


@contextlib.contextmanager
def open_client(port: int, token: str = TOKEN) -> Iterator[ClientConnection]:
    address = f"ws://{HOST}:{port}/_stcore/stream?{door.PARAMETER}={token}"
    origin: Any = f"http://{HOST}:{port}"
    with connect(address, origin=origin, subprotocols=["streamlit"], max_size=None) as client:  # type: ignore[list-item]
        yield client


def wait_for_page(port: int) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{HOST}:{port}/_stcore/health", timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("the page did not come up")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
