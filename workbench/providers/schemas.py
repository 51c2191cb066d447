"""Turn a pydantic JSON schema into what strict structured output accepts.

Strict mode wants every object closed and every property required, and refuses many keywords. Whatever is dropped here
is still checked locally; limits on text length are told in the description instead.
Source: platform.openai.com/docs/guides/structured-outputs#supported-schemas.
"""

from __future__ import annotations

from typing import Any

from workbench.json_types import JsonObject

_KEPT = frozenset(
    {
        "type",
        "description",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "$defs",
        "properties",
        "required",
        "items",
        "additionalProperties",
    }
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems"}
)
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})


class NotStrict(ValueError):
    """The schema cannot be said in strict mode: open dictionaries, tuples, unions at the root."""


def strict_schema(schema: JsonObject) -> JsonObject | None:
    """The strict form of a pydantic schema, or None when it has none (send it then with strict off)."""
    try:
        return _root(schema)
    except NotStrict:
        return None


def _root(schema: JsonObject) -> JsonObject:
    definitions = schema.get("$defs", {})
    body = {k: v for k, v in schema.items() if k != "$defs"}
    if "$ref" in body:
        # A model that contains itself: pydantic puts even the root behind a reference, strict mode wants an object
        # there.
        body = definitions[body["$ref"].rsplit("/", 1)[-1]]
    root = _strict(body)
    if root.get("type") != "object":
        raise NotStrict("the root must be an object")
    if definitions:
        root["$defs"] = {name: _strict(d) for name, d in definitions.items()}
    return root


def _strict(schema: Any) -> JsonObject:
    if not isinstance(schema, dict) or not schema:
        raise NotStrict("anything goes here")
    if "allOf" in schema:
        return _single_all_of(schema)
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}  # siblings of a reference are refused
    if "prefixItems" in schema or "patternProperties" in schema:
        raise NotStrict("tuples and patterned keys")
    strict = {k: v for k, v in schema.items() if k in _KEPT}
    if schema.get("format") in _FORMATS:
        strict["format"] = schema["format"]
    limits = _describe_limits(schema)
    if limits:
        strict["description"] = (
            f"{schema['description'].rstrip('. ')}. {limits}" if schema.get("description") else limits
        )
    return _with_children(strict, schema)


def _with_children(made: JsonObject, schema: JsonObject) -> JsonObject:
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        made["anyOf"] = [_strict(option) for option in options]
    if schema.get("type") == "array":
        made["items"] = _strict(schema.get("items"))
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        if not properties or isinstance(schema.get("additionalProperties"), dict):
            raise NotStrict("an object with free keys")
        made["properties"] = {name: _strict(p) for name, p in properties.items()}
        made["required"] = list(properties)
        made["additionalProperties"] = False
    if not made.keys() & {"type", "enum", "const", "anyOf"}:
        raise NotStrict("anything goes here")
    return made


def _single_all_of(schema: JsonObject) -> JsonObject:
    if len(schema["allOf"]) != 1:
        raise NotStrict("allOf of several")
    return _strict({**{k: v for k, v in schema.items() if k != "allOf"}, **schema["allOf"][0]})


def _describe_limits(schema: JsonObject) -> str:
    least, most = schema.get("minLength"), schema.get("maxLength")
    if least and most:
        return f"{least} to {most} characters."
    if most:
        return f"At most {most} characters."
    return f"At least {least} characters." if least else ""
