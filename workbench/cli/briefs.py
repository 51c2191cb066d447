"""Input of commands: a brief out of a file, and options that hold JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from workbench.cli import console
from workbench.db.rows.story import ArtifactVersion
from workbench.documents import Unreadable, parse_json
from workbench.errors import InvalidInput
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

#: why a file cannot be opened, as the reader's language has it
_UNREADABLE: dict[type[Exception], str] = {
    FileNotFoundError: N_("there is no such file"),
    IsADirectoryError: N_("it is a folder"),
    PermissionError: N_("you may not read it"),
}


class JsonParam(click.ParamType[JsonObject]):
    """An option whose value is a JSON object."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> JsonObject:
        if isinstance(value, dict):
            return value
        try:
            parsed = parse_json(value)
        except Unreadable as error:
            self.fail(console.localize(Text("not JSON: {reason}", reason=error.problem)), param, ctx)
        if not isinstance(parsed, dict):
            self.fail(
                console.localize(Text("a JSON object is needed, such as {example}", example='{"scene_count_hint": 8}')),
                param,
                ctx,
            )
        return parsed


#: for a brief that names no language, or another one than is meant
language_option = click.option(
    "--story-language", type=click.Choice(["zh", "en"]), help="The story's language.  [default: as the brief has it]"
)


def in_language(brief: JsonObject, language: str | None) -> JsonObject:
    """A brief in the language of `language_option`."""
    return brief if language is None else {**brief, "language": language}


def say_remarks(version: ArtifactVersion | None) -> None:
    """On stderr: what was noted when a brief was read, or when a job made this version."""
    for remark in (version.warnings or []) if version else []:
        console.say(Text.from_json(remark) if isinstance(remark, dict) else str(remark))


def read_brief(path: Path) -> JsonObject:
    """A brief out of a file, see story.brief_files; what was read of it is said. Raises InvalidInput; the workbench
    checks the fields."""
    from workbench.story import brief_files

    reading = brief_files.read(read_bytes(path), str(path))
    for note in reading.notes:
        console.say(note)
    return reading.fields


def read_source(path: Path) -> str:
    """The text that a story is made from. Raises InvalidInput."""
    from workbench.story import brief_files

    text, notes = brief_files.read_source(read_bytes(path), str(path))
    for note in notes:
        console.say(note)
    return text


def read_bytes(path: Path) -> bytes:
    """Raises InvalidInput."""
    from workbench.text_files import MOST_BYTES

    try:
        with path.open("rb") as file:
            # one more than is read: the file says that it is too large
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        known = next((Text(words) for kind, words in _UNREADABLE.items() if isinstance(error, kind)), None)
        reason = known or getattr(error, "strerror", None) or str(error)
        raise InvalidInput(Text("{path} cannot be read: {reason}", path=str(path), reason=reason)) from error
