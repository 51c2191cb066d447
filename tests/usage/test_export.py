"""The ledger as a file: every call, in three forms that say the same, on both databases."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert, select, update

from workbench import periods, samples
from workbench.api import usage as resource
from workbench.api.client import Workbench
from workbench.db.schema import job, model_call, node, profile
from workbench.errors import InvalidInput
from workbench.settings import Settings
from workbench.usage import export
from workbench.usage.export import COLUMNS, FormName

#: 2026-03-29 in Berlin: clocks go from 2 to 3, the day has 23 hours
SPRING = round(datetime(2026, 3, 28, 23, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def add_calls(wb: Workbench, *calls: dict[str, Any]) -> None:
    usual = {
        "purpose": "generate", "provider": "openai", "model": "m", "capability": "text", "outcome": "ok",
        "started_at": SPRING,
    }  # fmt: skip
    with wb.database.write() as conn:
        for at, call in enumerate(calls):
            conn.execute(insert(model_call).values({**usual, "call_id": f"c{at}", **call}))


def mixed(wb: Workbench) -> int:
    """Calls of every kind on a scene of the sample; returns the project."""
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    with wb.database.write() as conn:
        own = {"project_id": project, "created_at": 0}
        episode = conn.execute(
            insert(node).values(kind="episode", parent_id=project, position=1, title="=Comb & <Chain>", **own)
        ).inserted_primary_key[0]
        scene = conn.execute(
            insert(node).values(kind="scene", parent_id=episode, position=1, title="钟表店\x0b", **own)
        ).inserted_primary_key[0]
        mine = conn.execute(
            insert(profile).values(name="mine", provider="openai", params={}, modes={}, created_at=0)
        ).inserted_primary_key[0]
        other = conn.execute(
            insert(profile).values(name="other", provider="ark", params={}, modes={}, created_at=0)
        ).inserted_primary_key[0]
    job_id = wb.submit("llm_chat", params={"messages": [{"content": "Hello"}]}, user="ada").id
    with wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == job_id).values(project_id=project, node_id=scene))
    price = {"currency": "CNY", "input": 0.8, "output": "2", "tiers": {"above": 128}}
    add_calls(
        wb,
        {"job_id": job_id, "project_id": project, "workflow": "llm_chat", "profile_id": mine, "fallback_from": other,
         "cost_micros": 1_234_567, "currency": "CNY", "price": price, "price_source": "user", "valid": True,
         "input_tokens": 10, "cached_tokens": 4, "ended_at": SPRING + 1500},
        {"job_id": job_id, "project_id": project, "started_at": SPRING + 2 * HOUR, "cost_micros": 1,
         "currency": "USD", "outcome": "error", "error": "+cmd|' /C calc'!A0 sk-abcdefgh12345678", "valid": False},
        {"started_at": SPRING + 23 * HOUR - 1, "capability": "image", "images": 2, "model": "p",
         "price": {"currency": "USD", "image": "never"}},
        {"started_at": SPRING + 23 * HOUR, "model": "next day"},
    )  # fmt: skip
    return project


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def read_sheets(path: Path) -> list[list[list[str]]]:
    """The cells of each sheet as text, by what stands in the file."""
    sheets = []
    with zipfile.ZipFile(path) as archive:
        for name in sorted(n for n in archive.namelist() if n.startswith("xl/worksheets/sheet")):
            rows = ElementTree.fromstring(archive.read(name)).iterfind(".//m:row", NS)
            sheets.append([["".join(c.itertext()) for c in row.iterfind("m:c", NS)] for row in rows])
    return sheets


def test_three_forms_hold_every_call_with_titles_nodes_profiles_and_parts_of_its_price(
    wb: Workbench, tmp_path: Path
) -> None:
    project = mixed(wb)
    files = {form: tmp_path / f"用量 out.{form}" for form in ("csv", "parquet", "xlsx")}
    for form, path in files.items():
        form_: FormName = form  # type: ignore[assignment]
        assert wb.usage.export(path, form_, time_zone="Europe/Berlin", language="zh") == 4

    table = pq.read_table(files["parquet"])
    rows = table.to_pylist()
    assert table.column_names == [c.name for c in COLUMNS]
    first, failed, picture, _ = rows
    assert (first["project"], first["episode"]) == ("The Gift of the Magi", "=Comb & <Chain>")
    assert (first["scene"].strip("\x0b"), first["node_kind"], first["person"]) == ("钟表店", "scene", "ada")
    assert (first["profile"], first["fallback_from"], first["valid"]) == ("mine", "other", True)
    assert (first["cost"], first["currency"]) == (Decimal("1.234567"), "CNY")
    assert (first["price_input"], first["price_output"]) == (Decimal("0.8"), Decimal(2))
    assert first["price_other"] == '{"tiers": {"above": 128}}'
    assert first["started_at"].isoformat() == "2026-03-29T00:00:00+01:00"
    # the hour that does not exist there
    assert failed["started_at"].isoformat() == "2026-03-29T03:00:00+02:00"
    assert "sk-abcdefgh" not in failed["error"]
    assert (picture["job"], picture["project"], picture["images"]) == (None, None, 2)
    assert (picture["price_image"], picture["price_other"]) == (None, '{"image": "never"}')

    plain = read_csv(files["csv"])
    assert [list(row) for row in plain] == [[c.name for c in COLUMNS]] * 4
    assert plain[0]["episode"] == "'=Comb & <Chain>"
    assert plain[1]["error"].startswith("'+cmd")
    assert (plain[0]["cost"], plain[1]["cost"], plain[2]["cost"]) == ("1.234567", "0.000001", "")
    assert (plain[0]["started_at"], plain[0]["valid"]) == ("2026-03-29T00:00:00.000+01:00", "true")
    assert [r["input_tokens"] for r in plain] == ["10", "", "", ""]

    [sheet] = read_sheets(files["xlsx"])
    assert len(sheet) == 5
    assert {"=Comb & <Chain>", "钟表店", "1.234567", "mine"} <= set(sheet[1])
    with zipfile.ZipFile(files["xlsx"]) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")

    # what was chosen, and nothing else
    day = periods.starts_of_days(periods.day_of(SPRING, periods.zone_of("Europe/Berlin")), *_day(SPRING))
    assert wb.usage.export(files["csv"], "csv", since=day[0], until=day[1]) == 3
    assert wb.usage.export(files["csv"], "csv", project=project, workflow="llm_chat") == 1
    assert wb.usage.export(files["csv"], "csv", model="nobody") == 0
    assert read_csv(files["csv"]) == []
    assert pq.read_table(files["parquet"]).num_rows == 4


def _day(ms: int) -> tuple[Any, Any]:
    zone = periods.zone_of("Europe/Berlin")
    return periods.day_of(ms, zone), zone


FILTERS: dict[str, Any] = {
    "user": "ada", "workflow": "llm_chat", "model": "p", "capability": "image", "until": SPRING + 23 * HOUR,
}  # fmt: skip


def test_each_filter_chooses_the_calls_that_the_list_of_calls_shows(wb: Workbench, tmp_path: Path) -> None:
    project = mixed(wb)
    other = wb.create_project(samples.load("gift-of-the-magi.en"))
    elsewhere = wb.submit("llm_chat", params={"messages": [{"content": "Hi"}]}, user="bea").id
    with wb.database.read() as conn:
        by_kind = {kind: node_id for node_id, kind in conn.execute(select(node.c.id, node.c.kind))}
        mine = conn.execute(select(profile.c.id).where(profile.c.name == "mine")).scalar_one()
    add_calls(
        wb,
        {"call_id": "bea's", "job_id": elsewhere, "project_id": other, "workflow": "llm_chat", "profile_id": mine},
        # of a job that was removed
        {"call_id": "kept", "project_id": project, "node_id": by_kind["scene"], "created_by": "ada", "workflow": "w"},
        {"call_id": "of nobody", "project_id": project},
    )  # fmt: skip
    asked: list[dict[str, Any]] = [
        {},
        *({name: value} for name, value in FILTERS.items()),
        {"profile": mine},
        {"project": project},
        *({"node": node_id} for node_id in (project, by_kind["episode"], by_kind["scene"], other)),
        {"node": by_kind["episode"], "user": "ada", "profile": mine},
    ]
    file = tmp_path / "calls.csv"
    for filters in asked:
        listed = {call.id for call in wb.usage.list_calls(since=0, **filters)}
        assert wb.usage.export(file, "csv", **filters) == len(listed), filters
        assert {int(row["id"]) for row in read_csv(file)} == listed, filters
        assert 0 < len(listed) < 7 or not filters, "a filter that tells nothing apart"
    with pytest.raises(TypeError, match="no such filter of calls: person"):
        wb.usage.export(file, "csv", person="ada")  # type: ignore[call-arg]


def test_no_call_is_cut_off_however_many_there_are_or_fit_on_a_sheet(
    wb: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "BATCH", 7)
    monkeypatch.setattr(export, "SHEET_ROWS", 11)
    # many at the same moment, and batches that end in the middle of them
    add_calls(wb, *({"started_at": 1000 * (n // 9)} for n in range(35)))
    for form in ("csv", "parquet", "xlsx"):
        path = tmp_path / f"calls.{form}"
        form_: FormName = form  # type: ignore[assignment]
        assert wb.usage.export(path, form_) == 35
    assert [r["call_id"] for r in read_csv(tmp_path / "calls.csv")] == [f"c{n}" for n in range(35)]
    assert pq.read_table(tmp_path / "calls.parquet")["call_id"].to_pylist() == [f"c{n}" for n in range(35)]
    assert [len(sheet) for sheet in read_sheets(tmp_path / "calls.xlsx")] == [11, 11, 11, 6]


def test_a_file_that_cannot_be_written_leaves_what_stood_there(
    wb: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_calls(wb, {})
    path = tmp_path / "calls.csv"
    path.write_text("mine")
    with pytest.raises(OSError, match="No such file"):
        wb.usage.export(tmp_path / "nowhere" / "calls.csv", "csv")
    monkeypatch.setattr(export, "_values", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        wb.usage.export(path, "csv")
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["calls.csv"]
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["Nowhere/Atlantis", "", "../etc/passwd", "a\x00b", "/etc/localtime"])
def test_a_time_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        periods.zone_of(name)


@pytest.mark.parametrize(
    ("zone", "first", "hours"),
    [
        ("UTC", "2026-03-29", [24]),
        ("Europe/Berlin", "2026-03-29", [23]),
        ("Europe/Berlin", "2026-10-25", [25]),
        ("America/New_York", "2026-11-01", [25]),
        ("Asia/Shanghai", "2026-03-29", [24]),
        ("Asia/Kathmandu", "2026-03-29", [24]),
        # clocks skip midnight itself
        ("Africa/Cairo", "2026-04-24", [23]),
        ("Asia/Beirut", "2026-03-29", [23]),
        # half an hour
        ("Australia/Lord_Howe", "2026-04-05", [24.5]),
    ],
)
def test_days_are_as_long_as_they_are_there(zone: str, first: str, hours: list[float]) -> None:
    day = datetime.fromisoformat(first).date()
    starts = periods.starts_of_days(day, day, periods.zone_of(zone))
    assert [(b - a) / HOUR for a, b in pairwise(starts)] == hours
    assert [periods.day_of(at, periods.zone_of(zone)) for at in (starts[0], starts[1] - 1)] == [day, day]


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2026-03-29", "2026-03-28T23:00:00+00:00"),
        ("2026-03-29T08:30", "2026-03-29T06:30:00+00:00"),
        ("2026-03-29T08:30Z", "2026-03-29T08:30:00+00:00"),
        (" 2026-10-25 ", "2026-10-24T22:00:00+00:00"),
    ],
)
def test_a_moment_is_read_as_it_is_there(typed: str, moment: str) -> None:
    at = periods.parse_moment(typed, periods.zone_of("Europe/Berlin"), "since")
    assert datetime.fromtimestamp(at / 1000, UTC).isoformat() == moment


@pytest.mark.parametrize("typed", ["", "yesterday", "2026-13-01", "2026-11-31", "2026-11-01T25:00", "1e9"])
def test_what_is_no_moment_is_refused_with_its_field(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        periods.parse_moment(typed, periods.zone_of("Asia/Shanghai"), "until")
    assert refused.value.issues[0].path == "until"
