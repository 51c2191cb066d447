"""Workflows of other packages: the example of the documents, installed and run; and packages that are broken."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def write_package(folder: Path, name: str, body: str, points: str, files: dict[str, str | bytes] | None = None) -> None:
    for path, text in {"__init__.py": body, **(files or {})}.items():
        file = folder / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
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


def declare(name: str = "ours", more: str = "", **changed: str) -> str:
    """A module that declares one workflow; `changed`: the source of an argument, or of the function."""
    declared = {"title": '"Ours"', "scope": '"project"', **changed}
    function = declared.pop("function", 'async def run(ctx, params): "First."')
    arguments = ", ".join(f"{argument}={value}" for argument, value in declared.items())
    return f"from workbench.workflows import registry\n{more}\n@registry.workflow({name!r}, {arguments})\n{function}\n"


PROMPT = "---\nvariables: [title]\n---\n[system]\nYou name it.\n[user]\n{{ title | data('title') }}\n"
HOUSE = "[reelwright.workflows]\nhouse = {0}\n"
KINDS = HOUSE + "[reelwright.kinds]\nours = {0}:KIND\n"
KIND = """
from workbench.artifacts.declared import Kind
from pydantic import BaseModel
class Model(BaseModel): pass
"""
NO_SCHEMA = """
class Thing: pass
class Params(registry.Params, arbitrary_types_allowed=True): thing: Thing = Thing()
"""

#: package → (its module, its entry points, what else is in it, what is said of it)
BROKEN: dict[str, tuple[str, str, dict[str, str | bytes], str]] = {
    "p_scope": (declare(scope='"chapter"'), HOUSE, {}, "scope is one of project, character"),
    "p_queue": (declare(queue='"gpu"'), HOUSE, {}, "queue is one of text, image, video, system"),
    "p_guards": (declare(guards="None"), HOUSE, {}, "guards is a tuple of functions"),
    "p_guard": (declare(guards="(3,)"), HOUSE, {}, "guards is a tuple of functions"),
    "p_reads": (declare(reads='"brief"'), HOUSE, {}, "reads is a tuple of names"),
    "p_title": (declare(title="None"), HOUSE, {}, "name and title are texts"),
    "p_params": (declare(params="dict"), HOUSE, {}, "params is a class below registry.Params"),
    "p_schema": (declare(more=NO_SCHEMA, params="Params"), HOUSE, {}, "PydanticInvalidForJsonSchema"),
    "p_typical": (declare(typical="None"), HOUSE, {}, "typical is a registry.Typical"),
    "p_plain": (declare(function="def run(ctx, params): return {}"), HOUSE, {}, "run is an async function"),
    # brings in another package, which stays
    "p_writes": (
        declare(more="import z_whole", writes='"nothing_known"'),
        HOUSE,
        {},
        "There is no artifact kind nothing_known",
    ),
    "p_place": (declare(scope='"scene"', writes='"episode_plan"'), HOUSE, {}, "its scope is project"),
    "p_draws": (declare(draws="registry.Drawings('gone', 1, len)"), HOUSE, {}, "named gone"),
    "p_kind": (declare(writes='"p_kind"'), KINDS, {}, "There is no artifact kind p_kind"),
    "p_node": (
        declare(more=f"{KIND}KIND = Kind('p_node', 'Ours', 'chapter', Model)", writes='"p_node"'),
        KINDS,
        {},
        "There is no artifact kind p_node",
    ),
    # its kind is asked for first
    "p_name": (
        declare("plan_episodes", f"{KIND}KIND = Kind('p_name', 'Ours', 'project', Model)", writes='"p_name"'),
        KINDS,
        {},
        "two workflows are named 'plan_episodes': workbench.workflows.planning.plan_episodes and p_name; rename the",
    ),
    "p_exit": ("import sys; sys.exit('licence missing')", KINDS, {}, "licence missing"),
    "p_exit_below": (declare(), HOUSE, {"below.py": "raise SystemExit('no licence')"}, "SystemExit: no licence"),
    "p_head": (declare(), HOUSE, {"prompts/x.en.md": "no front matter"}, "p_head/x.en has no front matter"),
    "p_yaml": (declare(), HOUSE, {"prompts/x.en.md": PROMPT.replace("[title]", "[")}, "p_yaml/x.en cannot be read"),
    "p_list": (
        declare(),
        HOUSE,
        {"prompts/x.en.md": PROMPT.replace("[title]", "3")},
        "variables of prompt p_list/x.en",
    ),
    "p_if": (declare(), HOUSE, {"prompts/x.en.md": f"{PROMPT}{{% if title %}}"}, "prompt p_if/x.en: "),
    "p_utf": (declare(), HOUSE, {"prompts/x.en.md": b"\xff\xfe"}, "prompt p_utf/x.en: "),
    "p_words": (
        declare(),
        HOUSE,
        {"locale/zh/LC_MESSAGES/reelwright.po": b'msgid "Ours"\nmsgstr "\xff"\n', "prompts/x.en.md": PROMPT},
        "UnicodeDecodeError",
    ),
    "p_point": ("", "[reelwright.workflows]\nhouse = ???\n", {}, "ValueError: Empty module name"),
}
LOOK = """
import json
from workbench import prompts, samples
from workbench.api.client import Workbench
from workbench.artifacts import kinds
from workbench.bootstrap import worker_engine
from workbench.i18n import translate
from workbench.settings import Settings
from workbench.workflows import registry

kinds.all_kinds()
settings = Settings.load()
wb = Workbench.open(settings, send=lambda ids: None)
engine = worker_engine(settings, send=lambda ids: None, epoch_of=lambda: "one")
project = wb.create_project(samples.load("gift-of-the-magi.en"))
job = wb.submit("plan_episodes", project)
engine.run(job.id)
wb.plans.build(project)
workflows = wb.workflows.list()
print(json.dumps({
    "state": wb.jobs.get(job.id).state, "makers": len(wb.plans.list_makers()),
    "workflows": [w.name for w in workflows if not w.run.__module__.startswith("workbench.")],
    "planner": registry.find("plan_episodes").run.__module__,
    "schemas": [w.name for w in workflows if w.params.model_json_schema()],
    "prompts": [f"{p.name}.{p.language}" for p in wb.prompts.list(project)], "zh": translate("Brief", "zh"),
    "files": [f.key for f in prompts.all_files()], "problems": registry.problems,
}))
"""


def look(tmp_path: Path) -> dict[str, Any]:
    """What Reelwright shows with the packages in `site`."""
    done = run(tmp_path / "site", tmp_path / "home", "-c", LOOK)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    for problem in told["problems"].values():
        assert problem in done.stderr
    return told


def test_each_broken_package_is_left_out_whole_with_its_reason_and_all_that_is_listed_works(tmp_path: Path) -> None:
    for name, (body, points, files, _) in BROKEN.items():
        write_package(tmp_path / "site", name, body.replace("'ours'", repr(name)), points.format(name), files)
    write_package(tmp_path / "site", "a_whole", declare("whole"), HOUSE.format("a_whole"))
    write_package(tmp_path / "site", "z_whole", declare("whole_too"), HOUSE.format("z_whole"))

    told = look(tmp_path)

    assert told["workflows"] == ["whole", "whole_too"]
    assert told["state"] == "succeeded"
    assert told["planner"] == "workbench.workflows.planning.plan_episodes"
    assert told["zh"] == "创意简报"
    assert not [name for name in told["prompts"] + told["files"] if name.startswith("p_")]
    for name, (_, _, _, problem) in BROKEN.items():
        assert problem in told["problems"]["???" if name == "p_point" else name]
    assert len(told["problems"]) == len(BROKEN)


def test_what_is_no_prompt_is_passed_over_and_a_prompt_in_one_language_alone_is_told(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "prompts/README.md": "# Ours",
        "prompts/notes.md": "Notes",
        "prompts/old.fr.md": "Vieux",
        "prompts/.en.md": "Nameless",
        "prompts/one.en.md": PROMPT,
        "prompts/both.en.md": PROMPT,
        "prompts/both.zh.md": PROMPT,
        "__main__.py": "raise SystemExit('a program')",
    }
    required = declare(more="class Params(registry.Params): n: int", params="Params", reads='["brief"]')
    write_package(tmp_path / "site", "house", required, HOUSE.format("house"), files)

    told = look(tmp_path)

    assert told["workflows"] == ["ours"]
    ours = [name for name in told["prompts"] if name.startswith("house")]
    assert ours == ["house/both.en", "house/both.zh", "house/one.en"]
    assert told["problems"] == {
        "house": "prompts are missing, and jobs in that language will fail: house/one.zh",
    }


def test_each_entry_point_of_a_package_has_its_prompts_at_the_place_of_its_module(tmp_path: Path) -> None:
    points = "[reelwright.workflows]\n" + "".join(
        f"{name} = {name}\n" for name in ("two.alpha", "two.beta", "two.gamma.write", "spread", "planning")
    )
    places = (
        "two/alpha/prompts/write", "two/beta/prompts/write", "two/gamma/prompts/write", "spread/prompts/write",
        "planning/prompts/write", "planning/prompts/plan_episodes",
    )  # fmt: skip
    for package in ("two/alpha", "two/beta", "two/gamma", "planning"):
        write_file(tmp_path / "site" / package / "__init__.py", "")
    # a package in several places has no file of its own
    for module in ("two/alpha/write", "two/beta/write", "two/gamma/write", "spread/write", "planning/write"):
        write_file(tmp_path / "site" / f"{module}.py", declare(module.replace("/", "_")))
    for place, language in itertools.product(places, ("en", "zh")):
        write_file(tmp_path / "site" / f"{place}.{language}.md", f"{PROMPT}{place}\n")
    write_package(tmp_path / "site", "two", "", points)

    told = look(tmp_path)

    names = ["planning/write", "spread/write", "two/alpha/write", "two/beta/write", "two/gamma/write"]
    others = [name for name in told["files"] if not (ROOT / "workbench" / "prompts" / f"{name}.md").is_file()]
    assert sorted(others) == [f"{name}.{language}" for name in names for language in ("en", "zh")]
    assert told["problems"] == {}
    # Reelwright's own keeps its words, and its jobs their prompt
    assert told["state"] == "succeeded"


def write_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_second_of_two_packages_with_one_name_is_left_out_alone(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_package(tmp_path / "site", name, declare("ours"), HOUSE.format(name))
    write_package(tmp_path / "site", "third", declare("third", "import first"), HOUSE.format("third"))

    told = look(tmp_path)

    assert told["workflows"] == ["ours", "third"]
    assert told["problems"] == {
        "second": "ValueError: two workflows are named 'ours': first and second; rename the second",
    }
