"""Which SQLite file a home works with: a file that was deleted, damaged or replaced is noticed instead of begun anew.

The file holds a name that was made with it; the home remembers that name by the file's path.
"""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

from workbench.db.connection import Database
from workbench.db.writes import installation
from workbench.json_types import parse_json

#: in the home: path → name of the database that was there
REMEMBERED = "databases.json"
_KEY = "database_name"


def remember(database: Database, home: Path) -> None:
    """Note which database is at its path, unless another one was there before: that is for a person to look at."""
    if not database.is_sqlite:
        return
    with database.read() as conn:
        name = installation.get_meta(conn, _KEY)
    if name is None:
        with database.write() as conn:
            name = installation.get_meta(conn, _KEY) or uuid.uuid4().hex
            installation.set_meta(conn, _KEY, name)
    known = _read(home)
    if _path(database) not in known:
        draft = home / f".{REMEMBERED}.{os.getpid()}"
        draft.write_text(json.dumps({**known, _path(database): name}, ensure_ascii=False), encoding="utf-8")
        draft.chmod(0o600)
        draft.replace(home / REMEMBERED)


def is_known(database: Database, home: Path) -> bool:
    """Whether this home has worked with a database at this path."""
    return database.is_sqlite and _path(database) in _read(home)


def is_another(database: Database, home: Path) -> bool:
    """Whether the database at this path is not the one that this home has worked with."""
    if not is_known(database, home):
        return False
    with database.read() as conn:
        return installation.get_meta(conn, _KEY) != _read(home)[_path(database)]


def _path(database: Database) -> str:
    return os.path.abspath(database.url.database or "")


def _read(home: Path) -> dict[str, str]:
    try:
        known = parse_json((home / REMEMBERED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
