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
