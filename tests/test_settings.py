"""Settings: read once, refused by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import InvalidInput
from workbench.settings import SOCKET_PATH_MAX, Settings, variable


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REELWRIGHT_HOME", str(tmp_path))


def test_the_database_lives_in_the_home_folder_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REELWRIGHT_HOME", str(tmp_path / "片 场"))
    assert Settings.load().database_url == f"sqlite:///{tmp_path / '片 场' / 'reelwright.db'}"

    monkeypatch.setenv("DATABASE_URL", "postgres://u:p@h/x")
    assert Settings.load().database_url == "postgresql+psycopg://u:p@h/x"


def test_a_relative_database_file_is_made_absolute_because_the_parts_run_in_other_folders(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.load(database_url="sqlite:///x.db").database_url == f"sqlite:///{tmp_path}/x.db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REELWRIGHT_THREADS", "0"),
        ("REELWRIGHT_THREADS", "eight"),
        ("REELWRIGHT_LEASE_SECONDS", "2"),  # shorter than three heartbeats
        ("REELWRIGHT_RETRY_MAX_MS", "10"),  # below the first wait
        ("REELWRIGHT_LANG", "fr"),
        ("REELWRIGHT_SIMULATE", "slowly"),
        ("REELWRIGHT_LOG_LEVEL", "loud"),
        ("DATABASE_URL", "mysql://h/x"),
        ("REDIS_URL", "localhost"),
        ("REELWRIGHT_HOME", "/tmp/what?"),
    ],
)
def test_a_bad_value_is_named_with_its_variable_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidInput, match=f"^{name} is ") as refused:
        Settings.load()

    assert value.split(".")[0] in str(refused.value)
    assert "; allowed: " in str(refused.value)
    assert len(refused.value.issues) == 1


def test_secrets_are_not_shown_when_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://user:hush@h/x")
    with pytest.raises(InvalidInput) as refused:
        Settings.load()
    assert "hush" not in str(refused.value)
    assert "hush" not in repr(Settings.load(master_key="hush-hush-hush-hush", database_url="sqlite:////x.db"))


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "")
    monkeypatch.setenv("REELWRIGHT_THREADS", "")
    settings = Settings.load()
    assert (settings.redis_url, settings.threads) == (None, 8)


def test_every_field_says_what_is_allowed() -> None:
    for name, declared in Settings.model_fields.items():
        assert declared.description, name
        assert re.fullmatch(r"[A-Z_]+", variable(name))


@pytest.mark.parametrize("home", ["plain", "片 场 " * 30])
def test_the_embedded_socket_is_short_and_has_no_blanks_whatever_the_home_is_called(tmp_path: Path, home: str) -> None:
    settings = Settings.load(home=tmp_path / home[:80])
    path = str(settings.embedded_socket)
    assert len(path.encode()) <= SOCKET_PATH_MAX
    assert " " not in path
    assert settings.broker_url == f"unix://{path}"


def test_two_homes_have_two_sockets_and_one_home_has_one(tmp_path: Path) -> None:
    def socket(home: Any) -> Path:
        return Settings.load(home=home).embedded_socket

    assert socket(tmp_path / "a") != socket(tmp_path / "b")
    assert socket(tmp_path / "a") == socket(f"{tmp_path}/b/../a")
