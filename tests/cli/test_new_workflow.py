"""`reelwright new-workflow`: what it writes passes the project's own tests and checks as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT

IGNORED = shutil.ignore_patterns("__pycache__", "cli", "browser", "pages", "*_cache")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy to write into: the code, the configuration and the tests that the new one builds on."""
    copy = tmp_path / "check out"
    shutil.copytree(ROOT / "workbench", copy / "workbench", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "actors", copy / "actors", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests", copy / "tests", ignore=IGNORED)
    for name in ("pyproject.toml", "app.py"):
        shutil.copy(ROOT / name, copy / name)
    return copy


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # The copy first: the installed package is the working tree itself.
    env = {**os.environ, "PYTHONPATH": str(checkout), "REELWRIGHT_HOME": str(checkout / "home")}
    return subprocess.run(
        [sys.executable, *command], cwd=checkout, env=env, capture_output=True, text=True, timeout=240
    )


@pytest.mark.parametrize("scope", ["project", "scene"])
def test_a_new_workflow_passes_its_test_and_the_checks_as_it_is(checkout: Path, scope: str) -> None:
    made = run(
        checkout, "-m", "workbench.cli", "new-workflow", "colour_notes", "--scope", scope, "--title-zh", "色彩笔记"
    )
    assert made.returncode == 0, made.stderr

    tested = run(checkout, "-m", "pytest", "-q", "tests/workflows/test_colour_notes.py")
    files = made.stdout.split()
    checks = [
        run(checkout, "-m", "ruff", "check", *(f for f in files if f.endswith(".py"))),
        run(checkout, "-m", "ruff", "format", "--check", *(f for f in files if f.endswith(".py"))),
    ]

    assert tested.returncode == 0, tested.stdout
    for check in checks:
        assert check.returncode == 0, check.stdout + check.stderr
    catalogue = run(checkout, "-m", "workbench.locale.check").stdout
    assert "colour_notes" not in catalogue
    listed = run(checkout, "-m", "workbench.cli", "workflows", "list")
    assert "colour_notes" in listed.stdout


@pytest.mark.parametrize("name", ["Plan", "x", "class", "../evil", "plan_episodes"])
def test_a_name_that_cannot_be_used_is_refused_and_nothing_is_written(checkout: Path, name: str) -> None:
    refused = run(checkout, "-m", "workbench.cli", "new-workflow", name)

    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert not list((checkout / "tests" / "workflows").glob("test_*evil*"))
