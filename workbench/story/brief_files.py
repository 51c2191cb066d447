"""A brief, or the text that one is made from, out of a file: JSON, YAML, a screenplay, or prose."""

from __future__ import annotations

import re
from pathlib import PurePath

from workbench import documents, text_files
from workbench.artifacts.models import SOURCE_CHARS
from workbench.errors import InvalidInput
from workbench.i18n import N_, Text
from workbench.json_types import Json, JsonObject
from workbench.story import screenplay
from workbench.story.briefs import BriefFile, ScriptReading, read_script

#: endings of files that hold fields, and of those that hold a screenplay, whatever stands in them
FIELDS = (".json", ".yaml", ".yml")
SCRIPTS = (".fountain", ".spmd")

#: endings of files that hold neither, whatever text stands in them
OTHERS = (".toml", ".ini", ".csv", ".tsv", ".xml", ".fdx", ".html", ".htm", ".rtf", ".tex", ".srt", ".vtt", ".ass")

#: of a story whose file says nothing of it
LOOK: JsonObject = {"preset": "cinematic"}
_LOOK_NOTE = Text(N_("The look is cinematic until another one is chosen."))
#: how a mapping begins, behind comments
_FIELD = re.compile(r"\{|[\"']?[A-Za-z_]{1,40}[\"']?\s*:")
_FRONT = re.compile(r"\s*---[ \t]*\n(?P<fields>(?:(?!---).*\n)+?)---[ \t]*(?:\n(?P<text>[\s\S]*))?\Z")
#: a first line that says that it is the title
_TITLE = re.compile(r"^(?:title|标题|標題|题目|題目|书名|書名)\s*[:：]\s*", re.IGNORECASE)
_HEADING = re.compile(r"^\s*#{1,6}\s+(?P<title>\S.*)$")
#: a line that ends so is a sentence, no title
_SENTENCE_ENDS = (".", "。", "!", "！", "?", "？", ",", "，", ";", "；", ":", "：", "…")


def read(data: bytes, name: str) -> ScriptReading:
    """The fields of a brief that a file holds, not checked yet, and what was read of it. `name`: the file's.

    Raises InvalidInput: no text, no encoding that can be told, no JSON or YAML, or a screenplay without headings.
    """
    text, encoding = text_files.decode(data, name)
    reading = _read_text(text, name)
    if encoding == text_files.UTF_8:
        return reading
    note = Text(N_("{path} is read as {encoding}."), path=name, encoding=encoding)
    return ScriptReading(reading.fields, [note, *reading.notes])


def read_source(data: bytes, name: str) -> tuple[str, list[Text]]:
    """The text of a file that a story is made from, whatever it holds. Raises InvalidInput."""
    text, encoding = text_files.decode(data, name)
    note = Text(N_("{path} is read as {encoding}."), path=name, encoding=encoding)
    return _check_length(text, name), [] if encoding == text_files.UTF_8 else [note]


def _read_text(text: str, name: str) -> ScriptReading:
    ending = PurePath(name).suffix.lower()
    if not text.strip():
        raise InvalidInput(Text(N_("{path} is empty."), path=name))
    if ending in OTHERS:
        sentence = N_(
            "{path}: a {ending} file is neither a brief nor a story. A brief is brought as .yaml or .json, a "
            "screenplay as .fountain, a text as .txt or .md."
        )
        raise InvalidInput(Text(sentence, path=name, ending=ending))
    if ending not in FIELDS:
        front = _FRONT.match(text)
        if front is not None and _FIELD.match(front["fields"].lstrip()):
            return _read_front(front, name)
        if ending in SCRIPTS or screenplay.read(text) is not None:
            return _read_script(text, name, certain=ending in SCRIPTS)
        fields = _find_fields(text)
        return ScriptReading(fields) if fields is not None else _read_prose(text, name)
    try:
        value = documents.parse_json(text) if ending == ".json" else documents.parse_yaml(text)
    except documents.Unreadable as error:
        sentence = N_("{path} is neither JSON nor YAML: {reason}")
        raise InvalidInput(Text(sentence, path=name, reason=error.problem)) from error
    if not isinstance(value, dict):
        sentence = N_(
            "{path} holds no brief: a mapping of fields is needed, such as “title: The Salt Lighthouse”, with a "
            "half-width colon and a blank behind it. A text that a story is made from is brought as .txt."
        )
        raise InvalidInput(Text(sentence, path=name))
    return ScriptReading(value)


def _read_front(front: re.Match[str], name: str) -> ScriptReading:
    """A text with the fields of its brief before it, between two lines “---”."""
    story = _read_text(front["text"], f"{PurePath(name).stem}.txt") if front["text"].strip() else ScriptReading({})
    reading = _read_text(front["fields"], f"{PurePath(name).stem}.yaml")
    kept = {field: value for field, value in reading.fields.items() if value not in (None, "")}
    return ScriptReading({**story.fields, **kept}, story.notes if "style" not in kept else story.notes[:-1])


def _find_fields(text: str) -> JsonObject | None:
    """The fields of a brief in a file that does not say what it holds; None where there are none."""
    value: Json = None
    lines = (line.strip() for line in text.split("\n"))
    first = next((line for line in lines if line and not line.startswith(("#", "---"))), "")
    if not _FIELD.match(first):
        return None
    try:
        value = documents.parse_json(text) if text.lstrip().startswith("{") else documents.parse_yaml(text)
    except documents.Repeated as error:
        if error.field in BriefFile.model_fields:
            raise InvalidInput(error.problem) from None
    except documents.Unreadable:
        return None
    known = isinstance(value, dict) and "title" in value and BriefFile.model_fields.keys() & value.keys()
    return value if known else None


def _read_script(text: str, name: str, *, certain: bool) -> ScriptReading:
    text = _check_length(text, name)
    found = screenplay.read(text, certain=certain)
    if found is None:
        sentence = N_(
            "{path} has no scene that begins with a heading. Begin each with INT. or EXT. and its place, such as "
            "“INT. KITCHEN - NIGHT”, or with its number, such as “第一场 厨房 夜 内”."
        )
        raise InvalidInput(Text(sentence, path=name))
    # what it tells is taken where the brief is checked; of one heading alone only its file's ending says what it is
    fields: JsonObject = {"source": text} if found.title else {"source": text, "title": _title_of("", name)}
    reading = ScriptReading(fields) if screenplay.read(text) else read_script(fields, certain=True)
    return ScriptReading({**reading.fields, "style": LOOK}, [*reading.notes, _LOOK_NOTE])


def _read_prose(text: str, name: str) -> ScriptReading:
    text = _check_length(text, name)
    note = Text(N_("Read as a text of {count} characters that the story is made from."), count=len(text))
    fields: JsonObject = {"title": _title_of(text, name), "source": text, "style": LOOK}
    return ScriptReading(fields, [note, _LOOK_NOTE])


def _check_length(text: str, name: str) -> str:
    text = text.strip()
    if len(text) > SOURCE_CHARS:
        sentence = N_("{path} has {count} characters; at most {most} can be read at once. Bring it in parts.")
        raise InvalidInput(Text(sentence, path=name, count=len(text), most=SOURCE_CHARS))
    if not text:
        raise InvalidInput(Text(N_("{path} is empty."), path=name))
    return text


def _title_of(text: str, name: str) -> str:
    """The text's own first line where it is a heading or short and no sentence; else the file's name."""
    first = text.strip().split("\n", 1)[0].strip()
    named = _TITLE.match(first)
    if named is not None and first[named.end() :]:
        return first[named.end() :].strip("《》“”\"'")[:120] or PurePath(name).stem
    heading = _HEADING.match(first)
    if heading is not None:
        return heading["title"].strip()[:120]
    if first and len(first) <= 60 and not first.endswith(_SENTENCE_ENDS):
        return first.strip("《》“”\"'")[:120] or PurePath(name).stem
    return PurePath(name).stem[:120] or first[:60]
