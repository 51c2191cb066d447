"""Analytics on its page: any stretch of time in the reader's zone, what a click leads to, tables beside charts."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import insert, update

from tests.pages.conftest import House, said
from workbench.db.reads import rollups
from workbench.db.schema import job as jobs
from workbench.db.schema import model_call, node
from workbench.db.writes import prune
from workbench.ui import charts, formats
from workbench.ui.jobs import calls_table

DAY_MS = 86_400_000


def add_call(house: House, name: str, at: int, micros: int, **values: Any) -> None:
    usual = {
        "purpose": "generate", "provider": "openai", "model": "m", "capability": "text", "outcome": "ok",
        "valid": True, "currency": "CNY", "workflow": "llm_chat", "input_tokens": 100, "output_tokens": 10,
        "call_id": name, "started_at": at, "cost_micros": micros,
    }  # fmt: skip
    with house.wb.database.write() as conn:
        conn.execute(insert(model_call).values(usual | values))


def metric(at: Any, label: str) -> Any:
    return next(m for m in at.metric if m.label == label)


def moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")


def test_the_calls_of_any_stretch_of_time_are_shown_beside_those_of_the_one_before(house: House) -> None:
    noon = round(time.time() * 1000) // DAY_MS * DAY_MS - 10 * DAY_MS + DAY_MS // 2
    for name, at, micros in (
        ("within", noon, 3_000_000),
        ("at its end", noon + 3_600_000, 50_000_000),
        ("in the one before", noon - 60_000, 2_000_000),
        ("before that", noon - 3_660_000, 90_000_000),
    ):
        add_call(house, name, at, micros, valid=name != "in the one before")
    stretch = {"range": "1", "from": moment(noon), "to": moment(noon + 3_600_000)}
    at = house.page("analytics", **stretch)
    assert not at.exception
    assert (metric(at, "Cost").value, metric(at, "Cost").delta) == ("¥3.00", "+50.0%")
    assert metric(at, "Calls").value == "1"
    assert "—, the period before ¥2.00" in said(at)

    at = house.page("analytics", **{**stretch, "to": stretch["from"], "from": stretch["to"]})
    assert "It ends before it begins." in at.sidebar.warning[0].value

    day = datetime.fromtimestamp(noon / 1000, UTC).date().isoformat()
    at = house.page("analytics", day=day)
    assert metric(at, "Calls").value == "4"
    at.button(key="clear_day").click().run()
    assert "day" not in at.query_params
    # what nobody can mean is no day
    for odd in ("0000-00-00", "9999-12-31", "1200-01-01", "soon"):
        at = house.page("analytics", day=odd)
        assert not at.exception
        assert metric(at, "Calls").value == "4"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_click_on_a_place_or_person_leads_to_their_calls_and_back(house: House, lang: str) -> None:
    project = house.sample()
    now = round(time.time() * 1000)
    with house.wb.database.write() as conn:
        row = {"kind": "scene", "project_id": project, "parent_id": project, "title": "The *stairs*", "created_at": 1}
        scene = conn.execute(insert(node).values(row).returning(node.c.id)).scalar_one()
    add_call(house, "of the scene", now, 1_000_000, project_id=project, node_id=scene, created_by="mei")
    add_call(house, "of another", now, 70_350_400_000, project_id=project, valid=False)
    for name, value, count in (("node", scene, 1), ("user", "mei", 1), ("user", "nobody", 0), ("node", project, 2)):
        at = house.page("analytics", lang, **{name: value})
        assert not at.exception
        shown = [len(d.value) for d in at.dataframe if "latency" in d.value.columns]
        assert sum(shown) == count
        # whose calls nobody finds empties no page
        assert at.metric
        titles = {scene: "The \\*stairs\\*", project: "The Gift of the Magi"}
        assert titles.get(value, str(value)) in at.button(key=f"clear_{name}").label
        at.button(key=f"clear_{name}").click().run()
        assert name not in at.query_params
    # no amount is longer than its card
    assert ("¥70.4k" if lang == "en" else "¥7.0 万") in [m.value for m in at.metric]

    at = house.page("analytics", lang, by="scene")
    for key in ("tokens", "latency", "workflow", "model", "spending", "cost", "waste_days"):
        at.toggle(key=f"{key}_as_table").set_value(True)
    at.run()
    assert not at.exception
    tables = [d.value for d in at.dataframe]
    [by_scene] = [d for d in tables if "The *stairs* · The Gift of the Magi" in d.to_string()]
    assert len(by_scene) == 2
    assert any("¥70,351.40" in d.to_string() for d in tables)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_plan_runs_stand_with_what_all_their_jobs_cost(house: House, lang: str) -> None:
    project = house.sample()
    whole = house.end(house.wb.plans.run(project, "missing", only=[("plan_episodes", project)]).id)
    now = round(time.time() * 1000)
    child = house.wb.jobs.list_children(whole.id)[0]
    add_call(house, "dear", now, 5_000_000, project_id=project, job_id=child.id)
    add_call(house, "of none", now, 900_000_000, project_id=project)
    at = house.page("analytics", lang, by="run")
    at.toggle(key="cost_as_table").set_value(True).run()
    assert not at.exception
    [runs] = [d.value for d in at.dataframe if d.value.columns[0] in ("Plan run", "整批运行")]
    assert [f"#{whole.id} The Gift of the Magi"] == [*runs.iloc[:, 0]]
    assert runs.iloc[0, -1] == "¥5.00"
    # whole runs do not follow filters of calls: nothing is shown rather than something else
    at = house.page("analytics", lang, by="run", model="m")
    assert "cost_as_table" not in [each.key for each in at.toggle]
    assert ("take these filters away: Model" if lang == "en" else "去掉这些筛选条件：模型") in said(at)
    at = house.page("analytics", lang, by="run", user="mei")
    assert ("take these filters away: Person" if lang == "en" else "去掉这些筛选条件：人物") in said(at)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_plan_runs_that_were_pruned_are_said_to_be_missing(house: House, lang: str) -> None:
    missing = "were pruned are not listed" if lang == "en" else "已被清理的整批运行不在列表中"
    none = "No plan or conductor was started" if lang == "en" else "没有启动过整批运行"
    pruned, other = house.sample(), house.sample()
    gone, kept = (
        house.end(house.wb.plans.run(p, "missing", only=[("plan_episodes", p)]).id).id for p in (pruned, other)
    )
    now = round(time.time() * 1000)
    for job in (gone, kept):
        add_call(house, str(job), now, 5_000_000, job_id=house.wb.jobs.list_children(job)[0].id)
    assert missing not in said(house.page("analytics", lang, by="run"))
    with house.wb.database.write() as conn:
        prune.remove(conn, [gone])
    for project, says in ((None, [missing]), (pruned, [missing]), (other, [])):
        at = house.page("analytics", lang, by="run", **({"project": str(project)} if project else {}))
        assert not at.exception
        assert [words for words in (missing, none) if words in said(at)] == says, project
        # some are listed, or not
        assert ("cost_as_table" in [each.key for each in at.toggle]) == (project != pruned)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_jobs_that_call_no_model_themselves_are_shown_by_how_they_ended(house: House, lang: str) -> None:
    empty = "No model was called in this period." if lang == "en" else "这段时间没有调用模型。"
    assert empty in said(house.page("analytics", lang))
    project = house.sample()
    whole = house.end(house.wb.plans.run(project, "missing", only=[("plan_episodes", project)]).id)
    child = house.wb.jobs.list_children(whole.id)[0]
    add_call(house, "dear", round(time.time() * 1000), 5_000_000, project_id=project, job_id=child.id)
    at = house.page("analytics", lang, days="90", kind="run_plan")
    at.toggle(key="cost_as_table").set_value(True)
    at.toggle(key="runs_as_table").set_value(True).run()
    assert not at.exception
    assert empty not in said(at)
    assert metric(at, "Success" if lang == "en" else "成功率").value == "100%"
    [runs] = [d.value for d in at.dataframe if d.value.columns[0] in ("Plan run", "整批运行")]
    assert runs.iloc[0, -1] == "¥5.00"
    [ran] = [d.value for d in at.dataframe if [*d.value.columns[2:]] == ["p50", "p95"]]
    assert ran.iloc[-1, 1] == "1"
    # where nothing has ended either there is nothing to show
    assert empty in said(house.page("analytics", lang, days="90", kind="generate_scene_anchor"))


def test_the_budget_and_the_rules_of_a_day_stand_as_lines_among_its_costs(house: House) -> None:
    now = round(time.time() * 1000)
    add_call(house, "paid", now, 5_000_000)
    house.wb.budgets.set(300_000_000)
    house.wb.alerts.add_rule("spend_day", 6_000_000, currency="CNY")
    house.wb.alerts.add_rule("spend_day", 900_000_000, currency="CNY")
    at = house.page("analytics")
    [chart] = [c.proto.spec for c in at.get("plotly_chart") if "spending_chart" in c.proto.id]
    assert chart.count('"dash":"solid"') + chart.count('"dash":"dash"') >= 2
    assert " budget" in chart
    assert " rule" in chart
    assert "so far" in said(at)


@pytest.mark.parametrize(
    ("micros", "en", "zh"),
    [
        (9_999_990_000, "¥9,999.99", "¥9,999.99"),
        (10_000_000_000, "¥10.0k", "¥1.0 万"),
        (-70_350_400_000, "-¥70.4k", "-¥7.0 万"),
        (2_320_180_000_000, "¥2.3M", "¥232 万"),
        (0, "¥0.00", "¥0.00"),
    ],
)
def test_a_card_has_room_for_any_amount(micros: int, en: str, zh: str) -> None:
    assert (formats.short_money(micros, "CNY"), formats.short_money(micros, "CNY", "zh")) == (en, zh)


def test_a_day_without_calls_is_no_day_of_none_valid(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[float | None]] = []
    monkeypatch.setattr(charts, "sparkline", lambda history, colours: drawn.append([*history]) or "<i></i>")
    noon = round(time.time() * 1000) // DAY_MS * DAY_MS + DAY_MS // 2
    for days in (2, 4):
        add_call(house, f"{days} days ago", noon - days * DAY_MS, 1_000_000, mode="json_schema")
    assert not house.page("analytics", days="7").exception
    around = {tuple(history[n : n + 3]) for history in drawn for n in range(len(history))}
    # nothing was paid on the day between them, but its answers were not all wrong
    assert (1_000_000, 0, 1_000_000) in around
    assert (1.0, None, 1.0) in around


def charts_of(at: Any, key: str) -> str:
    [chart] = [c.proto.spec for c in at.get("plotly_chart") if key in c.proto.id]
    return str(chart)


@pytest.mark.parametrize(("lang", "name"), [("en", "user"), ("zh", "profile"), ("en", "node")])
def test_a_click_on_a_person_profile_or_place_narrows_every_figure(house: House, lang: str, name: str) -> None:
    project, episodes = house.planned()
    scene = episodes[0].id
    profile = house.wb.profiles.add("ours", "openai", base_url="http://127.0.0.1:9/v1", text_model="m").id or 0
    now = round(time.time() * 1000)
    theirs = {"project_id": project, "node_id": scene, "created_by": "mei", "profile_id": profile}
    add_call(house, "theirs", now, 1_000_000, mode="json_schema", valid=False, latency_ms=2_000, **theirs)
    add_call(house, "of others", now, 8_000_000, mode="json_schema", latency_ms=90_000, model="n", project_id=project)
    add_call(house, "wasted by others", now, 3_000_000, mode="json_schema", valid=False, model="n")
    job = house.wb.submit("llm_chat", params={"messages": [{"role": "user", "content": "x"}]}).id
    with house.wb.database.write() as conn:
        ended = {"state": "failed", "created_at": now, "started_at": now, "finished_at": now + 1}
        own = {"created_by": "mei", "profile_id": profile, "node_id": scene, "project_id": project}
        conn.execute(update(jobs).where(jobs.c.id == job).values(**ended, **own))
    house.wb.budgets.set(300_000_000)
    value = {"user": "mei", "profile": profile, "node": scene}[name]
    at = house.page("analytics", lang, **{name: value})
    assert not at.exception
    words = {"en": ("Cost", "Calls", "Latency p95", "Success", "Valid JSON"),
             "zh": ("费用", "调用", "耗时 p95", "成功率", "JSON 有效率")}[lang]  # fmt: skip
    cost, calls, latency, success, valid = (metric(at, word).value for word in words)
    if name == "profile":
        # a person and a place have the free calls of the plan, too
        assert calls == "1"
    assert (cost, valid) == ("¥1.00", "0.0%")
    assert latency.startswith("2")
    assert success in ("0.0%", "50.0%")
    assert "¥1.00" in said(at)
    assert "¥4.00" not in said(at)
    for chart in ("model_chart", "spending_chart", "cost_chart", "waste_days_chart"):
        assert "90000" not in charts_of(at, chart)
    assert '"n"' not in charts_of(at, "model_chart")
    waste = next(d.value for d in at.dataframe if {"Why", "原因"} & {*d.value.columns})
    assert [*waste.iloc[:, 2]] == [1]
    # what is of more than that says so
    wider = "this is not told apart by " if lang == "en" else "不按"
    title = {"user": ("Person", "人物"), "profile": ("Model profile", "模型配置"), "node": ("Place", "地点")}[name]
    notes = [c.value for c in at.caption if wider in c.value]
    assert len(notes) >= 2
    assert all(title[lang == "zh"] in note for note in notes)
    at.button(key=f"clear_{name}").click().run()
    assert name not in at.query_params
    assert metric(at, words[0]).value == "¥12.00"
    assert not [c.value for c in at.caption if wider in c.value]


def test_three_filters_at_once_are_answered_from_the_rows(house: House) -> None:
    job = house.run("llm_chat", None, {"messages": [{"role": "user", "content": "x"}]})
    with house.wb.database.write() as conn:
        conn.execute(update(jobs).where(jobs.c.id == job.id).values(created_by="mei"))
    add_call(house, "one", round(time.time() * 1000), 1_000_000, created_by="mei", job_id=job.id, profile_id=None)
    at = house.page("analytics", model="m", user="mei", kind="llm_chat", by="scene")
    assert not at.exception
    assert metric(at, "Success").value == "100%"
    assert "Choose a project" not in said(at)
    at = house.page("analytics", model="m", user="nobody", kind="llm_chat")
    assert metric(at, "Success").value == "—"


def test_what_cannot_be_told_apart_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.sample()
    house.run("llm_chat", None, {"messages": [{"role": "user", "content": "x"}]})
    monkeypatch.setattr(rollups, "MOST_READ", 0)
    add_call(house, "one", round(time.time() * 1000), 1_000_000, created_by="mei")
    at = house.page("analytics", model="m", user="mei", by="scene")
    assert not at.exception
    assert (metric(at, "Success").value, metric(at, "Success").delta) == ("—", "not told apart")
    assert "Choose a project" in said(at)
    assert metric(at, "Cost").value == "¥1.00"


def click(house: House, monkeypatch: pytest.MonkeyPatch, chart: str, place: int, lang: str = "en", **query: Any) -> Any:
    """The page after a click on a mark of a chart."""

    def show(figure: Any, key: str, alt: str, pick: Any = None) -> None:
        if pick is not None:
            st.button(alt, key=key, on_click=pick, args=(place,))

    monkeypatch.setattr(charts, "show", show)
    at = house.page("analytics", lang, **query)
    assert not at.exception
    [mark] = [b for b in at.button if str(b.key).startswith(f"{chart}_chart")]
    return mark.click().run()


@pytest.mark.parametrize(
    ("lang", "by", "parameter"), [("en", "user", "user"), ("zh", "episode", "node"), ("en", "profile", "profile")]
)
def test_waste_by_person_place_or_profile_leads_to_its_calls(
    house: House, monkeypatch: pytest.MonkeyPatch, lang: str, by: str, parameter: str
) -> None:
    project, episodes = house.planned()
    profile = house.wb.profiles.add("ours", "openai", base_url="http://127.0.0.1:9/v1", text_model="m").id or 0
    now = round(time.time() * 1000)
    theirs = {"node_id": episodes[0].id, "created_by": "mei", "profile_id": profile}
    add_call(house, "theirs", now, 4_000_000, valid=False, project_id=project, **theirs)
    add_call(house, "of nobody", now, 3_000_000, valid=False, project_id=project)
    at = house.page("analytics", lang, waste_by=by)
    at.toggle(key="waste_groups_as_table").set_value(True).run()
    assert not at.exception
    [table] = [d.value for d in at.dataframe if "¥4.00" in d.value.to_string() and len(d.value.columns) == 5
               and {"Mostly why", "主要原因"} & {*d.value.columns}]  # fmt: skip
    assert [*table.iloc[:, 2]] == ["¥4.00", "¥3.00"]
    name = {"user": "mei", "profile": "ours", "episode": episodes[0].title}[by]
    assert name in table.iloc[0, 0]

    at = click(house, monkeypatch, "waste_groups", 0, lang, waste_by=by)
    assert not at.exception
    value = {"user": "mei", "profile": profile, "node": episodes[0].id}[parameter]
    assert at.query_params[parameter] == str(value)
    assert at.query_params["waste"] == "invalid"
    assert metric(at, "Cost" if lang == "en" else "费用").value == "¥4.00"
    # the calls behind the waste, and behind the page
    assert sum("latency" in d.value.columns and len(d.value) == 1 for d in at.dataframe) >= 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_how_long_jobs_waited_and_ran_stands_by_day_and_by_workflow(
    house: House, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    house.sample()
    now = round(time.time() * 1000)
    add_call(house, "one", now, 1_000_000, created_by="mei")
    with house.wb.database.write() as conn:
        row = {"queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1, "available_at": 1}
        for number, (kind, waited, ran) in enumerate([("llm_chat", 2_000, 30_000), ("plan_episodes", 120_000, 4_000)]):
            times = {"created_at": now - waited - ran, "started_at": now - ran, "finished_at": now}
            conn.execute(insert(jobs).values(row | times | {"id": 900 + number, "kind": kind, "state": "succeeded"}))
    day, workflow = ("Day", "Workflow") if lang == "en" else ("日期", "工作流")
    at = house.page("analytics", lang)
    for what in ("waits", "runs"):
        at.toggle(key=f"{what}_as_table").set_value(True)
    at.run()
    assert not at.exception
    tables = [d.value for d in at.dataframe if [*d.value.columns[2:]] == ["p50", "p95"]]
    assert [t.columns[0] for t in tables] == [day, day]
    for table, took in zip(tables, ((2_000, 120_000), (4_000, 30_000)), strict=True):
        assert table.iloc[-1, 1] == "2"
        # within 2 %
        for said_, exact in zip(table.iloc[-1, 2:], took, strict=True):
            assert said_ in {formats.duration(round(exact * share / 1000), lang) for share in range(980, 1021)}
        assert [*table.iloc[:-1, 2]] == ["—"] * (len(table) - 1)

    at = house.page("analytics", lang, times="workflow")
    for what in ("waits", "runs"):
        at.toggle(key=f"{what}_as_table").set_value(True)
    at.run()
    assert not at.exception
    tables = [d.value for d in at.dataframe if [*d.value.columns[2:]] == ["p50", "p95"]]
    assert [t.columns[0] for t in tables] == [workflow, workflow]
    # the slowest first
    assert [*tables[0].iloc[:, 0]] == [*tables[1].iloc[:, 0]][::-1]
    at = click(house, monkeypatch, "runs", 0, lang, times="workflow")
    assert at.query_params["kind"] == "llm_chat"
    monkeypatch.setattr(rollups, "MOST_READ", 0)
    assert "Take a filter away" in said(house.page("analytics", model="m", user="mei"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_calls_behind_a_number_go_on_page_by_page(house: House, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    monkeypatch.setattr(calls_table, "PAGE", 3)
    house.sample()
    now = round(time.time() * 1000)
    for n in range(7):
        # two of one moment, too
        add_call(house, f"{n}", now - n // 2 * 1_000, 1_000_000, input_tokens=n, valid=False)

    def tables(at: Any) -> list[list[str]]:
        assert not at.exception
        return [[*d.value["in"]] for d in at.dataframe if "latency" in d.value.columns]

    at = house.page("analytics", lang, waste="invalid")
    seen = tables(at)
    for key in ("older_calls", "older_wasted_invalid"):
        at.button(key=key).click().run()
    assert [*map(len, tables(at))] == [3, 3]
    seen += tables(at)
    for key in ("older_calls", "older_wasted_invalid"):
        at.button(key=key).click().run()
        assert at.button(key=key).disabled
    seen += tables(at)
    for place in (0, 1):
        own = [value for table in seen[place::2] for value in table]
        assert sorted(own) == [str(n) for n in range(7)]
    at.button(key="newest_calls").click().run()
    assert "older_calls" not in at.query_params
    # another filter begins anew
    at.sidebar.selectbox(key="filter_model").set_value("m").run()
    assert [name for name in at.query_params if name.startswith("older_")] == []
    assert tables(at) == seen[:2]
