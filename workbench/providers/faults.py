"""What a service's refusal means: one kind for each row of docs/providers.md and of the dialects.

Order: the rows of providers/dialects – the service's own first, the innermost error of a relay's wrapper first – by
`code` / `type` / `status` and by wording, then the HTTP status. A number is never looked for in free text: services
echo prompts, and a prompt may say “429”; and wording counts only where the status says no more than it.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.providers import dialects
from workbench.providers.dialects import KIND_ORDER, Dialect, RefusalRow
from workbench.providers.refusals import Layer, Refusal, as_status, find_refusal, read_refusal
from workbench.retry_after import number_of, retry_after_s
from workbench.security.redact import redactor

__all__ = ["Refusal", "fault", "find_refusal", "read_refusal"]

LONGEST_MESSAGE = 600
#: no service means more; the engine waits less
LONGEST_WAIT_S = 366 * 86_400.0
REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-ds-trace-id", "msh-request-id")


# -- kinds -------------------------------------------------------------------------------------------------------------

_BY_STATUS: dict[int, str] = {
    401: "auth",
    402: "quota_exhausted",
    403: "permission",
    404: "not_found_model",
    405: "not_found_model",
    408: "timeout",
    410: "not_found_model",
    413: "context_length",
    429: "rate_limit",
    # a proxy's word for: whoever asked it had gone by then
    499: "timeout",
} | {
    **dict.fromkeys((400, 422), "bad_request"),
    # what stands behind it failed
    424: "overloaded",
    498: "overloaded",
    # 520–530 are a proxy's words for the same thing.
    **dict.fromkeys((500, 502, 503, 504, 529, *range(520, 528), 530), "overloaded"),
}

#: statuses that say no more than “no”
_SILENT: tuple[int | None, ...] = (None, 200, 400, 413, 422)
#: where wording is believed beside these, by what it means
_WORDED: dict[str, tuple[int | None, ...]] = {
    "truncated_output": (500,),
    "quota_exhausted": (*_SILENT, 401, 402, 403, 412, 429, 500, 502, 503),
    "context_length": (*_SILENT, 429, 500, 502),
    "content_filter": (*_SILENT, 403, 451, 500),
    "not_found_model": (*_SILENT, 403, 404, 410, 500, 503),
    "auth": (*_SILENT, 401, 403),
    "overloaded": (*_SILENT, 403, 404, 429, 500, 502, 503, 504, 529),
    "rate_limit": (*_SILENT, 403, 429, 500, 503),
    "permission": (*_SILENT, 401, 403),
    "timeout": (None, 200),
}


def kind_of(
    status: int | None, refusal: Refusal, dialect: Dialect | None = None, asked: str = "", model: str = ""
) -> str:
    """The kind of an error answer. `status` None: none was sent with it (an error event inside a stream).

    `dialect`: the service's; `model`: whose words a relay may pass on; `asked`: the prompt, since what a refusal quotes
    of it is not the service's word.
    """
    if _is_no_service(status, refusal):
        return "not_found_model"
    rows = tuple(_rows(dialect, dialects.find_family(model) if model else None))
    if status in (None, 200, 400) or (status >= 500 and refusal.status in (400, 402, 413, 422, 429)):
        # what a relay has wrapped knows more than its own status
        status = refusal.status or status
    for layer in refusal.layers or (Layer(refusal.message, refusal.codes),):
        kind = _kind_of_layer(status, _without_echo(layer, asked), rows)
        if kind is not None:
            return kind
    return _BY_STATUS.get(status or 0, "unknown")


_QUOTED = re.compile(r"""['"`“‘「](.{8,}?)['"`”’」]""", re.DOTALL)


def _without_echo(layer: Layer, asked: str) -> Layer:
    told = asked.split()
    line = " ".join(told)
    message = layer.message.replace(line, "") if len(line) >= 8 else layer.message
    for quoted in _QUOTED.findall(message) if line else ():
        if quoted.rstrip("….") in line:
            message = message.replace(quoted, "")
    return replace(layer, message=message)


def _kind_of_layer(status: int | None, layer: Layer, rows: tuple[tuple[RefusalRow, bool], ...]) -> str | None:
    def is_worded(row: RefusalRow) -> bool:
        return row.words is not None and row.words.search(layer.message) is not None

    coded = [row for row, own in rows if row.codes and row.fits_code(layer.codes, own=own)]
    for row in sorted((r for r in coded if not r.weak), key=lambda r: r.words is None):
        if row.words is None or is_worded(row):
            return row.kind
    for row, _ in rows:
        if not row.codes and status in _WORDED.get(row.kind, _SILENT) and is_worded(row):
            return row.kind
    return next((r.kind for r in coded if r.weak and _adds(r, status)), None)


def _adds(row: RefusalRow, status: int | None) -> bool:
    """A code that many causes share says less than most statuses do."""
    by_status = _BY_STATUS.get(status or 0, "unknown")
    vague = by_status in ("bad_request", "overloaded") and row.kind in ("rate_limit", "permission")
    return vague or by_status in ("unknown", row.kind)


def _rows(*own: Dialect | None) -> Iterator[tuple[RefusalRow, bool]]:
    """Every refusal that is known, and whether it is these services' own: theirs first, each in the order of their
    kinds."""
    known = [(row, is_own) for d, is_own in dialects.own_first(*own) for row in d.refusals]
    yield from sorted(known, key=lambda pair: (not pair[1], KIND_ORDER.index(pair[0].kind)))


def _is_no_service(status: int | None, refusal: Refusal) -> bool:
    """A web server without a model service behind it: a wrong address. LM Studio answers 200 there."""
    if status not in (None, 200, 404, 405):
        return False
    if status == 405 or (status == 404 and (refusal.page or refusal.message == "")):
        return True
    rows = (row for d in dialects.load() for row in d.no_service)
    return any(row.words is not None and row.words.search(refusal.message) for row in rows)


# -- what a content filter refused -------------------------------------------------------------------------------------

REQUEST, PROMPT, GIVEN = N_("the request"), N_("the prompt"), N_("a picture of the request")
ANSWER, PICTURE, CLIP = N_("the answer"), N_("the picture that was made"), N_("the clip that was made")

#: in what a service says: Ark names the part in its code, OpenAI the stage of its moderation, Qwen the data in its
#: message
_PARTS = (
    (GIVEN, re.compile(r"\binput(image|video)\w*sensitive|input image", re.IGNORECASE)),
    (PICTURE, re.compile(r"\boutputimage\w*sensitive|generated image", re.IGNORECASE)),
    (CLIP, re.compile(r"\boutput(video|audio)\w*sensitive", re.IGNORECASE)),
    (PROMPT, re.compile(r"\binputtext\w*sensitive|invalid_prompt|\b(your|the) (prompt|input)\b", re.IGNORECASE)),
    (ANSWER, re.compile(r"\boutputtext\w*sensitive|^output data may", re.IGNORECASE)),
    (PROMPT, re.compile(r"^input data may|content exists risk|considered high risk", re.IGNORECASE)),
)


def part_refused(refusal: Refusal) -> str:
    """Which part of a request or an answer the content filter stopped at, as far as the service says."""
    if refusal.param.split(".")[0].split("[")[0] in ("prompt", "messages", "input"):
        return PROMPT
    texts = (*refusal.codes, refusal.message)
    return next((part for part, wording in _PARTS if any(wording.search(s) for s in texts)), REQUEST)


def describe_filter(part: str, message: str) -> Text:
    """A content filter's word, with the part that it refused."""
    return Text(N_("The content filter stopped {part}: {message}"), part=Text(part), message=message)


def refuses_mode(status: int | None, refusal: Refusal, kind: str) -> bool:
    """The service refuses the structured-output mode, or its schema: in a refusal of the request that names it.

    A failure of the service itself, which the same words may stand in, counts only where a dialect knows it so.
    """
    if kind not in ("bad_request", "unknown", "overloaded"):
        return False
    inner = refusal.status or status
    if inner in (None, 200, 400, 422):
        rows = [row for d in dialects.load() for row in d.schemas]
    elif inner in (500, 501, 502):
        rows = [row for d in dialects.load() for row in d.schemas if d.name != dialects.COMMON]
    else:
        return False
    return any(row.words is not None and row.words.search(refusal.words) for row in rows)


def fault(
    status: Any,
    body: Any,
    headers: Mapping[str, str],
    *,
    structured: bool = False,
    dialect: Dialect | None = None,
    asked: str = "",
    model: str = "",
) -> ProviderError:
    """The error for an error answer. `structured`: the request asked for a structured-output mode; `asked`: its
    prompt."""
    status = status if isinstance(status, int) and not isinstance(status, bool) else as_status(status)
    refusal = read_refusal(body)
    kind = kind_of(status, refusal, dialect, asked, model)
    refused_mode = structured and refuses_mode(status, refusal, kind)
    if refused_mode:
        kind = "bad_request"
    message = redactor.text(refusal.message)
    message = message if len(message) <= LONGEST_MESSAGE else message[:LONGEST_MESSAGE] + "…"
    return ProviderError(
        kind,
        describe_filter(part_refused(refusal), message)
        if kind == "content_filter"
        else _describe(status, message, headers, refusal, kind),
        http_status=status,
        request_id=request_id(headers),
        retry_after_ms=retry_after_ms(headers, refusal),
        mode_unsupported=refused_mode,
    )


def _describe(status: int | None, message: str, headers: Mapping[str, str], refusal: Refusal, kind: str) -> Text:
    code = redactor.text(", ".join(refusal.codes[:2]))[:80] if kind == "unknown" else ""
    if _is_no_service(status, refusal):
        text = N_("No model service answers at this address ({status}: {message}). Check the base URL.")
        return Text(text, status=status, message=message or "–")
    if status is None or status == 200:
        if code and code.lower() not in message.lower():
            return Text(N_("The service answered with an error: {message} ({code})"), message=message, code=code)
        return Text("The service answered with an error: {message}", message=message)
    if 300 <= status < 400:
        # Following would send the prompt, and with some services the key, to whoever the answer names.
        where = redactor.text(headers.get("location", ""))[:200]
        return Text("The service redirects ({status}) to {where}. Check the base URL.", status=status, where=where)
    if code and code.lower() not in message.lower():
        text = N_("The service answered {status}: {message} ({code})")
        return Text(text, status=status, message=message, code=code)
    return Text("The service answered {status}: {message}", status=status, message=message)


def request_id(headers: Mapping[str, str]) -> str | None:
    """The service's own id of the request, for its support."""
    value = next((headers[name] for name in REQUEST_ID_HEADERS if headers.get(name)), None)
    return redactor.text(value)[:200] if value else None


# -- how long to wait --------------------------------------------------------------------------------------------------


def retry_after_ms(
    headers: Mapping[str, str], refusal: Refusal | None = None, now: Callable[[], float] = time.time
) -> int | None:
    """The wait a service asks for, None when it gives none. The engine caps it; here it is only read."""
    exact = number_of(headers.get("retry-after-ms"))
    if exact is not None:
        return math.ceil(min(exact, LONGEST_WAIT_S * 1000))
    seconds = retry_after_s(headers, now)
    if seconds is None and refusal is not None:
        seconds = next(
            (s for s in (duration_s(str(d.get("retryDelay", ""))) for d in refusal.details) if s is not None), None
        )
    if seconds is None:
        seconds = _limit_resets(headers)
    if seconds is None and refusal is not None:
        seconds = _wait_in_words(refusal)
    return None if seconds is None else math.ceil(min(seconds, LONGEST_WAIT_S) * 1000)


def _limit_resets(headers: Mapping[str, str]) -> float | None:
    """The longest reset among the limits that are used up (``x-ratelimit-reset-tokens: 6m0s``)."""
    waits = [
        duration_s(headers.get(f"x-ratelimit-reset-{what}", ""))
        for what in ("requests", "tokens")
        if number_of(headers.get(f"x-ratelimit-remaining-{what}")) == 0
    ]
    return max((w for w in waits if w is not None), default=None)


def _wait_in_words(refusal: Refusal) -> float | None:
    """“Please try again in 2.5s.”"""
    for message in (layer.message for layer in refusal.layers):
        for row in (w for d in dialects.load() for w in d.waits):
            match = row.words.search(message) if row.words is not None else None
            seconds = duration_s(match["duration"].rstrip(" .")) if match is not None else None
            if seconds is not None:
                return seconds
    return None


_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "天": 86_400.0, "小时": 3_600.0, "分": 60.0}
_UNITS |= {"分钟": 60.0, "秒": 1.0, "毫秒": 0.001}
_PIECE = re.compile(
    r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|毫秒|d(?:ays?)?|天|h(?:ours?)?|小时|m(?:in(?:ute)?s?)?|分钟|分|s(?:ec(?:ond)?s?)?|秒)",
    re.IGNORECASE,
)


def duration_s(said: str) -> float | None:
    """Seconds of ``7s``, ``6m0s``, ``1h2m``, ``20ms``, ``30 seconds``, ``30 秒``; None for anything else."""
    pieces = list(_PIECE.finditer(said))
    if not pieces or _PIECE.sub("", said).strip():
        return None
    return sum(float(number) * _UNITS[_unit(unit.lower())] for number, unit in (p.groups() for p in pieces))


def _unit(said: str) -> str:
    return said if said in _UNITS else "ms" if said.startswith("milli") else said[0]
