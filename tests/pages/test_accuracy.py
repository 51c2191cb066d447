"""What plans were expected to take, on their job's page and on Analytics."""

from __future__ import annotations

import pytest

from tests.pages.conftest import House, said


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
