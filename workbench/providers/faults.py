"""What a service's refusal means: one kind for each row of docs/providers.md.

Order: the body's `code` / `type` / `status`, then the HTTP status, then (for 400s alone) the wording services use.
A number is never looked for in free text: services echo prompts, and a prompt may say “429”.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject, parse_json
from workbench.plain_text import storable
from workbench.retry_after import number_of, retry_after_s
from workbench.security.redact import redactor

LONGEST_MESSAGE = 600
#: no service means more; the engine waits less
LONGEST_WAIT_S = 366 * 86_400.0
REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-ds-trace-id", "msh-request-id")


@dataclass(frozen=True)
class Refusal:
    """The parts of an error answer. `codes` are lower case: code, type, status and Google's reasons; `param` what it
    names."""

    message: str
    codes: tuple[str, ...] = ()
    param: str = ""
    details: tuple[JsonObject, ...] = ()
    #: a status told inside the body, where the transport's own says nothing (mid-stream, relays)
    status: int | None = None

    @property
    def words(self) -> str:
        """Everything it names, in lower case."""
        return " ".join((self.param, *self.codes, self.message)).lower()


def read_refusal(body: Any) -> Refusal:
    """Read an error body of any of the usual shapes; plain text becomes the message."""
    if isinstance(body, str):
        body = _maybe_json(body)
    if isinstance(body, list) and body:
        body = body[0]  # Google's compatible endpoint wraps its error in a list
    if not isinstance(body, dict):
        return Refusal(_plain(str(body or "")))
    error = body.get("error", body)
    if not isinstance(error, dict):
        return Refusal(_plain(str(error)), _codes(body.get("code"), body.get("type")))
    details = (
        tuple(d for d in error.get("details") or () if isinstance(d, dict))
        if isinstance(error.get("details"), list)
        else ()
    )
    message = (
        error.get("message")
        or error.get("msg")
        or error.get("detail")
        or error.get("error")
        or json.dumps(error, ensure_ascii=False)
    )
    return Refusal(
        message=_plain(message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)),
        codes=_codes(error.get("code"), error.get("type"), error.get("status"), *(d.get("reason") for d in details)),
        param=str(error.get("param") or ""),
        details=details,
        status=next((c for c in (_as_status(error.get("code")), _as_status(error.get("status"))) if c), None),
    )


def _maybe_json(text: str) -> Any:
    try:
        return parse_json(text)
    except ValueError:
        return text


def _codes(*found: Any) -> tuple[str, ...]:
    return tuple(str(c).strip().lower() for c in found if isinstance(c, str) and c.strip())


def _as_status(code: Any) -> int | None:
    number = (
        int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal() and len(code) == 3) else 0
    )
    return number if 400 <= number <= 599 else None


def _plain(message: str) -> str:
    """One line without markup: error pages in HTML say what matters in their title."""
    if re.match(r"\s*<", message):
        title = re.search(r"<title[^>]*>(.*?)</title>", message, re.DOTALL | re.IGNORECASE)
        message = title.group(1) if title else re.sub(r"<[^>]*>", " ", message)
    return storable(" ".join(message.split()))


# -- kinds -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rule:
    """A kind and the codes that mean it: whole codes, beginnings, parts."""

    kind: str
    exact: frozenset[str] = field(default_factory=frozenset)
    begins: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()

    def fits(self, code: str) -> bool:
        return code in self.exact or code.startswith(self.begins) or any(part in code for part in self.contains)


def _rule(kind: str, exact: str = "", begins: str = "", contains: str = "") -> _Rule:
    return _Rule(kind, frozenset(exact.split()), tuple(begins.split()), tuple(contains.split()))


#: first fitting rule wins, so an overdue account is quota_exhausted although its code begins like a denied operation
_BY_CODE = (
    _rule(
        "quota_exhausted",
        "insufficient_quota exceeded_current_quota_error insufficient_balance billing_hard_limit_reached "
        "billing_not_active accountoverdueerror"
        # Qwen's account in arrears, as a 400
        " arrearage",
        # Ark's SetLimitExceeded is the user's own cap on a model, which pauses it until they raise it.
        begins="operationdenied.serviceoverdue quotaexceeded accountoverdue setlimitexceeded allocationquota.free",
    ),
    _rule("context_length", "context_length_exceeded exceed_context_size_error"),
    _rule(
        "content_filter",
        "content_policy_violation moderation_blocked content_filter responsibleaipolicyviolation invalid_prompt"
        " data_inspection_failed datainspectionfailed",
        contains="sensitivecontentdetected",
    ),
    _rule("not_found_model", "model_not_found modelnotopen", begins="invalidendpointormodel invalidendpoint."),
    _rule(
        "auth",
        "invalid_api_key api_key_invalid authenticationerror authentication_error "
        "invalid_authentication_error unauthenticated",
    ),
    _rule(
        "overloaded",
        "server_is_overloaded engine_overloaded engine_overloaded_error overloaded_error serveroverloaded "
        "internalserviceerror server_error unavailable",
    ),
    _rule("rate_limit", "rate_limit_exceeded rate_limit_error rate_limit_reached_error", begins="ratelimitexceeded"),
    _rule(
        "permission", "permission_denied failed_precondition permission_error", begins="accessdenied operationdenied"
    ),
)

_BY_STATUS = {
    401: "auth",
    402: "quota_exhausted",
    403: "permission",
    404: "not_found_model",
    408: "timeout",
    429: "rate_limit",
} | {
    **dict.fromkeys((400, 422), "bad_request"),
    # 520–524 are a proxy's words for the same thing.
    **dict.fromkeys((500, 502, 503, 504, 529, 520, 521, 522, 523, 524), "overloaded"),
}

#: the wording of services that give no code; asked only when the status says no more than “bad request”
_BY_WORDING = (
    (
        "context_length",
        re.compile(
            r"maximum context length|model's maximum context|exceed(ed|s)? (the )?(model token limit|context "
            r"(limit|window|size|length))"
            r"|longer than the model's context|exceeds? the (available )?context|input tokens exceed|input "
            r"length and `?max_tokens`? exceed"
            r"|exceeds the maximum number of tokens|string too long\. expected a string with maximum "
            r"length|tokens` \+ `max_new_tokens` must be"
            r"|prompt is too long|maximum allowed input length",
            re.IGNORECASE,
        ),
    ),
    (
        "content_filter",
        re.compile(
            r"content exists risk|considered high risk|content management policy|safety system|data_inspection_failed",
            re.IGNORECASE,
        ),
    ),
    (
        "not_found_model",
        re.compile(r"model not exist|model .{0,80} (does not exist|not found)|no such model", re.IGNORECASE),
    ),
    ("auth", re.compile(r"api key not valid|incorrect api key|invalid api key", re.IGNORECASE)),
)
_WORDED_STATUSES = (None, 400, 413, 422)

#: what names a structured-output mode in a refusal
_NAMES_MODE = re.compile(
    r"response_format|json_schema|json_object|text\.format|responseschema|responsejsonschema|response_schema"
    r"|structured|unavailable "
    r""
    r""
    r""
    r"now"
    # Ark, where a schema cannot be made into a grammar
    r"|decoding guidance"
)


def kind_of(status: int | None, refusal: Refusal) -> str:
    """The kind of an error answer. `status` None: none was sent with it (an error event inside a stream)."""
    status = refusal.status if status in (None, 200) else status
    # llama.cpp: output cut inside grammar-enforced JSON comes back as a server error (seen there).
    if status == 500 and "does not match the expected peg-native format" in refusal.message:
        return "truncated_output"
    for rule in _BY_CODE:
        if any(rule.fits(code) for code in refusal.codes):
            return rule.kind
    if status in _WORDED_STATUSES:
        for kind, wording in _BY_WORDING:
            if wording.search(refusal.message):
                return kind
    return _BY_STATUS.get(status or 0, "unknown")


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
    """The service refuses the structured-output mode itself: HTTP 400 or 422 that names it, nothing else."""
    return status in (400, 422) and kind == "bad_request" and _NAMES_MODE.search(refusal.words) is not None


def fault(status: int | None, body: Any, headers: Mapping[str, str], *, structured: bool = False) -> ProviderError:
    """The error for an error answer. `structured`: the request asked for a structured-output mode."""
    refusal = read_refusal(body)
    kind = kind_of(status, refusal)
    message = redactor.text(refusal.message)
    message = message if len(message) <= LONGEST_MESSAGE else message[:LONGEST_MESSAGE] + "…"
    return ProviderError(
        kind,
        describe_filter(part_refused(refusal), message)
        if kind == "content_filter"
        else _describe(status, message, headers),
        http_status=status,
        request_id=request_id(headers),
        retry_after_ms=retry_after_ms(headers, refusal),
        mode_unsupported=structured and refuses_mode(status, refusal, kind),
    )


def _describe(status: int | None, message: str, headers: Mapping[str, str]) -> Text:
    if status is None or status == 200:
        return Text("The service answered with an error: {message}", message=message)
    if 300 <= status < 400:
        # Following would send the prompt, and with some services the key, to whoever the answer names.
        where = redactor.text(headers.get("location", ""))[:200]
        return Text("The service redirects ({status}) to {where}. Check the base URL.", status=status, where=where)
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
    return None if seconds is None else math.ceil(min(seconds, LONGEST_WAIT_S) * 1000)


def _limit_resets(headers: Mapping[str, str]) -> float | None:
    """The longest reset among the limits that are used up (``x-ratelimit-reset-tokens: 6m0s``)."""
    waits = [
        duration_s(headers.get(f"x-ratelimit-reset-{what}", ""))
        for what in ("requests", "tokens")
        if number_of(headers.get(f"x-ratelimit-remaining-{what}")) == 0
    ]
    return max((w for w in waits if w is not None), default=None)


_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


def duration_s(said: str) -> float | None:
    """Seconds of ``7s``, ``6m0s``, ``1h2m``, ``20ms``; None for anything else."""
    match = _DURATION.fullmatch(said.strip())
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds, millis = (float(part or 0) for part in match.groups())
    return days * 86_400 + hours * 3_600 + minutes * 60 + seconds + millis / 1000
