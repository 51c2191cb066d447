"""An error answer taken apart: what it says, whatever shape it has and whoever has wrapped it.

Relays put what another service said into their own error: as an object, as JSON or a Python dict in a string, behind a
few words of their own. Each of these is a layer; what the last one says counts first.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workbench.json_types import JsonObject, parse_json
from workbench.plain_text import storable
from workbench.providers import dialects

#: objects within objects that are looked into: three relays, each with a wrapper of three; a hostile body could go on
DEEPEST = 24
#: entries of a list, and of what is wrapped, that are looked at
MOST_ENTRIES = 8
MOST_LAYERS = 32

_MESSAGES = (
    "message", "msg", "detail", "error_msg", "errmsg", "status_msg", "error_message", "errorMessage", "Message",
    "faultstring", "error_description", "description",
)  # fmt: skip
_CODES = ("code", "type", "reason", "Code", "error_code", "errcode", "err_code", "quotaId", "quotaMetric")
_STATUSES = ("status", "code", "status_code", "http_code", "raw_status_code", "statusCode", "http_status", "Code")
_INNER = (
    "error", "errors", "Error", "ResponseMetadata", "Response", "base_resp", "header", "fault", "metadata", "raw",
    "detail", "details", "violations", "fieldViolations", "message", "cause", "body",
)  # fmt: skip
#: what a wrapper says where it says nothing
_EMPTY = re.compile(
    r"\W*(provider returned error|error|unknown( error)?|upstream error|bad request|none|null)?\W*", re.I
)
_REQUEST_ID = re.compile(r"\s*\(request id: [\w-]+\)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Layer:
    """One error object. `codes` as the service spells them; `names` are the fields that it blames."""

    message: str = ""
    codes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    status: int | None = None


@dataclass(frozen=True)
class Refusal:
    """The parts of an error answer. `codes`: code, type, status and Google's reasons; `param` what it names."""

    message: str
    codes: tuple[str, ...] = ()
    param: str = ""
    details: tuple[JsonObject, ...] = ()
    #: a status told inside the body, where the transport's own says nothing (mid-stream, relays)
    status: int | None = None
    #: the innermost first
    layers: tuple[Layer, ...] = ()
    #: it is a page of a web server, not the word of a service
    page: bool = False

    @property
    def words(self) -> str:
        """Everything it names, in lower case."""
        said = (m for layer in self.layers for m in (layer.message, *layer.names))
        return " ".join((self.param, *self.codes, self.message, *said)).lower()


def read_refusal(body: Any) -> Refusal:
    """Read an error body of any shape; plain text becomes the message."""
    layers = tuple(reversed(list(_peel(body, 0))))[:MOST_LAYERS]
    messages = [layer.message for layer in layers if not _EMPTY.fullmatch(_REQUEST_ID.sub("", layer.message))]
    spoken = messages or [layer.message for layer in layers if layer.message]
    message = spoken[0] if spoken else _dump(body)
    names = tuple(dict.fromkeys(n for layer in layers for n in layer.names))
    return Refusal(
        message=message,
        codes=tuple(dict.fromkeys(c for layer in layers for c in layer.codes)),
        param=names[0] if names else "",
        details=tuple(_details(body)),
        status=next((layer.status for layer in layers if layer.status), None),
        layers=layers,
        page=isinstance(body, str)
        and re.match(r"\s*<(!doctype|html|head|body|h\d|center|title)", body, re.I) is not None,
    )


#: what an answer brings, under any service's name for it
_ANSWERS = ("choices", "output", "data", "images", "candidates", "content", "response", "id")
_FINE = (0, 200, 20000, "0", "200", "20000", "000000", "success", "ok", "Success", "OK", "", None)


def find_refusal(body: Any) -> Refusal | None:
    """The refusal that a body with a good status, an event of a stream or a choice is; None when it is none."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    return read_refusal(body) if isinstance(body, dict) and _refuses(body) else None


def _refuses(body: JsonObject) -> bool:
    for name in ("error", "errors", "Error"):
        error = body.get(name)
        if error and not (isinstance(error, dict) and all(v in _FINE or v == {} for v in error.values())):
            return True
    base = body.get("base_resp")
    if isinstance(base, dict) and base.get("status_code") not in _FINE:
        return True
    if any(body.get(name) for name in _ANSWERS if name != "id"):
        return False
    if body.get("object") == "error" or body.get("type") == "error" or body.get("success") is False:
        return True
    told = any(isinstance(body.get(name), str) and body[name].strip() for name in _MESSAGES)
    if isinstance(body.get("detail"), list) and body["detail"]:
        return True
    codes = [body[name] for name in ("code", "error_code", "errcode", "status_code", "Code") if name in body]
    if told and codes:
        return any(code not in _FINE for code in codes)
    return told and "choices" not in body and "id" not in body


def _peel(value: Any, depth: int) -> Iterator[Layer]:
    """The layers of an error answer, the outermost first."""
    if depth > DEEPEST:
        return
    if isinstance(value, str):
        yield from _peel_text(value, depth)
    elif isinstance(value, list):
        for entry in value[:MOST_ENTRIES]:
            if isinstance(entry, (dict, list)):
                yield from _peel(entry, depth + 1)
    elif isinstance(value, dict):
        yield from _peel_object(value, depth)


def _peel_text(text: str, depth: int) -> Iterator[Layer]:
    inner = _structure(text)
    if inner is not None:
        yield from _peel(inner, depth + 1)
        return
    message = to_line(text)
    yield Layer(message)
    for row in (w for d in dialects.load() for w in d.wrappers if w.words is not None):
        assert row.words is not None
        match = row.words.search(message)
        if match is None:
            continue
        groups = {name: found for name, found in match.groupdict().items() if found}
        code = groups.get("code", "")
        yield Layer(groups.get("message", ""), (code,) if code else (), (), as_status(groups.get("status")))
        if "body" in groups:
            yield from _peel(_structure(groups["body"]), depth + 1)
        return
    embedded = re.search(r"[{\[]\s*[\"']\w.*[}\]]", message)
    if embedded is not None:
        yield from _peel(_structure(embedded.group()), depth + 1)


def _peel_object(value: JsonObject, depth: int) -> Iterator[Layer]:
    message = next((value[n] for n in _MESSAGES if isinstance(value.get(n), str) and value[n].strip()), "")
    error = value.get("error")
    codes = [*_codes(value), *_named_codes(value)]
    if message and isinstance(error, str) and error.strip() and "code" not in value:
        codes.append(error.strip())  # a title beside the message: “Not Found”
        error = None
    elif not message and isinstance(error, str):
        message, error = error, None
    location = value.get("loc")
    names = [str(location[1] if len(location) > 1 else location[0])] if isinstance(location, list) and location else []
    names += [str(value["param"])] if isinstance(value.get("param"), str) and value["param"].strip() else []
    status = next((s for s in (as_status(value.get(n)) for n in _STATUSES) if s), None)
    if status is None and names and names[-1].isdecimal():
        status = as_status(names.pop())  # one-api: the status of the service behind it
    wraps = _structure(message) is not None if message else False
    yield Layer("" if wraps else to_line(message), tuple(codes), tuple(names), status)
    if message:
        yield from (layer for place, layer in enumerate(_peel_text(message, depth + 1)) if place or wraps)
    for name in _INNER:
        inner = error if name == "error" else value.get(name)
        if name == "raw" or (isinstance(inner, str) and name in ("error", "errors")) or isinstance(inner, (dict, list)):
            yield from _peel(inner, depth + 1)


def _codes(value: JsonObject) -> Iterator[str]:
    for name in (*_CODES, "status"):
        code = value.get(name)
        if isinstance(code, str) and code.strip() and not (name == "status" and code.isdecimal()):
            yield code.strip()
        elif isinstance(code, int) and not isinstance(code, bool) and as_status(code) is None:
            yield str(code)


def _named_codes(value: JsonObject) -> Iterator[str]:
    """Codes that only their field's name tells."""
    code = value.get("status_code")
    if isinstance(code, int) and "status_msg" in value:
        yield f"base_resp.{code}"
    if value.get("flagged_input"):
        yield "flagged_input"


def _structure(text: str) -> Any:
    """The object or list that a text is, as JSON or as Python prints it; None for any other text."""
    stripped = text.strip()
    if stripped[:1] == '"' and stripped[-1:] == '"':
        try:
            unquoted = parse_json(stripped)
        except ValueError:
            return None
        return [{"message": unquoted}] if isinstance(unquoted, str) else None
    if stripped[:1] not in ("{", "["):
        return None
    for read in (parse_json, ast.literal_eval):
        try:
            value = read(stripped)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        return value if isinstance(value, (dict, list)) else None
    return None


def _details(body: Any, depth: int = 0) -> Iterator[JsonObject]:
    """Google's details, wherever they stand."""
    if isinstance(body, str):
        body = _structure(body)
    if depth > DEEPEST:
        return
    if isinstance(body, list):
        for entry in body[:MOST_ENTRIES]:
            yield from _details(entry, depth + 1)
    elif isinstance(body, dict):
        details = body.get("details")
        if isinstance(details, list):
            yield from (d for d in details if isinstance(d, dict))
        yield from _details(body.get("error"), depth + 1)
        if isinstance(body.get("message"), str):
            yield from _details(body["message"], depth + 1)


def as_status(code: Any) -> int | None:
    """An HTTP status of a failure, as a number or in three digits."""
    number = (
        code
        if isinstance(code, int) and not isinstance(code, bool)
        else int(code)
        if isinstance(code, str) and re.fullmatch(r"[0-9]{3}", code)
        else 0
    )
    return number if 400 <= number <= 599 else None


def to_line(message: str) -> str:
    """One line without markup: error pages in HTML say what matters in their title."""
    if re.match(r"\s*<[!a-zA-Z]", message):
        title = re.search(r"<title[^>]*>(.*?)</title>", message, re.DOTALL | re.IGNORECASE)
        message = title.group(1) if title else re.sub(r"<[^>]*>", " ", message)
    return storable(" ".join(message.split()))


def _dump(body: Any) -> str:
    return to_line(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, default=str))
