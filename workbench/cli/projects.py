"""`reelwright projects`: create, source, list, tree."""

from __future__ import annotations

from pathlib import Path

import click

from workbench.cli import briefs, client, console
from workbench.db.rows.story import Tree, TreeNode


@click.group()
def command() -> None:
    """Create, list and look into projects."""


@command.command()
@click.option(
    "--brief", required=True, type=click.Path(path_type=Path),
    help="A JSON or YAML file, a screenplay (Fountain or plain text), or a text to make the brief from.",
)  # fmt: skip
@click.option("--source", type=click.Path(path_type=Path), help="A text that the story is made from, kept whole.")
@click.option("--profile", help="The model service of its jobs.  [default: sketch]")
@briefs.language_option
@console.json_option
def create(brief: Path, source: Path | None, profile: str | None, story_language: str | None, as_json: bool) -> None:
    """Create a project from a brief."""
    content = briefs.in_language(briefs.read_brief(brief), story_language)
    if source is not None:
        content = {**content, "source": briefs.read_source(source)}
    with client.open_workbench() as wb:
        project_id = wb.create_project(content, profile=profile)
        briefs.say_remarks(wb.artifact(project_id, "brief"))
    console.emit({"project_id": project_id}) if as_json else console.print_plain(project_id)


@command.command()
@click.argument("project_id", type=int)
@click.option("--file", "path", required=True, type=click.Path(path_type=Path), help="A text file, in any encoding.")
@console.json_option
def source(project_id: int, path: Path, as_json: bool) -> None:
    """Keep a text that a project's story is made from; `submit summarize_source` makes its brief anew."""
    text = briefs.read_source(path)
    with client.open_workbench() as wb:
        versions = wb.artifacts.list_versions(project_id, "source")
        newest = versions[0].version if versions else None
        saved = wb.artifacts.save(project_id, "source", {"text": text}, newest)
    console.emit({"project_id": project_id, "version": saved.version}) if as_json else console.print_plain(
        saved.version
    )


@command.command("list")
@click.option("--archived", is_flag=True, help="Archived ones too.")
@console.json_option
def list_(archived: bool, as_json: bool) -> None:
    """List projects, newest first."""
    with client.open_reading() as wb:
        found = wb.projects.list(include_archived=archived)
    if as_json:
        console.emit(found)
    else:
        console.table(found, ("id", "title", "episodes", "scenes", "stale"))


@command.command()
@click.argument("project_id", type=int)
@console.json_option
def tree(project_id: int, as_json: bool) -> None:
    """Show a project's nodes and what was made for them."""
    with client.open_reading() as wb:
        found = wb.projects.tree(project_id)
    if as_json:
        console.emit(found)
    else:
        _print_tree(found)


def _print_tree(tree: Tree) -> None:
    below: dict[int | None, list[TreeNode]] = {}
    for node in tree.nodes:
        below.setdefault(node.parent_id, []).append(node)

    def walk(parent_id: int | None, depth: int) -> None:
        for node in below.get(parent_id, []):
            made = ", ".join(f"{a.kind} v{a.version}{' *' if a.stale else ''}" for a in node.artifacts)
            console.print_plain(f"{'  ' * depth}{node.id} {node.kind} {node.title}{f'  [{made}]' if made else ''}")
            walk(node.id, depth + 1)

    walk(None, 0)
