"""Hashes that tell whether a version's content, or one part of it, is the same."""

from __future__ import annotations

import hashlib
import json

from workbench.artifacts.declared import Kind
from workbench.json_types import Json, JsonObject


def hash_of(content: Json) -> str:
    """SHA-256 of canonical JSON (sorted keys, UTF-8), as hex."""
    data = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(data.encode()).hexdigest()


def part_hashes(kind: Kind, content: JsonObject) -> dict[str, str] | None:
    """Part key → hash, for kinds whose readers may depend on one part."""
    return None if kind.parts is None else {key: hash_of(value) for key, value in kind.parts(content).items()}
