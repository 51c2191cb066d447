"""`reelwright artifacts`: what was made."""

from __future__ import annotations

import click

from workbench.cli import client, console
from workbench.errors import NotFound
from workbench.i18n import N_, Text


@click.group()
def command() -> None:
    """Show what was made."""


@command.command()
@click.argument("node_id", type=int)
@click.argument("kind")
@click.option("--version", type=click.IntRange(1), help="An earlier version.  [default: the current one]")
@console.json_option
def show(node_id: int, kind: str, version: int | None, as_json: bool) -> None:
    """Show an artifact of a node, for example: artifacts show 1 episode_plan."""
    with client.open_reading() as wb:
        found = wb.artifact(node_id, kind, version)
    if found is None:
        which = "" if version is None else f" v{version}"
        raise NotFound(Text(N_("Node {node_id} has no {kind}."), node_id=node_id, kind=f"{kind}{which}"))
    if as_json:
        console.emit(found)
    else:
        console.emit(found.content)
