"""The end of a page as a word, for an address: where the next one begins."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from workbench.db.reads.sorting import Place
from workbench.db.rows.jobs import URGENCY, JobSort
from workbench.errors import InvalidInput
from workbench.i18n import N_, Text

LONGEST = 1_000
LARGEST = 2**63 - 1


def write(place: Place, sort: JobSort) -> str:
    told = json.dumps([sort, place.id, place.at, *place.key], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read(word: str, sort: JobSort) -> Place:
    """Raises InvalidInput for what is no place in a list that is sorted so."""
    try:
        if len(word) > LONGEST:
            raise ValueError(word)
        told = json.loads(base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True))
        of, job_id, at, *key = told
        if of != sort or not (_is_whole(job_id) and _is_whole(at) and _fits(sort, key)):
            raise ValueError(word)
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise InvalidInput(Text(N_("This is no place in this list."))) from None
    return Place(tuple(key), job_id, at)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def _fits(sort: JobSort, key: list[Any]) -> bool:
    match sort, key:
        case "id", []:
            return True
        case "state", [value]:
            return value in URGENCY
        case "job", [str() as value]:
            return "\x00" not in value
        case "wait" | "run" | "progress", [value]:
            return value is None or _is_whole(value)
        case "cost", [value]:
            return value is None or _is_whole(value) or (isinstance(value, float) and abs(value) < LARGEST)
        case "story", [project, episode, scene]:
            return (project is None or _is_whole(project)) and _is_whole(episode) and _is_whole(scene)
    return False
