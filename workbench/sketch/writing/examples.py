"""Writes an example of what a JSON Schema wants, for schemas as people write them."""

from __future__ import annotations

import json
from typing import Any

from workbench.json_types import Json, JsonObject

#: a schema that contains itself is followed so deep
DEEPEST = 8
WORD = "example"
FORMATS = {
    "date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z", "time": "12:00:00Z", "email": "someone@example.com",
    "uri": "https://example.com", "uuid": "00000000-0000-4000-8000-000000000000", "ipv4": "192.0.2.1",
    "hostname": "example.com", "duration": "PT1H",
}  # fmt: skip


def write_example(schema: JsonObject) -> str:
    """A JSON text: every property filled, every limit of number and length kept."""
    return json.dumps(_example(schema, schema, 0), ensure_ascii=False)


def _example(schema: Any, root: JsonObject, depth: int) -> Json:
    if not isinstance(schema, dict) or depth > DEEPEST:
        return None
    schema = _resolve(schema, root)
    if "const" in schema:
        return schema["const"]
    for known in ("enum", "examples"):
        if isinstance(schema.get(known), list) and schema[known]:
            return schema[known][0]
    kinds = schema.get("type")
    kind = next((k for k in kinds if k != "null"), "null") if isinstance(kinds, list) else kinds
    if kind == "array" or (kind is None and "items" in schema):
        return _list(schema, root, depth)
    if kind in ("integer", "number"):
        return _number(schema, kind)
    if kind == "string":
        return _text(schema)
    if kind in ("boolean", "null"):
        return True if kind == "boolean" else None
    return _object(schema, root, depth)


def _resolve(schema: JsonObject, root: JsonObject) -> JsonObject:
    """With references into the schema followed, the first of several options taken, and parts put together."""
    for _ in range(DEEPEST):
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            target: Any = root
            for name in reference.lstrip("#/").split("/") if reference != "#" else ():
                target = target.get(name.replace("~1", "/").replace("~0", "~"), {}) if isinstance(target, dict) else {}
            schema = {
                **(target if isinstance(target, dict) else {}),
                **{k: v for k, v in schema.items() if k != "$ref"},
            }
        elif options := next((schema[k] for k in ("anyOf", "oneOf") if schema.get(k)), None):
            real = [o for o in options if isinstance(o, dict) and o.get("type") != "null"] or [{}]
            schema = {**{k: v for k, v in schema.items() if k not in ("anyOf", "oneOf")}, **real[0]}
        elif parts := schema.get("allOf"):
            schema = {k: v for k, v in schema.items() if k != "allOf"}
            for part in parts:
                schema = _merge(schema, _resolve(part, root) if isinstance(part, dict) else {})
        else:
            break
    return schema


def _merge(a: JsonObject, b: JsonObject) -> JsonObject:
    both = {"properties": {**a.get("properties", {}), **b.get("properties", {})}}
    required = [*a.get("required", []), *b.get("required", [])]
    return {**a, **b, **(both if both["properties"] else {}), **({"required": required} if required else {})}


def _object(schema: JsonObject, root: JsonObject, depth: int) -> Json:
    properties = schema.get("properties") or {}
    required = [n for n in schema.get("required") or [] if isinstance(n, str)]
    if not properties and not required:
        return {"answer": WORD} if schema.get("additionalProperties", True) is not False else {}
    # deep down only what must be there, so that a schema that contains itself ends
    names = [*properties, *(n for n in required if n not in properties)] if depth < DEEPEST // 2 else required
    return {name: _example(properties.get(name, {"type": "string"}), root, depth + 1) for name in names}


def _list(schema: JsonObject, root: JsonObject, depth: int) -> Json:
    first = schema.get("prefixItems") or []
    least = max(int(schema.get("minItems") or 0), len(first), 0 if depth >= DEEPEST // 2 else 1)
    count = min(least, int(schema.get("maxItems", least)))
    items = [_example(first[n] if n < len(first) else schema.get("items", {}), root, depth + 1) for n in range(count)]
    if schema.get("uniqueItems"):
        return [_number_off(item, n) for n, item in enumerate(items)]
    return items


def _number_off(item: Json, n: int) -> Json:
    """The item as the n-th of a list in which no two are equal."""
    if isinstance(item, str):
        return f"{item} {n}" if n else item
    return item + n if isinstance(item, int | float) and not isinstance(item, bool) else item


def _number(schema: JsonObject, kind: str) -> Json:
    step = schema.get("multipleOf") or (1 if kind == "integer" else 0.5)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    value = low if low is not None else min(1, high) if high is not None else 1
    if schema.get("exclusiveMinimum") is not None and value <= schema["exclusiveMinimum"]:
        value = schema["exclusiveMinimum"] + step
    elif schema.get("exclusiveMaximum") is not None and value >= schema["exclusiveMaximum"]:
        value = schema["exclusiveMaximum"] - step
    if schema.get("multipleOf"):
        value = -(-value // step) * step
    return int(value) if kind == "integer" else value


def _text(schema: JsonObject) -> str:
    text = FORMATS.get(str(schema.get("format")), WORD)
    least, most = int(schema.get("minLength") or 0), schema.get("maxLength")
    text = text if len(text) >= least else (f"{WORD} " * (least // len(WORD) + 1))[:least].rstrip().ljust(least, "e")
    return text if most is None else text[: int(most)]
