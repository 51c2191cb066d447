"""`reelwright handoff`: a storyboard as a file for a crew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli import client, console
from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from workbench.handoff.forms import FormName

FORMS: tuple[FormName, ...] = ("pdf", "xlsx", "csv", "fountain", "docx", "srt", "cues")


@click.command()
@click.argument("node_id", type=int)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--form", type=click.Choice(FORMS), help="What to make.  [default: by the file's ending]")
@console.json_option
def command(node_id: int, file: Path, form: FormName | None, as_json: bool) -> None:
    """Write a project's, an episode's or a scene's storyboard, shot list, screenplay or subtitles into a file."""
    chosen: FormName = form or _form_of(file)
    with client.open_reading() as wb:
        made = wb.handoffs.make(node_id, chosen)
    try:
        file.write_bytes(made.data)
    except OSError as error:
        text = Text(N_("{path} cannot be written: {reason}"), path=str(file), reason=error.strerror or "")
        raise InvalidInput(text, [Issue("file", text)]) from None
    told = {"path": str(file.absolute()), "form": chosen, "name": made.name, "bytes": len(made.data)}
    console.emit(told) if as_json else console.print_plain(told["path"])


def _form_of(file: Path) -> FormName:
    name = file.name.lower()
    found = "cues" if name.endswith(".cues.srt") else file.suffix.lower().removeprefix(".")
    for form in FORMS:
        if form == found:
            return form
    text = Text(N_("Say what to make: --form {forms}."), forms=" | ".join(FORMS))
    raise InvalidInput(text, [Issue("form", text)])
