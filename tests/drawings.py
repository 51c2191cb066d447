"""Draws each picture of the offline provider once in a run of tests, however many jobs ask for it.

The same arguments give the same bytes (tests/sketch draws for itself, and holds that); nearly every test of the engine
tells one of the same few stories, and drawing their frames anew took longer than all else that its jobs do.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from workbench import sketch

DRAW = ("draw_character_sheet", "draw_clip", "draw_frame", "draw_place_sheet")
#: where the pictures are, for all processes of a run; a test that asks for the same bytes twice sets its own
FOLDER = "DRAWINGS_OF_TESTS"


def share() -> None:
    """From now on, in this process and in those that it forks: what workflows ask of `workbench.sketch` is drawn once.
    The first process of a run makes the folder and removes it."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="rw-drawings-")
        atexit.register(_remove, os.environ[FOLDER], os.getpid())
    find = sketch.__getattr__

    def find_kept(name: str) -> Any:
        found = find(name)
        # a test's own way of drawing is left alone
        return _keep(found) if name in DRAW and found.__module__.startswith("workbench.") else found

    vars(sketch)["__getattr__"] = find_kept


def _remove(folder: str, made_by: int) -> None:
    # what was forked ends earlier
    if os.getpid() == made_by:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(draw: Callable[..., bytes]) -> Callable[..., bytes]:
    @wraps(draw)
    def kept(*args: Any, **options: Any) -> bytes:
        asked = json.dumps([draw.__name__, args, options], default=lambda data: hashlib.sha256(data).hexdigest())
        path = Path(os.environ[FOLDER]) / hashlib.sha256(asked.encode()).hexdigest()
        if path.is_file():
            return path.read_bytes()
        data = draw(*args, **options)
        # whole or not at all: another process may look for it
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
        os.replace(file.name, path)
        return data

    return kept
