"""Lists that go on page by page: a job's events, a group's failures, what alerts noticed. (Calls: test_analytics.)"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from tests.pages.conftest import House, said
from workbench.db.schema import alert, job, job_event
from workbench.db.schema import failure as failed
from workbench.ui import illustrations
from workbench.ui.debug import failure
from workbench.ui.jobs import events
from workbench.ui.settings import alerts

CHAT = {"messages": [{"role": "user", "content": "What does the lamp say?"}]}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_events_of_a_job_go_on(house: House, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    drawn: list[list[str]] = []
    monkeypatch.setattr(illustrations, "events", lambda moments: drawn.append([m.text for m in moments]))
    monkeypatch.setattr(events, "PAGE", 4)
    ended = house.run("llm_chat", None, CHAT)
    with house.wb.database.write() as conn:
        common = {"job_id": ended.id, "at": 5, "level": "info"}
        conn.execute(insert(job_event), [common | {"message": f"e{n}"} for n in range(9)])
    at = house.page("job", lang, id=ended.id)
    assert drawn[-1] == ["e5", "e6", "e7", "e8"]
    at.button(key="older_events").click().run()
    assert drawn[-1] == ["e1", "e2", "e3", "e4"]
    at.button(key="older_events").click().run()
    assert not at.exception
    assert drawn[-1][-1] == "e0"
    while not at.button(key="older_events").disabled:
        at.button(key="older_events").click().run()
    at.button(key="newest_events").click().run()
    assert drawn[-1] == ["e5", "e6", "e7", "e8"]


def test_the_failures_of_a_group_go_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure, "PAGE", 2)
    row = {
        "kind": "llm_chat", "queue": "text", "title": "t", "params": CHAT, "params_hash": "h", "max_attempts": 1,
        "available_at": 1, "created_at": 1, "finished_at": 9, "state": "failed", "error_kind": "network",
        "error": "no way", "error_fingerprint": "same",
    }  # fmt: skip
    with house.wb.database.write() as conn:
        conn.execute(insert(job), [row | {"id": 900 + n} for n in range(5)])
        of_group = {"fingerprint": "same", "finished_at": 9, "kind": "llm_chat", "params_hash": "h"}
        conn.execute(insert(failed), [of_group | {"job_id": 900 + n} for n in range(5)])
    at = house.page("debug", period="all", group="same")
    assert not at.exception

    def offered() -> list[str]:
        return [option.split(" ")[0] for option in at.selectbox(key="failure_same").options]

    assert offered() == ["904", "903"]
    at.button(key="older_failures").click().run()
    assert offered() == ["902", "901"]
    assert "2 older ones of 5 failures" in said(at)
    at.button(key="older_failures").click().run()
    assert offered() == ["900"]
    assert at.button(key="older_failures").disabled
    at.button(key="close_same").click().run()
    assert "older_failures" not in at.query_params


def test_what_alerts_noticed_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "PAGE", 2)
    rule = house.wb.alerts.add_rule("spend_day", 5_000_000, currency="CNY").id
    with house.wb.database.write() as conn:
        for n in range(5):
            values: dict[str, Any] = {
                "rule_id": rule,
                "subject": f"s{n}",
                "raised_at": n,
                "held_at": n,
                "times": 0,
                "value": n,
            }
            ended = None if n == 1 else 9
            conn.execute(insert(alert).values(values | {"ended_at": ended, "told": True}))
    listed = [a.id for a in house.wb.alerts.list()]
    pages, last = [], None
    while page := house.wb.alerts.list(2, last):
        pages.append([a.id for a in page])
        last = page[-1].id
    assert [i for own in pages for i in own] == listed
    assert [*map(len, pages)] == [2, 2, 1]
    at = house.page("settings")
    at.button(key="older_alerts").click().run()
    at.button(key="older_alerts").click().run()
    assert not at.exception
    assert at.button(key="older_alerts").disabled
