"""What the checker reads texts by: `words.toml`, compiled."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

_BOOK: dict[str, Any] = tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))

TIMES: dict[str, str] = _BOOK["times"]
WEATHERS: dict[str, str] = _BOOK["weathers"]
NO_WEATHER = re.compile(_BOOK["no"]["weather"])
PERIODS = [(frozenset(p["eras"]), re.compile(p["words"], re.IGNORECASE)) for p in _BOOK["periods"]]
PLACES: dict[str, str] = _BOOK["places"]
#: names of a place of which nothing is told
NO_PLACE = frozenset(_BOOK["no"]["place"])
#: a set of no kind in particular
PLAIN = frozenset({"", "inside", "outside"})
HANDS = re.compile(_BOOK["bodies"]["hands"], re.IGNORECASE)
STEPS = re.compile(_BOOK["bodies"]["steps"], re.IGNORECASE)
#: of somebody, whoever it is
SOMEBODY = re.compile(_BOOK["bodies"]["somebody"], re.IGNORECASE)
CUT_BEFORE = re.compile(_BOOK["titles"]["begin"])
CUT_AFTER = re.compile(_BOOK["titles"]["end"])
DANGLING = frozenset(_BOOK["titles"]["dangling"].split())
SIMPLIFIED = frozenset(_BOOK["scripts"]["simplified"].replace("\n", ""))
