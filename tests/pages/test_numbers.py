"""What the pages say of a mixed history is what this test's own SQL counts in the raw rows.

Beside made-up jobs – several currencies, prices that nobody knows, retries, replays, cached and reasoning tokens,
pictures, clips, cancelled and partial ones – it holds a batch with children, one whose steps are reused, a fallback
and a call that never reached its service. The answers of the resources are counted in tests/usage/test_numbers.py.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import House
from tests.pages.test_analytics import add_call, metric
from tests.usage.test_numbers import DAY, HOUR, UNPRICED
from workbench.ui import formats

SENT = "(c.price_source IS NULL OR c.price_source <> 'not sent')"
JUDGED = """c.capability = 'text' AND (c.mode IN ('json_schema', 'json_object') OR c.prompt_name IS NOT NULL
  OR c.purpose = 'repair')"""
UNREADABLE = """c.valid IS NULL AND c.outcome = 'error' AND c.error_kind IN
  ('malformed_output', 'invalid_output', 'truncated_output', 'empty_output')"""
FAMILY = """c.job_id IN (WITH RECURSIVE family(id) AS (SELECT :v
  UNION ALL SELECT k.child_id FROM job_child k JOIN family f ON f.id = k.parent_id) SELECT id FROM family)"""


def ask(house: House, sql: str, **values: Any) -> list[Any]:
    with house.wb.database.read() as conn:
        return list(conn.execute(text(sql), values))


def ask_one(house: House, sql: str, **values: Any) -> Any:
    [(value,)] = ask(house, sql, **values)
    return value


@pytest.fixture
def mixed(house: House) -> House:
    house.wb.history.seed(300, days=20)
    project, episodes = house.planned()
    assert house.run("generate_episode_core_expression_batch", project).state == "succeeded"
    first = house.run("generate_episode_scene_list", episodes[0].id)
    assert house.wb.jobs.list_children(house.wb.jobs.list(kind="generate_episode_core_expression_batch")[0].id)
    again = house.end(house.wb.jobs.replay(first.id).id)
    now = round(time.time() * 1000)
    profile = ask_one(house, "SELECT MIN(id) FROM profile")
    more = {"job_id": again.id, "project_id": project, "step": "plan", "input_hash": "one"}
    add_call(house, "overloaded", now - 3_000, 0, **more, outcome="error", valid=None, http_status=503)
    add_call(house, "in its place", now - 2_000, 7_000_000, **more, fallback_from=profile, currency="USD")
    add_call(house, "nobody there", now - 1_000, 0, **more, outcome="error", valid=None, price_source="not sent")
    house.engine.maintain()
    return house


def money(house: House, where: str, **values: Any) -> tuple[dict[str, int], int]:
    """(micros by currency, calls whose price nobody knows)."""
    rows = ask(
        house, f"SELECT c.currency, SUM(c.cost_micros) FROM model_call c WHERE {where} AND c.cost_micros IS NOT NULL "
        "GROUP BY c.currency", **values,
    )  # fmt: skip
    unknown = ask_one(house, f"SELECT COUNT(*) FROM model_call c WHERE {where} AND {UNPRICED}", **values)
    return {currency: micros for currency, micros in rows if currency and micros}, unknown


def check_cost(card: Any, cost: dict[str, int], unknown: int) -> None:
    """A card has one currency above, the others below."""
    (first, micros), *others = sorted(cost.items())
    assert card.value == formats.short_money(micros, first) + (" + ?" if unknown else "")
    for currency, amount in others:
        assert f"+ {formats.short_money(amount, currency, from_units=100)}" in card.delta


def test_analytics_says_what_the_rows_say(mixed: House) -> None:
    since, until = (round(time.time() * 1000) // DAY + n for n in (-12, 1))
    begin, end = (datetime.fromtimestamp(d * DAY / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ") for d in (since, until))
    at = mixed.page("analytics", range="1", **{"from": begin, "to": end})
    assert not at.exception
    within = {"a": since * DAY, "b": until * DAY}
    where = "c.started_at >= :a AND c.started_at < :b"
    check_cost(metric(at, "Cost"), *money(mixed, where, **within))

    calls = ask_one(mixed, f"SELECT COUNT(*) FROM model_call c WHERE {where} AND {SENT}", **within)
    assert metric(at, "Calls").value == formats.count(calls)
    both = "SUM(COALESCE(c.input_tokens, 0) + COALESCE(c.output_tokens, 0))"
    tokens = ask_one(mixed, f"SELECT {both} FROM model_call c WHERE {where}", **within)
    assert metric(at, "Tokens").value == formats.number(tokens)
    texts = f"FROM model_call c WHERE {where} AND {JUDGED}"
    judged = ask_one(mixed, f"SELECT COUNT(*) {texts} AND (c.valid IS NOT NULL OR {UNREADABLE})", **within)
    valid = ask_one(mixed, f"SELECT COUNT(*) {texts} AND c.valid", **within)
    assert metric(at, "Valid JSON").value == formats.percent(valid / judged)
    ended = "state IN ('succeeded', 'partial', 'failed') AND finished_at >= :a AND finished_at < :b"
    done = ask_one(mixed, f"SELECT COUNT(*) FROM job WHERE {ended}", **within)
    good = ask_one(mixed, f"SELECT COUNT(*) FROM job WHERE {ended} AND state = 'succeeded'", **within)
    assert metric(at, "Success").value == formats.percent(good / done)

    check_table(mixed, at, where, within)


def check_table(house: House, at: AppTest, where: str, within: dict[str, int]) -> None:
    """By model and workflow: calls, errors, cost."""
    [table] = [d.value for d in at.dataframe if [*d.value.columns][:4] == ["Model", "Workflow", "Calls", "Errors"]]
    rows = ask(
        house, "SELECT c.model, c.workflow, COUNT(*), SUM(CASE WHEN c.outcome IN ('error', 'lost') THEN 1 ELSE 0 END), "
        f"SUM(c.cost_micros) FROM model_call c WHERE {where} AND {SENT} GROUP BY c.model, c.workflow", **within,
    )  # fmt: skip
    assert sorted(zip(table["Calls"], table["Errors"], strict=True)) == sorted((r[2], r[3]) for r in rows)


def test_jobs_and_their_pages_say_what_the_rows_say(mixed: House) -> None:
    at = mixed.page("jobs")
    [states] = [pills for pills in at.pills if pills.label == "State"]
    counted = dict(ask(mixed, "SELECT state, COUNT(*) FROM job GROUP BY state"))
    for state in ("succeeded", "failed", "partial", "cancelled"):
        assert any(f"{state.title()} **{counted[state]:,}**" in option for option in states.options), states.options
    now = round(time.time() * 1000)
    done = ask_one(
        mixed, "SELECT COUNT(*) FROM job WHERE state IN ('succeeded', 'partial', 'failed') AND finished_at >= :v",
        v=(now // 60_000 + 1) * 60_000 - 24 * HOUR,
    )  # fmt: skip
    assert metric(at, "Done in 24 h").value == str(done)

    for job in mixed.wb.jobs.list(limit=12):
        shown = mixed.page("job", id=job.id)
        assert not shown.exception
        # of its parts, too
        calls = ask_one(mixed, f"SELECT COUNT(*) FROM model_call c WHERE {FAMILY} AND {SENT}", v=job.id)
        assert metric(shown, "Model calls").value == str(calls), job
        cost, unknown = money(mixed, FAMILY, v=job.id)
        if cost:
            assert metric(shown, "Cost").value == formats.price(cost, unknown), job


def test_projects_say_what_the_rows_say(mixed: House) -> None:
    at = mixed.page("projects")
    told = [h.proto.body for h in at.get("html") if " so far · " in h.proto.body]
    wanted = []
    for (project,) in ask(mixed, "SELECT id FROM node WHERE kind = 'project'"):
        cost, unknown = money(mixed, "c.project_id = :v", v=project)
        wanted.append(formats.price(cost, unknown))
    assert sorted(t.partition(" so far")[0].rpartition(">")[2] for t in told) == sorted(wanted)
