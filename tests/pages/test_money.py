"""What things cost, on the pages that say it: rolled up from children, and unknown is never free."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, update

from tests.pages.conftest import House, job_table, said
from workbench.db.schema import job, job_child, model_call
from workbench.ui import formats, live


def paid_story(house: House, *, unknown: bool) -> tuple[int, int]:
    """Project and failed parent: its child paid ¥1.50, and a call whose cost nobody knows."""
    project = house.sample()
    child, parent = (
        house.wb.submit("llm_chat", params={"messages": [{"role": "user", "content": text}]}).id for text in "ab"
    )
    call = {
        "purpose": "generate", "provider": "openai", "model": "m", "capability": "text", "started_at": 1,
        "project_id": project, "job_id": child,
    }  # fmt: skip
    calls = [call | {"call_id": "a", "outcome": "ok", "cost_micros": 1_500_000, "currency": "CNY"}]
    if unknown:
        calls = [call | {"call_id": "b", "outcome": "lost"}]
    failed = {"state": "failed", "error_kind": "child_failed", "error": "all failed", "finished_at": 5}
    with house.wb.database.write() as conn:
        conn.execute(insert(model_call), calls)
        conn.execute(insert(job_child).values(parent_id=parent, position=0, child_id=child, item="a"))
        conn.execute(update(job).where(job.c.id.in_((parent, child))).values(project_id=project, node_id=project))
        conn.execute(update(job).where(job.c.id.in_((parent, child))).values(**failed))
    return project, parent


@pytest.mark.parametrize(
    ("unknown", "lang", "amount", "sentence", "never"),
    [
        (False, "en", "¥1.50", "It cost ¥1.50.", "Nothing was charged"),
        (False, "zh", "¥1.50", "已花费 ¥1.50。", "未产生费用"),
        (True, "en", "unknown", "What it cost is not known: 1 calls have no known price.", "Nothing was charged"),
        (True, "zh", "未知", "费用未知：有 1 次调用价格未知。", "未产生费用"),
    ],
)
def test_a_parents_cost_is_told_with_that_of_its_children(
    house: House, unknown: bool, lang: str, amount: str, sentence: str, never: str
) -> None:
    project, parent = paid_story(house, unknown=unknown)
    at = house.page("job", lang, id=parent)
    assert not at.exception
    assert amount in [metric.value for metric in at.metric]
    assert sentence in said(at)
    assert never not in said(at)

    at = house.page("jobs", lang)
    assert [row["cells"]["cost"] for row in job_table(at)["rows"]] == [amount, amount]

    assert amount in said(house.page("studio", lang, project=project)).replace("\\", "")
    at = house.page("projects", lang)
    assert any(amount in html.proto.body for html in at.get("html"))


PRICES = {"prices": {"*": {"currency": "CNY", "input": 400, "output": 1600, "image": 0.2}}}


def priced_story(house: House) -> int:
    """A story that has nothing but its brief, with a service whose prices are all known."""
    service = {"base_url": "http://127.0.0.1:9/v1", "text_model": "m", "image_model": "p", "key": "sk-canary0123456789"}
    house.wb.profiles.add("priced", "openai", **service, params=PRICES)
    project = house.sample()
    house.wb.projects.set_profile(project, "priced")
    return project


@pytest.mark.parametrize(("lang", "jobs"), [("en", "about 262 jobs"), ("zh", "约 262 个任务")])
def test_going_on_into_what_a_plan_makes_has_its_price_before_it_is_launched(
    house: House, lang: str, jobs: str
) -> None:
    project = priced_story(house)
    plan = house.wb.plans.build(project)
    assert (len(plan.jobs), plan.later, plan.growth.jobs) == (1, 261, 261)
    at = house.page("studio", lang, project=project)
    launch = f"launch_plan_card_{project}_missing"
    at.button(key=f"choose_frames_card_{project}_missing").click().run()
    alone = formats.sums(plan.cost)
    assert at.metric[0].value == alone
    assert alone in at.button(key=launch).label

    at.checkbox(key=f"plan_grow_card_{project}").check().run()
    together = formats.sums(plan.forecast(grow=True).cost)
    assert plan.growth.cost["CNY"] > 100 * plan.cost["CNY"]
    assert at.metric[0].value == together
    assert jobs in at.button(key=launch).label
    assert together in at.button(key=launch).label


@pytest.mark.parametrize(("lang", "left"), [("en", "¥10.00 of ¥10.00 left"), ("zh", "预算 ¥10.00 还剩 ¥10.00")])
def test_a_plan_beyond_its_budget_says_so_and_asks(house: House, lang: str, left: str) -> None:
    project = priced_story(house)
    house.wb.budgets.set(10_000_000, currency="CNY", project_id=project)
    at = house.page("studio", lang, project=project)
    launch = f"launch_plan_card_{project}_missing"
    at.button(key=f"choose_frames_card_{project}_missing").click().run()
    assert left in said(at)
    assert not at.button(key=launch).disabled

    at.checkbox(key=f"plan_grow_card_{project}").check().run()
    assert at.button(key=launch).disabled
    needed = f"{house.wb.plans.build(project).forecast(grow=True).cost['CNY'] / 1_000_000:,.2f}"
    assert needed in at.warning[0].value.replace("\\", "")
    at.checkbox(key=f"beyond_ok_plan_card_{project}_missing").check().run()
    at.button(key=launch).click().run()
    [job] = house.wb.jobs.list()
    assert (job.kind, job.params["grow"]) == ("run_plan", True)


def test_a_launch_beyond_the_budget_asks_and_one_within_it_says_what_is_left(house: House) -> None:
    project, episodes = house.planned()
    service = {"base_url": "http://127.0.0.1:9/v1", "text_model": "m", "key": "sk-canary0123456789"}
    house.wb.profiles.add("priced", "openai", **service, params=PRICES)
    house.wb.projects.set_profile(project, "priced")
    ids = [e.id for e in episodes[:2]]
    forecast = house.wb.plans.price("generate_episode_core_expression", ids)
    assert forecast is not None
    house.wb.budgets.set(forecast.cost["CNY"], currency="CNY", project_id=project)
    where = {"workflow": "generate_episode_core_expression", "project": project, "node": ",".join(map(str, ids))}
    at = house.page("launch", **where)
    assert f"{formats.sums(forecast.cost)} of {formats.sums(forecast.cost)} left" in said(at)
    assert not at.button(key="launch_go").disabled

    house.wb.budgets.set(forecast.cost["CNY"] - 1, currency="CNY", project_id=project)
    live.invalidate()
    at = house.page("launch", **where)
    assert at.button(key="launch_go").disabled
    assert "Raise the budget, or run less" in at.warning[0].value
    at.checkbox(key="beyond_ok_launch").check().run()
    at.button(key="launch_go").click().run()
    assert len(house.wb.jobs.list(state="queued")) == 2


def test_a_batch_in_the_studio_says_what_it_starts_and_costs_before_it_starts_it(house: House) -> None:
    project, episodes = house.planned()
    service = {"base_url": "http://127.0.0.1:9/v1", "text_model": "m", "key": "sk-canary0123456789"}
    house.wb.profiles.add("priced", "openai", **service, params=PRICES)
    house.wb.projects.set_profile(project, "priced")
    house.wb.budgets.set(1_000_000, currency="CNY")
    forecast = house.wb.plans.price("generate_episode_core_expression_batch", [project])
    assert forecast is not None
    assert forecast.jobs == len(episodes)
    at = house.page("studio", project=project)
    key = f"cell_{project}_generate_episode_core_expression_batch_act"
    go = f"{key}_generate_episode_core_expression_batch_go"
    assert go not in [b.key for b in at.button]
    at.session_state[f"{key}_ask"] = True
    at.run()
    assert f"Starts {len(episodes)} jobs, {formats.sums(forecast.cost)}" in said(at)
    assert at.button(key=go).disabled
    at.checkbox(key=f"beyond_ok_{key}").check().run()
    at.button(key=go).click().run()
    assert [j.kind for j in house.wb.jobs.list(state="queued")] == ["generate_episode_core_expression_batch"]


def test_a_retry_beyond_the_budget_asks(house: House) -> None:
    project = priced_story(house)
    failed = house.wb.submit("plan_episodes", project)
    with house.wb.database.write() as conn:
        ended = {"state": "failed", "error_kind": "network", "error": "no way", "finished_at": 5, "exclusive_key": None}
        conn.execute(update(job).where(job.c.id == failed.id).values(**ended))
    house.wb.budgets.set(1_000, currency="CNY", project_id=project)
    at = house.page("job", id=failed.id)
    at.button(key="retry").click().run()
    assert "Raise the budget, or run less" in at.warning[0].value
    assert at.button(key="act_go").disabled
    at.checkbox(key="beyond_ok_act").check().run()
    at.button(key="act_go").click().run()
    [again] = house.wb.jobs.list(state="queued")
    assert (again.kind, again.replay_of) == ("plan_episodes", failed.id)
