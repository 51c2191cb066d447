"""Read a model's answer as JSON, as leniently as is safe, and say exactly what is wrong when it cannot be read.

Thoughts go first. Then: the whole as it is → read in relaxed JSON → each run of brackets in the text, in both ways. Of
several that fit the schema the last one is the answer: drafts come first. Nothing is guessed: no closing bracket is
invented, so a cut-off answer never passes for a shorter one, nor for the draft before it.
"""

from __future__ import annotations

import contextlib
import functools
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from workbench.errors import OutputError, all_of
from workbench.i18n import Text
from workbench.plain_text import storable_json
from workbench.providers import relaxed, thinking
from workbench.validation import issues_of, message_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Wanted = Literal["object", "array", "any"]
Model = TypeVar("Model", bound=BaseModel)

AROUND = 90
#: below this a cut-off structured answer is most likely the cap's fault
ADVISED_MAX_TOKENS = 8_000
#: prose with many stray brackets must not make reading quadratic
MOST_CANDIDATES = 40

_FENCE = re.compile(r"^\s*```[A-Za-z0-9_-]*\s*\n(.*?)\n?\s*```\s*$", re.DOTALL)
_CLOSER = {"{": "}", "[": "]"}
#: where the call of a tool holds what it is given; nobody offers a tool here, but some models answer in one
_ARGUMENTS = ("arguments", "parameters", "input", "args", "kwargs", "params", "action_input", "tool_input")
_OF_CALLS = frozenset(
    (
        *(*_ARGUMENTS, "name", "type", "id", "function", "tool", "tool_name", "action", "call_id", "index"),
        *("recipient_name", "method", "jsonrpc"),
    )
)
#: where a message, or a whole answer of an API that somebody has written out, holds what it says
_SAID = ("tool_calls", "tool_uses", "function_call", "message", "content", "choices")
_OF_MESSAGES = frozenset(
    (*_SAID, "role", "refusal", "finish_reason", "index", "logprobs", "id", "object", "created", "model", "usage")
)
#: a schema filled in: the values stand where it has its properties
_OF_SCHEMAS = frozenset(("$schema", "$defs", "additionalProperties", "description", "required", "title", "type"))
#: boxes within boxes: a string that holds a list that holds a call
_MOST_BOXES = 7


def read_json(text: str, wanted: Wanted = "any", *, last: bool = False) -> Any:
    """The first JSON value of the wanted kind in a model's answer, or the `last`. Raises OutputError: empty_,
    truncated_ or malformed_output."""
    values, fault = _values(text, wanted)
    for value in reversed(values) if last else values:
        inner = next((v for v in _unbox(value, wanted) if _is(v, wanted)), _NOTHING)
        if inner is not _NOTHING:
            return storable_json(inner)
    raise fault


def read_model(text: str, schema: type[Model]) -> Model:
    """A model's answer as `schema`. Raises OutputError; malformed_output carries one issue per wrong field."""
    wanted = _find_json_type(schema)
    values, fault = _values(text, wanted)
    if values and isinstance(fault, _Unread) and _begins(fault.rest, schema):
        # what came before it was a draft, however well it fits
        raise fault
    fitting = [
        m for m in (_fit(v, wanted, schema) for v in reversed(values) if not _is_placeholder(v)) if m is not None
    ]
    if fitting:
        # where nothing is required anything fits, also a pair of brackets in a last remark
        return next((m for m in fitting if m.model_fields_set), fitting[0])
    within = next((c for value in reversed(values) for c in _cut_off_within(value, wanted, text)), None)
    if within is not None:
        raise within
    return validate(read_json(text, wanted, last=True), schema, raw=text)


_DOTS = re.compile(r"\s*(?:\.{2,}|…+|<[^<>]*>)\s*")


def _is_placeholder(value: Any) -> bool:
    """An object that only shows the shape: `{"title": "..."}`."""
    if isinstance(value, str):
        return _DOTS.fullmatch(value) is not None
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return bool(inner) and all(_is_placeholder(v) for v in inner)


def _cut_off_within(value: Any, wanted: Wanted, raw: str) -> Iterator[OutputError]:
    """What a string in a box says that was cut off itself, though the box was closed."""
    for inner in _unbox(value, wanted):
        if isinstance(inner, str) and inner.lstrip()[:1] in _CLOSER:
            spans = list(_spans(inner))
            if spans and spans[-1].end is None and spans[-1].mismatch is None:
                yield _cut_off(raw, inner, spans[-1].start)


def _fit(value: Any, wanted: Wanted, schema: type[Model]) -> Model | None:
    for inner in _unbox(value, wanted):
        if _is(inner, wanted):
            try:
                return schema.model_validate(storable_json(inner))
            except ValidationError:
                continue
    return None


def validate(value: Any, schema: type[Model], raw: str = "") -> Model:
    """Check a JSON value against `schema`; raises OutputError malformed_output with one issue per wrong field."""
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        issues = issues_of(error, _correction)
        raise OutputError(
            "malformed_output",
            Text("The answer does not have the agreed shape: {issues}", issues=all_of(issues[:8])),
            issues=issues,
            raw=raw,
        ) from None


def _correction(detail: ErrorDetails) -> Text:
    """The words that a repair prompt can use, with the value that was there."""
    if detail["type"] == "missing":
        return message_of(detail)
    return Text("{message} (found: {found})", message=message_of(detail), found=_shorten(detail["input"]))


# Building a schema takes longer than reading a short answer; a schema that was made for one call is let go.
@functools.lru_cache(maxsize=128)
def _find_json_type(schema: type[BaseModel]) -> Wanted:
    declared = schema.model_json_schema()
    if "$ref" in declared:
        declared = declared.get("$defs", {}).get(declared["$ref"].rsplit("/", 1)[-1], {})
    kinds: dict[str, Wanted] = {"object": "object", "array": "array"}
    return kinds.get(str(declared.get("type")), "any")


def _unwrap(text: str) -> str:
    """Without thoughts, byte order mark and a fence around the whole."""
    answer = thinking.split(text.lstrip("\ufeff")).answer.strip().strip("\ufeff")
    fenced = _FENCE.match(answer)
    return (fenced.group(1) if fenced else answer).strip()


# -- parsing -----------------------------------------------------------------------------------------------------------


class _Unread(OutputError):
    """The last JSON of an answer is cut off or damaged. `rest`: how it begins."""

    rest = ""


_NOTHING = object()


def _values(text: str, wanted: Wanted) -> tuple[list[Any], OutputError]:
    """The JSON values in an answer, from left to right, and what to say if none of them will do."""
    answer = _unwrap(text)
    if not answer:
        raise OutputError("empty_output", Text("The answer is empty."), raw=text)
    parsed, value, problem = _parse(answer)
    if parsed:
        return [value], _wrong_kind(text, value, wanted)
    answer, problem = _unescape(answer, problem)
    spans = list(_spans(answer))
    return [span.value for span in spans if span.value is not _NOTHING], _unreadable(text, answer, spans, problem)


_ESCAPED = re.compile(r"""[^{\[]*[{\[]\s*(?:\\[nrt]\s*)*\\["']""")


def _unescape(answer: str, problem: json.JSONDecodeError | None) -> tuple[str, json.JSONDecodeError | None]:
    """The answer without the escapes of a string that it stood in, or those of a web page: `{\\"title\\": …}`,
    `{&quot;title&quot;: …}`."""
    if _ESCAPED.match(answer):
        inner = answer.strip().removeprefix('"').removesuffix('"')
        with contextlib.suppress(relaxed.NotRelaxed):
            return relaxed.unescape(inner), None
    if re.search(r"[{\[]\s*&(?:quot|#34|#x22);", answer):
        return html.unescape(answer), None
    return answer, problem


def _parse(text: str) -> tuple[bool, Any, json.JSONDecodeError | None]:
    """(parsed, value, what was wrong with the text as it is): as is, then relaxed."""
    value, problem = _strict(text)
    if problem is None:
        return True, value, None
    try:
        return True, relaxed.read(text), None
    except relaxed.NotRelaxed:
        # The first problem points into the text as the model wrote it, which is what a reader can look up.
        return False, None, problem


def _strict(text: str) -> tuple[Any, json.JSONDecodeError | None]:
    try:
        return json.loads(text, parse_constant=_refuse_constant), None
    except json.JSONDecodeError as error:
        return None, error
    except (ValueError, RecursionError) as error:
        # NaN and Infinity, a number of thousands of digits, a thousand nested brackets: no database would take them.
        return None, json.JSONDecodeError(str(error) or "nested too deeply", text, 0)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _unbox(value: Any, wanted: Wanted, boxes: int = _MOST_BOXES) -> Iterator[Any]:
    """The value itself, then what it may be a box around: JSON in a string, a list of one, the call of a tool, a
    name."""
    yield value
    if not boxes:
        return
    for inner in _open_box(value, wanted):
        yield from _unbox(inner, wanted, boxes - 1)


def _open_box(value: Any, wanted: Wanted) -> Iterator[Any]:
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", '"'):
        parsed, inner, _ = _parse(value.strip())
        if parsed:
            yield inner
    elif isinstance(value, list) and len(value) == 1 and wanted == "object":
        yield value[0]
    elif isinstance(value, dict):
        yield from _open_object(value)


def _open_object(value: dict[str, Any]) -> Iterator[Any]:
    given = [value[name] for name in _ARGUMENTS if name in value]
    said = [value[name] for name in _SAID if value.get(name)]
    if len(given) == 1 and value.keys() <= _OF_CALLS:
        yield given[0]
    elif isinstance(value.get("function"), dict) and value.keys() <= _OF_CALLS:
        yield value["function"]
    elif len(value) == 1:
        yield from (inner for inner in value.values() if isinstance(inner, dict | list | str))
    elif len(said) == 1 and value.keys() <= _OF_MESSAGES:
        yield said[0]
    elif isinstance(value.get("properties"), dict) and value.keys() <= _OF_SCHEMAS | {"properties"}:
        yield value["properties"]


# -- JSON inside prose -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Span:
    """A run of brackets from `start`. `end` None: not closed; `mismatch`: position of a closer that closes nothing
    open. `value`: what it says, if it can be read."""

    start: int
    end: int | None
    mismatch: int | None = None
    value: Any = _NOTHING


def _spans(text: str) -> Iterator[_Span]:
    """Runs of brackets that look like JSON, from left to right; after a balanced run the search goes on behind it.

    It ends at a run that does not close: what stands inside it is a piece of a cut-off answer, not the answer.
    """
    position = 0
    for _ in range(MOST_CANDIDATES):
        opening = _OPENS_JSON.search(text, position)
        if opening is None:
            return
        span = _read_span(text, opening.start())
        yield span
        if span.end is None:
            return
        position = span.end


def _read_span(text: str, start: int) -> _Span:
    span = _scan(text, start)
    if span.end is not None:
        parsed, value, _ = _parse(text[start : span.end])
        if parsed:
            return replace(span, value=value)
    try:
        # brackets within single quotes or comments close nothing
        value, end = relaxed.read_at(text, start)
    except relaxed.NotRelaxed:
        return span
    return _Span(start, end, value=value)


def _begins(rest: str, schema: type[BaseModel]) -> bool:
    """Whether a piece that cannot be read is the beginning of what the schema wants, and no bracket in a remark."""
    properties = schema.model_json_schema().get("properties", {})
    first = re.match(r"""[\[{\s]*["'“‘]?([\w-]+)["'”’]?\s*[:：](?!\s*(?:\.\.|…))""", rest)
    return first is not None and (not properties or first.group(1) in properties)


_OPENS_JSON = re.compile(r"""\{\s*["“'}]|\{\s*$|\[\s*(?:["“'{\[\]\d-]|true|false|null)|\[\s*$|\{\s*[A-Za-z_]\w*\s*:""")


def _scan(text: str, start: int) -> _Span:
    open_brackets: list[str] = []
    inside = escaped = False
    for position in range(start, len(text)):
        char = text[position]
        if inside:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                inside = False
        elif char == '"':
            inside = True
        elif char in "{[":
            open_brackets.append(char)
        elif char in "}]":
            if _CLOSER[open_brackets.pop()] != char:
                return _Span(start, None, mismatch=position)
            if not open_brackets:
                return _Span(start, position + 1)
    return _Span(start, None)


# -- saying what is wrong ----------------------------------------------------------------------------------------------


def _unreadable(raw: str, answer: str, spans: list[_Span], problem: json.JSONDecodeError | None) -> OutputError:
    if spans and spans[-1].end is None and spans[-1].mismatch is None:
        return _cut_off(raw, answer, spans[-1].start)
    first = next((span for span in spans if span.value is _NOTHING), spans[0] if spans else None)
    if first is None:
        message = Text("No JSON found in the answer. It begins: {start}", start=_shorten(answer))
        return OutputError("malformed_output", message, raw=raw)
    if first.mismatch is not None:
        message = Text("The brackets do not match near: {around}", around=_around(answer, first.mismatch))
        return _unread(message, raw, answer, spans[-1])
    wrong, position = _problem_in(answer, first.start, first.end, problem)
    message = Text(
        "The answer is not valid JSON: {problem} near: {around}", problem=wrong, around=_around(answer, position)
    )
    return _unread(message, raw, answer, spans[-1])


def _unread(message: Text, raw: str, answer: str, last: _Span) -> _Unread:
    unread = _Unread("malformed_output", message, raw=raw)
    unread.rest = answer[last.start : last.start + 2 * AROUND] if last.value is _NOTHING else ""
    return unread


def _cut_off(raw: str, answer: str, start: int) -> _Unread:
    message = Text(
        "The answer is cut off. Raise the output limit to at least {tokens} tokens. It ends: {end}",
        tokens=ADVISED_MAX_TOKENS,
        end=answer[-AROUND:],
    )
    cut_off = _Unread("truncated_output", message, raw=raw)
    cut_off.rest = answer[start : start + 2 * AROUND]
    return cut_off


def _problem_in(answer: str, start: int, end: int | None, problem: json.JSONDecodeError | None) -> tuple[str, int]:
    """What is wrong with the JSON itself; the problem of the whole answer may only be that prose comes first."""
    if problem is not None and start < problem.pos <= (end or start):
        return problem.msg, problem.pos
    inner = _strict(answer[start:end])[1]
    return (inner.msg, start + inner.pos) if inner is not None else ("not JSON", start)


def _wrong_kind(raw: str, value: Any, wanted: Wanted) -> OutputError:
    names = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    expected = {"object": "an object", "array": "an array", "any": "an object or an array"}[wanted]
    message = Text(
        "The answer is {found}; expected {expected}.", found=names.get(type(value), "a number"), expected=expected
    )
    return OutputError("malformed_output", message, raw=raw)


def _is(value: Any, wanted: Wanted) -> bool:
    if wanted == "any":
        return isinstance(value, (dict, list))
    return isinstance(value, dict if wanted == "object" else list)


def _around(text: str, position: int) -> str:
    before, after = max(0, position - AROUND), position + AROUND
    return (
        ("…" if before else "")
        + text[before:position]
        + "⟨here⟩"
        + text[position:after]
        + ("…" if after < len(text) else "")
    )


def _shorten(value: Any, limit: int = AROUND) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[:limit] + "…"
