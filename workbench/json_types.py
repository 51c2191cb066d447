"""What is JSON by nature: parameters, contents, prompts, provider settings, bodies on the wire.

Everything else that has a shape is a type of its own.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

#: any value that JSON can hold
Json: TypeAlias = Any
#: a JSON object
JsonObject: TypeAlias = dict[str, Any]


def parse_json(text: str | bytes) -> Json:
    """The value of a JSON text. Raises ValueError, also where it is nested too deeply to be read."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
