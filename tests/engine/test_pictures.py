"""Pictures as paid steps: bytes in the store before the step is done, several at once, and whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from tests.engine.conftest import Engine, Workers, in_background, until
from tests.engine.jobs_for_tests import tiny_png
from tests.engine.test_tasks import VideoService
from tests.scripted_provider import ScriptedProvider
from workbench import crash
from workbench.api.client import Workbench
from workbench.db.connection import db_now_ms
from workbench.db.schema import job
from workbench.db.tables import metadata
from workbench.errors import LostClaim, ProviderError
from workbench.i18n import Text
from workbench.settings import Settings

FIVE = ["red", "green", "blue", "white", "black"]
KEY = "sk-canary0123456789abcdef"


@pytest.fixture
def service(tmp_path: Path) -> VideoService:
    return VideoService(tmp_path / "service.log")


@pytest.fixture
def studio(settings: Settings, service: VideoService) -> Iterator[Engine]:
    made = Engine(settings, make_provider=service)
    yield made
    made.close()


def die_at(monkeypatch: pytest.MonkeyPatch, engine: Engine, place: str, nth: int = 1) -> None:
    """The worker ends at a crash point, as far as the database can tell."""
    seen = 0

    def point(name: str) -> None:
        nonlocal seen
        seen += name == place
        if name == place and seen == nth:
            raise LostClaim(Text("the process ended here"))

    with monkeypatch.context() as patch:
        patch.setattr(crash, "point", point)
        engine.deliver()
    with engine.wb.database.write() as conn:
        conn.execute(update(job).where(job.c.state == "running").values(lease_until=db_now_ms() - 1))
    engine.worker.maintain()


def steps(engine: Engine, job_id: int) -> dict[str, Any]:
    return {s.name: s for s in engine.wb.jobs.get_detail(job_id).steps}


# -- whatever dies -----------------------------------------------------------------------------------------------------


def test_a_paid_call_whose_picture_was_not_committed_asks_first(
    studio: Engine, service: VideoService, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = studio.wb.submit("test_image")
    die_at(monkeypatch, studio, "call_answered")
    studio.deliver()
    asked = studio.wb.jobs.get(made.id)
    assert (asked.state, asked.waiting_for, service.calls("image")) == ("waiting", "decision", 1)
    studio.wb.jobs.decide(made.id, "send_again")
    assert studio.finish(made.id).state == "succeeded"
    assert service.calls("image") == 2


def test_a_free_drawing_is_simply_drawn_again_and_is_the_same(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = engine.finish(engine.wb.submit("test_image", params={"about": "x"}).id).result["frames"]
    made = engine.wb.submit("test_image", params={"about": "y"})
    die_at(monkeypatch, engine, "call_answered")
    done = engine.finish(made.id)
    assert (done.state, done.claim) == ("succeeded", 2)
    assert done.result["frames"] == plain
    assert [c.outcome for c in engine.wb.jobs.get_detail(made.id).model_calls] == ["lost", "ok"]


@pytest.mark.parametrize("nth", [1, 3, 5])
def test_what_was_drawn_before_a_crash_is_not_paid_again(
    studio: Engine, service: VideoService, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    made = studio.wb.submit("test_image", params={"colours": FIVE, "limit": 1})
    die_at(monkeypatch, studio, "step_done", nth)
    assert service.calls("image") == nth
    done = studio.finish(made.id)
    assert done.state == "succeeded"
    assert service.calls("image") == 5
    assert [service.calls(f"a lighthouse in {c}") for c in FIVE] == [1] * 5


@pytest.mark.parametrize(
    ("point", "calls"), [("step_sent", 1), ("call_opened", 0), ("call_answered", 1), ("step_done", 1), ("finished", 1)]
)
def test_a_killed_worker_never_makes_a_paid_picture_twice(
    wb: Workbench, workers: Workers, provider: ScriptedProvider, tmp_path: Path, point: str, calls: int
) -> None:
    wb.profiles.add("paint", "openai", base_url=provider.url, text_model="t", image_model="gpt-image-1", key=KEY)
    made = wb.submit("test_image", profile="paint")
    dying = workers.start(REELWRIGHT_CRASH_AT=f"{point}@{tmp_path / 'died'}")
    dying.gone()
    workers.start()
    # a call that was not opened was not sent; of one that was, nobody knows
    if point in ("call_opened", "call_answered"):
        until(lambda: wb.jobs.get(made.id).waiting_for == "decision", 60)
        assert len(provider.calls()) == calls
        wb.jobs.decide(made.id, "send_again")
        calls += 1
    done = wb.wait(made.id, timeout=240)
    assert (done.state, len(provider.calls())) == ("succeeded", calls)
    assert wb.media.path(done.result["frames"][0]).exists()


def test_a_worker_killed_while_it_draws_for_free_loses_nothing(wb: Workbench, workers: Workers) -> None:
    made = wb.submit("test_image", params={"colours": FIVE * 4, "limit": 1})
    worker = workers.start(REELWRIGHT_SIMULATE="latency_ms=40")
    until(lambda: len(wb.jobs.get_detail(made.id).steps) > 3, 60)
    os.kill(worker.pid, signal.SIGKILL)
    worker.gone()
    drawn = sum(s.state == "done" for s in wb.jobs.get_detail(made.id).steps)
    workers.start()
    done = wb.wait(made.id, timeout=240)
    assert done.state == "succeeded"
    calls = wb.jobs.get_detail(made.id).model_calls
    assert sum(c.outcome == "ok" for c in calls) == 20
    assert len(calls) <= 21
    assert drawn < 20
    assert len(set(done.result["frames"])) == 5


# -- several at once ---------------------------------------------------------------------------------------------------


def test_several_at_once_keep_their_order_and_their_own_results(studio: Engine, service: VideoService) -> None:
    service.image_s = 0.02
    done = studio.finish(studio.wb.submit("test_image", params={"colours": FIVE, "limit": 5}).id)
    kept = steps(studio, done.id)
    assert [(name, s["position"]) for name, s in kept.items()] == [(f"frame-{n}", n + 1) for n in range(5)]
    assert [s["output"]["images"][0]["media"] for s in kept.values()] == done.result["frames"]
    assert len(set(done.result["frames"])) == 5
    calls = studio.wb.jobs.get_detail(done.id).model_calls
    assert {c.step for c in calls} == set(kept)
    assert done.input_tokens == 50


def test_one_that_waits_for_a_decision_lets_the_others_come_to_their_end(studio: Engine, service: VideoService) -> None:
    service.fail_images = {"green": ProviderError("overloaded", Text("gateway"), http_status=504)}
    service.image_s = 0.05
    made = studio.wb.submit("test_image", params={"colours": FIVE, "limit": 3}, max_attempts=3)
    until(lambda: (studio.worker.maintain(), studio.deliver(), studio.wb.jobs.get(made.id).state == "waiting")[-1])
    assert studio.wb.jobs.get(made.id).waiting_for == "decision"
    assert service.calls("image") == 5
    assert {n: s["state"] for n, s in steps(studio, made.id).items()} == {
        "frame-0": "done",
        "frame-1": "maybe_charged",
        "frame-2": "done",
        "frame-3": "done",
        "frame-4": "done",
    }
    service.fail_images = {}
    studio.wb.jobs.decide(made.id, "send_again")
    assert studio.finish(made.id).state == "succeeded"
    assert service.calls("image") == 6


def test_a_final_refusal_stops_what_has_not_begun(studio: Engine, service: VideoService) -> None:
    service.fail_images = {"green": ProviderError("auth", Text("no"), http_status=401)}
    done = studio.finish(studio.wb.submit("test_image", params={"colours": FIVE, "limit": 1}).id)
    assert service.calls("image") == 2
    assert done.result["frames"][1:] == ["auth"] * 4


def test_a_refused_picture_is_not_asked_for_again_by_the_same_job(studio: Engine, service: VideoService) -> None:
    service.fail_images = {
        "green": ProviderError("content_filter", Text("no lamps"), http_status=400),
        "blue": ProviderError("rate_limit", Text("busy"), http_status=429),
    }
    made = studio.wb.submit("test_image", params={"colours": FIVE}, max_attempts=3)
    assert studio.finish(made.id).error_kind == "rate_limit"
    assert service.calls("a lighthouse in green") == 1
    assert service.calls("a lighthouse in blue") == 3
    again = studio.wb.jobs.retry(made.id)
    service.fail_images = {}
    assert studio.finish(again.id).state == "succeeded"
    assert service.calls("a lighthouse in green") == 2
    assert service.calls("a lighthouse in red") == 1


def test_a_cancel_ends_all_of_them_and_counts_each_call(studio: Engine, service: VideoService) -> None:
    service.image_s = 30
    made = studio.wb.submit("test_image", params={"colours": FIVE, "limit": 3})
    thread = in_background(studio.deliver)
    until(lambda: service.calls("image") == 3)
    studio.wb.jobs.cancel(made.id)
    studio.worker.runner.heartbeat()
    thread.join(120)
    assert studio.wb.jobs.get(made.id).state == "cancelled"
    assert service.calls("image") == 3
    calls = studio.wb.jobs.get_detail(made.id).model_calls
    assert [(c.outcome, c.error_kind) for c in calls] == [("error", "cancelled")] * 3


@pytest.mark.parametrize(("again", "calls"), [("the same", 5), ("by another model", 8)])
def test_what_was_drawn_before_a_cancel_is_not_drawn_again_when_it_is_run_anew(
    engine: Engine, provider: ScriptedProvider, again: str, calls: int
) -> None:
    project = engine.wb.create_project({"title": "The Salt Lighthouse", "language": "en"})
    profile = paint(engine, provider)
    provider.script(nth={"4": {"delay_ms": 20_000}})
    asked = {"colours": FIVE[:4], "limit": 1}
    first = engine.wb.submit("test_image", project, asked, profile=profile)
    thread = in_background(engine.deliver)
    until(lambda: len(provider.calls()) == 4)
    engine.wb.jobs.cancel(first.id)
    engine.worker.runner.heartbeat()
    thread.join(120)
    assert engine.wb.jobs.get(first.id).state == "cancelled"

    provider.script()
    if again == "by another model":
        engine.wb.profiles.update(profile, image_model="gpt-image-2")
    done = engine.finish(engine.wb.submit("test_image", project, asked, profile=profile).id)
    assert (done.state, len(done.result["frames"])) == ("succeeded", 4)
    assert len(provider.calls()) == calls


def test_a_shutdown_while_free_pictures_are_drawn_puts_the_job_back(settings: Settings, tmp_path: Path) -> None:
    engine = Engine(settings.model_copy(update={"simulate": "latency_ms=30000"}))
    made = engine.wb.submit("test_image", params={"colours": FIVE})
    thread = in_background(engine.deliver)
    until(lambda: len(engine.wb.jobs.get_detail(made.id).model_calls) == 2)
    engine.worker.runner.stop()
    thread.join(120)
    assert engine.wb.jobs.get(made.id).state == "queued"
    engine.close()
    quick = Engine(settings)
    with quick.wb.database.write() as conn:
        conn.execute(update(job).values(dispatched_at=None, available_at=db_now_ms()))
    quick.worker._dispatcher.kick()
    assert quick.finish(made.id).state == "succeeded"
    quick.close()


def test_nothing_that_a_workflow_began_goes_on_after_its_end(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio
    from dataclasses import replace

    from workbench.workflows import registry

    ended: list[str] = []

    async def careless(ctx: Any, params: Any) -> None:
        async def left_behind() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append("stopped")
                raise

        ctx.kept = asyncio.ensure_future(left_behind())
        await asyncio.sleep(0)
        raise ProviderError("auth", Text("no"))

    monkeypatch.setitem(registry._workflows, "test_nothing", replace(registry.find("test_nothing"), run=careless))
    assert engine.finish(engine.wb.submit("test_nothing").id).state == "failed"
    assert ended == ["stopped"]


# -- a real service ----------------------------------------------------------------------------------------------------


def paint(engine: Engine, provider: ScriptedProvider, model: str = "gpt-image-1", **params: Any) -> str:
    name = f"paint-{len(engine.wb.profiles.list())}"
    engine.wb.profiles.add(
        name, "openai", base_url=provider.url, text_model="t", image_model=model, key=KEY, params=params
    )
    return name


def every_row(engine: Engine) -> str:
    with engine.wb.database.read() as conn:
        return json.dumps(
            [
                [list(r) for r in conn.execute(table.select())]
                for table in metadata.sorted_tables
                if table.name != "profile"
            ],
            default=str,
        )


def test_a_paid_picture_is_in_the_store_and_its_price_in_the_ledger(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"usage": {"input_tokens": 50, "output_tokens": 1500}})
    profile = paint(engine, provider, prices={"gpt-image-1": {"currency": "CNY", "image": 0.28}})
    done = engine.finish(engine.wb.submit("test_image", profile=profile).id)
    [call] = engine.wb.jobs.get_detail(done.id).model_calls
    assert (call.capability, call.images, call.input_tokens, call.output_tokens) == ("image", 1, 50, 1500)
    assert (call.cost_micros, call.currency, call.price_source) == (280_000, "CNY", "user")
    assert (done.cost_micros, done.currency) == (280_000, "CNY")
    kept = engine.wb.media.get(done.result["frames"][0])
    assert (kept.width, kept.height, kept.mime) == (1536, 1024, "image/webp")
    [kept_step] = engine.wb.jobs.get_detail(done.id).steps
    assert kept_step.cost_micros == 280_000
    assert kept_step.output["images"][0]["model"] == "gpt-image-1"
    told = every_row(engine)
    assert not any(word in told for word in ("base64", "b64_json", "iVBOR", "UklGR", "/media/"))


def test_a_picture_without_a_known_price_is_not_said_to_be_free(engine: Engine, provider: ScriptedProvider) -> None:
    done = engine.finish(engine.wb.submit("test_image", profile=paint(engine, provider)).id)
    [call] = engine.wb.jobs.get_detail(done.id).model_calls
    assert (call.cost_micros, call.currency, done.cost_micros) == (None, None, None)


def test_a_link_is_followed_at_once_without_the_key(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"image_url": True})
    profile = paint(engine, provider, "qwen-image", allow_private_media=True)
    done = engine.finish(engine.wb.submit("test_image", profile=profile).id)
    assert done.state == "succeeded"
    [fetched] = provider.fetches()
    assert KEY not in json.dumps(fetched)
    assert engine.wb.media.get(done.result["frames"][0]).kind == "image"
    told = every_row(engine)
    assert "/media/" not in told
    assert "sig=" not in told


@pytest.mark.parametrize(
    ("media", "private", "reason"),
    [
        ({}, False, "no public address"),
        ({"status": 403, "body": b"expired"}, True, "answered 403"),
        ({"body": b"<html>gone</html>"}, True, "no PNG, JPEG or WebP"),
        ({"body": tiny_png()[:60]}, True, "cut off"),
    ],
)
def test_a_link_that_brings_no_picture_is_told_and_was_paid(
    engine: Engine, provider: ScriptedProvider, media: dict[str, Any], private: bool, reason: str
) -> None:
    provider.script(default={"image_url": True, "usage": {"input_tokens": 5, "output_tokens": 9}}, media=media)
    prices = {"*": {"image": 0.5}}
    profile = paint(engine, provider, "qwen-image", allow_private_media=private, prices=prices)
    done = engine.finish(engine.wb.submit("test_image", profile=profile, max_attempts=3).id)
    assert (done.state, done.error_kind) == ("failed", "media_download")
    assert reason in done.error
    [call] = engine.wb.jobs.get_detail(done.id).model_calls
    assert (call.outcome, call.error_kind, call.cost_micros) == ("error", "media_download", 500_000)
    assert len(provider.calls()) == 1
    assert len(provider.fetches()) == private
    # the link, that is: a traceback names our own media/ too
    assert not re.search(r"\d/media/|sig=", every_row(engine))


def test_a_service_that_knows_no_base64_is_asked_twice_and_both_are_in_the_ledger(
    engine: Engine, provider: ScriptedProvider
) -> None:
    provider.script(default={"reject": ["response_format"], "image_url": True})
    profile = paint(engine, provider, "other-image", allow_private_media=True)
    done = engine.finish(engine.wb.submit("test_image", profile=profile).id)
    assert done.state == "succeeded"
    assert [c.outcome for c in engine.wb.jobs.get_detail(done.id).model_calls] == ["error", "ok"]
    assert len(provider.calls()) == 2


def test_a_text_in_place_of_a_picture_is_shown_and_not_paid_twice(engine: Engine, provider: ScriptedProvider) -> None:
    said = {
        "choices": [{"message": {"content": "I cannot draw that."}}],
        "usage": {"input_tokens": 5, "output_tokens": 9},
    }
    provider.script(default={"body": said})
    prices = {"*": {"input": 1_000_000, "output": 1_000_000}}
    done = engine.finish(
        engine.wb.submit("test_image", profile=paint(engine, provider, prices=prices), max_attempts=3).id
    )
    assert (done.state, done.error_kind) == ("failed", "malformed_output")
    assert done.error is not None
    assert done.error.endswith("I cannot draw that.")
    assert len(provider.calls()) == 1
    [call] = engine.wb.jobs.get_detail(done.id).model_calls
    assert (call.input_tokens, call.output_tokens) == (5, 9)


def test_an_empty_answer_is_asked_for_once_more_and_then_told(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"no_image": True})
    done = engine.finish(engine.wb.submit("test_image", profile=paint(engine, provider), max_attempts=3).id)
    assert (done.state, done.error_kind) == ("failed", "empty_output")
    assert len(provider.calls()) == 2


def test_a_withheld_picture_tells_the_services_reason(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"image_error": {"code": "OutputImageSensitiveContentDetected", "message": "too dark"}})
    done = engine.finish(engine.wb.submit("test_image", profile=paint(engine, provider)).id)
    assert (done.state, done.error_kind) == ("failed", "content_filter")
    assert "too dark" in done.error
    assert len(provider.calls()) == 1


def test_a_profile_without_an_image_model_is_told_so_without_a_call(engine: Engine, provider: ScriptedProvider) -> None:
    engine.wb.profiles.add("texts", "openai", base_url=provider.url, text_model="t", key=KEY)
    done = engine.finish(engine.wb.submit("test_image", profile="texts").id)
    assert (done.state, done.error_kind) == ("failed", "not_found_model")
    assert provider.calls() == []


# -- clips -------------------------------------------------------------------------------------------------------------


def test_a_free_clip_is_there_at_once_and_alike(engine: Engine) -> None:
    first = engine.finish(engine.wb.submit("test_video").id)
    second = engine.finish(engine.wb.submit("test_video", params={"about": "a storm"}).id)
    assert first.state == "succeeded"
    assert first.result == second.result
    assert first.result | {"media": ""} == {
        "media": "",
        "width": 640,
        "height": 360,
        "seconds": 2.0,
        "model": "sketch-1",
    }
    assert engine.wb.media.get(first.result["media"]).seconds == 2.0
    [call] = engine.wb.jobs.get_detail(first.id).model_calls
    assert (call.capability, call.video_seconds, call.cost_micros, call.outcome) == ("video", 2, 0, "ok")


def test_a_finished_clip_that_is_no_clip_fails_the_job_with_its_reason(studio: Engine, service: VideoService) -> None:
    from tests.engine.test_tasks import due_now
    from workbench.providers.base import GeneratedMedia, TaskState

    made = studio.wb.submit("test_video")
    studio.deliver()
    service.states = [TaskState("succeeded", GeneratedMedia(b"<html>expired</html>"))]
    due_now(studio)
    done = studio.finish(made.id)
    assert done.state == "failed"
    assert "no MP4" in done.error


def test_the_table_of_media_is_empty_until_something_is_kept(engine: Engine) -> None:
    count = text("SELECT count(*) FROM media")
    with engine.wb.database.read() as conn:
        assert conn.execute(count).scalar_one() == 0
    engine.finish(engine.wb.submit("test_image", params={"colours": ["red", "red", "blue"]}).id)
    with engine.wb.database.read() as conn:
        assert conn.execute(count).scalar_one() == 2
