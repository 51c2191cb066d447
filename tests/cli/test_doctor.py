"""`reelwright doctor`: each part by itself, and never a traceback."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from tests.cli.conftest import Ran, Reelwright, free_port

PARTS = [
    "settings", "home", "disk", "database", "migrations", "redis", "media", "workers", "web port", "master key",
]  # fmt: skip


def part(ran: Ran, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in ran.json if p["part"] == name)
    return found


def test_every_part_is_named_with_problem_and_remedy(reelwright: Reelwright) -> None:
    ran = reelwright("doctor", "--json")

    assert [p["part"] for p in ran.json] == PARTS
    assert ran.code == 1  # nothing runs yet
    for found in ran.json:
        assert set(found) == {"part", "ok", "problem", "remedy"}
        assert found["ok"] or (found["problem"] and found["remedy"])
    assert "reelwright up" in part(ran, "workers")["remedy"]


@pytest.mark.parametrize(
    ("env", "name", "problem"),
    [
        ({"REELWRIGHT_HOME": "/dev/null/home"}, "home", "cannot be written"),
        ({"REELWRIGHT_LEASE_SECONDS": "soon"}, "settings", "REELWRIGHT_LEASE_SECONDS is 'soon'"),
        ({"REDIS_URL": "redis://127.0.0.1:1"}, "redis", "cannot be reached"),
        ({"DATABASE_URL": "postgresql://u:hush@127.0.0.1:1/x"}, "database", "refused"),
        ({"REELWRIGHT_MASTER_KEY": "short"}, "master key", "too short"),
    ],
)
def test_what_is_wrong_is_said_by_its_part(
    reelwright: Reelwright, env: dict[str, str], name: str, problem: str
) -> None:
    ran = reelwright("doctor", "--json", **env)

    found = part(ran, name)
    assert ran.code == 1
    assert found["ok"] is False
    assert problem in found["problem"]
    assert "hush" not in ran.out


def test_a_database_newer_than_the_code_is_named_by_doctor_and_by_up(reelwright: Reelwright) -> None:
    reelwright("projects", "list")
    with sqlite3.connect(reelwright.home / "reelwright.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    examined, started = reelwright("doctor", "--json"), reelwright("up", "--port", str(free_port()))

    assert "newer" in part(examined, "migrations")["problem"]
    assert started.code == 1
    assert "newer" in started.err
    assert started.err.count("\n") == 1


def test_it_speaks_the_readers_language(reelwright: Reelwright) -> None:
    ran = reelwright("doctor", REELWRIGHT_LANG="zh")

    assert ran.code == 1
    assert "✗ workers" in ran.out
