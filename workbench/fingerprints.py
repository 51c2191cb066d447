"""What failures of one cause have in common, as a short hash; Debug groups by it."""

from __future__ import annotations

import hashlib


def fingerprint(*parts: str) -> str:
    """16 hex digits; equal for equal parts."""
    return hashlib.sha1("|".join(parts).encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()[:16]
