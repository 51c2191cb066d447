"""Hashes that tell whether a version's content, or one part of it, is the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from workbench.artifacts.declared import Kind
from workbench.json_types import Json, JsonObject


def hash_of(content: Json) -> str:
    """SHA-256 of canonical JSON (sorted keys, UTF-8), as hex."""
    data = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(data.encode(errors="surrogatepass")).hexdigest()


def pick(content: Json, fields: Iterable[str], kind: Kind | None = None) -> JsonObject:
    """These fields of a content, where it has them; ``location.name`` is the name in its location, ``look@2.3`` what
    the view of that name of its kind shows."""
    picked: JsonObject = {}
    for path in fields:
        view, _, place = path.partition("@")
        if place and kind is not None:
            picked[path] = kind.views[view](content, place)
            continue
        *above, name = path.split(".")
        source, target = content, picked
        for key in above:
            source = source.get(key) if isinstance(source, dict) else None
            target = target.setdefault(key, {}) if isinstance(source, dict) else target
        if isinstance(source, dict) and name in source:
            target[name] = source[name]
    return picked


def part_of(kind: Kind, content: Json, part: str | None) -> Json:
    """A part of a content, the whole when `part` is None; None when there is no such part."""
    if part is None:
        return content
    return None if kind.parts is None else kind.parts(content).get(part)


def part_hashes(kind: Kind, content: JsonObject) -> dict[str, str] | None:
    """Part key → hash, for kinds whose readers may depend on one part."""
    return None if kind.parts is None else {key: hash_of(value) for key, value in kind.parts(content).items()}
