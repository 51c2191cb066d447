"""`reelwright projects`: create, source, list, tree, export, import, duplicate, archive, restore."""

from __future__ import annotations

from pathlib import Path

import click

from workbench.cli import briefs, client, console
from workbench.db.rows.story import Tree, TreeNode
from workbench.i18n import N_, Text


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


@command.command()
@click.argument("project_id", type=int)
@click.argument("file", type=click.Path(path_type=Path))
@console.json_option
def export(project_id: int, file: Path, as_json: bool) -> None:
    """Write a project into a ZIP file: versions, media, jobs and their cost; no keys."""
    with client.open_workbench() as wb:
        report = wb.projects.export(project_id, file)
    if report.missing:
        console.say(Text(N_("{n} pictures or clips are no longer in the media store."), n=len(report.missing)))
    if report.hidden:
        console.say(Text(N_("A stored key was hidden in {n} versions."), n=report.hidden))
    if report.archived:
        console.say(
            Text(N_("{n} episodes or scenes stand where others stand; they are archived in it."), n=report.archived)
        )
    console.emit(report.as_json()) if as_json else console.print_plain(report.path)


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@console.json_option
def import_(file: Path, as_json: bool) -> None:
    """Add the project of a ZIP file that was exported."""
    with client.open_workbench() as wb:
        report = wb.projects.import_archive(file)
    if report.missing:
        console.say(Text(N_("{n} pictures or clips were missing when it was exported."), n=len(report.missing)))
    if report.had_profile:
        console.say(
            Text(N_("Its jobs used a model profile of their own home; here they use the sketch until you choose one."))
        )
    console.emit(report.as_json()) if as_json else console.print_plain(report.project_id)


@command.command()
@click.argument("project_id", type=int)
@click.option("--title", help="The copy's title.  [default: its own with “(copy)”]")
@console.json_option
def duplicate(project_id: int, title: str | None, as_json: bool) -> None:
    """Copy a project with every version; jobs and their cost stay the original's."""
    with client.open_workbench() as wb:
        copy = wb.projects.duplicate(project_id, title)
    console.emit({"project_id": copy}) if as_json else console.print_plain(copy)


@command.command()
@click.argument("project_id", type=int)
@console.json_option
def archive(project_id: int, as_json: bool) -> None:
    """Hide a project; nothing is deleted."""
    with client.open_workbench() as wb:
        wb.projects.archive(project_id)
    console.emit({"project_id": project_id, "archived": True}) if as_json else console.print_plain(project_id)


@command.command()
@click.argument("project_id", type=int)
@console.json_option
def restore(project_id: int, as_json: bool) -> None:
    """Show an archived project again."""
    with client.open_workbench() as wb:
        wb.projects.restore(project_id)
    console.emit({"project_id": project_id, "archived": False}) if as_json else console.print_plain(project_id)


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
