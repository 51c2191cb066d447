"""Draws each picture of the offline provider once in a run of tests, however many jobs ask for it, and encodes it once
as the media store keeps it.

The same arguments give the same bytes (tests/sketch draws for itself, and holds that; tests/media encodes for itself);
nearly every test of the engine tells one of the same few stories, and drawing their frames anew took longer than all
else that its jobs do.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any

from workbench import sketch

DRAW = ("draw_character_sheet", "draw_clip", "draw_frame", "draw_place_sheet")
#: where the pictures are, for all processes of a run; a test that asks for the same bytes twice sets its own
FOLDER = "DRAWINGS_OF_TESTS"


def share() -> None:
    """From now on, in this process and in those that it forks: what workflows ask of `workbench.sketch` is drawn once.
    The first process of a run makes the folder and removes it. For those that it starts there is `spawned`."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="rw-drawings-")
        atexit.register(_remove, os.environ[FOLDER], os.getpid())
    find = sketch.__getattr__
    if find.__module__ == __name__:
        return

    def find_kept(name: str) -> Any:
        found = find(name)
        # a test's own way of drawing is left alone
        return _keep(found) if name in DRAW and found.__module__.startswith("workbench.") else found

    vars(sketch)["__getattr__"] = find_kept


def spawned(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that is started, not forked, and shares the pictures all the same."""
    path = os.pathsep.join(filter(None, (str(Path(__file__).parent / "spawned"), env.get("PYTHONPATH"))))
    return {**env, FOLDER: os.environ[FOLDER], "PYTHONPATH": path}


def _remove(folder: str, made_by: int) -> None:
    # what was forked ends earlier
    if os.getpid() == made_by:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(draw: Callable[..., bytes]) -> Callable[..., bytes]:
    @wraps(draw)
    def kept(*args: Any, **options: Any) -> bytes:
        asked = json.dumps([draw.__name__, args, options], default=lambda data: hashlib.sha256(data).hexdigest())
        data = _once(asked, lambda: draw(*args, **options))
        _encode_once()
        _drawn.add(hashlib.sha256(data).hexdigest())
        return data

    return kept


def _once(asked: str, make: Callable[[], bytes]) -> bytes:
    path = Path(os.environ[FOLDER]) / hashlib.sha256(asked.encode()).hexdigest()
    if path.is_file():
        return path.read_bytes()
    data = make()
    # whole or not at all: another process may look for it
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    os.replace(file.name, path)
    return data


#: what this process was given as drawn; the store verifies everything else anew
_drawn: set[str] = set()


@cache
def _encode_once() -> None:
    """With the first drawing: whoever draws nothing needs no Pillow for this."""
    from workbench.media import pictures

    verify = pictures.verify

    def kept(data: bytes) -> pictures.Picture:
        sha = hashlib.sha256(data).hexdigest()
        if sha not in _drawn:
            return verify(data)
        made: pictures.Picture = pickle.loads(_once(f"verify {sha}", lambda: pickle.dumps(verify(data))))
        return made

    pictures.verify = kept
