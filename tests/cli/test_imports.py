"""What a command loads: one that only looks must not wait for what it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workbench.api.client import Workbench
from workbench.settings import Settings

ROOT = Path(__file__).parents[2]
HEAVY = (
    "alembic", "dramatiq", "genai_prices", "google.genai", "httpx", "jinja2", "openai", "pandas", "PIL", "plotly",
    "redis", "streamlit", "workbench.artifacts.models", "workbench.jobs.runner", "workbench.sketch",
)  # fmt: skip
SCRIPT = """
import sys
from workbench.cli import run
code = run(sys.argv[2:])
loaded = [name for name in sys.argv[1].split(",") if name in sys.modules]
print("loaded:", *loaded, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("command", ["jobs", "projects"])
def test_a_command_that_lists_loads_nothing_it_does_not_use(command: str, tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home")
    settings.home.mkdir()
    Workbench.open(settings, send=lambda ids: None).close()
    unused = HEAVY if command == "jobs" else [m for m in HEAVY if m not in ("jinja2", "workbench.artifacts.models")]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, ",".join(unused), command, "list", "--json"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "REELWRIGHT_HOME": str(settings.home)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert done.stderr == "loaded:\n"
