"""Models and Settings as people use them: a service added, refused, changed, tried; a budget set and felt."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import ROOT, House, said
from tests.providers.conftest import KEY
from tests.records import record
from tests.scripted_provider import ScriptedProvider
from workbench import samples
from workbench.cli import profiles
from workbench.db.connection import db_now_ms
from workbench.db.rows.usage import UsageCost
from workbench.db.schema import attempt, model_call
from workbench.errors import BudgetExceeded, InvalidInput
from workbench.providers import registry
from workbench.ui import budgets


@pytest.fixture
def server() -> object:
    with ScriptedProvider() as made:
        yield made


def all_said(at: object) -> str:
    return said(at) + json.dumps([e.proto.body if hasattr(e.proto, "body") else "" for e in at.get("html")])  # type: ignore[attr-defined]


@pytest.mark.parametrize(("lang", "told"), [("en", "Add the first one"), ("zh", "添加第一个")])
def test_without_a_service_it_says_what_they_are_for(house: House, lang: str, told: str) -> None:
    at = house.page("models", lang)
    assert not at.exception
    assert told in [b.label for b in at.button]


def test_a_service_is_added_from_a_template_and_its_key_is_never_shown(house: House) -> None:
    at = house.page("models", profile="new")
    at.button(key="svc_template_deepseek").click().run()
    assert at.text_input(key="new.base_url").value == "https://api.deepseek.com"
    assert at.text_input(key="new.text_model").value == "deepseek-chat"
    at.text_input(key="new.secret").set_value(KEY)
    at.number_input(key="new.rpm").set_value(60)
    at.button(key="new_save").click().run()
    assert not at.exception
    [row] = house.wb.profiles.list()
    assert (row.name, row.text_model, row.rpm, row.has_key) == ("deepseek", "deepseek-chat", 60, True)
    again = house.page("models", profile=row.id)
    assert KEY not in str(again.main)
    assert again.text_input(key=f"svc{row.id}.secret").value == ""
    assert row.key_tail in again.text_input(key=f"svc{row.id}.secret").placeholder


def test_every_field_that_is_wrong_is_told_at_once(house: House) -> None:
    at = house.page("models", profile="new")
    at.button(key="svc_template_other").click().run()
    at.button(key="new_save").click().run()
    assert sum("This is needed." in m.value for m in at.markdown) == 3
    at.text_input(key="new.name").set_value("n" * 81)
    at.text_input(key="new.base_url").set_value("htp:/example.com")
    at.text_input(key="new.text_model").set_value("m")
    at.number_input(key="new.rpm").set_value(-1)
    at.button(key="new_save").click().run()
    for sentence in ("has 1 to 80 characters", "This is not a web address", "is a whole number from 1 to 1000000"):
        assert sentence in said(at)
    assert house.wb.profiles.list() == []


def test_what_has_a_field_of_its_own_is_not_taken_from_the_json_beside_it(house: House) -> None:
    row = house.wb.profiles.add("mine", "openai", base_url="http://127.0.0.1:9", text_model="m")
    at = house.page("models", "zh", profile=row.id)
    typed = '{"prices": {"m": {"currency": "CNY", "input": 1, "output": 2}}, "trust_env": true}'
    at.text_area(key=f"svc{row.id}.rest").set_value(typed)
    at.button(key=f"svc{row.id}_save").click().run()
    assert "prices 在上方有单独的字段" in said(at)
    assert at.text_area(key=f"svc{row.id}.rest").value == typed
    assert house.wb.profiles.list()[0].params in (None, {})


def test_a_service_that_draws_for_a_storys_own_is_used_by_it(house: House) -> None:
    painter = house.wb.profiles.add("painter", "openai", base_url="http://127.0.0.1:9", image_model="p")
    house.wb.profiles.add("writer", "openai", base_url="http://127.0.0.1:9", text_model="m", image_profile="painter")
    house.wb.projects.set_profile(house.sample(), "writer")
    assert "Used by" in said(house.page("models", profile=painter.id))


def test_a_provider_without_a_template_is_offered_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line in the registry, or a package of its own, is all that a provider needs."""
    monkeypatch.setattr(registry, "_factories", dict(registry._factories))
    registry.register("house", "house_models:make")
    at = house.page("models", profile="new")
    at.button(key="svc_provider_house").click().run()
    at.text_input(key="new.base_url").set_value("http://models.internal")
    at.text_input(key="new.text_model").set_value("big")
    at.button(key="new_save").click().run()
    assert not at.exception
    [row] = house.wb.profiles.list()
    assert (row.name, row.provider, row.text_model) == ("house", "house", "big")
    assert not house.page("models", profile=row.id).exception


@pytest.mark.parametrize(("lang", "told"), [("en", "is refused by OpenAI reasoning models"), ("zh", "模型不接受")])
def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(house: House, lang: str, told: str) -> None:
    at = house.page("models", lang, profile="new")
    at.button(key="svc_template_openai").click().run()
    at.text_input(key="new.text_model").set_value("o4-mini")
    at.text_input(key="new.secret").set_value(KEY)
    at.number_input(key="new.param.temperature").set_value(0.7)
    at.button(key="new_save").click().run()
    assert house.wb.profiles.list() == []
    assert any(told in m.value for m in at.markdown)
    assert at.text_input(key="new.text_model").value == "o4-mini"
    assert at.text_input(key="new.secret").value == KEY
    at.number_input(key="new.param.temperature").set_value(None)
    at.button(key="new_save").click().run()
    assert [p.text_model for p in house.wb.profiles.list()] == ["o4-mini"]


def test_limits_out_of_range_are_said_beside_their_field(house: House) -> None:
    row = house.wb.profiles.add("mine", "openai", text_model="m", rpm=7)
    key = f"svc{row.id}"
    at = house.page("models", profile=row.id)
    at.number_input(key=f"{key}.rpm").set_value(-1)
    at.number_input(key=f"{key}.param.temperature").set_value(9.0)
    at.button(key=f"{key}_save").click().run()
    assert not at.exception
    assert sum("from" in m.value and ":red[" in m.value for m in at.markdown) == 2
    assert house.wb.profiles.list()[0].rpm == 7


def test_a_service_of_ones_own_needs_its_address(house: House) -> None:
    at = house.page("models", profile="new")
    at.button(key="svc_template_other").click().run()
    assert "OpenAI" not in " ".join(c.value for c in at.caption)  # where others make their keys
    at.text_input(key="new.name").set_value("mine")
    at.text_input(key="new.text_model").set_value("m")
    at.text_input(key="new.secret").set_value(KEY)
    at.button(key="new_save").click().run()
    assert any("This is needed" in m.value for m in at.markdown)
    assert house.wb.profiles.list() == []  # without an address the key would have gone to OpenAI
    at.button(key="leave_new").click().run()
    assert "add_first" in [b.key for b in at.button]


def test_an_archived_service_stays_chosen_where_it_is_bound(house: House) -> None:
    house.wb.profiles.add("draws", "openai", image_model="i")
    row = house.wb.profiles.add("mine", "openai", text_model="m", image_profile="draws")
    house.wb.profiles.archive("draws")
    key = f"svc{row.id}"
    at = house.page("models", profile=row.id)
    assert at.selectbox(key=f"{key}.image_profile").value == "draws"
    at.number_input(key=f"{key}.rpm").set_value(9)
    at.button(key=f"{key}_save").click().run()
    [saved] = house.wb.profiles.list()
    assert (saved.rpm, saved.image_profile_id) == (9, row.image_profile_id)


@pytest.mark.parametrize(("lang", "told"), [("en", "Nothing was charged."), ("zh", "密钥被拒绝。")])
def test_a_refused_key_leads_to_its_service(house: House, server: ScriptedProvider, lang: str, told: str) -> None:
    project = house.sample()
    row = house.wb.profiles.add("mine", "openai", base_url=server.url, text_model="m", key=KEY)
    server.script(default={"status": 401})
    assert house.run("plan_episodes", project, {}, profile="mine").error_kind == "auth"
    at = house.page("studio", lang, project=project, node=project)
    [error] = at.error
    assert told in error.value
    assert f"profile={row.id}" in str([link.proto for link in at.get("page_link")])


def test_another_address_asks_for_the_key_again(house: House) -> None:
    row = house.wb.profiles.add("mine", "openai", base_url="https://one.example/v1", text_model="m", key=KEY)
    key = f"svc{row.id}"
    at = house.page("models", profile=row.id)
    at.text_input(key=f"{key}.base_url").set_value("https://two.example/v1")
    at.button(key=f"{key}_save").click().run()
    assert any("Enter the key for it again" in m.value for m in at.markdown)
    assert house.wb.profiles.list()[0].base_url == "https://one.example/v1"


def test_a_service_is_tried_and_says_what_to_do(house: House, server: ScriptedProvider) -> None:
    row = house.wb.profiles.add("mine", "openai", base_url=server.url, text_model="m", key=KEY)
    key = f"svc{row.id}"
    at = house.page("models", profile=row.id)
    at.button(key=f"{key}_try_go").click().run()
    assert sum("check_circle" in m.value for m in at.markdown) == 2
    server.script(default={"status": 401})
    at.button(key=f"{key}_try_go").click().run()
    assert any("Paste the key again" in m.value for m in at.markdown)
    assert KEY not in str(at.main)


def test_a_service_is_copied_and_archived(house: House) -> None:
    row = house.wb.profiles.add("mine", "openai", text_model="m", key=KEY)
    at = house.page("models", profile=row.id)
    at.button(key=f"svc{row.id}_copy").click().run()
    assert {p.name for p in house.wb.profiles.list()} == {"mine", "mine 2"}
    copy = house.wb.profiles.id_of("mine 2")
    at = house.page("models", profile=copy)
    at.button(key=f"svc{copy}_archive").click().run()
    assert {p.name for p in house.wb.profiles.list()} == {"mine"}


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
    at.button(key="retention_save").click().run()
    assert f"{house.wb.budgets.exchange_rate():f}" == "7.05"
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
    assert not at.exception


@pytest.mark.parametrize(("lang", "told"), [("en", "of the budget is used"), ("zh", "预算已使用")])
def test_a_budget_that_runs_out_is_said_in_the_studio(
    house: House, server: ScriptedProvider, lang: str, told: str
) -> None:
    project = house.sample()
    prices = {"prices": {"*": {"currency": "CNY", "input": 1_000, "output": 1_000}}}
    house.wb.profiles.add("mine", "openai", base_url=server.url, text_model="m", key=KEY, params=prices)
    house.run("llm_chat", None, {"messages": [{"role": "user", "content": "hello"}]}, profile="mine")
    house.wb.budgets.set(1, currency="CNY")
    with pytest.raises(BudgetExceeded):
        house.wb.submit("plan_episodes", project, {}, profile="mine")
    at = house.page("studio", lang, project=project, node=project)
    assert any(told in e.value for e in at.error)


def test_the_language_for_those_who_have_not_chosen_one_is_a_setting(house: House) -> None:
    at = house.page("settings")
    at.segmented_control(key="default_language").set_value("zh").run()
    assert not at.exception
    assert house.wb.settings.language() == "zh"
    fresh = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert "项目" in [title.value for title in fresh.title]
    house.wb.settings.set_language(None)
    with pytest.raises(InvalidInput):
        house.wb.settings.set_language("fr")
    assert house.wb.settings.language() is None


@pytest.mark.parametrize(
    ("lang", "told"),
    [("en", "¥90.00 of ¥100.00 used (90 %)"), ("zh", "已用 ¥90.00 / ¥100.00（90 %）")],
)
def test_analytics_draws_each_budget_with_its_lines(house: House, lang: str, told: str) -> None:
    """Sums of both currencies by the set rate; the scope of one project leaves out the budgets of others."""
    mine, other = house.sample(), house.sample()
    spend(house, mine, 20_000_000, "CNY")
    spend(house, other, 10_000_000, "USD")
    house.wb.budgets.set_exchange_rate("7")
    house.wb.budgets.set(100_000_000, currency="CNY")
    house.wb.budgets.set(40_000_000, currency="CNY", project_id=mine, period="all")
    house.wb.budgets.set(40_000_000, currency="CNY", project_id=other)

    at = house.page("analytics", lang)
    assert not at.exception
    assert any(told in m.value.replace("\\", "") for m in at.markdown)
    cost = at.metric[0]
    assert (cost.value, cost.delta) == ("¥20.00", {"en": "and $10.00", "zh": "另有 $10.00"}[lang])

    figures = [json.loads(f.proto.spec) for f in at.get("plotly_chart")]
    lines = [[t["y"][0] for t in f["data"][:3]] for f in figures if len(f["data"]) == 5]
    assert lines == [[32, 38, 40], [32, 38, 40], [80, 95, 100]]  # by column; the fullest first: 175, 90, 50 %

    at = house.page("analytics", lang, project=mine)
    figures = [json.loads(f.proto.spec) for f in at.get("plotly_chart")]
    assert [f["data"][4]["y"][-1] for f in figures if len(f["data"]) == 5] == [90, 20]


def spend(house: House, project: int, micros: int, currency: str) -> None:
    with house.wb.database.write() as conn:
        conn.execute(
            model_call.insert().values(
                call_id=f"spent-{project}", purpose="generate", provider="x", model="m", capability="text",
                outcome="ok",
                started_at=db_now_ms(), project_id=project, cost_micros=micros, currency=currency,
            )
        )  # fmt: skip


def test_a_sparkline_adds_both_currencies_of_a_day(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.wb.budgets.set_exchange_rate("8")
    costs = [(0, "CNY", 5), (0, "USD", 2), (0, None, None), (1, "USD", 1)]
    rows = [record(UsageCost, day=day, currency=currency, cost_micros=micros) for day, currency, micros in costs]
    assert budgets.by_day(rows) == [budgets.DayCost(0, 21), budgets.DayCost(1, 8)]


def test_what_became_a_key_after_it_was_stored_is_on_no_page(house: House) -> None:
    """Pasted into a brief first, then into its field: what is stored was no key when it was stored."""
    project = house.wb.create_project({**samples.load("gift-of-the-magi.en"), "title": f"Story {KEY}"})
    job = house.run("llm_chat", project, {"messages": [{"role": "user", "content": f"My key is {KEY}, keep it"}]})
    with house.wb.database.write() as conn:
        conn.execute(
            update(model_call).values(
                prompt=[{"role": "user", "content": KEY}], raw_output=f'{{"a": "{KEY}"}}', model=KEY
            )
        )
        conn.execute(update(attempt).values(traceback=f"ValueError: {KEY}"))
    house.wb.profiles.add("mine", "openai", base_url="http://127.0.0.1:9", text_model="m", key=KEY)
    of_project = {"project": project}
    pages: list[tuple[str, dict[str, object]]] = [("job", {"id": job.id})]
    pages += [(name, {}) for name in ("jobs", "debug", "analytics", "projects", "settings", "launch", "gallery")]
    pages += [(name, of_project) for name in ("studio", "cast")]
    for page, query in pages:
        at = house.page(page, **query)
        assert not at.exception
        html = "".join(str(e.proto) for e in at.get("html"))
        assert KEY not in html + str(at.main) + str(at.sidebar), page


@pytest.mark.parametrize(
    ("lang", "models", "told"),
    [
        ("en", {"video_model": "v"}, "It only films"),
        ("zh", {"video_model": "v"}, "它只拍视频"),
        ("en", {"image_model": "p"}, "have it draw a picture, too"),
    ],
)
def test_a_service_that_writes_no_text_says_how_it_is_tried(
    house: House, lang: str, models: dict[str, str], told: str
) -> None:
    row = house.wb.profiles.add("mine", "ark", base_url="http://127.0.0.1:9", **models)
    at = house.page("models", lang, profile=row.id)
    at.button(key=f"svc{row.id}_try_go").click().run()
    assert told in said(at)
    ran = CliRunner().invoke(profiles.command, ["test", "mine"], env={"REELWRIGHT_LANG": lang})
    assert (ran.exit_code, told in ran.output) == (1, True)
