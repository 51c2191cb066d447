"""`reelwright usage` and `reelwright alerts`: what they print and write, and what they refuse."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert

from workbench.api.client import Workbench
from workbench.cli import alerts, usage
from workbench.db.schema import model_call, node, profile
from workbench.errors import InvalidInput, ReelwrightError
from workbench.settings import Settings

#: 1 November 2026, 00:30 in Berlin, the day before in UTC
AT = 1_793_489_400_000
Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("REELWRIGHT_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    usual = {
        "purpose": "generate", "provider": "openai", "capability": "text", "outcome": "ok", "valid": True,
        "currency": "CNY", "cost_micros": 100,
    }  # fmt: skip
    with Workbench.open(settings, send=lambda ids: None) as wb, wb.database.write() as conn:
        story = {"title": "P", "position": 0, "created_at": 1}
        conn.execute(insert(node).values(**story, id=1, kind="project"))
        conn.execute(insert(node).values(**story, id=2, kind="scene", project_id=1, parent_id=1))
        old = {"name": "old", "provider": "openai", "params": {}, "modes": {}, "created_at": 1, "archived_at": 2}
        conn.execute(insert(profile).values(**old, id=7))
        own = {"created_by": "ada", "project_id": 1, "node_id": 2, "profile_id": 7}
        for name, at, model, more in (
            ("first", AT, "m", own), ("second", AT + 86_400_000, "m", {"created_by": "bea"}), ("other", AT, "n", {}),
        ):  # fmt: skip
            row = usual | {"call_id": name, "started_at": at, "model": model} | more
            conn.execute(insert(model_call).values(row))

    def invoke(command: click.Command, *arguments: str) -> Result:
        return CliRunner().invoke(command, arguments)

    return invoke


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ([], 3),
        (["--model", "m"], 2),
        (["--since", "2026-11-01"], 1),
        (["--since", "2026-11-01", "--time-zone", "Europe/Berlin"], 3),
        (["--until", "2026-11-01T00:31", "--time-zone", "Europe/Berlin"], 2),
        (["--until", "2026-10-31T23:30+00:00"], 0),
        (["--since", "2026-11-01", "--until", "2026-11-01"], 0),
        (["--project", "999"], 0),
        (["--workflow", "no_such"], 0),
        (["--user", "ada"], 1),
        (["--user", "ada", "--model", "n"], 0),
        (["--profile", "old"], 1),
        (["--node", "2"], 1),
        (["--node", "999"], 0),
    ],
)
def test_calls_of_a_period_go_into_a_file(run: Run, tmp_path: Path, options: list[str], calls: int) -> None:
    file = tmp_path / "账 目.csv"
    made = run(usage.command, "export", str(file), *options, "--json")
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    assert (told["calls"], told["form"], told["bytes"]) == (calls, "csv", file.stat().st_size)
    with file.open(encoding="utf-8-sig", newline="") as text:
        assert len(list(csv.reader(text))) == calls + 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["out.doc"], "Say what to write"),
        (["out.csv", "--time-zone", "Atlantis/Poseidonis"], "There is no time zone"),
        (["out.csv", "--since", "soon"], "soon is no day"),
        (["out.csv", "--until", "2026-13-01"], "2026-13-01 is no day"),
        (["no such folder/out.csv"], "cannot be written"),
    ],
)
def test_an_export_that_cannot_be_says_why(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    made = run(usage.command, "export", *arguments)
    assert isinstance(made.exception, InvalidInput)
    assert reason in str(made.exception)


@pytest.mark.parametrize(("name", "reason"), [("nobody's", "no profile nobody's"), ("sketch", "--model sketch-1")])
def test_an_export_of_a_profile_that_is_none_is_refused(run: Run, tmp_path: Path, name: str, reason: str) -> None:
    made = run(usage.command, "export", str(tmp_path / "out.csv"), "--profile", name)
    assert isinstance(made.exception, ReelwrightError)
    assert reason in str(made.exception)
    assert not (tmp_path / "out.csv").exists()


def test_sums_are_made_anew_from_all_calls(run: Run, settings: Settings) -> None:
    assert run(usage.command, "rebuild", "--json").exit_code == 0
    with Workbench.open(settings, send=lambda ids: None) as wb:
        [total] = wb.usage.totals_by(since=0)
    assert total.calls == 3


def test_rules_are_added_listed_switched_and_removed(run: Run) -> None:
    def rules() -> list[Any]:
        return list(json.loads(run(alerts.command, "rules", "--json").stdout))

    added = run(
        alerts.command, "add", "spend_day", "12.50", "--currency", "USD", "--time-zone", "Asia/Shanghai", "--json"
    )
    rule = json.loads(added.stdout)
    assert (rule["threshold"], rule["currency"], rule["time_zone"]) == (12_500_000, "USD", "Asia/Shanghai")
    assert "stuck_queue" in run(alerts.command, "add", "stuck_queue", "30").stdout
    assert [(r["kind"], r["threshold"], r["enabled"]) for r in rules()] == [
        ("spend_day", 12_500_000, True), ("stuck_queue", 30, True),
    ]  # fmt: skip
    assert run(alerts.command, "switch", str(rule["id"]), "--off").exit_code == 0
    assert [r["enabled"] for r in rules()] == [False, True]
    assert run(alerts.command, "switch", str(rule["id"])).exit_code == 0
    assert [r["enabled"] for r in rules()] == [True, True]
    assert run(alerts.command, "remove", str(rule["id"])).exit_code == 0
    assert [r["kind"] for r in rules()] == ["stuck_queue"]
    assert json.loads(run(alerts.command, "list", "--json").stdout) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "spend_day", "0"],
        ["add", "spend_day", "much"],
        ["add", "failure_share", "101"],
        ["add", "stuck_queue", "0"],
        ["add", "worker_gone", "5"],
        ["add", "spend_day", "5", "--time-zone", "Atlantis/Poseidonis"],
        ["add", "spend_day", "5", "--project", "999"],
        ["switch", "999"],
        ["remove", "999"],
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(run: Run, arguments: list[str]) -> None:
    made = run(alerts.command, *arguments)
    assert isinstance(made.exception, ReelwrightError), made.output
    assert json.loads(run(alerts.command, "rules", "--json").stdout) == []
