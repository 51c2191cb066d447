"""Read a model's answer as JSON, as leniently as is safe, and say exactly what is wrong when it cannot be read.

Order: as it is → after a light repair → the first balanced object or array in the text → that one
repaired. Nothing is guessed: no closing bracket is invented, so a cut-off answer never passes for a shorter one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from workbench.errors import OutputError
from workbench.i18n import Text
from workbench.plain_text import storable_json
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

_THINKING = re.compile(r"^\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"^\s*```[A-Za-z0-9_-]*\s*\n(.*?)\n?\s*```\s*$", re.DOTALL)
_CLOSER = {"{": "}", "[": "]"}


def read_json(text: str, wanted: Wanted = "any") -> Any:
    """The JSON value in a model's answer. Raises OutputError: empty_, truncated_ or malformed_output."""
    answer = _unwrap(text)
    if not answer:
        raise OutputError("empty_output", Text("The answer is empty."), raw=text)
    parsed, value, problem = _parse(answer)
    if parsed and _is(value, wanted):
        return storable_json(value)
    inner = _first_inside(answer, wanted)
    if inner is not None:
        return storable_json(inner.value)
    raise _wrong_kind(text, value, wanted) if parsed else _unreadable(text, answer, problem)


def read_model(text: str, schema: type[Model]) -> Model:
    """A model's answer as `schema`. Raises OutputError; malformed_output carries one issue per wrong field."""
    value = read_json(text, _find_json_type(schema))
    return validate(value, schema, raw=text)


def validate(value: Any, schema: type[Model], raw: str = "") -> Model:
    """Check a JSON value against `schema`; raises OutputError malformed_output with one issue per wrong field."""
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        issues = issues_of(error, _correction)
        listed = "; ".join(str(i) for i in issues[:8])
        raise OutputError(
            "malformed_output",
            Text("The answer does not have the agreed shape: {issues}", issues=listed),
            issues=issues,
            raw=raw,
        ) from None


def _correction(detail: ErrorDetails) -> Text:
    """The words that a repair prompt can use, with the value that was there."""
    if detail["type"] == "missing":
        return message_of(detail)
    return Text("{message} (found: {found})", message=detail["msg"], found=_shorten(detail["input"]))


def _find_json_type(schema: type[BaseModel]) -> Wanted:
    declared = schema.model_json_schema()
    if "$ref" in declared:
        declared = declared.get("$defs", {}).get(declared["$ref"].rsplit("/", 1)[-1], {})
    kinds: dict[str, Wanted] = {"object": "object", "array": "array"}
    return kinds.get(str(declared.get("type")), "any")


def _unwrap(text: str) -> str:
    """Without byte order mark, leading thoughts and a fence around the whole."""
    answer = _THINKING.sub("", text.lstrip("\ufeff")).strip().strip("\ufeff")
    fenced = _FENCE.match(answer)
    return (fenced.group(1) if fenced else answer).strip()


# -- parsing -----------------------------------------------------------------------------------------------------------


def _parse(text: str) -> tuple[bool, Any, json.JSONDecodeError | None]:
    """(parsed, value, what was wrong with the repaired text): as is, then repaired."""
    value, problem = _strict(text)
    if problem is None:
        return True, value, None
    repaired = repair(text)
    if repaired == text:
        return False, None, problem
    value, still = _strict(repaired)
    # The first problem points into the text as the model wrote it, which is what a reader can look up.
    return (True, value, None) if still is None else (False, None, problem)


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


def repair(text: str) -> str:
    """Mend what models often get wrong and what can be mended without guessing."""
    mended = text.strip("\ufeff \t\r\n")
    if '"' not in mended:
        mended = re.sub("[“”„]", '"', mended)
    return _mend_strings_and_commas(mended)


def _mend_strings_and_commas(text: str) -> str:
    """Escape raw line breaks and tabs inside strings; drop commas that stand before a closing bracket."""
    out: list[str] = []
    inside = escaped = False
    for position, char in enumerate(text):
        if inside:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                inside = False
            elif char < " ":
                char = _ESCAPES.get(char, f"\\u{ord(char):04x}")
        elif char == '"':
            inside = True
        elif char == "," and _AHEAD_CLOSES.match(text, position + 1):
            continue
        out.append(char)
    return "".join(out)


_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_AHEAD_CLOSES = re.compile(r"\s*[}\]]")


# -- JSON inside prose -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Span:
    """A run of brackets from `start`. `end` None: not closed; `mismatch`: position of a closer that closes nothing
    open."""

    start: int
    end: int | None
    mismatch: int | None = None


@dataclass(frozen=True)
class _Inner:
    value: Any


def _first_inside(text: str, wanted: Wanted) -> _Inner | None:
    for span in _spans(text):
        if span.end is None:
            continue
        parsed, value, _ = _parse(text[span.start : span.end])
        # A lone “[1]” in prose is a footnote, not an answer: only containers of the wanted kind count.
        if parsed and _is(value, wanted):
            return _Inner(value)
    return None


def _spans(text: str) -> Iterator[_Span]:
    """Runs of brackets that look like JSON, from left to right; after a balanced run the search goes on behind it.

    It ends at a run that does not close: what stands inside it is a piece of a cut-off answer, not the answer.
    """
    position = 0
    for _ in range(MOST_CANDIDATES):
        opening = _OPENS_JSON.search(text, position)
        if opening is None:
            return
        span = _scan(text, opening.start())
        yield span
        if span.end is None:
            return
        position = span.end


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


def _unreadable(raw: str, answer: str, problem: json.JSONDecodeError | None) -> OutputError:
    first = next(_spans(answer), None)
    if first is None:
        message = Text("No JSON found in the answer. It begins: {start}", start=_shorten(answer))
        return OutputError("malformed_output", message, raw=raw)
    if first.mismatch is not None:
        message = Text("The brackets do not match near: {around}", around=_around(answer, first.mismatch))
        return OutputError("malformed_output", message, raw=raw)
    if first.end is None:
        message = Text(
            "The answer is cut off. Raise the output limit to at least {tokens} tokens. It ends: {end}",
            tokens=ADVISED_MAX_TOKENS,
            end=answer[-AROUND:],
        )
        return OutputError("truncated_output", message, raw=raw)
    wrong, position = _problem_in(answer, first.start, first.end, problem)
    message = Text(
        "The answer is not valid JSON: {problem} near: {around}", problem=wrong, around=_around(answer, position)
    )
    return OutputError("malformed_output", message, raw=raw)


def _problem_in(answer: str, start: int, end: int, problem: json.JSONDecodeError | None) -> tuple[str, int]:
    """What is wrong with the JSON itself; the problem of the whole answer may only be that prose comes first."""
    if problem is not None and start < problem.pos <= end:
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
