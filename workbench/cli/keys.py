"""`reelwright keys`: the master key that seals every stored key."""

from __future__ import annotations

import click

from workbench.cli import client, console
from workbench.i18n import N_, Text


@click.group()
def command() -> None:
    """Look after the master key."""


@command.command()
@console.json_option
def rotate(as_json: bool) -> None:
    """Seal every stored key with a new master key; nobody has to enter a key again.

    With the key file in the data folder a new master is made. With REELWRIGHT_MASTER_KEY: put the new master in front
    of the old one, with a comma between, run this, then take the old one out.
    """
    with client.open_workbench() as wb:
        done = wb.profiles.rotate_keys()
    if as_json:
        console.emit({"keys": done.keys, "masters": done.masters})
    else:
        console.say(Text(N_("{keys} keys are sealed with the new master key."), keys=done.keys))
