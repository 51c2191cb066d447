"""The pages on a long history: in Chromium, and for twenty people who look at the board while jobs come and go.

Twenty clients of Streamlit's own protocol do what twenty browsers would: a timer asks for a look every second and a
half, and the page is drawn anew when something has changed.
"""

from __future__ import annotations

import itertools
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import psutil
from playwright.sync_api import Page

import benchmarks.workflows  # noqa: F401  registers the measured jobs
from benchmarks.browser import Desk, open_browser, rest
from benchmarks.contenders import Reelwright
from benchmarks.cpu import cpu_of
from benchmarks.page import (
    HOST,
    TOKEN,
    ask_for_run,
    find_ticker,
    free_port,
    open_client,
    read_run,
    wait_for_page,
)
from benchmarks.report import Line, median, percentile
from benchmarks.scale import Scale
from benchmarks.stores import Stores
from tests.browser.stack import count_finished_runs
from workbench.cli.supervisor import web_command
from workbench.security import door
from workbench.settings import Settings
from workbench.ui.live import ACTIVE_S

PAGES = {"Jobs": "/jobs", "Debug": "/debug", "Analytics": "/analytics", "Projects": "/"}
#: what is clicked, and what the address says afterwards
FILTERS = {
    "Jobs, failed ones alone": ("/jobs", "state", "Failed", "state=failed"),
    "Debug, of a day": ("/debug", "period", "24 h", "period=24h"),
    "Analytics, of seven days": ("/analytics", "days", "7 d", "days=7"),
}
FIRST_S, FILTER_S, REFRESH_S, CORES = 1.5, 0.8, 2.0, 1.0


@dataclass(frozen=True)
class Watched:
    """What the web process used while it was looked at."""

    refreshes_s: list[float]
    cores: float
    #: resident megabytes, again and again
    memory: list[float]
    ended: int


def measure(stores: Stores, scale: Scale, settings: Settings, jobs: int) -> list[Line]:
    """`settings`: of a home with a history of so many `jobs`, with the broker of these `stores`."""
    port = free_port()
    process = stores.start(*web_command(HOST, port)[1:], settings=settings, env={door.TOKEN_VARIABLE: TOKEN})
    wait_for_page(port)
    section = f"The pages with {jobs:,} jobs behind them"
    with open_browser() as browser:
        desk = Desk(browser, f"http://{HOST}:{port}", scale)
        lines = [*_visits(desk, section), *_filter_changes(desk, section)]
    worker = stores.start("-m", "benchmarks.worker", "--threads", "8", settings=settings)
    ours = Reelwright(settings)
    ours.wait_for_worker()
    seen = _watch_the_board(ours, process, port, scale)
    ours.wb.close()
    stores.stop(worker)
    stores.stop(process)
    section = (
        f"{scale.sessions} sessions on Jobs for {scale.watched_s:,.0f} s, {scale.changes_per_s} jobs a second asked for"
        f" ({seen.ended / scale.watched_s:,.0f} ended), {jobs:,} jobs behind them"
    )
    settled, grown = seen.memory[len(seen.memory) // 3], seen.memory[-1]
    return [
        *lines,
        Line(section, "the page drawn anew, p95", percentile(seen.refreshes_s, 0.95), "s", at_most=REFRESH_S,
             note=f"p50 {median(seen.refreshes_s):.2f}, {len(seen.refreshes_s):,} times"),
        Line(section, "cores of the web process", seen.cores, "", at_most=CORES),
        Line(section, "its memory after a third of the time", settled, "MB"),
        Line(section, "its memory at the end ÷ then", grown / settled, "×", at_most=1.1),
    ]  # fmt: skip


def _visits(desk: Desk, section: str) -> list[Line]:
    lines = []
    for name, path in PAGES.items():
        with desk.fresh() as context:
            desk.visit(context, path)
        first = []
        for _ in range(desk.scale.visits):
            with desk.fresh() as context:
                first.append(desk.visit(context, path).first_s)
        lines.append(Line(section, f"{name}: first content", median(first), "s", at_most=FIRST_S))
    return lines


def _filter_changes(desk: Desk, section: str) -> list[Line]:
    lines = []
    with desk.fresh() as context:
        for what, (path, key, label, said) in FILTERS.items():
            page = context.new_page()
            work = partial(_change_filter, page, count_finished_runs(page), desk.url + path, key, label, said)
            lines.append(Line(section, f"{what}: a filter changed", desk.rounds(work), "s", at_most=FILTER_S))
            page.close()
    return lines


def _change_filter(
    page: Page, finished_runs: list[int], url: str, key: str, label: str, said: str, _round: int
) -> float:
    """Seconds from the click to the first frame after the whole page has come."""
    page.goto(url)
    option = page.locator(f".st-key-filter_{key} button", has_text=label).first
    option.wait_for()
    rest(page)
    before = finished_runs[0]
    began = time.monotonic()
    option.evaluate("button => button.click()")
    while finished_runs[0] == before:
        # frames are counted while Playwright waits
        page.wait_for_timeout(5)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    took = time.monotonic() - began
    if said not in page.url:
        raise RuntimeError(f"{url} was not filtered: {page.url}")
    return took


def _watch_the_board(ours: Reelwright, web: subprocess.Popen[str], port: int, scale: Scale) -> Watched:
    ending = threading.Event()
    refreshes: list[float] = []
    memory: list[float] = []
    running: list[Future[None]] = []
    watched = psutil.Process(web.pid)

    def ask_for_jobs() -> None:
        began = time.monotonic()
        for number in itertools.count():
            if ending.wait(max(0.0, began + number / scale.changes_per_s - time.monotonic())):
                return
            ours.wb.submit("bench_nothing")

    def look() -> None:
        with open_client(port) as client:
            page = ask_for_run(client, page_name="jobs")
            ticker = find_ticker(page)
            while not ending.is_set():
                asked = time.monotonic()
                seen = ask_for_run(client, page_script_hash=page.page, fragment_id=ticker, is_auto_rerun=True)
                # what it found changed is drawn after the look; a browser's timer does not wait for that
                while True:
                    if seen.exceptions:
                        raise RuntimeError("the Jobs page shows an exception")
                    if seen.elements > 1:
                        refreshes.append(time.monotonic() - asked)
                    try:
                        seen = read_run(client, asked + ACTIVE_S)
                    except TimeoutError:
                        break

    def sample() -> None:
        # the first looks import and fill caches
        time.sleep(scale.watched_s / 10)
        deadline = time.monotonic() + scale.watched_s
        # a short look at a slow machine goes on until there is something to tell
        while time.monotonic() < deadline or not (refreshes or any(each.done() for each in running)):
            memory.append(watched.memory_info().rss / 1e6)
            time.sleep(max(0.2, scale.watched_s / 60))

    before = ours.wb.jobs.count_by_state()
    with ThreadPoolExecutor(scale.sessions + 1) as people:
        work: list[Callable[[], None]] = [ask_for_jobs, *[look] * scale.sessions]
        running += [people.submit(each) for each in work]
        used = cpu_of(watched.pid, sample)
        ending.set()
        for each in running:
            each.result()
    ended = sum(ours.wb.jobs.count_by_state().values()) - sum(before.values())
    return Watched(refreshes, used.used / used.wall, memory, ended)
