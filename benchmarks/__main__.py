"""Measure everything beside its targets: ``python -m benchmarks [--quick] [--json] [--only SECTION …]``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
import warnings
from collections.abc import Callable

import benchmarks.workflows  # noqa: F401  registers the measured jobs
from benchmarks import browser, filing, no_op, page, services, startup, waiting
from benchmarks.report import Line, table
from benchmarks.scale import FULL, QUICK, Scale
from benchmarks.stores import Stores, running_stores

SECTIONS: dict[str, Callable[[Stores, Scale], list[Line]]] = {
    "no-op": no_op.measure,
    "submits": no_op.submits,
    "filing": filing.measure,
    "waiting": waiting.throughput,
    "idle": waiting.idle,
    "start-up": startup.measure,
    "page": page.measure,
    "browser": browser.measure,
    "services": services.measure,
    "stopping": waiting.stopping,
}


def main() -> int:
    wanted = _arguments()
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.WARNING)
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    lines: list[Line] = []
    with running_stores() as stores:
        for name in wanted.only or SECTIONS:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            lines += SECTIONS[name](stores, QUICK if wanted.quick else FULL)
    if wanted.json:
        print(json.dumps([line.as_json() for line in lines], ensure_ascii=False, indent=2))
    else:
        print(_machine(busy), table(lines), sep="\n")
        missed = sum(line.met is False for line in lines)
        print(f"\n{sum(line.met is True for line in lines)} targets met, {missed} missed.")
        if wanted.quick:
            print("--quick shows that everything runs; its figures mean nothing.")
    return 0


def _machine(busy: float) -> str:
    said = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}."
    if busy > 0.5:
        said += f" Other work kept the cores {min(busy, 9):.1f} × busy when this began: only ratios mean anything."
    return said


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The product beside its targets.")
    parser.add_argument("--quick", action="store_true", help="a smoke run of every line")
    parser.add_argument("--json", action="store_true", help="a JSON array of lines")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="these sections alone")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
