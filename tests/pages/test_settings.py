"""The Settings page: budgets, rate, retention, health, language."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import ROOT, House, said
from workbench.errors import InvalidInput


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_budget_is_set_changed_and_taken_away(house: House, lang: str) -> None:
    project = house.sample()
    at = house.page("settings", lang)
    assert not at.exception
    at.selectbox(key="new_budget_project").set_value(project).run()
    at.number_input(key="new_budget_amount").set_value(20.5)
    at.button(key="new_budget_go").click().run()
    [state] = house.wb.budgets.list(project)
    assert (state.amount_micros, state.currency, state.period) == (20_500_000, "CNY", "month")
    at.number_input(key=f"amount_{state.key}").set_value(30.0)
    at.button(key=f"save_{state.key}").click().run()
    assert house.wb.budgets.list(project)[0].amount_micros == 30_000_000
    at.button(key=f"drop_{state.key}").click().run()
    assert house.wb.budgets.list(project) == []


def test_rate_and_retention_are_kept(house: House) -> None:
    at = house.page("settings")
    at.number_input(key="usd_cny").set_value(7.05).run()
    at.button(key="usd_cny_set").click().run()
    at.number_input(key="raw_io_days").set_value(30).run()
    at.number_input(key="job_keep_days").set_value(400).run()
    at.number_input(key="prune_days").set_value(180).run()
    at.number_input(key="prune_last").set_value(500).run()
    at.button(key="retention_save").click().run()
    assert f"{house.wb.budgets.exchange_rate():f}" == "7.05"
    assert (house.wb.settings.retention().prune_days, house.wb.settings.retention().prune_last) == (180, 500)
    assert (house.wb.settings.retention().raw_io_days, house.wb.settings.retention().job_keep_days) == (30, 400)


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("en", ["Prompts and raw answers, days – Days from 0 to 36500", "Finished jobs, days – Days from 1 to 36500"]),
        ("zh", ["提示词与原始回答，天数", "已结束的任务，天数"]),
    ],
)
def test_days_out_of_range_are_told_and_nothing_else_is_kept(house: House, lang: str, told: list[str]) -> None:
    before = house.wb.settings.retention()
    at = house.page("settings", lang)
    at.number_input(key="raw_io_days").set_value(99_999).run()
    at.number_input(key="job_keep_days").set_value(0).run()
    at.button(key="retention_save").click().run()
    assert all(sentence in said(at) for sentence in told)
    assert house.wb.settings.retention() == before
    assert at.number_input(key="raw_io_days").value == 99_999


def test_health_names_what_is_wrong(house: House) -> None:
    at = house.page("settings", "zh")
    # no Valkey and no worker runs in this test
    assert any("reelwright up" in m.value for m in at.markdown)
    assert {":green[:material/check_circle:] 磁盘", ":green[:material/check_circle:] 图片与视频"} <= {
        m.value for m in at.markdown
    }
    assert not at.exception


def test_the_language_for_those_who_have_not_chosen_one_is_a_setting(house: House) -> None:
    at = house.page("settings")
    at.segmented_control(key="default_language").set_value("zh").run()
    assert not at.exception
    assert house.wb.settings.language() == "zh"
    fresh = AppTest.from_file(str(ROOT / "app.py"), default_timeout=240).run()
    assert "项目" in [title.value for title in fresh.title]
    house.wb.settings.set_language(None)
    with pytest.raises(InvalidInput):
        house.wb.settings.set_language("fr")
    assert house.wb.settings.language() is None


@pytest.mark.parametrize("configured", ["zh", "en"])
def test_the_page_stands_with_every_variable_set(
    house: House, configured: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "LANG": configured, "MEDIA_URL": f"file://{tmp_path}/media", "MASTER_KEY": "k" * 44, "RAW_IO_DAYS": "7",
        "JOB_KEEP_DAYS": "9", "THREADS": "3", "TRUST_ENV": "true", "LOG_LEVEL": "error",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"REELWRIGHT_{name}", value)
    at = house.page("settings", "en")
    assert not at.exception
    spoken = {"zh": "中文", "en": "English"}[configured]
    assert f"that of REELWRIGHT_LANG: {spoken}" in at.segmented_control(key="default_language").options
