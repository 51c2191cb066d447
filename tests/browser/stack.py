"""A real installation for the browser: worker process, embedded Valkey, web server; and a Chromium to look at it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests import drawings
from tests.conftest import until
from workbench import samples
from workbench.api.client import Workbench
from workbench.cli.signs import page_answers
from workbench.cli.supervisor import run_processes
from workbench.settings import Settings

#: a name that an attacker's DNS has bound to this machine
REBOUND = "rebound.example"
#: What turns or fades without end is drawn sixty times a second for as long as a page is open, a third of all that a
#: slow machine does meanwhile. Who asks for less motion is shown the same pages.
STILL: dict[str, Any] = {"reduced_motion": "reduce"}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
]  # fmt: skip
#: the same pages cost least in one without windows
ON_THE_PATH = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
DONE = "[data-testid=stApp][data-test-script-state=notRunning]"


def chromium() -> str | None:
    """The Chromium to use: REELWRIGHT_CHROMIUM, one on the PATH, else Playwright's own."""
    named = os.environ.get("REELWRIGHT_CHROMIUM")
    found = named or next((path for name in ON_THE_PATH if (path := shutil.which(name))), None)
    if found:
        return found
    with sync_playwright() as driver:
        own = driver.chromium.executable_path
    return own if Path(own).exists() else None


@dataclass
class Stack:
    """`url`: where the pages are, without the start token; `printed`: the address that lets a browser in."""

    url: str
    wb: Workbench
    printed: str

    def let_in(self, context: BrowserContext) -> BrowserContext:
        """The browser's cookie, as after a visit to the printed address."""
        assert context.request.get(self.printed).ok
        return context


def list_scenes(wb: Workbench, title: str = "gift-of-the-magi.en") -> tuple[int, int]:
    """A sample whose first episode has its scene list: project, its first scene."""
    project = wb.create_project(samples.load(title))
    wb.wait(wb.submit("plan_episodes", project).id, timeout=240)
    episode = next(n.id for n in wb.projects.tree(project).nodes if n.kind == "episode")
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        wb.wait(wb.submit(kind, episode).id, timeout=240)
    return project, next(n.id for n in wb.projects.tree(project).nodes if n.kind == "scene" and n.position == 1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def stack(home: Path, **settings: Any) -> Iterator[Stack]:
    """Everything `reelwright up` runs, on a home of its own."""
    made = Settings.load(home=home, **settings)
    port = free_port()
    shared = drawings.spawned(os.environ) if drawings.FOLDER in os.environ else {}
    with (
        mock.patch.dict(os.environ, shared),
        run_processes(made, 1, web=True, port=port) as supervisor,
        Workbench.open(made) as wb,
    ):
        deadline = time.monotonic() + 180
        while not (page_answers("127.0.0.1", port) and wb.queues.count_live_workers()):
            assert time.monotonic() < deadline, "the stack did not come up within 180 s"
            time.sleep(0.1)
        assert supervisor.page_url is not None
        yield Stack(f"http://127.0.0.1:{port}", wb, supervisor.page_url)


def of_folder() -> Any:
    """The fixture `stack` for a folder whose files share one."""

    @pytest.fixture(scope="package", name="stack")
    def shared(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
        with stack(tmp_path_factory.mktemp("browser home"), lang="en") as made:
            yield made

    return shared


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield opened
        opened.close()


def settled(page: Page, timeout_s: float = 180) -> None:
    """Wait until the page has been drawn and no run is under way."""
    page.wait_for_selector("[data-testid=stMainBlockContainer]", timeout=timeout_s * 1000)
    page.wait_for_selector(DONE, timeout=timeout_s * 1000)


def _count(page: Page, counts: Callable[[ForwardMsg], bool]) -> list[int]:
    count = [0]

    def look(frame: str | bytes) -> None:
        message = ForwardMsg()
        message.ParseFromString(frame if isinstance(frame, bytes) else frame.encode())
        count[0] += counts(message)

    page.on("websocket", lambda socket: socket.on("framereceived", look))
    return count


def count_whole_runs(page: Page) -> list[int]:
    """From now on, counts in its one place how often the server draws a whole page instead of parts of it. Before the
    first visit."""
    return _count(page, lambda m: m.WhichOneof("type") == "new_session" and not m.metadata.run.fragment_ids)


def count_finished_runs(page: Page) -> list[int]:
    """The same for those that came to their end."""

    def is_finished(message: ForwardMsg) -> bool:
        ended = message.WhichOneof("type") == "script_finished"
        return ended and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY

    return _count(page, is_finished)


def visit(page: Page, url: str) -> None:
    page.goto(url)
    settled(page)


def list_refused(page: Page, url: str) -> list[str]:
    """From now on, what the policy of the pages at `url` keeps this one from loading."""
    refused: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text and message.location["url"].startswith(url):
            refused.append(message.text)

    page.on("console", note)
    return refused


def go(page: Page, url: str, finished_runs: list[int]) -> None:
    """To another address as the browser's own buttons go there: all is drawn anew and nothing is loaded, which takes a
    quarter of a visit. `finished_runs`: of `count_finished_runs`."""
    before = finished_runs[0]
    page.evaluate("url => { history.pushState({}, '', url); dispatchEvent(new PopStateEvent('popstate')); }", url)
    # frames are counted while Playwright waits
    until(lambda: page.wait_for_timeout(20) or finished_runs[0] > before, 240, f"a run of {url}")
    settled(page)
