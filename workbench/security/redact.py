"""Keep keys out of logs, errors and stored text.

Exact values of live keys are remembered when a provider is made; common shapes (``sk-…``, ``AIza…``, bearer headers)
are hidden even if nobody told us about them.
"""

from __future__ import annotations

import base64
import functools
import html
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from workbench.plain_text import printable

HIDDEN = "[hidden key]"
#: shorter values are ordinary words (“none”, “test”): hiding them everywhere would garble texts
SHORTEST_ANYWHERE = 8
SHORTEST_AS_WORD = 4
#: letters and digits of a key that is looked for in disguises as well: shorter ones, and words, may be said by chance
SHORTEST_IN_DISGUISE = 12
SHORTEST_WITHOUT_DIGITS = 24

_SHAPES = re.compile(
    r"\bsk-[A-Za-z0-9_-]{8,}"  # OpenAI, DeepSeek, Moonshot, OpenRouter
    r"|\bAIza[0-9A-Za-z_-]{30,}"  # Google
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS
    r"|\b(?:gh[oprsu]|gsk|hf|xai|glpat)[_-][0-9A-Za-z_-]{16,}"  # GitHub, Groq, Hugging Face, xAI, GitLab
    r"|\bgAAAAA[0-9A-Za-z_-]{40,}={0,2}"  # our own sealed keys
    r"|(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{8,}"
    r"|(?i:(?<=x-goog-api-key: )|(?<=[?&]key=)|(?<=api_key=)|(?<=api-key: ))[A-Za-z0-9._~+/=-]{8,}"
)


_SEPARATORS = re.compile(r"[\W_]+")


class Redactor:
    """Replaces remembered secrets and secret-looking text by `HIDDEN`. Safe to use from many threads."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._secrets: frozenset[str] = frozenset()
        self._disguises: frozenset[str] = frozenset()
        self._exact: re.Pattern[str] | None = None
        self._unlike_words: re.Pattern[str] | None = None
        for secret in secrets:
            self.remember(secret)

    def remember(self, secret: str | None) -> None:
        """Hide this value from now on. Blank and very short values are ignored."""
        if not secret or len(secret.strip()) < SHORTEST_AS_WORD:
            return
        with self._lock:
            forms = _forms(secret)
            if forms <= self._secrets:
                return
            self._secrets |= forms
            self._disguises |= _disguises(secret)
            # Longest first: one key may begin with another.
            ordered = sorted(self._secrets, key=len, reverse=True)
            self._exact = re.compile("|".join(_pattern(s) for s in ordered))
            long = [re.escape(s) for s in ordered if len(s) >= SHORTEST_ANYWHERE]
            self._unlike_words = re.compile("|".join(long)) if long else None

    def text(self, text: str) -> str:
        """`text` without secrets."""
        return _SHAPES.sub(HIDDEN, self.exact(text))

    def exact(self, text: str) -> str:
        """`text` without the remembered secrets alone: for texts of a story, where a likeness is no key."""
        exact = self._exact
        return text if exact is None else self._undisguise(exact.sub(HIDDEN, text))

    def mask(self, text: str) -> str:
        """`text` without the remembered secrets that are no words: for pages and results, whose own words must stay."""
        known = self._unlike_words
        return text if known is None else self._undisguise(known.sub(HIDDEN, text))

    def _undisguise(self, text: str) -> str:
        """Without the secrets whose letters and digits follow each other, whatever stands between them."""
        plain = _fold(text)
        told = [form for form in self._disguises if form in plain]
        if not told:
            return text
        folded, places = _fold_with_places(text)
        spans = sorted(
            (places[at.start()], places[at.start() + len(form) - 1] + 1)
            for form in told
            for at in re.finditer(f"(?={form})", folded)
        )
        pieces, end = [], 0
        for start, stop in spans:
            if start >= end:
                pieces += [text[end:start], HIDDEN]
            end = max(end, stop)
        return "".join((*pieces, text[end:]))

    def whole(self, text: str) -> str:
        """`text` up to where a secret may have begun whose rest has not arrived yet."""
        held = max((_begun(text, s) for s in self._secrets if len(s) >= SHORTEST_ANYWHERE), default=0)
        if self._disguises:
            # separators may stand between all its letters, but hardly many
            tail = text[-8 * max(map(len, self._disguises)) :]
            folded, places = _fold_with_places(tail)
            begun = max(_begun(folded, form) for form in self._disguises)
            held = max(held, len(tail) - places[-begun] if begun else 0)
        return text[: len(text) - held]

    def value(self, stored: Any, clean: Callable[[str], str] | None = None) -> Any:
        """`text`, or another of these, for JSON-like values, keys of objects included."""
        clean = clean or self.text
        if isinstance(stored, str):
            return clean(stored)
        if isinstance(stored, dict):
            return {self.value(k, clean): self.value(v, clean) for k, v in stored.items()}
        if isinstance(stored, (list, tuple)):
            return [self.value(v, clean) for v in stored]
        return stored

    def traceback(self, error: BaseException) -> str:
        """The formatted traceback, causes included, without secrets."""
        return self.text("".join(traceback.format_exception(error)))


def _begun(text: str, secret: str) -> int:
    """How many characters at the end of a text may be the beginning of a secret; a few are nothing yet."""
    longest = min(len(secret) - 1, len(text))
    return next((n for n in range(longest, 3, -1) if text.endswith(secret[:n])), 0)


def _fold(text: str) -> str:
    """Its letters and digits alone, in lower case."""
    return _SEPARATORS.sub("", text).lower()


def _fold_with_places(text: str) -> tuple[str, list[int]]:
    """The same, and where each of them stands in the text."""
    folded = [(c, place) for place, char in enumerate(text) if char.isalnum() for c in char.lower()]
    return "".join(c for c, _ in folded), [place for _, place in folded]


def _disguises(secret: str) -> set[str]:
    """A key as services echo it without being asked to: in another case, cut by blanks, line ends or quotes, reversed,
    as hexadecimal, percent, escaped or decimal codes, inside something that was packed as base64. All folded."""
    bare = secret.strip()
    plain = _fold(bare)
    if not bare.isascii() or len(plain) < SHORTEST_IN_DISGUISE:
        return set()
    if plain.isalpha() and len(plain) < SHORTEST_WITHOUT_DIGITS:
        return set()
    data = bare.encode()
    forms = {plain, plain[::-1], data.hex(), "".join(map(str, data))}
    forms |= {"".join(f"{mark}{byte:0{width}x}" for byte in data) for mark, width in (("u", 4), ("x", 2), ("0x", 2))}
    for before in range(3):
        # of three beginnings one is right; what its neighbours have a part in is left out
        packed = base64.b64encode(bytes(before) + data).decode()
        forms.add(_fold(packed[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6]))
    return {form for form in forms if len(form) >= SHORTEST_IN_DISGUISE}


def _forms(secret: str) -> set[str]:
    """As typed, trimmed, in a URL, in JSON, in HTML, packed: servers echo keys in all of these."""
    bare = secret.strip()
    inside = json.dumps(bare)[1:-1]
    quoted = quote(bare, safe="")
    lower = re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)
    forms = {secret, bare, quoted, lower, inside, inside.replace("/", "\\/"), html.escape(bare)}
    if len(bare) >= SHORTEST_ANYWHERE:
        forms |= {pack(bare.encode()).decode().rstrip("=") for pack in (base64.b64encode, base64.urlsafe_b64encode)}
    return forms


def _pattern(secret: str) -> str:
    escaped = re.escape(secret)
    return escaped if len(secret) >= SHORTEST_ANYWHERE else rf"(?<!\w){escaped}(?!\w)"


#: the process's one redactor: providers tell it their keys, everything that stores or prints text asks it
redactor = Redactor()


class _Records:
    """Makes log records that are clean from the start, whichever logger and handler they go to: no secret, and
    nothing that a terminal obeys.

    Filters would not do: Streamlit's loggers and the handler of last resort are none of ours.
    """

    def __init__(self, make: Callable[..., logging.LogRecord], using: Redactor) -> None:
        self._make = make
        self._redactor = using

    def __call__(self, *of: Any, **more: Any) -> logging.LogRecord:
        record = self._make(*of, **more)
        try:
            text = record.getMessage()
        except Exception:  # a wrong format string must not turn logging into a crash
            text = f"{record.msg} {record.args}"
        record.msg, record.args = printable(self._redactor.text(text)), ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = printable(self._redactor.traceback(record.exc_info[1])).rstrip("\n")
        if record.stack_info:
            record.stack_info = printable(self._redactor.text(record.stack_info))
        return record


def protect_logging(using: Redactor = redactor) -> None:
    """From here on no log record and no traceback of this process shows a secret. May be called again."""
    make = logging.getLogRecordFactory()
    if not isinstance(make, _Records):
        logging.setLogRecordFactory(_Records(make, using))
        sys.excepthook = functools.partial(_print_uncaught, using)
        threading.excepthook = lambda of: _print_uncaught(using, of.exc_type, of.exc_value, of.exc_traceback)


def _print_uncaught(using: Redactor, kind: type[BaseException], error: BaseException | None, trace: object) -> None:
    if error is not None and not issubclass(kind, SystemExit):
        print(printable(using.traceback(error)), end="", file=sys.stderr, flush=True)
