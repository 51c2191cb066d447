"""Clips by a service that takes its time, with real processes killed at every place: created once, kept once, nobody
waits."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.conftest import until
from tests.engine.conftest import Workers
from tests.media.clips import tiny_mp4
from tests.scripted_gemini import ScriptedGemini
from tests.scripted_provider import ScriptedProvider
from workbench.api.client import Workbench
from workbench.db.connection import db_now_ms
from workbench.db.schema import media, step

KEY = "sk-canary-0123456789abcdef"
PRICES = {"*": {"currency": "CNY", "video_tokens": 15.0, "input": 1, "output": 2}}


@pytest.fixture(autouse=True)
def films(wb: Workbench, provider: ScriptedProvider) -> None:
    """A profile whose service films; its clips come from an address that is allowed for it."""
    params = {"allow_private_media": True, "poll_ms": 50, "prices": PRICES}
    wb.profiles.add(
        "films",
        "ark",
        base_url=provider.ark_url,
        text_model="t",
        video_model="doubao-seedance-1-0-pro",
        key=KEY,
        params=params,
    )
    provider.script(default={"states": ["running", "succeeded"]})


def hurry(wb: Workbench) -> None:
    """Make every poll due, so that nobody waits for a service's pace."""
    with wb.database.write() as conn:
        conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))


def ended(wb: Workbench, job_id: int) -> Any:
    def done() -> Any:
        found = wb.jobs.get(job_id)
        if found.state == "waiting":
            hurry(wb)
        return found if found.state in ("succeeded", "failed", "cancelled") else None

    return until(done, 60, f"the end of job {job_id}")


def clips(wb: Workbench) -> int:
    with wb.database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(media).where(media.c.kind == "video")).scalar_one())


def creates(provider: ScriptedProvider) -> int:
    return sum(c["kind"] == "create" for c in provider.calls())


@pytest.mark.parametrize("point", ["step_sent", "call_answered", "task_submitted", "poll_answered", "before_finish"])
def test_a_clip_is_created_once_wherever_the_worker_dies(
    wb: Workbench, workers: Workers, provider: ScriptedProvider, tmp_path: Path, point: str
) -> None:
    """Also between the service's answer and its task's id in the database: the task is found again by its seed."""
    job_id = wb.submit("test_video", profile="films", params={"about": "the sea"}).id
    dying = workers.start(REELWRIGHT_CRASH_AT=f"{point}@{tmp_path / 'died'}")
    if point in ("call_answered", "step_sent", "task_submitted"):
        dying.gone()
    else:
        until(lambda: not dying.is_alive() or hurry(wb), 60)
    workers.start()
    done = ended(wb, job_id)
    assert done["state"] == "succeeded", done["error"]
    assert (creates(provider), clips(wb)) == (1, 1)
    assert wb.media.path(done["result"]["media"]).read_bytes()[4:8] == b"ftyp"


def test_a_clip_that_was_not_created_takes_no_other_one_of_the_same_seed(
    wb: Workbench, workers: Workers, provider: ScriptedProvider, tmp_path: Path
) -> None:
    other = wb.submit("test_video", profile="films", params={"about": "the sea"}).id
    first = workers.start()
    assert ended(wb, other)["state"] == "succeeded"
    os.kill(first.pid, signal.SIGKILL)
    first.gone()
    job_id = wb.submit("test_video", profile="films", params={"about": "a lamp"}).id
    workers.start(REELWRIGHT_CRASH_AT=f"call_opened@{tmp_path / 'died'}").gone()
    workers.start()
    until(lambda: wb.jobs.get(job_id).waiting_for == "decision", 60)
    wb.jobs.decide(job_id, "send_again")
    done = ended(wb, job_id)
    assert (done["state"], creates(provider)) == ("succeeded", 2), done["error"]


def test_a_worker_killed_during_the_download_leaves_one_clip(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    provider.script(default={"media": {"drip_ms": 60}})
    job_id = wb.submit("test_video", profile="films").id
    first = workers.start()
    until(lambda: hurry(wb) or provider.fetches(), 60, "the download")
    os.kill(first.pid, signal.SIGKILL)
    first.gone()
    provider.script(default={})
    workers.start()
    assert ended(wb, job_id)["state"] == "succeeded"
    assert (creates(provider), clips(wb)) == (1, 1)
    assert all("authorization" not in f["headers"] for f in provider.fetches())


def test_ten_clips_that_wait_hold_no_worker(wb: Workbench, workers: Workers, provider: ScriptedProvider) -> None:
    provider.script(default={"states": ["running"]})
    waiting = [wb.submit("test_video", profile="films", params={"about": f"clip {n}"}).id for n in range(10)]
    workers.start(REELWRIGHT_THREADS="1")
    until(lambda: all(wb.jobs.get(i).waiting_for == "provider" for i in waiting), 60)
    texts = [wb.submit("test_tell", params={"about": f"text {n}"}, profile="films").id for n in range(3)]
    assert [j.state for j in wb.wait(texts, timeout=240)] == ["succeeded"] * 3
    assert all(wb.jobs.get(i).state == "waiting" for i in waiting)
    assert creates(provider) == 10


def test_a_clip_is_priced_by_what_the_service_says_in_the_end(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    provider.script(
        default={
            "states": ["running", "succeeded"],
            "usage": {"completion_tokens": 108_900, "total_tokens": 108_900},
        }
    )
    workers.start()
    done = ended(wb, wb.submit("test_video", profile="films").id)
    [call] = wb.jobs.get_detail(done["id"]).model_calls
    assert (call.output_tokens, call.cost_micros, call.currency) == (108_900, 1_633_500, "CNY")
    assert (done["cost_micros"], done["currency"]) == (1_633_500, "CNY")
    assert call.price == PRICES["*"]
    assert call.video_seconds is not None


def test_a_cancelled_clip_is_cancelled_at_the_service(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    provider.script(default={"states": ["queued"]})
    workers.start()
    job_id = wb.submit("test_video", profile="films").id
    until(lambda: wb.jobs.get(job_id).waiting_for == "provider", 60)
    wb.jobs.cancel(job_id)
    until(lambda: hurry(wb) or any(c["kind"] == "cancel" for c in provider.calls()), 60, "the cancel")
    assert wb.jobs.get(job_id).state == "cancelled"


def test_a_clip_cancelled_while_its_task_is_created_is_cancelled_at_the_service(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    """The service makes, and bills, what it was asked for, whether we wait for its answer or not."""
    provider.script(default={"states": ["queued"], "delay_ms": 1_500})
    workers.start()
    job_id = wb.submit("test_video", profile="films").id
    until(lambda: creates(provider) == 1, 60, "the create")
    wb.jobs.cancel(job_id)
    until(lambda: hurry(wb) or any(c["kind"] == "cancel" for c in provider.calls()), 60, "the cancel")
    assert wb.jobs.get(job_id).state == "cancelled"
    [call] = wb.jobs.get_detail(job_id).model_calls
    assert call.outcome == "ok"


def test_a_cancelled_clip_that_runs_on_is_paid_for_in_the_ledger(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    usage = {"completion_tokens": 100_000, "total_tokens": 100_000}
    provider.script(default={"states": ["running", "running", "succeeded"], "usage": usage})
    workers.start()
    job_id = wb.submit("test_video", profile="films").id
    until(lambda: wb.jobs.get(job_id).waiting_for == "provider", 60)
    wb.jobs.cancel(job_id)
    until(lambda: hurry(wb) or wb.jobs.get(job_id).cost_micros == 1_500_000, 60, "the cost")
    assert clips(wb) == 0
    assert not any(c["kind"] == "cancel" for c in provider.calls())


def test_a_download_that_fails_in_passing_is_tried_again_and_the_clip_not_made_again(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    provider.script(default={"media": {"status": 503}})
    workers.start()
    job_id = wb.submit("test_video", profile="films").id
    until(lambda: hurry(wb) or len(provider.fetches()) >= 3, 60, "three tries")
    provider.script(default={})
    assert ended(wb, job_id)["state"] == "succeeded"
    assert (creates(provider), clips(wb)) == (1, 1)


def test_a_key_that_is_refused_meanwhile_loses_no_paid_clip(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    provider.script(default={"polls": {"1": {"status": 401}, "2": {"status": 403}}})
    workers.start()
    done = ended(wb, wb.submit("test_video", profile="films").id)
    assert done["state"] == "succeeded", done["error"]
    assert (creates(provider), clips(wb)) == (1, 1)


def test_a_task_that_never_ends_is_given_up_in_the_end(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    provider.script(default={"states": ["running"]})
    workers.start()
    job_id = wb.submit("test_video", profile="films").id
    until(lambda: wb.jobs.get(job_id).waiting_for == "provider", 60)
    with wb.database.write() as conn:
        conn.execute(update(step).values(created_at=db_now_ms() - 49 * 3_600_000))
    done = ended(wb, job_id)
    assert (done["state"], done["error_kind"]) == ("failed", "timeout")


def test_a_link_to_a_private_address_is_refused_where_it_is_not_allowed(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    wb.profiles.update("films", params={"poll_ms": 50})
    workers.start()
    done = ended(wb, wb.submit("test_video", profile="films").id)
    assert (done["state"], done["error_kind"]) == ("failed", "media_download")
    assert "no public address" in done["error"]
    assert provider.fetches() == []


@pytest.mark.parametrize("point", ["call_answered", "task_submitted", "poll_answered", "before_finish"])
def test_veo_has_one_create_a_clip_and_a_person_is_asked_in_the_one_place_where_nobody_can_know(
    wb: Workbench, workers: Workers, tmp_path: Path, point: str
) -> None:
    """Gemini lists no tasks by which one could be found again (ADR 0018)."""
    with ScriptedGemini() as server:
        server.script({"file": tiny_mp4(seconds=4), "polls": 1})
        wb.profiles.add("veo", "gemini", base_url=server.url, video_model="veo", key=KEY)
        job_id = wb.submit("test_video", profile="veo", params={"about": "the sea"}).id
        dying = workers.start(REELWRIGHT_CRASH_AT=f"{point}@{tmp_path / 'died'}")
        until(lambda: not dying.is_alive() or hurry(wb), 60)
        workers.start()
        if point == "call_answered":
            until(lambda: wb.jobs.get(job_id).waiting_for == "decision", 60)
            done = wb.jobs.decide(job_id, "give_up")
            assert done.error_kind == "maybe_charged"
        else:
            done = ended(wb, job_id)
            assert done["state"] == "succeeded", done["error"]
        created = [c for c in server.calls if c["path"].endswith(":predictLongRunning")]
        assert (len(created), clips(wb)) == (1, 0 if point == "call_answered" else 1)
