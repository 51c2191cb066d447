"""JSON and YAML that people write by hand: read as it was meant, or refused with the line and what to do there.

YAML 1.1, which PyYAML reads, makes a number of `1984` and of `9:16` (= 556), a truth value of `no`, a date of
`2024-05-01`, and the last of two equal fields wins (PyYAML #272, #395 and #661, read 2026-11-28). Here a value is the
text that was written; what it has to be is for who checks the fields.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from workbench.i18n import N_, Text
from workbench.json_types import Json
from workbench.plain_text import storable

#: fields and values, repeated ones counted as often as they are repeated
MOST_VALUES = 100_000


class Unreadable(ValueError):
    """Not JSON, or not YAML. `problem`: where and what to do; `line`, `column` count from 1, 0 for the whole."""

    def __init__(self, problem: Text, line: int = 0, column: int = 0) -> None:
        where = Text(N_("line {line}, column {column}: {problem}"), line=line, column=column, problem=problem)
        self.problem = where if line else problem
        self.line, self.column = line, column
        super().__init__(str(self.problem))


class Repeated(Unreadable):
    """A field is there twice: which of them was meant is not for us to say."""

    def __init__(self, problem: Text, field: str, line: int = 0, column: int = 0) -> None:
        super().__init__(problem, line, column)
        self.field = field


#: how the json module begins its sentences, in the words of who writes such a file
_JSON_PROBLEMS = {
    "Expecting value": N_("a value is missing here; texts stand in straight double quotation marks"),
    "Expecting property name": N_(
        "the name of a field is needed here, in straight double quotation marks; no comma stands behind the last one"
    ),
    "Illegal trailing comma": N_("there is no comma behind the last of them; take it out"),
    "Expecting ':'": N_("a colon is missing behind the name of the field"),
    "Expecting ','": N_('a comma is missing here; a quotation mark within a text is written \\"'),
    "Unterminated string": N_("the text that begins here has no quotation mark at its end"),
    "Invalid control character": N_("a line end within a text is written \\n, a tab \\t"),
    "Invalid \\": N_("a backslash within a text is written \\\\"),
    "Extra data": N_("something follows behind the end; take it out"),
}

#: what PyYAML says, in the words of who writes such a file
_YAML_PROBLEMS = {
    "cannot start any token": N_("a text that begins with this character stands in quotation marks"),
    "mapping values are not allowed": N_("a text with a colon in it stands in quotation marks"),
    "could not find expected ':'": N_("a field is written “name: text”, with a half-width colon and a blank behind it"),
    "undefined alias": N_("a text that begins with * stands in quotation marks"),
    "expected alphabetic or numeric character": N_("a text that begins with * or & stands in quotation marks"),
    "unknown escape character": N_("a backslash in double quotation marks is written twice"),
    "unexpected end of stream": N_("a quotation mark or a bracket is not closed"),
    "expected a single document": N_("one file holds one story; what stands behind “---” belongs into another one"),
    "constructor for the tag": N_("a text that begins with ! stands in quotation marks"),
    "expected <block end>": N_(
        "the indentation does not fit the lines above, or a quotation mark stands inside a text"
    ),
    "expected ',' or": N_("a text that begins with a bracket stands in quotation marks"),
    "sequence entries are not allowed": N_("a text that begins with - stands in quotation marks"),
    "inconsistent indentation": N_("the indentation does not fit the lines above"),
}
_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
#: what YAML ends a line at, as PyYAML counts them
_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_COMMENT = re.compile(r":?\s+(?P<text>#[^\s#!].*)")
_TAB = N_("a tab stands here; lines are indented with blanks")
#: what a value may be said to be (`!!str 1984`)
_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge")
)


def parse_json(text: str) -> Json:
    """The value of a JSON text in which no field is there twice. Raises Unreadable."""
    try:
        return json.loads(text, object_pairs_hook=_refuse_repeats, parse_constant=_refuse_constant)
    except Unreadable:
        raise
    except json.JSONDecodeError as error:
        problem = next((p for start, p in _JSON_PROBLEMS.items() if error.msg.startswith(start)), N_("this is no JSON"))
        raise Unreadable(Text(problem), error.lineno, error.colno) from None
    except (ValueError, RecursionError):
        raise Unreadable(Text(N_("it is nested too deeply, or a number is too long"))) from None


def _refuse_repeats(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    for name, value in pairs:
        if name in fields:
            raise Repeated(Text(N_("“{field}” is there twice; keep one of them"), field=storable(name)), name)
        fields[name] = value
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise Unreadable(Text(N_("{name} is no number that JSON has"), name=name))


def parse_yaml(text: str) -> Json:
    """The value of a YAML text: mappings, lists and the texts that were written; nothing there is None.

    Raises Unreadable, also for a field that is there twice.
    """
    import yaml

    try:
        return _load(text)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        problem = Text(N_("the character U+{code} is in no text; take it out"), code=f"{ord(text[error.position]):04X}")
        raise Unreadable(problem, line, column) from None
    except yaml.MarkedYAMLError as error:
        # of a key without its colon, PyYAML marks where it stopped looking for it
        begun = error.context_mark if error.context == "while scanning a simple key" else None
        mark = begun or error.problem_mark or error.context_mark
        told = f"{error.problem} {error.context}"
        known = _TAB if "'\\t'" in told else next((p for w, p in _YAML_PROBLEMS.items() if w in told), "")
        at = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise Unreadable(Text(known or N_("this is no YAML")), *at) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(Text(N_("it is nested too deeply, or is no YAML"))) from None


def _load(text: str) -> Json:
    loader = _loader_class()(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node, {}, re.split(_LINE_END, text))
        return loader.construct_document(node)
    finally:
        loader.dispose()


@functools.cache
def _loader_class() -> Any:
    # loading it costs more than most commands take
    import yaml

    class Loader(yaml.SafeLoader):
        """Every value without a tag of its own is the text that was written; `<<` still brings another mapping in."""

        yaml_implicit_resolvers = {"<": yaml.SafeLoader.yaml_implicit_resolvers["<"]}

    return Loader


def _check(node: Any, sizes: dict[Any, int], lines: Sequence[str]) -> int:
    """How many values a node stands for, those that it repeats (`*name`) counted each time. Raises Unreadable."""
    known = sizes.get(node)
    if known == 0:
        _refuse(node, N_("a value cannot hold itself"))
    if known is not None:
        return known
    if node.tag not in _TAGS:
        _refuse(node, _YAML_PROBLEMS["constructor for the tag"])
    if node.id == "scalar" and node.tag != _MERGE:
        # said to be a number or a truth value: the field's to find out, like every other text
        node.tag = _TEXT
    if node.end_mark is not None and node.id == "scalar":
        _refuse_lost_text(node, lines)
    sizes[node] = 0
    size = 1
    if node.id == "mapping":
        first: dict[str, int] = {}
        for key, value in node.value:
            if key.id != "scalar":
                _refuse(key, N_("the name of a field is a text"))
            if key.value in first:
                twice = N_("“{field}” is there twice, first in line {first}; keep one of them")
                at = (key.start_mark.line + 1, key.start_mark.column + 1)
                raise Repeated(Text(twice, field=key.value, first=first[key.value]), key.value, *at)
            first[key.value] = key.start_mark.line + 1
            size += 1 + _check(value, sizes, lines)
    elif node.id == "sequence":
        size += sum(_check(item, sizes, lines) for item in node.value)
    if size > MOST_VALUES:
        _refuse(node, N_("it has more than {most} values"), most=MOST_VALUES)
    sizes[node] = size
    return size


def _refuse_lost_text(node: Any, lines: Sequence[str]) -> None:
    """“Room #9” would become “Room”: behind a blank, # begins a comment. One is meant where a blank follows."""
    at = node.end_mark
    behind = lines[at.line][at.column :] if node.style is None and at.line < len(lines) else ""
    comment = _COMMENT.match(behind)
    if comment is not None:
        problem = N_(
            "“{text}” would be left out as a comment; a text with a # stands in quotation marks, and a comment begins "
            "with # and a blank"
        )
        raise Unreadable(Text(problem, text=comment["text"][:40]), at.line + 1, at.column + 1 + comment.start("text"))


def _refuse(node: Any, problem: str, **values: Any) -> NoReturn:
    raise Unreadable(Text(problem, **values), node.start_mark.line + 1, node.start_mark.column + 1)
