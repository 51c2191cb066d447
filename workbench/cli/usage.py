"""`reelwright usage`: what was used, for accounts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli import client, console
from workbench.errors import InvalidInput, Issue, NotFound
from workbench.i18n import N_, Text
from workbench.providers.base import SKETCH, SKETCH_MODEL

if TYPE_CHECKING:
    from workbench.api.client import Workbench
    from workbench.usage.export import FormName

FORMS: tuple[FormName, ...] = ("csv", "parquet", "xlsx")


@click.group()
def command() -> None:
    """What was used and what it cost."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--form", type=click.Choice(FORMS), help="What to write.  [default: by the file's ending]")
@click.option("--since", metavar="DAY", help="From this day or moment on, such as 2026-11-01.  [default: all]")
@click.option("--until", metavar="DAY", help="Before this day or moment.")
@click.option("--time-zone", default="UTC", show_default=True, metavar="NAME", help="Where days begin.")
@click.option("--project", type=int, metavar="ID")
@click.option("--workflow", metavar="KIND")
@click.option("--model", metavar="NAME")
@click.option("--node", type=int, metavar="ID", help="Of this node and of everything below it.")
@click.option("--profile", metavar="NAME", help="That ran with this model profile, archived or not.")
@click.option("--user", metavar="NAME", help="Of jobs that this person asked for.")
@console.json_option
def export(
    file: Path,
    form: FormName | None,
    since: str | None,
    until: str | None,
    time_zone: str,
    project: int | None,
    workflow: str | None,
    model: str | None,
    node: int | None,
    profile: str | None,
    user: str | None,
    as_json: bool,
) -> None:
    """Write every model call of a period into FILE, with titles, nodes, profiles and the parts of its price."""
    from workbench import periods

    chosen: FormName = form or _form_of(file)
    zone = periods.zone_of(time_zone)
    begin = 0 if since is None else periods.parse_moment(since, zone, "since")
    end = None if until is None else periods.parse_moment(until, zone, "until")
    with client.open_reading() as wb:
        try:
            calls = wb.usage.export(
                file, chosen, since=begin, until=end, time_zone=time_zone, language=console.language(),
                project=project, workflow=workflow, model=model, node=node, user=user,
                profile=None if profile is None else _id_of(wb, profile),
            )  # fmt: skip
        except OSError as error:
            text = Text(N_("{path} cannot be written: {reason}"), path=str(file), reason=error.strerror or "")
            raise InvalidInput(text, [Issue("file", text)]) from None
    written = {"path": str(file.absolute()), "form": chosen, "calls": calls, "bytes": file.stat().st_size}
    console.emit(written) if as_json else console.print_plain(written["path"])


def _id_of(wb: Workbench, name: str) -> int:
    """An archived profile's id, too: its calls stay in the ledger."""
    if name == SKETCH.name:
        sentence = N_("The sketch's calls belong to no profile. Choose them with --model {model}.")
        text = Text(sentence, model=SKETCH_MODEL)
        raise InvalidInput(text, [Issue("profile", text)])
    for profile in wb.profiles.list(include_archived=True):
        if profile.name == name:
            return profile.id
    raise NotFound(Text(N_("There is no profile {name}."), name=name))


def _form_of(file: Path) -> FormName:
    for form in FORMS:
        if form == file.suffix.lower().removeprefix("."):
            return form
    text = Text(N_("Say what to write: --form {forms}."), forms=" | ".join(FORMS))
    raise InvalidInput(text, [Issue("form", text)])


@command.command()
@console.json_option
def rebuild(as_json: bool) -> None:
    """Make the sums of all calls and jobs anew, for one who doubts them; what removed jobs counted for stays."""
    with client.open_workbench() as wb:
        counted = wb.usage.rebuild()
    if as_json:
        console.emit({"counted": counted})
    else:
        console.say(Text(N_("{n} calls and jobs are summed up anew."), n=f"{counted:,}"))
