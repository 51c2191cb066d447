"""JSON Schemas that people bring: is one a schema, and does a value fit it? Never fetches anything.

Patterns are matched by pydantic's regular expressions, which take time in proportion to the text; what those cannot say
(look-around, back references) is named, not guessed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter, ValidationError

from workbench.documents import Unreadable, parse_json
from workbench.errors import Issue, OutputError
from workbench.i18n import N_, Text
from workbench.json_types import Json, JsonObject

#: of many errors the first
MOST_ISSUES = 50
LONGEST_MESSAGE = 300


@dataclass(frozen=True)
class Findings:
    """`fault`: why the schema cannot be applied; None where it could, then `issues` names what does not fit."""

    fault: str | None = None
    issues: list[Issue] = field(default_factory=list)


class _BadPattern(ValueError):
    """A pattern that cannot be matched here."""


def find_fault(schema: JsonObject) -> str | None:
    """Why this is no JSON Schema; None when it is one."""
    from jsonschema.exceptions import SchemaError

    try:
        _validator_class().check_schema(schema)
    except SchemaError as error:
        where = ".".join(map(str, error.absolute_path))
        return _shorten(f"{where}: {error.message}" if where else str(error.message))
    except RecursionError:
        return "nested too deeply"
    return None


def parse_strictly(text: str) -> Json:
    """A text that is JSON and nothing else. Raises OutputError: empty_output or malformed_output."""
    if not text.strip():
        raise OutputError("empty_output", Text(N_("the answer is empty")))
    try:
        return parse_json(text)
    except Unreadable as error:
        raise OutputError("malformed_output", error.problem, raw=text) from None


def check(value: Json, schema: JsonObject) -> Findings:
    """Everything in which a value does not fit a schema, at most 50 issues, each with its path."""
    import referencing
    from referencing.exceptions import Unresolvable

    fault = find_fault(schema)
    if fault is not None:
        return Findings(fault)
    # a registry of its own: without one, the library fetches what a schema refers to
    validator = _validator_class()(schema, registry=referencing.Registry())
    try:
        errors = sorted(validator.iter_errors(value), key=lambda e: [str(p) for p in e.absolute_path])
    except Unresolvable as error:
        return Findings(_shorten(f"cannot be found: {error.ref}"))
    except _BadPattern as error:
        return Findings(str(error))
    except RecursionError:
        return Findings("refers to itself without end")
    return Findings(
        issues=[
            Issue(".".join(map(str, e.absolute_path)), Text("{message}", message=_shorten(e.message)))
            for e in errors[:MOST_ISSUES]
        ]
    )


@functools.cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError as Misfit
    from jsonschema.validators import extend

    def match_pattern(validator: Any, pattern: str, value: Json, schema: JsonObject) -> Iterator[Any]:
        if isinstance(value, str) and not _matches(pattern, value):
            yield Misfit(f"{value!r} does not match {pattern!r}")

    def match_names(validator: Any, patterns: JsonObject, value: Json, schema: JsonObject) -> Iterator[Any]:
        if isinstance(value, dict):
            for pattern, inner in patterns.items():
                for name, member in value.items():
                    if _matches(pattern, name):
                        yield from validator.descend(member, inner, path=name, schema_path=pattern)

    return extend(Draft202012Validator, {"pattern": match_pattern, "patternProperties": match_names})


def _matches(pattern: str, text: str) -> bool:
    try:
        _compile(pattern).validate_python(text)
    except ValidationError:
        return False
    return True


@functools.lru_cache(maxsize=256)
def _compile(pattern: str) -> TypeAdapter[str]:
    try:
        return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    except Exception as error:
        raise _BadPattern(_shorten(f"the pattern {pattern!r} cannot be matched: {error}".replace("\n", " "))) from None


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 1]}…"
