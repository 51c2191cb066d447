"""Workflows of other packages: the example of the documents, installed and run; and packages that are broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = """
import json, sys
from workbench import prompts, samples
from workbench.api.client import Workbench
from workbench.bootstrap import worker_engine
from workbench.i18n import translate
from workbench.settings import Settings
from workbench.workflows import registry

settings = Settings.load()
wb = Workbench.open(settings, send=lambda ids: None)
engine = worker_engine(settings, send=lambda ids: None, epoch_of=lambda: "one")
project = wb.create_project(samples.load(sys.argv[1]))
job = wb.submit("write_tagline", project, {"longest": 30})
engine.run(job.id)
[declared] = [w for w in wb.workflows.list() if w.name == "write_tagline"]
head = wb.artifact(project, "house_tagline")
words = wb.prompts.get("house_workflows/write_tagline", "en")
wb.prompts.save("house_workflows/write_tagline", "en", "Other words.", words.shipped["user"], base_version=0)
print(json.dumps({
    "state": wb.jobs.get(job.id).state, "content": head and head.content, "purpose": declared.purpose_title,
    "title": translate(declared.title, "zh"), "prompt": head and head.prompt_version,
    "shipped": [f.version for f in prompts.all_files() if f.name == "house_workflows/write_tagline"],
    "contract": [f.name for f in wb.prompts.describe_contract("house_workflows/write_tagline", "zh").fields],
    "stale": [a.stale for n in wb.projects.tree(project).nodes for a in n.artifacts if a.kind == "house_tagline"],
    "plan": "write_tagline" in {m.name for m in wb.plans.list_makers()}, "problems": registry.problems,
    "own": len([w for w in wb.workflows.list() if w.run.__module__.startswith("workbench.")]),
}))
"""


def install(source: Path, target: Path) -> None:
    """As pip does it, without the network."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run([*command, "--target", str(target), str(source)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr


def run(site: Path, home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "REELWRIGHT_HOME": str(home)}
    return subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True, timeout=240)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package as it is installed."""
    folder = tmp_path_factory.mktemp("packages")
    # building writes beside the source
    shutil.copytree(ROOT / "docs" / "example-package", folder / "source")
    install(folder / "source", folder / "site")
    return folder / "site"


@pytest.mark.parametrize("sample", ["gift-of-the-magi.en", "painted-skin.zh"])
def test_the_example_of_the_documents_is_installed_and_runs(site: Path, tmp_path: Path, sample: str) -> None:
    done = run(site, tmp_path / "home", "-c", RUN, sample)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["state"] == "succeeded"
    assert told["content"]["line"]
    assert told["prompt"] in told["shipped"]
    assert told["contract"] == ["line"]
    assert told["purpose"] == "Story and people"
    assert told["title"] == "本社宣传语"
    assert told["plan"]
    assert told["problems"] == {}
    # its prompts can be written anew like any other, for stories in that language
    assert told["stale"] == [sample.endswith(".en")]


def write_package(folder: Path, name: str, body: str, points: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(body)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)


TWICE = """
from workbench.workflows import registry
@registry.workflow("ours_alone", title="Ours", scope="project")
async def first(ctx, params): "First."
@registry.workflow("plan_episodes", title="Mine", scope="project")
async def run(ctx, params): "Second."
"""


CONDUCTOR = """
from workbench.workflows import registry
@registry.workflow("conduct_alone", title="Ours", scope="project", batch=True, conducts=True)
async def run(ctx, params): "All."
"""


@pytest.mark.parametrize(
    ("body", "points", "problem"),
    [
        (CONDUCTOR, "[reelwright.workflows]\nhouse = broken\n", "its queue is system"),
        ("import nothing_of_this_name", "[reelwright.workflows]\nhouse = broken\n", "ModuleNotFoundError"),
        ("raise SystemError('half')", "[reelwright.workflows]\nhouse = broken\n", "SystemError"),
        (TWICE, "[reelwright.workflows]\nhouse = broken\n", "two workflows are named 'plan_episodes'"),
        ("KIND = 3", "[reelwright.kinds]\nhouse = broken:KIND\n", "is no artifact kind"),
        ("", "[reelwright.kinds]\nhouse = broken:KIND\n", "AttributeError"),
        ("", "[reelwright.workflows]\nhouse = gone_away\n", "ModuleNotFoundError"),
    ],
    ids=["no place of its own", "import", "raises", "name taken", "no kind", "kind missing", "package missing"],
)
def test_a_broken_package_is_left_out_and_everything_else_works(
    site: Path, tmp_path: Path, body: str, points: str, problem: str
) -> None:
    write_package(tmp_path / "site", "broken", body, points)
    code = (
        "from workbench.workflows import registry; from workbench.artifacts import kinds; "
        "names = registry.load(); kinds.all_kinds(); "
        "print('write_tagline' in names, 'plan_episodes' in names, 'ours_alone' in names, "
        "names['plan_episodes'].run.__module__)"
    )
    both = Path(f"{tmp_path / 'site'}{os.pathsep}{site}")
    done = run(both, tmp_path / "home", "-c", code)
    assert done.stdout.split() == ["True", "True", "False", "workbench.workflows.planning.plan_episodes"], done.stderr
    assert problem in done.stderr
