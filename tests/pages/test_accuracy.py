"""What plans were expected to take, on their job's page and on Analytics."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.pages.conftest import House, said
from workbench.db.schema import forecast, job


@pytest.mark.parametrize(("lang", "forecast", "card"), [("en", "Forecast", "How good"), ("zh", "预估", "准确度")])
def test_a_plan_says_what_was_expected_and_analytics_how_good_that_was(
    house: House, lang: str, forecast: str, card: str
) -> None:
    project, episodes = house.planned()
    plan = house.wb.plans.run(episodes[0].id, only=[("generate_episode_core_expression", episodes[0].id)])
    assert house.end(plan.id).state == "succeeded"
    at = house.page("job", lang, id=plan.id)
    assert not at.exception
    assert f"{forecast}: 1" in said(at).replace("\\", "")
    at = house.page("analytics", lang)
    assert not at.exception
    assert card in said(at)
    assert any("generate" not in str(d.value) for d in at.dataframe)
    at = house.page("analytics", lang, project=project)
    assert not at.exception
    finished = {"en": "A scene is finished once", "zh": "场景才算完成"}[lang]
    assert finished in said(at)


@pytest.mark.parametrize(
    ("lang", "tokens", "cost", "time"), [("en", "Tokens", "Cost", "Time"), ("zh", "Tokens", "费用", "时间")]
)
def test_analytics_shows_the_median_error_of_what_the_runs_of_plans_took(
    house: House, lang: str, tokens: str, cost: str, time: str
) -> None:
    _, episodes = house.planned()
    kind = "generate_episode_core_expression"
    plans = []
    for episode in episodes:
        plans.append(house.wb.plans.run(episode.id, only=[(kind, episode.id)]).id)
        assert house.end(plans[-1]).state == "succeeded"
    # tokens, micros and ms of which 1000, 1000000 and 10000 were expected
    took = [(1_100, 500_000, 20_000), (1_000, 1_250_000, 9_000), (1_500, 1_000_000, 8_000)]
    with house.wb.database.write() as conn:
        expected = {"tokens": 1_000, "cost": {"CNY": 1_000_000}, "ms": 10_000, "unpriced": 0}
        conn.execute(update(forecast).where(forecast.c.job_id.in_(plans)).values(expected))
        for plan, (used, micros, ms) in zip(plans, took, strict=True):
            values = {
                "input_tokens": used - 100, "output_tokens": 100, "cost_micros": micros, "currency": "CNY",
                "finished_at": job.c.started_at + ms,
            }  # fmt: skip
            conn.execute(update(job).where(job.c.parent_id == plan).values(values))

    at = house.page("analytics", lang)

    assert not at.exception
    [table] = [d.value for d in at.dataframe if {tokens, cost, time} <= set(d.value.columns)]
    [row] = table.to_dict("records")
    # of 10, 0 and 50 percent more; of 50 less, 25 more and none; of 100 more, 10 and 20 less
    assert (row[tokens], row[cost], row[time]) == ("10.0% (+10.0%)", "25.0% (±0.0%)", "20.0% (−10.0%)")


@pytest.mark.parametrize(("lang", "words"), [("en", "Scene script"), ("zh", "剧本")])
def test_a_conductors_plan_is_shown_before_it_starts_and_kept(house: House, lang: str, words: str) -> None:
    project, episodes = house.planned()
    episode, agent = episodes[0].id, "run_episode_creation_agent"
    at = house.page("studio", lang, project=project, node=episode)
    key = f"cell_{episode}_{agent}_act"
    at.button(key=f"{key}_ask").click().run()
    assert not at.exception
    assert house.wb.jobs.list(kind=agent) == []
    expected = house.wb.plans.outline(agent, episode).forecast(grow=True)
    tables = [str(h.proto.body) for h in at.get("html")]
    assert any("rw-plan" in table and words in table and "× 12" in table for table in tables)
    go = at.button(key=f"{key}_{agent}_go")
    assert str(expected.jobs) in go.label
    go.click().run()
    assert not at.exception
    [job] = house.wb.jobs.list(kind=agent)
    outcome = house.wb.plans.compare(job.id)
    assert outcome is not None
    assert outcome.expected.jobs == expected.jobs
    assert f"{key}_{agent}_go" not in [b.key for b in at.button]
