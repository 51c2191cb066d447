"""A home is its owner's alone, also one that was there before."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from workbench.bootstrap import open_database
from workbench.cli.supervisor import HomeLock
from workbench.health import prepare_home
from workbench.media.storage import open_storage
from workbench.settings import Settings

OTHERS = 0o077


def open_to_others(home: Path) -> list[str]:
    """What somebody else may look at, below a home and the home itself."""
    places = [home, *home.rglob("*")]
    return [str(p.relative_to(home.parent)) for p in places if not p.is_symlink() and p.stat().st_mode & OTHERS]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(home=tmp_path / "home")


@pytest.fixture(autouse=True)
def _usual_mask() -> None:
    os.umask(0o022)


def test_a_home_of_before_is_closed_with_all_that_is_in_it(settings: Settings, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    outside.write_text("x")
    for name in ("media/ab/cd/x.webp", "logs/web.log", "reelwright.db", "up.lock", "backup/old/reelwright.db"):
        (settings.home / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.home / name).write_text("x")
    (settings.home / "link").symlink_to(outside)
    assert len(open_to_others(settings.home)) > 8
    prepare_home(settings)
    assert open_to_others(settings.home) == []
    assert outside.stat().st_mode & 0o777 == 0o644


def test_what_is_made_in_a_home_is_private_from_the_beginning(settings: Settings) -> None:
    prepare_home(settings)
    database = open_database(settings)
    with database.write() as conn:
        conn.exec_driver_sql("CREATE TABLE x (y)")
        # the files beside it are there while it is open
        assert (settings.home / "reelwright.db-wal").exists()
        assert open_to_others(settings.home) == []
    database.close()
    open_storage(None, settings.home).write("ab/cd/" + "a" * 64 + ".webp", b"x")
    lock = HomeLock(settings)
    lock.acquire("http://127.0.0.1:1")
    lock.release()
    assert open_to_others(settings.home) == []


def test_a_home_is_private_even_if_a_library_makes_it(settings: Settings) -> None:
    open_database(settings).close()
    assert settings.home.stat().st_mode & OTHERS == 0


def test_a_media_folder_that_was_named_may_be_shared(tmp_path: Path) -> None:
    open_storage(f"file://{tmp_path}/shared", tmp_path).write("ab/cd/" + "a" * 64 + ".webp", b"x")
    [file] = (tmp_path / "shared").rglob("*.webp")
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_database_of_before_stays_readable_for_its_owner(settings: Settings) -> None:
    settings.home.mkdir()
    sqlite3.connect(settings.home / "reelwright.db").close()
    prepare_home(settings)
    open_database(settings).close()
