"""Where a webhook goes: reading an address that somebody typed, and hiding it from logs."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from workbench.security.redact import redactor

MAX_URL_CHARS = 2000
#: pieces of an address shorter than this are words, or of no use to anybody without the rest
MIN_SECRET_PIECE_CHARS = 16


class Address(NamedTuple):
    """Where a webhook goes, opened: as secret as a key."""

    url: str
    secret: str


def parse(url: str) -> SplitResult | None:
    """A web address in its parts; None when it is none, or has a name and a password in it."""
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None
        _ = parts.port
    except ValueError:
        return None
    readable = len(url) <= MAX_URL_CHARS and all(33 <= ord(c) <= 126 for c in url)
    return parts if readable and not wrong else None


def is_private(url: str) -> bool:
    # loaded here: it brings the HTTP client along, which few that open a workbench need
    from workbench.security import outbound

    return outbound.names_private(url)


def hide_pieces(url: str) -> None:
    """Receivers answer with the part of the address that they did not like: “Cannot POST /hooks/…”, “no token …”."""
    _, _, path, query, _ = urlsplit(url)
    for piece in {path, query, f"{path}?{query}", *re.split(r"[/?&=;]", f"{path}?{query}")}:
        if len(piece) >= MIN_SECRET_PIECE_CHARS:
            redactor.remember(piece)
            redactor.remember(unquote(piece))


def is_secret(secret: str) -> bool:
    try:
        return secret.startswith("whsec_") and 24 <= len(base64.b64decode(secret[6:] + "==", validate=False)) <= 64
    except ValueError:
        return False
