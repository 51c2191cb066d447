"""A database file that is gone, damaged or another one is noticed, by those who run and by those who start."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from workbench import health
from workbench.bootstrap import open_database
from workbench.db.connection import Database
from workbench.errors import DatabaseUnavailable
from workbench.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings.load(home=tmp_path / "home")
    health.prepare_home(made)
    database = open_database(made)
    with database.write() as conn:
        # more than fits into the first pages
        conn.execute(text("INSERT INTO meta VALUES ('filling', :value)"), {"value": "x" * 200_000})
    database.close()
    return made


def file_of(settings: Settings) -> Path:
    return settings.home / "reelwright.db"


def wrong(settings: Settings) -> dict[str, str]:
    return {f.part: str(f.problem) for f in health.examine(settings) if not f.ok and f.part == "database"}


def test_a_whole_database_is_well(settings: Settings) -> None:
    assert wrong(settings) == {}
    open_database(settings).close()
    assert wrong(settings) == {}


def test_a_home_without_a_database_yet_is_well(tmp_path: Path) -> None:
    assert wrong(Settings.load(home=tmp_path / "new")) == {}


def delete(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.unlink()
    path.touch()


def begin_anew(path: Path) -> None:
    path.unlink()
    open_database(Settings.load(home=path.parent)).close()


def tear(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(40_000))


def overwrite(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


@pytest.mark.parametrize(
    ("happen", "part", "told"),
    [
        (delete, "database", "gone"),
        (empty, "database", "another"),
        (begin_anew, "database", "another"),
        (tear, "database", "malformed"),
        (overwrite, "database", "not a database"),
    ],
)
def test_doctor_notices_what_happened_to_the_file(
    settings: Settings, happen: Callable[[Path], None], part: str, told: str
) -> None:
    happen(file_of(settings))
    assert told in wrong(settings)[part]


def test_the_remedy_for_a_new_database_that_is_meant_helps(settings: Settings) -> None:
    begin_anew(file_of(settings))
    assert wrong(settings)
    (settings.home / "databases.json").unlink()
    open_database(settings).close()
    assert wrong(settings) == {}


@pytest.mark.parametrize("replaced", [False, True])
def test_whoever_has_a_deleted_file_open_writes_nothing_into_it(settings: Settings, replaced: bool) -> None:
    database = Database(settings.database_url)
    with database.write() as conn:
        conn.execute(text("SELECT 1"))
    backup = settings.home / "backup"
    shutil.copyfile(file_of(settings), backup)
    file_of(settings).unlink()
    if replaced:
        shutil.copyfile(backup, file_of(settings))
    with pytest.raises(DatabaseUnavailable, match="deleted or replaced"), database.write() as conn:
        conn.execute(text("SELECT 1"))
    database.close()
