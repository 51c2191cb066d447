"""A process killed at each point of a paid call: afterwards the ledger and the service's own log agree call for call.

Nothing is paid twice beyond the documented rule (ADR 0005, 0018): a text is sent again and both calls are counted; a
picture asks a person; a clip is found again by its seed, or asks; the call of a profile check is closed as lost.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import select, update

from tests.conftest import until
from tests.engine.conftest import Engine, Nursery
from tests.forked import Forked
from tests.scripted_provider import ScriptedProvider
from workbench import crash
from workbench.cli.supervisor import environment
from workbench.db.connection import db_now_ms
from workbench.db.schema import job, model_call, step

#: not a crash point: killed by a signal while the service works on its answer
UNDER_WAY = "under_way"
#: one minute more than a profile check may take
LONG_AGO_MS = 3_660_000

Then = Literal["goes on", "asks", "is closed as lost"]
#: kind of call → point → (what comes of it, calls that the service got until then, how the ledger says they ended)
TABLE: dict[str, dict[str, tuple[Then, int, list[str]]]] = {
    "text": {
        "call_opened": ("goes on", 1, ["lost", "ok"]),
        UNDER_WAY: ("goes on", 2, ["lost", "ok"]),
        "call_answered": ("goes on", 2, ["lost", "ok"]),
        "call_settled": ("goes on", 1, ["ok"]),
        "step_done": ("goes on", 1, ["ok"]),
    },
    "picture": {
        "call_opened": ("asks", 0, ["lost"]),
        UNDER_WAY: ("asks", 1, ["lost"]),
        "call_answered": ("asks", 1, ["lost"]),
        "media_stored": ("asks", 1, ["lost"]),
        "call_settled": ("goes on", 1, ["ok"]),
        "step_done": ("goes on", 1, ["ok"]),
    },
    "video": {
        "call_opened": ("asks", 0, ["lost"]),
        UNDER_WAY: ("asks", 1, ["lost"]),
        "call_answered": ("goes on", 1, ["lost"]),
        "call_settled": ("goes on", 1, ["ok"]),
        "task_submitted": ("goes on", 1, ["ok"]),
        "poll_answered": ("goes on", 1, ["ok"]),
    },
    "text check": {
        "call_opened": ("is closed as lost", 0, ["lost"]),
        UNDER_WAY: ("is closed as lost", 1, ["lost"]),
        "call_answered": ("is closed as lost", 1, ["lost"]),
        "call_settled": ("goes on", 1, ["ok"]),
    },
    "picture check": {
        "call_opened": ("is closed as lost", 0, ["lost"]),
        UNDER_WAY: ("is closed as lost", 1, ["lost"]),
        "call_answered": ("is closed as lost", 1, ["lost"]),
        "media_stored": ("is closed as lost", 1, ["lost"]),
        "call_settled": ("goes on", 1, ["ok"]),
    },
}
CELLS = [(kind, point) for kind, points in TABLE.items() for point in points]
WORKFLOWS = {"text": "test_tell", "picture": "test_image", "video": "test_video"}


@pytest.fixture
def profile(engine: Engine, provider: ScriptedProvider) -> Callable[[str], str]:
    """A profile of the kind of call, at the scripted provider and with prices."""

    def add(kind: str) -> str:
        prices = {"*": {"currency": "CNY", "input": 1, "output": 2, "image": 0.1, "video_tokens": 15}}
        how: dict[str, Any] = {"key": "sk-canary0123456789abcdef", "params": {"prices": prices}}
        if kind == "video":
            how["params"] |= {"allow_private_media": True, "poll_ms": 50}
            engine.wb.profiles.add("it", "ark", base_url=provider.ark_url, video_model="doubao-seedance-1-0-pro", **how)
        else:
            model = {"text_model": "scripted-1"} if kind.startswith("text") else {"image_model": "gpt-image-1"}
            engine.wb.profiles.add("it", "openai", base_url=provider.url, **model, **how)
        return "it"

    return add


def ask_for_polls(engine: Engine) -> None:
    """Make every poll due, so that nobody waits for a service's pace."""
    with engine.wb.database.write() as conn:
        conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))


def sent(provider: ScriptedProvider) -> list[str]:
    """The ids of the paid calls that reached the service."""
    return [c["call_id"] for c in provider.calls() if c["kind"] not in ("poll", "list", "cancel")]


def ledger(engine: Engine) -> list[Any]:
    with engine.wb.database.read() as conn:
        return list(conn.execute(select(model_call).order_by(model_call.c.id)).all())


def kill_at(point: str, engine: Engine, provider: ScriptedProvider, start: Callable[..., Forked], died: Path) -> None:
    """Start a process that does the work, and end it there."""
    if point == UNDER_WAY:
        provider.script(default={"hang": True})
        doomed = start()
        until(provider.calls, 30, "the call")
        doomed.kill()
    else:
        doomed = start(REELWRIGHT_CRASH_AT=f"{point}@{died}")
        until(lambda: not doomed.is_alive() or ask_for_polls(engine), 30, f"the end at {point}")
        assert died.exists()
    doomed.gone()
    provider.script(default={"states": ["succeeded"]})


@pytest.mark.parametrize(("kind", "point"), CELLS)
def test_a_process_killed_during_a_paid_call(
    engine: Engine,
    provider: ScriptedProvider,
    profile: Callable[[str], str],
    nursery: Nursery,
    tmp_path: Path,
    kind: str,
    point: str,
) -> None:
    then, calls, outcomes = TABLE[kind][point]
    name = profile(kind)
    job_id = engine.wb.submit(WORKFLOWS[kind], profile=name).id if kind in WORKFLOWS else None
    engine.mail.clear()

    def start(**env: str) -> Forked:
        task = {"run": job_id} if job_id is not None else {"check": name, "image": kind == "picture check"}
        return nursery.fork({**environment(engine.worker._settings), **env}, tmp_path / "killed.log", **task)

    kill_at(point, engine, provider, start, tmp_path / "died")
    if job_id is None:
        check_recovery_of_a_check(engine, then)
    else:
        check_recovery_of_a_job(engine, provider, job_id, then, calls)
        if then == "asks":
            calls, outcomes = calls + 1, [*outcomes, "ok"]
    check_ledger_against_log(engine, provider, point, calls, outcomes)


def check_recovery_of_a_check(engine: Engine, then: Then) -> None:
    engine.worker.maintain()
    assert [c.outcome for c in ledger(engine)] == (["sent"] if then == "is closed as lost" else ["ok"])
    with engine.wb.database.write() as conn:
        conn.execute(update(model_call).values(started_at=db_now_ms() - LONG_AGO_MS))
    engine.worker.maintain()


def check_recovery_of_a_job(engine: Engine, provider: ScriptedProvider, job_id: int, then: Then, calls: int) -> None:
    with engine.wb.database.write() as conn:
        conn.execute(
            update(job).where(job.c.id == job_id, job.c.state == "running").values(lease_until=db_now_ms() - 1)
        )

    def rests() -> bool:
        ask_for_polls(engine)
        engine.worker.maintain()
        engine.deliver()
        row = engine.wb.jobs.get(job_id)
        return row.waiting_for == "decision" or row.state in ("succeeded", "failed")

    until(rests, 30, "a decision or an end")
    if then == "asks":
        assert engine.wb.jobs.get(job_id).waiting_for == "decision"
        assert len(sent(provider)) == calls
        engine.wb.jobs.decide(job_id, "send_again")
        until(rests, 30, "the end")
    assert engine.wb.jobs.get(job_id).state == "succeeded", engine.wb.jobs.get(job_id).error


def check_ledger_against_log(
    engine: Engine, provider: ScriptedProvider, point: str, calls: int, outcomes: list[str]
) -> None:
    rows, received = ledger(engine), sent(provider)
    assert [r.outcome for r in rows] == outcomes
    # each call that the service got is one row, and only a call that was never sent is not in its log
    assert len(received) == len(set(received)) == calls
    unsent = [r for r in rows if r.call_id not in received]
    assert set(received) <= {r.call_id for r in rows}
    assert [r.outcome for r in unsent] == (["lost"] if point == "call_opened" else [])
    # nothing is reserved any more, and a job costs what its calls do
    assert [r.expected_micros for r in rows] == [None] * len(rows)
    for row in {r.job_id for r in rows} - {None}:
        costs = [r.cost_micros for r in rows if r.cost_micros is not None]
        assert engine.wb.jobs.get(row).cost_micros == sum(costs)
        assert all(r.cost_micros is not None for r in rows if r.outcome == "ok")


def test_the_table_has_every_point_between_opening_and_settling() -> None:
    start, end = (crash.POINTS.index(p) for p in ("call_opened", "call_settled"))
    between = set(crash.POINTS[start : end + 1])
    assert between == {p for points in TABLE.values() for p in points if p != UNDER_WAY} & between
    for kind, points in TABLE.items():
        expected = between - (set() if kind.startswith("picture") else {"media_stored"})
        assert expected | {UNDER_WAY} <= set(points), kind
