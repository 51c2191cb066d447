"""The cards, pills and acts above the list of jobs."""

from __future__ import annotations

import time
from typing import Any

import pytest
from streamlit.proto.Metric_pb2 import Metric as MetricProto

from tests.pages.conftest import House, said
from tests.pages.test_analytics import add_call, metric
from workbench.db.reads.filing import ENGLISH_BELOW
from workbench.db.writes import alerts, installation
from workbench.ui import live
from workbench.ui.jobs import board

CHAT = {"messages": [{"role": "user", "content": "What does the lamp say?"}]}


def test_the_cards_follow_the_states_as_every_other_filter(house: House) -> None:
    for _ in range(2):
        assert house.run("llm_chat", None, CHAT).state == "succeeded"
    waiting = house.wb.submit("llm_chat", None, CHAT).id
    house.wb.jobs.cancel(waiting)
    for state, done in ((None, "2"), ("succeeded", "2"), ("cancelled", "0"), ("running", "0")):
        at = house.page("jobs", **({"state": state} if state else {}))
        assert not at.exception
        assert metric(at, "Done in 24 h").value == done


@pytest.mark.parametrize("name", ["jobs", "analytics"])
def test_costs_in_two_currencies_are_compared_at_the_set_rate(house: House, name: str) -> None:
    job = house.run("llm_chat", None, CHAT).id
    now = round(time.time() * 1000)
    house.wb.budgets.set_exchange_rate("7")
    before = now - (30 * 24 if name == "analytics" else 24) * 3_600_000 - 3_600_000
    for call, at, micros, currency in (
        ("a", now - 60_000, 3_000_000, "CNY"), ("b", now - 60_000, 1_000_000, "USD"), ("c", before, 5_000_000, "CNY"),
    ):  # fmt: skip
        add_call(house, call, at, micros, currency=currency, job_id=job)
    card = metric(house.page(name), "Cost in 24 h" if name == "jobs" else "Cost")
    assert (card.value, card.delta) == ("¥3.00", "+100.0% · + $1.00")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_behind_filters_the_cards_say_that_jobs_were_pruned(house: House, lang: str) -> None:
    jobs = [house.run("llm_chat", None, CHAT).id for _ in range(3)]
    for n, job in enumerate(jobs):
        add_call(house, str(n), round(time.time() * 1000) - 1_000, 1_000_000, job_id=job)
    house.wb.settings.prune(keep_last=0)
    assert [job.id for job in house.wb.jobs.list()] == jobs[-1:]
    done, cost = ("Done in 24 h", "Cost in 24 h") if lang == "en" else ("24 小时完成", "24 小时费用")
    for query, amount, words in (
        ({}, "¥3.00", None), ({"kind": "llm_chat"}, "¥3.00", None),
        ({"state": "succeeded"}, "¥1.00", "cost is of the others" if lang == "en" else "费用只含其余任务"),
        ({"q": "lamp"}, "¥1.00", "cards tell of the others" if lang == "en" else "数字只含其余任务"),
    ):  # fmt: skip
        at = house.page("jobs", lang, **query)
        assert not at.exception
        assert metric(at, cost).value == amount
        assert metric(at, done).value == ("1" if "q" in query else "3")
        told = [word for word in ("pruned", "清理") if word in said(at)]
        assert bool(told) == (words is not None)
        assert words is None or words in said(at)


def test_a_cost_that_fell_has_an_arrow_down_whatever_else_stands_beside_it(house: House) -> None:
    job = house.run("llm_chat", None, CHAT).id
    now = round(time.time() * 1000)
    for call, at, micros, currency in (
        ("a", now - 60_000, 3_000_000, "CNY"), ("b", now - 60_000, 462_690_000, "USD"),
        ("c", now - 25 * 3_600_000, 900_000_000, "USD"),
    ):  # fmt: skip
        add_call(house, call, at, micros, currency=currency, job_id=job)
    card = metric(house.page("jobs"), "Cost in 24 h")
    assert card.delta == "-48.5% · + $463"
    assert card.proto.direction == MetricProto.MetricDirection.DOWN


def test_what_is_searched_by_words_is_counted_up_to_a_number_and_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        house.run("llm_chat", None, CHAT)
    monkeypatch.setattr(board, "MOST_COUNTED", 3)
    at = house.page("jobs", q="lamp")
    [states] = [pills for pills in at.pills if pills.label == "State"]
    assert any("Succeeded **3+**" in option for option in states.options)
    # without words all are counted
    at = house.page("jobs")
    [states] = [pills for pills in at.pills if pills.label == "State"]
    assert any("Succeeded **3**" in option for option in states.options)


@pytest.mark.parametrize(("lang", "words"), [("en", "still being filed"), ("zh", "仍在归档")])
def test_a_search_says_while_older_jobs_are_filed_anew_and_no_longer(house: House, lang: str, words: str) -> None:
    house.run("llm_chat", None, CHAT)
    house.engine.run_maintenance()
    with house.wb.database.write() as conn:
        installation.set_meta(conn, ENGLISH_BELOW, "1000")
    assert words in said(house.page("jobs", lang, q="lamp"))
    assert words not in said(house.page("jobs", lang))
    house.engine.run_maintenance()
    live.invalidate()
    assert words not in said(house.page("jobs", lang, q="lamp"))


@pytest.mark.parametrize(("lang", "name"), [("en", "Submitted"), ("zh", "提交时间")])
def test_the_filter_by_when_jobs_were_submitted_is_called_so(house: House, lang: str, name: str) -> None:
    house.run("llm_chat", None, CHAT)
    assert house.page("jobs", lang).segmented_control(key="filter_period").label == name


def test_an_alert_that_holds_stands_on_the_board_until_it_was_seen(house: House) -> None:
    house.run("llm_chat", None, CHAT)
    add_call(house, "dear", round(time.time() * 1000), 9_000_000)
    house.wb.alerts.add_rule("spend_day", 5_000_000, currency="CNY")
    house.engine.maintain()
    at = house.page("jobs")
    assert "5.00" in " ".join(str(w.value) for w in at.warning), said(at)


def test_a_mark_behind_which_no_call_stands_leaves_the_page_there(house: House) -> None:
    add_call(house, "one", round(time.time() * 1000), 1_000_000, created_by="ada")
    at: Any = house.page("analytics", user="lin")
    assert not at.exception
    assert metric(at, "Calls").value == "0"
    at.button(key="clear_user").click().run()
    assert metric(at, "Calls").value == "1"


@pytest.mark.parametrize(
    ("typed", "address", "form"),
    [
        (12_345.67, "12345.67", "%.2f"), (1_234_567.0, "1234567", "%.0f"), (0.005, "0.005", "%.3f"),
        (0.000001, "0.000001", "%.6f"), (100_000_000_000.0, "100000000000", "%.0f"), (0.0, "0", "%.0f"),
    ],
)  # fmt: skip
def test_a_number_to_filter_by_stays_as_it_was_typed(house: House, typed: float, address: str, form: str) -> None:
    house.run("llm_chat", None, CHAT)
    at = house.page("jobs")
    for name in ("cost", "run"):
        at.number_input(key=f"filter_{name}").set_value(typed).run()
        assert not at.exception
        assert at.query_params[name] == address
        field = at.number_input(key=f"filter_{name}")
        assert (field.value, field.proto.format) == (typed, form)
        at.number_input(key=f"filter_{name}").set_value(None).run()
        assert name not in at.query_params


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [("en", "at most 400 characters; these are 454"), ("zh", "最多搜索 400 个字符；这里有 454 个")],
)
def test_more_words_than_can_be_looked_for_are_refused_in_a_sentence(house: House, lang: str, sentence: str) -> None:
    house.run("llm_chat", None, {"messages": [{"role": "user", "content": "w" * 450 + "END1"}]})
    at = house.page("jobs", lang, q="w" * 450 + "END2")
    assert not at.exception
    assert sentence in " ".join(str(e.value) for e in at.error)
    # the words can be changed
    at.text_input(key="filter_q").set_value("w" * 20).run()
    assert not at.error


def test_of_many_alerts_a_few_stand_above_and_the_rest_are_seen_together(house: House) -> None:
    house.wb.alerts.add_rule("worker_gone")
    with house.wb.database.write() as conn:
        for number in range(5):
            alerts.note_gone(conn, f"host{number}")
    at = house.page("jobs")
    assert not at.exception
    banners = [w.value for w in at.warning]
    assert [f"host{n}" in banner for n, banner in enumerate(banners)] == [True] * 3
    shown = house.wb.alerts.list_shown()
    assert "and 2 more" in said(at)
    at.button(key=f"alert_seen_{shown[3].id}").click().run()
    assert [a.id for a in house.wb.alerts.list_shown()] == [a.id for a in shown[:3]]
    at.button(key=f"alert_seen_{shown[0].id}").click().run()
    assert [a.id for a in house.wb.alerts.list_shown()] == [a.id for a in shown[1:3]]
    assert len(at.warning) == 2
