"""`reelwright up`: everything at once, until Ctrl-C."""

from __future__ import annotations

import html
import os
import signal
import sys
import threading
import time
import webbrowser
from typing import Any

import click

from workbench.cli import console, web
from workbench.cli.signs import page_answers
from workbench.cli.supervisor import HomeLock, run_processes
from workbench.errors import Unavailable
from workbench.health import prepare_home
from workbench.i18n import Text
from workbench.security import door, private_files
from workbench.settings import Settings

#: a first start on a slow disk compiles every library
PAGE_TIMEOUT_S = 120.0


@click.command()
@click.option("--port", default=8501, type=click.IntRange(1, 65535), show_default=True, help="Port of the page.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; this machine only.")
@click.option("--workers", default=1, type=click.IntRange(0, 64), show_default=True, help="Worker processes.")
@click.option(
    "--threads", type=click.IntRange(1, 256), help="Jobs at a time in each worker.  [default: REELWRIGHT_THREADS]"
)
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
def command(port: int, host: str, workers: int, threads: int | None, no_browser: bool) -> int:
    """Start everything and print the address; Ctrl-C stops it."""
    settings = Settings.load()
    door.refuse_other_machines(host)
    prepare_home(settings)
    # Before the port: a second `up` is better told where the first one is than that its port is taken.
    HomeLock(settings).refuse_if_held()
    web.refuse_taken_port(host, port)
    stop = stop_on_signals()
    with run_processes(settings, workers, web=True, threads=threads, host=host, port=port) as supervisor:
        wait_for_page(host, port, stop)
        if not stop.is_set():
            url = supervisor.page_url or ""
            console.print_plain(console.localize(Text("Reelwright runs at {url}", url=url)))
            console.say(Text("Ctrl-C stops it"))
            if not no_browser and _has_a_desktop():
                open_browser(settings, url)
        stop.wait()
    return 0


def stop_on_signals() -> threading.Event:
    """An event that Ctrl-C, SIGTERM and, without nohup, a closed terminal set."""
    stop = threading.Event()

    def note(number: int, frame: Any) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup has made a closed terminal no reason to stop
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, note)
    return stop


def wait_for_page(host: str, port: int, stop: threading.Event, timeout_s: float = PAGE_TIMEOUT_S) -> None:
    """Return when the page answers or `stop` is set; raises Unavailable when it does neither in time."""
    deadline = time.monotonic() + timeout_s
    while not page_answers(host, port):
        if time.monotonic() > deadline:
            raise Unavailable(
                Text(
                    "The page does not answer at {url}. What the server says: reelwright logs --part web",
                    url=door.url_of(host, port),
                )
            )
        if stop.wait(0.05):
            return


def open_browser(settings: Settings, url: str) -> None:
    """Show the page at once, signed in."""
    # A browser's command line is open to every user of this machine: it names a file that only this user can read.
    page = settings.home / "open.html"
    private_files.write(page, f'<meta http-equiv="refresh" content="0; url={html.escape(url)}">')
    webbrowser.open(page.as_uri())


def _has_a_desktop() -> bool:
    # Without one, webbrowser may start a text browser in this very terminal.
    if "SSH_CONNECTION" in os.environ or not sys.stdout.isatty():
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
