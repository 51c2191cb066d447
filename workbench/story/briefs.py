"""A creator's brief as a file or a form has it: the brief itself, its source text, characters and world elements."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from workbench.arguments import refuse_nul
from workbench.artifacts.models import SOURCE_CHARS, Brief, Character, Style, WorldElement, text_of
from workbench.errors import InvalidInput, Issue, all_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import languages, screenplay
from workbench.story.names import identify
from workbench.story.styles import PRESETS
from workbench.validation import issues_of, message_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

#: of a summary; what is longer is a source
SUMMARY_CHARS = 2_000
#: YAML and JSON for nothing
_NOTHING = (None, "", "~", "null", "Null", "NULL")


class BriefFile(Brief):
    """Everything a new project needs. Unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, text_of(SOURCE_CHARS, 0)] = Field(
        "",
        title=N_("Source text"),
        description=N_(
            "A chapter, a treatment or a screenplay that the story is made from; kept as it is, and summarised into "
            "the brief"
        ),
    )
    characters: list[Character] = Field(default_factory=list, max_length=200, title=N_("Characters"))
    world: list[WorldElement] = Field(default_factory=list, max_length=200, title=N_("World"))

    #: what its creator should know of how it was read
    _remarks: list[Text] = PrivateAttr(default_factory=list)

    @property
    def remarks(self) -> list[Text]:
        return self._remarks

    def brief(self) -> JsonObject:
        """The content of the `brief` artifact."""
        return self.model_dump(mode="json", exclude={"source", "characters", "world"})


def parse(raw: Any) -> BriefFile:
    """Validate a brief; raises InvalidInput with one issue per field, unknown ones included.

    What is meant in one way alone is taken: nothing for a field that may be left out, a number for its digits, a name
    for a character. A screenplay in `source` or `summary` brings the people, places and summary that are not given.
    """
    if not isinstance(raw, dict):
        raise InvalidInput(Text(N_("A brief is a mapping of fields; this is {type}."), type=_name_type(raw)))
    refuse_nul("brief", raw)
    script = read_script(_take_as_meant(raw))
    fields, language_remark = languages.complete(script.fields)
    try:
        brief = BriefFile.model_validate(fields)
    except ValidationError as error:
        issues = issues_of(error, explain)
        raise InvalidInput(all_of(issues), issues) from None
    issues = _find_repeats(brief.characters, "characters") + _find_repeats(brief.world, "world")
    issues += _find_taken(brief.characters, "characters") + _find_taken(brief.world, "world")
    if issues:
        raise InvalidInput(all_of(issues), issues)
    brief._remarks += [*script.notes, *([language_remark] if language_remark else [])]
    return brief


# -- what is meant -----------------------------------------------------------------------------------------------------


def _take_as_meant(raw: JsonObject) -> JsonObject:
    fields = _take_fields(raw, BriefFile)
    style = fields.get("style")
    if isinstance(style, str):
        preset = style.strip().casefold().replace(" ", "_")
        fields["style"] = {"preset": preset} if preset in PRESETS else {"preset": "custom", "prompt": style}
    elif isinstance(fields.get("style"), dict):
        fields["style"] = _take_fields(fields["style"], Style)
    for name, model in (("characters", Character), ("world", WorldElement)):
        if name in fields:
            fields[name] = _take_elements(fields[name], model)
    return fields


def _take_fields(raw: JsonObject, model: type[BaseModel]) -> JsonObject:
    """Fields without those that say nothing; whole numbers as the text that they are, and no number in “yes”.

    A field may be written “Title” or “aspect ratio”. Raises InvalidInput when it is there twice so.
    """
    fields: JsonObject = {}
    for written, value in raw.items():
        name = _name_field(written, model)
        if name in fields:
            text = Text(N_("“{field}” is there twice; keep one of them"), field=name)
            raise InvalidInput(text, [Issue(name, text)])
        declared = model.model_fields.get(name)
        if declared is None:
            fields[name] = value
        elif value is None or (_says_nothing(value) and not (declared.is_required() and str(value).isalpha())):
            # a story may be called “Null”
            continue
        elif declared.annotation is str and isinstance(value, int) and not isinstance(value, bool):
            fields[name] = str(value)
        elif name == "episodes" and isinstance(value, bool):
            # pydantic makes 1 of it
            fields[name] = "yes" if value else "no"
        else:
            fields[name] = value
    return fields


def _name_field(written: str, model: type[BaseModel]) -> str:
    """What a model calls a field; as it was written when it has none of that name."""
    if written in model.model_fields:
        return written
    words = unicodedata.normalize("NFKC", written).replace("\ufeff", "").casefold()
    name = "_".join(re.split(r"[\s_-]+", words.strip()))
    return name if name in model.model_fields else written


def _says_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in _NOTHING)


def _take_elements(raw: Any, model: type[BaseModel]) -> Any:
    """A list of people or places, also written as names alone, or as names with what is told of them."""
    if isinstance(raw, dict) and any(_name_field(key, model) == "name" for key in raw):
        raw = [raw]
    elif isinstance(raw, dict):
        raw = [
            {"name": name, **(told if isinstance(told, dict) else {"description": told})} for name, told in raw.items()
        ]
    if not isinstance(raw, list):
        return raw
    items = [{"name": item} if isinstance(item, str | int) and not isinstance(item, bool) else item for item in raw]
    return [_take_aliases(_take_fields(item, model)) if isinstance(item, dict) else item for item in items]


def _take_aliases(fields: JsonObject) -> JsonObject:
    aliases = fields.get("aliases")
    if isinstance(aliases, str):
        return {**fields, "aliases": [aliases]}
    if isinstance(aliases, list):
        return {**fields, "aliases": [str(a) if type(a) is int else a for a in aliases]}
    return fields


# -- screenplays -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ScriptReading:
    """The fields of a brief after what a screenplay in them tells; `notes`: what was read, and what was cut."""

    fields: JsonObject
    notes: list[Text] = field(default_factory=list)


def read_script(fields: JsonObject, *, certain: bool = False) -> ScriptReading:
    """Take people, places and summary from a screenplay in `source` or `summary`, where they are not given.

    `certain`: it is known to be one.
    """
    summary, source = fields.get("summary"), fields.get("source")
    text = source if isinstance(source, str) and source.strip() else summary
    if not isinstance(text, str) or len(text) > SOURCE_CHARS:
        return ScriptReading(fields)
    script = screenplay.read(text, certain=certain)
    if script is None:
        return ScriptReading(fields)
    read = {**fields, "source": text}
    notes = [
        Text(
            N_("Read as a screenplay: {scenes} scenes, {people} people, {places} places."),
            scenes=len(script.scenes), people=len(script.people), places=len(script.places),
        )
    ]  # fmt: skip
    if text is summary or _says_nothing(summary):
        read["summary"], kept, of = screenplay.tell(script, SUMMARY_CHARS)
        if kept < of:
            note = N_("The summary keeps {kept} of {of} sentences of action; the whole text is kept as the source.")
            notes.append(Text(note, kept=kept, of=of))
    if not fields.get("characters"):
        read["characters"] = [
            {"name": name[:120], "description": script.find_first_mention(name)[:2000]} for name in script.people[:200]
        ]
    if not fields.get("world"):
        read["world"] = [{"name": name[:120], "kind": "geography"} for name in script.places[:200]]
    if script.title and _says_nothing(fields.get("title")):
        read["title"] = script.title[:120]
    return ScriptReading(read, notes)


# -- what is wrong -----------------------------------------------------------------------------------------------------


def _find_repeats(elements: Sequence[Character | WorldElement], where: str) -> list[Issue]:
    seen: set[str] = set()
    issues = []
    for number, element in enumerate(elements):
        identity = identify(element.name)
        if identity in seen:
            issues.append(Issue(f"{where}.{number}.name", Text(N_("{name} is there twice"), name=element.name)))
        seen.add(identity)
    return issues


def _find_taken(elements: Sequence[Character | WorldElement], where: str) -> list[Issue]:
    """Aliases that are the name of another: they would mean two."""
    owners = {identify(element.name): n for n, element in enumerate(elements)}
    return [
        Issue(f"{where}.{n}.aliases.{m}", Text(N_("{alias} is the name of somebody else."), alias=alias))
        for n, element in enumerate(elements)
        for m, alias in enumerate(element.aliases)
        if owners.get(identify(alias), n) != n
    ]


def explain(detail: ErrorDetails) -> Text:
    """What is wrong with a field of a brief, and what to do."""
    if detail["type"] == "extra_forbidden":
        known = ", ".join(_fields_at(detail["loc"][:-1]))
        return Text(N_("is not a field of a brief; known: {known}"), known=known)
    if detail["type"] == "string_too_long" and detail["loc"] == ("summary",):
        sentence = N_(
            "A summary has at most {most} characters, this has {count}. Bring a longer text as “source”: it is kept "
            "whole and summarised."
        )
        return Text(sentence, most=SUMMARY_CHARS, count=len(str(detail["input"]).strip()))
    if detail["type"] == "string_type":
        if isinstance(detail["input"], dict | list):
            return Text(N_("Must be one text; one that begins with a bracket or “- ” stands in quotation marks."))
        return Text(N_("Must be text: put it in quotation marks."))
    return message_of(detail)


def _name_type(value: Any) -> Text:
    kinds = ((str, N_("a text")), (list, N_("a list")), (bool, N_("yes or no")), (int | float, N_("a number")))
    return Text(next((title for kind, title in kinds if isinstance(value, kind)), N_("empty")))


def _fields_at(path: tuple[Any, ...]) -> list[str]:
    inside: dict[str, type[BaseModel]] = {"characters": Character, "world": WorldElement, "style": Style}
    return list(inside.get(str(path[0]), BriefFile).model_fields if path else BriefFile.model_fields)
