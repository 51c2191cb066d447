"""Faults by name, for markers in prompts."""

from __future__ import annotations

import re
from typing import Any

#: faults by name, for markers in prompts
NAMED: dict[str, dict[str, Any]] = {
    "auth": {
        "status": 401,
        "body": {
            "error": {
                "message": "Incorrect API key provided",
                "code": "invalid_api_key",
                "type": "invalid_request_error",
            }
        },
    },
    "quota": {
        "status": 429,
        "body": {
            "error": {
                "message": "You exceeded your current quota",
                "code": "insufficient_quota",
                "type": "insufficient_quota",
            }
        },
    },
    "context": {
        "status": 400,
        "body": {"error": {"message": "Too long", "code": "context_length_exceeded", "type": "invalid_request_error"}},
    },
    "filter": {"finish_reason": "content_filter", "text": ""},
    "length": {"finish_reason": "length"},
    "malformed": {"text": '{"broken": '},
    "prose": {"text": "I would rather not answer in JSON."},
    **{
        name: {name: True}
        for name in ("hang", "reset", "half", "html", "empty", "blank", "no_choices", "no_usage", "garbage")
    },
}

MARKER = re.compile(r"\[\[fault:(.+?)(?:\*(\d+))?\]\](?!\])", re.DOTALL)
