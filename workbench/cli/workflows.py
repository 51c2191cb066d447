"""`reelwright workflows`: what can be made. Needs neither database nor Redis."""

from __future__ import annotations

import click

from workbench.cli import console


@click.group()
def command() -> None:
    """List what can be made."""


@command.command("list")
@console.json_option
def list_(as_json: bool) -> None:
    """List workflows with what they need, what they write and their params."""
    from workbench.workflows import registry

    rows = [
        {
            "name": one.name,
            "title": console.localize(one.title),
            "summary": console.localize(one.summary),
            "scope": one.scope,
            "reads": list(one.reads),
            "writes": one.writes,
            "params": one.params.model_json_schema(),
        }
        for one in registry.load().values()
    ]
    if as_json:
        console.emit(rows)
    else:
        console.table(rows, ("name", "scope", "writes", "summary"))
