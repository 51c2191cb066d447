"""Keep keys out of logs, errors and stored text.

Exact values of live keys are remembered when a provider is made; common shapes (``sk-…``, ``AIza…``, bearer headers)
are hidden even if nobody told us about them.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
import traceback
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

HIDDEN = "[hidden key]"
#: shorter values are ordinary words (“none”, “test”): hiding them everywhere would garble texts
SHORTEST_ANYWHERE = 8
SHORTEST_AS_WORD = 4

_SHAPES = re.compile(
    r"\bsk-[A-Za-z0-9_-]{8,}"  # OpenAI, DeepSeek, Moonshot, OpenRouter
    r"|\bAIza[0-9A-Za-z_-]{30,}"  # Google
    r"|\bgAAAAA[0-9A-Za-z_-]{40,}={0,2}"  # our own sealed keys
    r"|(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{8,}"
    r"|(?i:(?<=x-goog-api-key: )|(?<=[?&]key=)|(?<=api_key=)|(?<=api-key: ))[A-Za-z0-9._~+/=-]{8,}"
)


class Redactor:
    """Replaces remembered secrets and secret-looking text by `HIDDEN`. Safe to use from many threads."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._secrets: frozenset[str] = frozenset()
        self._exact: re.Pattern[str] | None = None
        for secret in secrets:
            self.remember(secret)

    def remember(self, secret: str | None) -> None:
        """Hide this value from now on. Blank and very short values are ignored."""
        if not secret or len(secret.strip()) < SHORTEST_AS_WORD:
            return
        with self._lock:
            # As typed, trimmed, in a URL, inside a JSON string, in basic authentication: servers echo keys in all of these.
            bare = secret.strip()
            inside = json.dumps(bare)[1:-1]
            packed = base64.b64encode(bare.encode()).decode().rstrip("=")
            forms = {secret, bare, quote(bare, safe=""), inside, inside.replace("/", "\\/")}
            if len(bare) >= SHORTEST_ANYWHERE:
                forms.add(packed)
            if forms <= self._secrets:
                return
            self._secrets |= forms
            # Longest first: one key may begin with another.
            self._exact = re.compile("|".join(_pattern(s) for s in sorted(self._secrets, key=len, reverse=True)))

    def text(self, said: str) -> str:
        """`said` without secrets."""
        exact = self._exact
        if exact is not None:
            said = exact.sub(HIDDEN, said)
        return _SHAPES.sub(HIDDEN, said)

    def exact(self, said: str) -> str:
        """`said` without the remembered secrets alone: for texts of a story, where a likeness is no key."""
        exact = self._exact
        return said if exact is None else exact.sub(HIDDEN, said)

    def value(self, stored: Any) -> Any:
        """The same for JSON-like values; dict keys stay."""
        if isinstance(stored, str):
            return self.text(stored)
        if isinstance(stored, dict):
            return {k: self.value(v) for k, v in stored.items()}
        if isinstance(stored, (list, tuple)):
            return [self.value(v) for v in stored]
        return stored

    def traceback(self, error: BaseException) -> str:
        """The formatted traceback, causes included, without secrets."""
        return self.text("".join(traceback.format_exception(error)))


def _pattern(secret: str) -> str:
    escaped = re.escape(secret)
    return escaped if len(secret) >= SHORTEST_ANYWHERE else rf"(?<!\w){escaped}(?!\w)"


#: the process's one redactor: providers tell it their keys, everything that stores or prints text asks it
redactor = Redactor()


class RedactingFilter(logging.Filter):
    """Cleans a record before a handler formats it: message, arguments, traceback and stack."""

    def __init__(self, using: Redactor = redactor) -> None:
        super().__init__()
        self._redactor = using

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            said = record.getMessage()
        except Exception:  # a wrong format string must not turn logging into a crash
            said = f"{record.msg} {record.args}"
        record.msg, record.args = self._redactor.text(said), ()
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            record.exc_text = self._redactor.traceback(record.exc_info[1]).rstrip("\n")
        elif record.exc_text:
            record.exc_text = self._redactor.text(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redactor.text(record.stack_info)
        return True


def protect_logging(using: Redactor = redactor) -> None:
    """Put the filter on every handler of the root logger, once each; call it after handlers are set up.

    On handlers, not on the logger: a logger's filters do not see records that come up from its children.
    """
    for handler in logging.getLogger().handlers:
        if not any(isinstance(f, RedactingFilter) for f in handler.filters):
            handler.addFilter(RedactingFilter(using))
