"""Input of commands: a brief out of a file, and options that hold JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from workbench.cli import console
from workbench.db.rows.story import ArtifactVersion
from workbench.errors import InvalidInput
from workbench.i18n import Text
from workbench.json_types import JsonObject, parse_json


class JsonParam(click.ParamType[JsonObject]):
    """An option whose value is a JSON object."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> JsonObject:
        if isinstance(value, dict):
            return value
        try:
            parsed = parse_json(value)
        except ValueError as error:
            self.fail(console.localize(Text("not JSON: {reason}", reason=str(error))), param, ctx)
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


def say_remarks(brief: ArtifactVersion | None) -> None:
    """On stderr: what was noted when a project's brief was read."""
    for remark in (brief.warnings or []) if brief else []:
        console.say(Text.from_json(remark))


def read_brief(path: Path) -> JsonObject:
    """A brief out of a JSON or YAML file. Raises InvalidInput; the workbench checks the fields."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(Text("{path} cannot be read: {reason}", path=str(path), reason=reason)) from error
    try:
        brief = parse_json(text) if path.suffix.lower() == ".json" else _parse_yaml(text)
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InvalidInput(Text("{path} is neither JSON nor YAML: {reason}", path=str(path), reason=reason)) from error
    if not isinstance(brief, dict):
        raise InvalidInput(Text("{path} holds no brief: a mapping of fields is needed.", path=str(path)))
    return brief


def _parse_yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
