"""`reelwright new-workflow`: a workflow, its prompts and its test, which pass as they are."""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from pathlib import Path
from string import Template

import click

from workbench.cli import console
from workbench.cli.supervisor import app_path
from workbench.errors import InvalidInput, NotAllowed
from workbench.i18n import N_, Text

#: scope → folder below workflows/ and prompts/, and the nodes below the project that the test makes
SCOPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "project": ("planning", ()),
    "episode": ("episode", ("episode",)),
    "scene": ("scene", ("episode", "scene")),
}
_TEMPLATES = Path(__file__).parent / "templates"
#: what the template says to people, besides the title
_CHINESE = {"How many notes": "笔记条数", "{have} notes, but {want} were asked for": "有 {have} 条笔记，要求 {want} 条"}


@click.command()
@click.argument("name")
@click.option(
    "--scope", type=click.Choice(list(SCOPES)), default="project", show_default=True, help="The node it works on."
)
@click.option("--title", help="What people see.  [default: from the name]")
@click.option("--title-zh", help="The same in Chinese.  [default: the title]")
@console.json_option
def command(name: str, scope: str, title: str | None, title_zh: str | None, as_json: bool) -> None:
    """Write a new workflow NAME with its prompts and its test."""
    root = app_path().parent
    _refuse(root, name)
    group, below = SCOPES[scope]
    shown = title or name.replace("_", " ").capitalize()
    if '"' in shown or "\\" in shown or "{" in shown:
        raise InvalidInput(Text(N_("A title holds no quotes, backslashes or braces.")))
    fields = {
        "name": name,
        "group": group,
        "scope": scope,
        "title": shown,
        "below": repr(list(below)).replace("'", '"'),
    }
    files = {
        f"workbench/workflows/{group}/{name}.py": "workflow.py.txt",
        f"workbench/prompts/{group}/{name}.en.md": "prompt.en.md.txt",
        f"workbench/prompts/{group}/{name}.zh.md": "prompt.zh.md.txt",
        f"tests/workflows/test_{name}.py": "test.py.txt",
    }
    for path, template in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        made = Template((_TEMPLATES / template).read_text(encoding="utf-8")).safe_substitute(fields)
        (root / path).write_text(made, encoding="utf-8")
    _format([root / path for path in files if path.endswith(".py")])
    _translate({shown: title_zh or shown, **_CHINESE})
    # In a process of its own: this one has loaded the workflows without the new file.
    subprocess.run([sys.executable, "-m", "workbench.workflows.docs"], cwd=root, check=True)
    if as_json:
        console.emit({"name": name, "files": list(files)})
    else:
        for path in files:
            console.print_plain(path)
    console.say(Text(N_("Try it: {command}"), command=f".venv/bin/python -m pytest tests/workflows/test_{name}.py"))


def _refuse(root: Path, name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,59}", name) or keyword.iskeyword(name):
        raise InvalidInput(
            Text(N_("{name} is not a workflow's name: 3 to 60 small letters, digits and underscores."), name=name)
        )
    if not (root / "tests" / "conftest.py").exists():
        raise NotAllowed(
            Text(N_("A new workflow is written into a checkout of Reelwright, and {path} is none."), path=str(root))
        )
    from workbench.workflows import registry

    if name in registry.load() or list((root / "workbench" / "workflows").rglob(f"{name}.py")):
        raise NotAllowed(Text(N_("There is already a workflow named {name}."), name=name))


def _format(paths: list[Path]) -> None:
    """Where a line breaks depends on the name. Without ruff (not a developer's installation) it stays as it is."""
    subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--quiet", *map(str, paths)], check=False, capture_output=True
    )


def _translate(chinese: dict[str, str]) -> None:
    """Add what the new file says to the Chinese catalogue, so that it stays complete; what is there stays."""
    from babel.messages.pofile import write_po

    from workbench.locale.check import catalogue_path, load

    path = catalogue_path()
    catalogue = load(path)
    for english, translation in chinese.items():
        known = catalogue.get(english)
        if known is None or not known.string:
            catalogue.add(english, translation)
    with path.open("wb") as file:
        write_po(file, catalogue, width=0, sort_output=True, omit_header=False)
