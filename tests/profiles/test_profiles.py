"""Profiles end to end: added through the client, used by a job, its calls in the ledger, its key nowhere."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.providers.conftest import KEY
from tests.scripted_provider import ScriptedProvider
from workbench.db.rows.jobs import JobDetail
from workbench.db.rows.profiles import SavedProfile
from workbench.security.redact import protect_logging
from workbench.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "höme of tests"


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    made = Engine(Settings.load(home=home, retry_base_ms=20, retry_max_ms=200))
    yield made
    made.close()


@pytest.fixture
def profile(engine: Engine, scripted: ScriptedProvider) -> SavedProfile:
    """Added as a user would paste it: the address of a call, a key with “Bearer” and a line end."""
    pasted = f"{scripted.url}/chat/completions/"
    return engine.wb.profiles.add("mine", "openai", base_url=pasted, text_model="m-1", key=f"Bearer {KEY}\n")


def run(engine: Engine, **params: Any) -> JobDetail:
    job = engine.wb.submit("test_tell", None, {"about": "the sea", **params}, profile="mine")
    engine.finish(job.id)
    return engine.wb.jobs.get_detail(job.id)


def test_a_job_of_a_profile_asks_its_service_and_pays_in_the_ledger(
    engine: Engine, scripted: ScriptedProvider, profile: dict[str, Any]
) -> None:
    shown = run(engine, steps=2)

    assert shown.job.state == "succeeded"
    calls = scripted.calls()
    assert [c["call_id"] for c in calls] == [m.call_id for m in shown.model_calls]
    assert [c["mode"] for c in calls] == ["json_schema", "json_schema"]
    assert all(c["headers"]["authorization"] == f"Bearer {KEY}" for c in calls)
    for made in shown.model_calls:
        assert (made.outcome, made.valid, made.finish_reason) == ("ok", True, "stop")
        assert made.input_tokens > 0
        assert made.output_tokens > 0
        assert made.ttft_ms is not None
        assert made.cost_micros is None  # a local service: nobody knows its price


def test_a_mode_the_service_refuses_is_left_behind_for_good(
    engine: Engine, scripted: ScriptedProvider, profile: dict[str, Any]
) -> None:
    scripted.script(default={"reject_modes": ["json_schema"]})

    first, second = run(engine), run(engine, about="the wind")

    assert [s.job.state for s in (first, second)] == ["succeeded", "succeeded"]
    assert [c["mode"] for c in scripted.calls()] == ["json_schema", "json_object", "json_object"]
    assert [m.outcome for m in first.model_calls] == ["error", "ok"]
    assert "json" in str(scripted.calls()[1]["request"]["messages"]).lower()


@pytest.mark.parametrize("refused", ["stream_options", "stream"])
def test_a_service_that_knows_less_is_met_halfway(
    refused: str, engine: Engine, scripted: ScriptedProvider, profile: dict[str, Any]
) -> None:
    scripted.script(default={"reject": [refused]})

    shown = run(engine)

    assert shown.job.state == "succeeded"
    assert len(scripted.calls()) == len(shown.model_calls) == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 401}, "auth"),
        ({"finish_reason": "length"}, "truncated_output"),
        ({"html": True}, "malformed_output"),
    ],
)
def test_what_a_retry_cannot_help_fails_at_once_with_its_kind(
    fault: dict[str, Any], kind: str, engine: Engine, scripted: ScriptedProvider, profile: dict[str, Any]
) -> None:
    scripted.script(default=fault)

    shown = run(engine)

    assert (shown.job.state, shown.job.error_kind) == ("failed", kind)
    assert len(scripted.calls()) == len(shown.model_calls) == 1


def test_a_price_of_the_users_own_lands_in_the_ledger(engine: Engine, scripted: ScriptedProvider) -> None:
    prices = {"m-1": {"currency": "CNY", "input": 1_000_000, "output": 0}}
    engine.wb.profiles.add("mine", "openai", base_url=scripted.url, text_model="m-1", params={"prices": prices})

    call = run(engine).model_calls[0]

    assert (call.cost_micros, call.currency, call.price_source) == (
        call.input_tokens * 1_000_000,
        "CNY",
        "user",
    )


def test_the_key_is_in_no_row_no_file_and_no_log(
    engine: Engine, scripted: ScriptedProvider, profile: dict[str, Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    protect_logging()
    scripted.script(default={"echo_key": True})
    run(engine)
    scripted.script(default={"echo_key": True, "status": 500})
    run(engine, about="the wind")

    assert len(scripted.calls()) == 3
    assert KEY not in repr(engine.wb.profiles.list()) + repr(profile)
    assert KEY not in stream.getvalue()
    files = [f for f in home.rglob("*") if f.is_file()]
    assert files
    assert [f.name for f in files if KEY.encode() in f.read_bytes()] == []
