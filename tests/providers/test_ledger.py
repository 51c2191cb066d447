"""The ledger and the service's own log, call for call and token for token, over a whole demo with faults on."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from tests.engine.conftest import Engine
from tests.scripted_provider import ScriptedProvider
from workbench import samples
from workbench.cli.demo_run import DemoRun
from workbench.db.schema import job, model_call
from workbench.providers.base import Message, OnDelta, Profile, TextReply, TextRequest
from workbench.providers.openai_compatible import OpenAICompatible
from workbench.settings import Settings

#: one answer's tokens, in the words of chats and of pictures
USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "input_tokens": 100, "output_tokens": 50, "total_tokens": 150}
PRICES = {"m": {"currency": "CNY", "input": 2, "output": 8}, "dall-e-3": {"currency": "CNY", "image": 0.2}}
TEXT_MICROS, IMAGE_MICROS = 100 * 2 + 50 * 8, 200_000
#: every so manieth text call is hit: refused, hinted to wait, empty, cut off midway, broken JSON, reset
FAULTS = {
    7: "503",
    11: '{"status": 429, "headers": {"retry-after": "0"}}',
    13: "empty",
    17: "half",
    19: "malformed",
    23: "reset",
}

_numbers = itertools.count(1)
_answers: dict[str, str] = {}


class Drafting(OpenAICompatible):
    """A real provider over HTTP; the service is told beforehand what a good answer would be, and when to misbehave."""

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        number = next(_numbers)
        fault = next((f for every, f in FAULTS.items() if number % every == 0), None)
        last = request.messages[-1]
        told = f"{last.content}\ncall {number}" + (f" [[fault:{fault}]]" if fault else "")
        assert request.draft is not None
        _answers[f"call {number}"] = request.draft()
        return await super().text(
            replace(request, messages=(*request.messages[:-1], Message(last.role, told))), on_delta
        )


def answer(request: dict[str, Any]) -> str:
    line = str(request["messages"][-1]["content"]).rsplit("\n", 1)[-1]
    return _answers[line.split(" [[")[0]]


@pytest.fixture
def server() -> Iterator[ScriptedProvider]:
    with ScriptedProvider(answer=answer) as made:
        made.script(default={"usage": USAGE})
        yield made


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    made = Engine(settings, make_provider=_provider)
    yield made
    made.close()


def _provider(profile: Profile) -> Any:
    return Drafting(profile)


def test_ledger_and_log_agree_over_a_demo_with_faults(engine: Engine, server: ScriptedProvider) -> None:
    engine.wb.profiles.add(
        "mine", "openai", base_url=server.url, text_model="m", image_model="dall-e-3", params={"prices": PRICES}
    )
    ended = threading.Event()

    def work() -> None:
        with ThreadPoolExecutor(4) as pool:
            for turn in itertools.count():
                if ended.wait(0.02):
                    break
                while engine.mail:
                    pool.submit(engine.worker.run, engine.mail.popleft())
                # what every turn would look for takes as long as the jobs
                if turn % 10 == 0:
                    engine.worker.runner.heartbeat()
                    engine.worker.maintain()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        brief = samples.load("gift-of-the-magi.en")
        # a demo started again goes on where its failures left it
        assert any(DemoRun(engine.wb).make(brief, "mine") for _ in range(12))
    finally:
        ended.set()
        worker.join()

    log = {c["call_id"]: c for c in server.calls()}
    with engine.wb.database.read() as conn:
        ledger = {r["call_id"]: dict(r) for r in conn.execute(select(model_call)).mappings()}
        jobs = [dict(r) for r in conn.execute(select(job).where(job.c.profile_id.isnot(None))).mappings()]

    assert len(log) > 80
    assert set(ledger) == set(log)
    assert len(server.calls()) == len(log)
    faults = Counter(c["outcome"] for c in log.values())
    assert {"503", "429", "half", "dropped"} & set(faults)
    for call_id, told in log.items():
        kept = ledger[call_id]
        if told["outcome"] == "ok":
            assert (kept["input_tokens"], kept["output_tokens"]) == (100, 50), kept
            assert kept["cost_micros"] == (IMAGE_MICROS if told["kind"] == "image" else TEXT_MICROS)
            assert (kept["currency"], kept["price_source"]) == ("CNY", "user")
        else:
            assert (kept["outcome"], kept["input_tokens"], kept["cost_micros"]) == ("error", None, None)
    answered = [told["kind"] for told in log.values() if told["outcome"] == "ok"]
    total = sum(IMAGE_MICROS if kind == "image" else TEXT_MICROS for kind in answered)
    assert sum(k["cost_micros"] or 0 for k in ledger.values()) == total
    assert sum(j["cost_micros"] or 0 for j in jobs) == total
    assert sum(j["input_tokens"] or 0 for j in jobs) == 100 * len(answered)
    by_job: dict[int, int] = {}
    for kept in ledger.values():
        by_job[kept["job_id"]] = by_job.get(kept["job_id"], 0) + (kept["cost_micros"] or 0)
    assert by_job == {j["id"]: j["cost_micros"] or 0 for j in jobs if j["id"] in by_job}
    assert {json.dumps(k["price"], sort_keys=True) for k in ledger.values() if k["price"]} == {
        json.dumps(p, sort_keys=True) for p in PRICES.values()
    }
