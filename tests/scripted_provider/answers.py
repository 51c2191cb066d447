"""What a request asks for, and a valid answer to it."""

from __future__ import annotations

import contextlib
import email
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Answer = Callable[[dict[str, Any]], str]


def default_answer(request: dict[str, Any]) -> str:
    """Valid JSON for the schema of the request (or the one its prompt quotes), else a short text."""
    schema = schema_of(request)
    if schema is not None:
        return json.dumps(example(schema), ensure_ascii=False)
    return '{"text": "answer"}' if mode_of(request) == "json_object" else "A short answer."


def schema_of(request: dict[str, Any]) -> dict[str, Any] | None:
    if mode_of(request) == "json_schema":
        wanted = _format_of(request)
        return wanted.get("json_schema", wanted)["schema"]  # type: ignore[no-any-return]
    return next(iter(_schemas_in("\n".join(str(m.get("content")) for m in messages_of(request)))), None)


def messages_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    """What was said, in chat's field or in that of responses."""
    return request.get("messages") or request.get("input") or []


def _format_of(request: dict[str, Any]) -> dict[str, Any]:
    """A picture's response_format is a plain word: none of these."""
    wanted = request.get("response_format") or (request.get("text") or {}).get("format")
    return wanted if isinstance(wanted, dict) else {}


def _schemas_in(text: str) -> Iterator[dict[str, Any]]:
    for start in (m.start() for m in re.finditer(r"\{", text)):
        with contextlib.suppress(ValueError):
            found, _ = json.JSONDecoder().raw_decode(text, start)
            if isinstance(found, dict) and ("properties" in found or "$defs" in found):
                yield found
                return


def example(
    schema: dict[str, Any], definitions: dict[str, Any] | None = None, name: str = "value", number: int = 1
) -> Any:
    """The smallest plausible instance of a JSON schema; `number` is the place in a list, so that orders count up."""
    known = definitions if definitions is not None else schema.get("$defs", {})
    if "$ref" in schema:
        return example(known[schema["$ref"].rsplit("/", 1)[-1]], known, name, number)
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            options = [o for o in schema[choice] if o.get("type") != "null"] or schema[choice]
            return example(options[0], known, name, number)
    if "const" in schema or schema.get("enum"):
        return schema.get("const", (schema.get("enum") or [None])[0])
    made = {"object": _object, "array": _array, "integer": _number, "number": _number, "string": _string}.get(
        str(schema.get("type"))
    )
    if made is not None:
        return made(schema, known, name, number)
    return True if schema.get("type") == "boolean" else None


def _object(schema: dict[str, Any], known: dict[str, Any], name: str, number: int) -> dict[str, Any]:
    made = {key: example(part, known, key, number) for key, part in schema.get("properties", {}).items()}
    for key, value in made.items():
        # episode_count beside episodes: a count that lies would fail every real workflow's check.
        listed = made.get(key.removesuffix("_count") + "s")
        if key.endswith("_count") and isinstance(value, int) and isinstance(listed, list):
            made[key] = len(listed)
    return made


def _array(schema: dict[str, Any], known: dict[str, Any], name: str, number: int) -> list[Any]:
    length = schema.get("minItems", min(1, schema.get("maxItems", 1)))
    return [example(schema.get("items") or {}, known, name, place + 1) for place in range(length)]


def _number(schema: dict[str, Any], known: dict[str, Any], name: str, number: int) -> int:
    least, most = (
        schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema)),
        schema.get("maximum"),
    )
    wanted = number if name in ("order", "index", "number") else least
    return int(max(least, wanted if most is None else min(wanted, most)))


def _string(schema: dict[str, Any], known: dict[str, Any], name: str, number: int) -> str:
    least, most = _lengths(schema)
    said = f"{name} {number} of this story"
    while len(said) < least:
        said += " and so on"
    return said[: max(least, min(len(said), most))]


def _lengths(schema: dict[str, Any]) -> tuple[int, int]:
    """Length limits, from the schema or, in strict schemas, from what the description tells."""
    told = re.search(
        r"(?:(\d+) to (\d+)|At least (\d+)|At most (\d+)) characters\.$", str(schema.get("description", ""))
    )
    least, most = (told.group(1) or told.group(3), told.group(2) or told.group(4)) if told else (None, None)
    return int(schema.get("minLength") or least or 1), int(schema.get("maxLength") or most or 10_000)


def mode_of(request: dict[str, Any]) -> str | None:
    """The structured-output mode asked for."""
    return _format_of(request).get("type")


def form_fields(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a multipart form; files as {"name", "bytes", "sha256"} in a list under their
    field's name."""
    parsed = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    found: dict[str, Any] = {}
    for part in parsed.get_payload():
        name = str(part.get_param("name", header="content-disposition")).removesuffix("[]")  # type: ignore[union-attr]
        data: Any = part.get_payload(decode=True)  # type: ignore[union-attr]
        if part.get_filename():  # type: ignore[union-attr]
            file = {"name": part.get_filename(), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}  # type: ignore[union-attr]
            found.setdefault(name, []).append(file)
        else:
            found[name] = data.decode()
    return found


def picture(seed: str, size: str = "") -> bytes:
    """A PNG whose colour tells the seed, in a size like ``64x36``."""
    from PIL import Image

    match = re.fullmatch(r"(\d+)x(\d+)", size)
    made = io.BytesIO()
    # a palette of one: three bytes a pixel would take longer to pack and to unpack than all else of a call
    drawn = Image.new("P", (int(match[1]), int(match[2])) if match else (64, 36))
    drawn.putpalette(hashlib.sha256(seed.encode()).digest()[:3])
    drawn.save(made, format="PNG")
    return made.getvalue()


# -- the server --------------------------------------------------------------------------------------------------------
