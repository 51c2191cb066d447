"""`reelwright profiles`: which model services there are. Keys come from a variable, never from the command line."""

from __future__ import annotations

import os
from typing import Any

import click

from workbench.cli import console, door
from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text

COLUMNS = ("id", "name", "provider", "base_url", "text_model", "image_model", "key_tail")


@click.group()
def command() -> None:
    """Add and list model services."""


@command.command()
@click.argument("name")
@click.option(
    "--provider", default="openai", show_default=True, help="The wire format: openai for everything compatible."
)
@click.option("--base-url", help="The service's address, such as https://api.example.com/v1")
@click.option("--text-model", help="The model for text.")
@click.option("--image-model", help="The model for images.")
@click.option("--key-env", metavar="VAR", help="The variable that holds the key; it is sealed and never shown again.")
@click.option("--params", type=door.JsonObject(), help="Sent with each request, as a JSON object.")
@click.option("--concurrency", type=click.IntRange(1, 1000), help="At most this many jobs at once.")
@console.json_option
def add(name: str, provider: str, key_env: str | None, as_json: bool, **fields: Any) -> None:
    """Add a model service."""
    key = _key_from(key_env)
    with door.workbench() as wb:
        row = wb.add_profile(name, provider, key=key, **fields)
    console.emit(row) if as_json else console.table([row], COLUMNS)


@command.command("list")
@console.json_option
def list_(as_json: bool) -> None:
    """List model services."""
    with door.reading() as wb:
        rows = wb.profiles()
    console.emit(rows) if as_json else console.table(rows, COLUMNS)


def _key_from(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable, "")
    if not key.strip():
        text = Text(N_("The variable {name} holds no key."), name=variable)
        raise InvalidInput(text, [Issue("key_env", text)])
    return key
