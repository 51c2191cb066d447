"""What is JSON by nature: parameters, contents, prompts, provider settings, bodies on the wire.

Everything else that has a shape is a type of its own.
"""

from __future__ import annotations

from typing import Any, TypeAlias

#: any value that JSON can hold
Json: TypeAlias = Any
#: a JSON object
JsonObject: TypeAlias = dict[str, Any]
