"""The JSON of every data command is what 0.3.0 printed: keys, their order, values, exit codes and what stderr says.

Each database has records of its own: JSONB orders keys by itself, and ids skip where a row was not inserted.
When a change of the contract is meant: `python -m tests.recorded.story DATABASE_URL FOLDER` makes them anew.
"""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import drawings
from tests.recorded.story import FOLDER

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(1800)
def test_every_command_prints_what_it_printed_before(empty_database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "story"
    # a process of its own: other tests register workflows, and commands read the environment
    told = subprocess.run(
        [sys.executable, "-m", "tests.recorded.story", empty_database_url, str(folder)],
        cwd=ROOT,
        env=drawings.spawned({**os.environ, "PYTHONPATH": str(ROOT)}),
        capture_output=True,
        text=True,
        timeout=1700,
    )
    assert told.returncode == 0, told.stderr

    before = _records(FOLDER / empty_database_url.partition(":")[0])
    now = _records(folder / "records")
    assert now.keys() == before.keys()
    for name in before:
        # as text, since dicts that differ in the order of keys are equal
        old, new = (json.dumps(one[name], ensure_ascii=False, indent=1).splitlines() for one in (before, now))
        difference = list(difflib.unified_diff(old, new, f"before: {name}", f"now: {name}", lineterm="", n=8))
        assert not difference, "\n".join(difference[:200])


def _records(folder: Path) -> dict[str, list[Any]]:
    return {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))}
