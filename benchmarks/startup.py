"""What fresh processes cost before they do anything."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.contenders import TIMEOUT_S, Reelwright
from benchmarks.report import Line, median
from benchmarks.scale import Scale
from benchmarks.stores import ROOT, Stores
from workbench.cli.supervisor import environment
from workbench.jobs.submit import Request
from workbench.settings import Settings

#: the whole page as a fresh server runs it first: imports, workbench, migrations looked at, the script itself
_FIRST_PAGE = """
import sys, time, warnings
warnings.simplefilter("ignore")
began = time.perf_counter()
from streamlit.testing.v1 import AppTest
page = AppTest.from_file("app.py", default_timeout=300).run()
assert not page.exception, page.exception
print(time.perf_counter() - began)
"""
_IMPORT = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"
_MODULES = {
    "a worker's modules": "actors, workbench.bootstrap, workbench.jobs.runner, workbench.workflows.registry, "
    "workbench.webhooks.delivery",
    "Streamlit and the client": "streamlit, workbench.api.client",
}


def measure(stores: Stores, scale: Scale) -> list[Line]:
    settings = stores.settings("sqlite", 8)
    ours = Reelwright(settings)
    section = f"Start-up, fresh processes, SQLite, median of {scale.starts}"
    ready, first = zip(*(_worker(stores, ours, settings) for _ in range(scale.starts)), strict=True)
    lines = [
        Line(section, "worker ready (its row is there)", median(ready), "s", at_most=1.0),
        Line(section, "worker to the end of a first job submitted then", median(first), "s"),
    ]
    for words in (["jobs", "list", "--json"], ["projects", "list", "--json"]):
        took = [_seconds(settings, "-m", "workbench.cli", *words) for _ in range(scale.starts)]
        lines.append(Line(section, f"reelwright {' '.join(words)}", median(took), "s", at_most=0.6))
    for what, modules in _MODULES.items():
        took = [_printed(settings, _IMPORT.format(modules)) for _ in range(scale.starts)]
        lines.append(Line(section, f"import {what}", median(took), "s"))
    took = [_printed(settings, _FIRST_PAGE) for _ in range(scale.starts)]
    lines.append(
        Line(
            section,
            "first page, imports and first run of app.py",
            median(took),
            "s",
            at_most=2.0,
            note="AppTest, without the browser's share",
        )
    )
    ours.wb.close()
    return lines


def _worker(stores: Stores, ours: Reelwright, settings: Settings) -> tuple[float, float]:
    """Seconds from the start of the process until it is on the list of workers, and until it has done a job."""
    began = time.monotonic()
    process = stores.start("-m", "benchmarks.worker", settings=settings)
    ours.wait_for_worker()
    ready = time.monotonic() - began
    [row] = ours.wb.jobs.submit_many([Request("bench_nothing")])
    ours.wb.wait(row.id, timeout=TIMEOUT_S)
    first = time.monotonic() - began
    # signs off, so that the next start finds an empty list
    stores.stop(process)
    return ready, first


def _seconds(settings: Settings, *command: str) -> float:
    began = time.monotonic()
    subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment(settings), check=True, stdout=subprocess.DEVNULL
    )
    return time.monotonic() - began


def _printed(settings: Settings, code: str) -> float:
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(settings), check=True, capture_output=True, text=True
    )
    return float(ran.stdout.split()[-1])
