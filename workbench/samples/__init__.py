"""Sample briefs, adapted from stories in the public domain."""

from __future__ import annotations

import json
from pathlib import Path

from workbench.json_types import JsonObject

_FOLDER = Path(__file__).parent
#: the one that a newcomer sees first, by language
FIRST = {"en": "gift-of-the-magi.en", "zh": "painted-skin.zh"}


def names() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def load(name: str) -> JsonObject:
    """A brief as `Workbench.create_project` takes it."""
    brief: JsonObject = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return brief
