"""Clips of Gemini through the engine: made once, kept, and explained."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from tests.engine.conftest import Engine
from tests.media.clips import tiny_mp4
from tests.providers.conftest import KEY
from tests.scripted_gemini import ScriptedGemini
from workbench.db.connection import db_now_ms
from workbench.db.schema import step
from workbench.i18n import Text, translate
from workbench.jobs.poller import Poller
from workbench.settings import Settings


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    made = Engine(settings)
    yield made
    made.close()


def test_a_clip_that_comes_slower_than_a_poll_is_made_once_and_kept(
    server: ScriptedGemini, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poller, "POLL_DEADLINE_MS", 400)
    server.script({"file": tiny_mp4(seconds=4), "file_delay_ms": 900})
    engine.wb.profiles.add(
        "veo", "gemini", base_url=server.url, key=KEY, text_model="gemini-x", video_model="veo", params={"poll_ms": 10}
    )
    job_id = engine.wb.submit("test_video", profile="veo").id
    engine.deliver()
    with engine.wb.database.write() as conn:
        conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))

    done = engine.finish(job_id)

    assert (done.state, done.result["seconds"]) == ("succeeded", 4.0)
    assert [c["path"].rpartition("/")[2] for c in server.calls] == ["veo:predictLongRunning", "op-1", "clip.mp4"]


def test_a_page_in_place_of_a_poll_loses_no_clip(server: ScriptedGemini, engine: Engine) -> None:
    engine.wb.profiles.add("veo", "gemini", base_url=server.url, key=KEY, text_model="gemini-x", video_model="veo")
    job_id = engine.wb.submit("test_video", profile="veo").id
    engine.deliver()
    for script in ({"html": True}, {"file": tiny_mp4(seconds=4)}):
        server.script(script)
        with engine.wb.database.write() as conn:
            conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))
        engine.worker.maintain()

    assert engine.finish(job_id).state == "succeeded"


def test_why_a_clip_was_withheld_is_told_in_chinese_too(server: ScriptedGemini, engine: Engine) -> None:
    server.script({"operation": {"response": {"raiMediaFilteredReasons": ["a celebrity"]}}})
    engine.wb.profiles.add("veo", "gemini", base_url=server.url, key=KEY, text_model="gemini-x", video_model="veo")
    job_id = engine.wb.submit("test_video", profile="veo").id
    engine.deliver()
    with engine.wb.database.write() as conn:
        conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))

    done = engine.finish(job_id)

    assert (done.state, done.error_kind) == ("failed", "content_filter")
    assert translate(Text.from_json(done.error_i18n), "zh") == "内容审核拦下了生成的视频：a celebrity"
