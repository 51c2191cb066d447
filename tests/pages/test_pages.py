"""Each page: its empty state, both languages, and what a click changes in the database."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func, select, update
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import House, jobs_shown, open_popover, said
from workbench.db.rows.jobs import Job
from workbench.db.schema import job, model_call
from workbench.jobs.submit import Request

PAGES = ("projects", "studio", "cast", "launch", "gallery", "jobs", "job", "debug", "compare", "analytics")
BRIEF = {
    "title": "The Salt Lighthouse",
    "language": "en",
    "style": {"preset": "ink_wash", "prompt": "ink wash, cold sea"},
}


def problems(at) -> list[str]:
    return [e.message for e in at.exception]


def refusals(at: AppTest) -> str:
    """What the page says instead of doing what was asked."""
    return "\n".join(e.value.replace("\\", "").replace(":gray[]", "") for e in at.error)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_an_empty_home_and_says_what_to_do_next(house: House, page, lang):
    at = house.page(page, lang)
    assert problems(at) == []
    assert at.button, "an empty state has a button"
    assert ("故事" in said(at) or "任务" in said(at) or "失败" in said(at)) == (lang == "zh")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_with_a_story_in_it(house: House, page, lang):
    project, episodes = house.planned()
    house.run("generate_episode_core_expression", episodes[0].id)
    house.run("generate_episode_scene_list", episodes[0].id)
    at = house.page(page, lang, id=1, project=project, node=episodes[0].id)
    assert problems(at) == []
    assert not at.error


@pytest.mark.parametrize("page", PAGES)
def test_no_page_breaks_on_what_an_address_says(house: House, page):
    house.sample()
    huge = dict.fromkeys(("id", "node", "episode", "before", "state", "workflow", "sort", "add"), "9" * 5_000)
    odd = dict.fromkeys(("project", "job", "page", "after", "kind", "group", "text", "kf", "days"), "²")
    assert problems(house.page(page, **huge, **odd)) == []


def test_the_sample_story_is_one_click(house: House):
    at = house.page("projects")
    at.button(key="first_sample").click().run()
    assert problems(at) == []
    assert [p.title for p in house.wb.projects.list()] == ["The Gift of the Magi"]


def test_a_short_summary_is_refused_with_the_missing_count_and_nothing_typed_is_lost(house: House):
    at = house.page("projects", new=1)
    at.text_input(key="wizard.title").set_value("The Salt Lighthouse")
    at.text_area(key="wizard.summary").set_value("Mei rows out to a dark lighthouse.")
    at.text_area(key="wizard.style.prompt").set_value("ink wash")
    at.button(key="wizard_create").click().run()
    assert any("Write 66 more" in e.value for e in at.error)
    assert at.text_input(key="wizard.title").value == "The Salt Lighthouse"
    assert at.text_area(key="wizard.summary").value == "Mei rows out to a dark lighthouse."
    assert house.wb.projects.list() == []

    at.text_area(key="wizard.summary").set_value("Mei rows out to a dark lighthouse. " * 4)
    at.button(key="wizard_create").click().run()
    assert [p.title for p in house.wb.projects.list()] == ["The Salt Lighthouse"]


def test_a_project_is_archived_and_restored(house: House):
    project = house.sample()
    at = house.page("projects")
    at.button(key=f"archive_{project}").click().run()
    assert house.wb.projects.list() == []
    at = house.page("projects", archived="1")
    at.button(key=f"restore_{project}").click().run()
    assert [p.id for p in house.wb.projects.list()] == [project]


def test_a_cell_launches_its_workflow_once(house: House):
    project = house.sample()
    at = house.page("studio", project=project, node=project)
    at.button(key=f"cell_{project}_plan_episodes_act_Run").click().run()
    assert [(j.kind, j.state) for j in house.wb.jobs.list()] == [("plan_episodes", "queued")]
    assert problems(at) == []
    at.button(key=f"cell_{project}_plan_episodes_act_cancel").click().run()
    assert house.wb.jobs.list()[0].state == "cancelled"


def test_a_cell_whose_guard_is_unmet_lists_what_is_missing_and_cannot_run(house: House):
    _, episodes = house.planned()
    node = episodes[0].id
    at = house.page("studio", node=node)
    assert "Generate the core expression first" in said(at).replace("\\", "")
    assert at.button(key=f"cell_{node}_generate_episode_scene_list_act_Run").disabled


def test_a_form_launches_with_the_values_that_were_typed(house: House):
    project = house.sample()
    at = house.page("studio", project=project, node=project)
    key = f"cell_{project}_plan_episodes_params"
    open_popover(at, f"cell_{project}_plan_episodes_tune")
    at.number_input(key=f"{key}.target_episode_count").set_value(5)
    at.button(key=f"{key}_run").click().run()
    assert house.wb.jobs.list()[0].params == {"target_episode_count": 5, "review": True}


def test_what_is_closed_is_not_drawn(house: House):
    project = house.sample()
    at = house.page("studio", project=project, node=project)
    tune, versions = f"cell_{project}_plan_episodes_tune", f"cell_{project}_brief_versions"

    def list_inside() -> list[str]:
        keys = [w.key for w in [*at.button, *at.number_input] if w.key]
        return [k for k in keys if "_params" in k or k.startswith(f"cell_{project}_brief_pin")]

    assert list_inside() == []
    open_popover(at, tune)
    assert f"cell_{project}_plan_episodes_params_run" in list_inside()
    open_popover(at, versions)
    assert f"cell_{project}_brief_pin_1" in list_inside()
    for key in (tune, versions):
        at.session_state[key] = False
    at.run()
    assert list_inside() == []


def edit_brief(at, project, genre):
    at.button(key=f"cell_{project}_brief_edit_open").click().run()
    at.text_input(key=f"cell_{project}_brief_form.genre").set_value(genre)
    at.button(key=f"cell_{project}_brief_edit_save").click().run()


def test_an_edit_by_hand_marks_what_was_made_from_it_stale_and_says_why(house: House):
    project, _ = house.planned()
    at = house.page("studio", project=project, node=project)
    edit_brief(at, project, "ghost story")
    text = said(at)
    assert "Stale because Brief of **The Gift of the Magi** moved from v1 to v2" in text
    assert "ghost story" in text
    assert house.wb.artifact(project, "brief").source == "manual"
    at.button(key=f"cell_{project}_plan_episodes_act_Update").click().run()
    assert house.wb.jobs.list(state="queued")[0].kind == "plan_episodes"


def test_a_second_editor_is_told_sees_the_difference_and_chooses(house: House):
    project = house.sample()
    at = house.page("studio", project=project, node=project)
    at.button(key=f"cell_{project}_brief_edit_open").click().run()
    theirs = {**house.wb.artifact(project, "brief").content, "genre": "theirs"}
    house.wb.artifacts.save(project, "brief", theirs, 1, "somebody else")
    at.text_input(key=f"cell_{project}_brief_form.genre").set_value("mine")
    at.button(key=f"cell_{project}_brief_edit_save").click().run()
    assert any("Version 2 was saved while you were editing" in w.value for w in at.warning)
    assert house.wb.artifact(project, "brief").content["genre"] == "theirs"
    at.button(key=f"cell_{project}_brief_edit_mine").click().run()
    assert house.wb.artifact(project, "brief").content["genre"] == "mine"
    assert house.wb.artifact(project, "brief", 2).content["genre"] == "theirs"


def test_an_edit_that_breaks_the_kinds_rules_stays_open_with_its_error(house: House):
    project = house.sample()
    at = house.page("studio", project=project, node=project)
    at.button(key=f"cell_{project}_brief_edit_open").click().run()
    at.text_input(key=f"cell_{project}_brief_form.title").set_value("")
    at.text_input(key=f"cell_{project}_brief_form.genre").set_value("kept")
    at.button(key=f"cell_{project}_brief_edit_save").click().run()
    assert "This is needed." in said(at)
    assert at.text_input(key=f"cell_{project}_brief_form.genre").value == "kept"
    assert house.wb.artifact(project, "brief").version == 1


def test_versions_are_compared_restored_and_pinned(house: House):
    project = house.sample()
    at = house.page("studio", project=project, node=project)
    edit_brief(at, project, "ghost story")
    open_popover(at, f"cell_{project}_brief_versions")
    at.button(key=f"cell_{project}_brief_cmp_1").click().run()
    text = said(at)
    assert ":red-background[− ~~period romance~~]" in text
    assert ":green-background[\\+ ghost story]" in text
    assert "1 changed" in text
    at.button(key=f"cell_{project}_brief_restore_1").click().run()
    assert house.wb.artifact(project, "brief").content["genre"] == "period romance"
    open_popover(at, f"cell_{project}_brief_versions")
    at.button(key=f"cell_{project}_brief_pin_3").click().run()
    assert house.wb.artifact(project, "brief").pinned


def test_everything_below_shows_its_plan_with_the_price_and_launches_it_as_one_job(house: House):
    project, episodes = house.planned()
    at = house.page("studio", project=project, node=episodes[0].id)
    at.button(key="run_below").click().run()
    assert [m.value for m in at.metric[:1]] == ["free"]
    assert house.wb.jobs.list(state="queued") == []
    at.button(key=f"launch_plan_dialog_{episodes[0].id}_missing").click().run()
    (parent,) = house.wb.jobs.list(state="queued")
    assert parent.kind == "run_plan"
    assert [kind for kind, _ in parent.params["jobs"]] == [
        "generate_episode_core_expression",
        "generate_episode_scene_list",
        "generate_scene_script",
    ]
    assert at.button(key="run_below").disabled
    at.button(key=f"plan_cancel_{parent.id}").click().run()
    assert house.wb.jobs.get(parent.id).state == "cancelled"


def test_a_plan_that_cannot_start_says_what_is_missing_and_cannot_be_launched(house: House):
    project = house.wb.create_project({"title": "Short", "summary": "Too short.", "style": {"preset": "anime"}})
    at = house.page("studio", project=project, node=project)
    assert at.button(key=f"launch_plan_card_{project}_missing").disabled
    assert any("characters" in m.value for m in at.markdown)


def test_the_boards_filters_come_from_the_url(house: House):
    house.planned()
    house.wb.submit("llm_chat", None, {"messages": [{"role": "user", "content": "hello lamp"}]})
    at = house.page("jobs", kind="llm_chat")
    assert jobs_shown(at) == [2]
    at = house.page("jobs", q="hello lamp")
    assert jobs_shown(at) == [2]
    at = house.page("jobs", state="succeeded")
    assert jobs_shown(at) == [1]
    with house.wb.database.write() as conn:
        values = {"created_at": 1_700_000_000_000, "finished_at": job.c.started_at + 90_000}
        money = {"currency": "CNY", "cost_micros": 1_500_000}
        conn.execute(update(job).where(job.c.id == 1).values(**values, **money))
        # what a job has cost is told by its calls
        call = select(func.min(model_call.c.id)).where(model_call.c.job_id == 1).scalar_subquery()
        conn.execute(update(model_call).where(model_call.c.id == call).values(**money))
    queries: list[tuple[dict[str, str], list[int]]] = [
        ({"cost": "1.4"}, [1]), ({"cost": "1.5"}, []), ({"cost": "nan"}, [2, 1]), ({"cost": "1e400"}, [2, 1]),
        ({"run": "89.5"}, [1]), ({"run": "-3"}, [2, 1]), ({"profile": "0"}, [2, 1]), ({"profile": "x"}, [2, 1]),
        ({"error": "timeout"}, []), ({"error": "; DROP"}, [2, 1]),
        ({"range": "1", "from": "2023-11-14T00:00Z", "to": "2023-11-15T00:00Z"}, [1]),
        ({"range": "1", "to": "2023-11-14T00:00Z"}, []),
        ({"range": "1", "from": "never", "to": "9999-12-31T23:59Z"}, [2, 1]),
        ({"from": "2023-11-15T00:00Z"}, [2, 1]),
    ]  # fmt: skip
    for query, expected in queries:
        at = house.page("jobs", **query)
        assert not at.exception, query
        assert jobs_shown(at) == expected, query
        assert f"Succeeded **{expected.count(1)}**" in "".join(str(e.proto) for e in at.get("button_group")), query


def test_a_view_is_saved_and_opened_again(house: House):
    house.planned()
    at = house.page("jobs", state="failed", cost="2")
    at.text_input(key="view_name").set_value("Dear failures").run()
    at.button(key="view_save").click().run()
    (view,) = house.wb.views.list("jobs")
    assert view.query == {"state": "failed", "cost": "2"}
    at = house.page("jobs", kind="llm_chat", sort="run")
    at.button(key=f"view_{view.id}").click().run()
    assert {k: at.query_params.get(k) for k in ("state", "cost", "kind", "sort")} == {
        "state": "failed", "cost": "2", "kind": None, "sort": None,
    }  # fmt: skip
    at.button(key="clear_filters").click().run()
    assert jobs_shown(at) == [1]


def test_gates_are_limited_and_workers_drained_on_the_page(house: House):
    house.engine._report_alive()
    house.planned()
    (worker,) = house.wb.queues.list_workers()
    at = house.page("jobs")
    at.number_input(key="limit_queue:image").set_value(3).run()
    at.toggle(key="gate_queue:video").set_value(False).run()
    assert [(g.key, g.paused, g.max_running) for g in house.wb.queues.list_gates()] == [
        ("queue:image", False, 3), ("queue:video", True, None),
    ]  # fmt: skip
    at.button(key="resume_queue:video").click().run()
    at.number_input(key="limit_queue:image").set_value(None).run()
    assert house.wb.queues.list_gates() == []
    at.button(key=f"drain_{worker.name}").click().run()
    assert house.wb.queues.list_workers()[0].drain_by == "local"
    at.button(key=f"drain_{worker.name}").click().run()
    assert house.wb.queues.list_workers()[0].drain_at is None


def chats(house: House, n: int) -> list[int]:
    requests = [Request("llm_chat", None, {"messages": [{"role": "user", "content": f"q {i}"}]}) for i in range(n)]
    return sorted(job.id for job in house.wb.jobs.submit_many(requests))


def test_the_way_back_to_each_page_of_a_sorted_board_stands_in_its_address(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = chats(house, 250)
    at = house.page("jobs", sort="id", desc=0)
    for _ in range(4):
        at.button(key="older").click().run()
    assert jobs_shown(at) == jobs[200:]
    # a link that somebody else opens
    at = house.page("jobs", sort="id", desc=0, page=at.query_params["page"])
    for begin in (150, 100, 50, 0):
        assert at.button(key="newer").label == "Previous"
        at.button(key="newer").click().run()
        assert jobs_shown(at) == jobs[begin : begin + 50]
    assert at.button(key="newer").disabled
    # of very many pages the last ones are known: it is said what the button leads to
    place = house.wb.jobs.page_sorted("id", limit=200).next
    at = house.page("jobs", sort="id", desc=0, page=f".{place}")
    assert (jobs_shown(at), at.button(key="newer").label) == (jobs[200:], "First page")
    at.button(key="newer").click().run()
    assert (jobs_shown(at), at.query_params.get("page")) == (jobs[:50], None)
    place = house.wb.jobs.page_sorted("id", limit=100).next
    at = house.page("jobs", sort="id", desc=0, page="x." * 19 + f"{place}")
    at.button(key="older").click().run()
    known = at.query_params["page"]
    assert (known.count("."), known[0], jobs_shown(at)) == (20, ".", jobs[150:200])


def test_the_newest_jobs_have_no_empty_page_at_either_end(house: House) -> None:
    jobs = chats(house, 100)[::-1]
    at = house.page("jobs")
    at.button(key="older").click().run()
    assert jobs_shown(at) == jobs[50:]
    assert at.button(key="older").disabled, "there are just two pages"
    at.button(key="newer").click().run()
    assert jobs_shown(at) == jobs[:50]
    assert at.button(key="newer").disabled, "nothing is newer"
    assert "after" not in at.query_params
    # behind the last one, as in a link to jobs that were pruned since
    at = house.page("jobs", before=jobs[-1])
    assert jobs_shown(at) == []
    at.button(key="newer").click().run()
    assert jobs_shown(at) == jobs[50:]


def test_the_board_is_sorted_over_all_pages_as_the_address_says(house: House):
    jobs = [
        house.run("llm_chat", None, {"messages": [{"role": "user", "content": "a word " * n}]}).id for n in range(1, 54)
    ]
    assert jobs_shown(house.page("jobs")) == jobs[:2:-1]
    at = house.page("jobs", sort="id", desc=0)
    assert jobs_shown(at) == jobs[:50]
    at.button(key="older").click().run()
    assert jobs_shown(at) == jobs[50:]
    assert jobs_shown(house.page("jobs", sort="id", desc=0, page=at.query_params["page"])) == jobs[50:]
    at.button(key="newer").click().run()
    assert jobs_shown(at) == jobs[:50]
    assert jobs_shown(house.page("jobs", sort="id", desc=0, page="99")) == jobs[:50]
    assert "page" not in at.query_params
    # the order of times and costs is their own, not that of their words
    costs = [house.wb.jobs.get(i).cost_micros or 0 for i in jobs_shown(house.page("jobs", sort="cost", desc=1))]
    assert costs == sorted(costs, reverse=True)
    assert jobs_shown(house.page("jobs", sort="now; DROP", page="x")) == jobs[:2:-1]


def test_every_job_that_matches_can_be_cancelled_at_once(house: House):
    for number in range(3):
        house.wb.submit("llm_chat", None, {"messages": [{"role": "user", "content": f"question {number}"}]})
    at = house.page("jobs")
    at.button(key="all_cancel").click().run()
    assert "**3 of 3 jobs**" in asked(at)
    assert {j.state for j in house.wb.jobs.list()} == {"queued"}
    # what ended meanwhile is left out, and told
    house.wb.jobs.cancel(house.wb.jobs.list()[0].id)
    at.button(key="act_go").click().run()
    assert "cancelled: 2 · left out: 1" in asked(at)
    assert {j.state for j in house.wb.jobs.list()} == {"cancelled"}
    at.button(key="act_close").click().run()
    at.button(key="undo_last").click().run()
    assert sorted(j.state for j in house.wb.jobs.list()) == ["cancelled"] * 3 + ["queued"] * 2
    assert "undo_last" not in {b.key for b in at.button}


def test_many_jobs_are_acted_on_by_a_job_that_tells_of_each_and_can_be_undone(house: House):
    house.wb.jobs.submit_many(
        Request("llm_chat", None, {"messages": [{"role": "user", "content": f"q {n}"}]}) for n in range(22)
    )
    at = house.page("jobs")
    at.button(key="all_change").click().run()
    at.number_input(key="act_priority").set_value(7).run()
    at.button(key="act_go").click().run()
    (bulk,) = house.wb.jobs.list(kind="act_on_jobs")
    house.engine._run_bulk()
    assert {j.priority for j in house.wb.jobs.list(kind="llm_chat")} == {7}
    at = house.page("job", id=bulk.id)
    assert any("changed: 22" in m.value.replace("\\", "") for m in at.markdown)
    at.button(key="bulk_undo").click().run()
    house.engine._run_bulk()
    assert {j.priority for j in house.wb.jobs.list(kind="llm_chat")} == {0}


def test_a_kind_is_paused_and_resumed(house: House):
    house.planned()
    at = house.page("jobs")
    at.toggle(key="gate_kind:plan_episodes").set_value(False).run()
    assert [g.key for g in house.wb.queues.list_gates() if g.paused] == ["kind:plan_episodes"]
    at.toggle(key="gate_kind:plan_episodes").set_value(True).run()
    assert [g for g in house.wb.queues.list_gates() if g.paused] == []


def test_a_job_is_replayed_with_an_edited_payload_after_its_errors_are_mended(house: House):
    job = house.run("llm_chat", None, {"messages": [{"role": "user", "content": "hello"}]})
    at = house.page("job", id=job.id)
    at.button(key="edit").click().run()
    at.text_area(key=f"payload_{job.id}").set_value('{"messages": []}').run()
    assert "At least 1 entries are needed." in said(at)
    assert at.button(key="payload_go").disabled
    at.text_area(key=f"payload_{job.id}").set_value('{"messages": [{"role": "user", "content": "edited"}]}').run()
    at.button(key="payload_go").click().run()
    assert "It costs about **free** at most. Nothing is there to reuse." in asked(at)
    assert len(house.wb.jobs.list()) == 1
    at.button(key="act_go").click().run()
    newest = house.wb.jobs.list()[0]
    assert at.query_params["id"] == str(newest.id)
    assert newest.replay_of == job.id
    assert newest.params["messages"][0]["content"] == "edited"


def test_an_unknown_job_is_said_and_not_a_traceback(house: House):
    at = house.page("job", id=999)
    assert problems(at) == []
    assert "There is no job 999" in said(at)


def asked(at: AppTest) -> list[str]:
    """What the dialog says before an act on jobs."""
    return [str(m.value).replace("\\", "") for m in at.markdown]


def failing(house: House, monkeypatch, text: str = "boom") -> Job:
    """A job that fails: its provider is not there."""
    if not house.wb.profiles.list():
        house.wb.profiles.add(
            "nowhere", "openai", base_url="http://127.0.0.1:9/v1", text_model="none", key="sk-canary0123456789"
        )
    return house.run(
        "llm_chat", None, {"messages": [{"role": "user", "content": text}]}, profile="nowhere", max_attempts=1
    )


def test_failures_are_grouped_and_a_group_is_replayed(house: House, monkeypatch):
    first, second = failing(house, monkeypatch), failing(house, monkeypatch, "boom again")
    assert {first.state, second.state} == {"failed"}
    at = house.page("debug")
    group = house.wb.jobs.list_failures()[0].fingerprint
    assert "Network failure" in said(at)
    at.button(key=f"inspect_{group}").click().run()
    assert problems(at) == []
    at.button(key=f"all_{group}").click().run()
    assert "**2 of 2 jobs**" in asked(at)
    assert "It costs about **unknown**. Nothing is there to reuse." in asked(at)
    assert not [j for j in house.wb.jobs.list() if j.replay_of]
    at.button(key="act_go").click().run()
    assert len([j for j in house.wb.jobs.list() if j.replay_of]) == 2
    # each is at work: nothing is left to ask for
    at.button(key=f"all_{group}").click().run()
    assert at.button(key="act_go").disabled


def test_one_failure_is_replayed_with_an_edited_payload_from_debug(house: House, monkeypatch):
    job = failing(house, monkeypatch)
    at = house.page("debug", group=house.wb.jobs.list_failures()[0].fingerprint)
    at.text_area(key=f"payload_{job.id}").set_value('{"messages": [{"role": "user", "content": "better"}]}').run()
    at.button(key=f"replay_{job.id}").click().run()
    at.button(key="act_go").click().run()
    assert house.wb.jobs.list()[0].params["messages"][0]["content"] == "better"


def test_what_was_taken_out_of_a_payload_is_not_in_the_job_that_runs(house: House):
    project, episodes = house.planned()
    batch = "generate_episode_core_expression_batch"
    params = {"episode_ids": [episodes[0].id], "force": True}
    job = house.wb.submit(batch, project, params)
    house.wb.jobs.cancel(job.id)
    at = house.page("job", id=job.id)
    at.button(key="edit").click().run()
    at.text_area(key=f"payload_{job.id}").set_value(json.dumps({"episode_ids": [episodes[0].id]})).run()
    at.button(key="payload_go").click().run()
    assert any("What fits the edits is reused." in sentence for sentence in asked(at))
    at.button(key="act_go").click().run()
    assert house.wb.jobs.list()[0].params == {"episode_ids": [episodes[0].id], "force": False, "rewrite": False}


def test_what_was_taken_out_of_a_payload_in_debug_is_not_in_the_job_that_runs(house: House):
    house.wb.profiles.add(
        "nowhere", "openai", base_url="http://127.0.0.1:9/v1", text_model="none", key="sk-canary01234"
    )
    _, episodes = house.planned()
    scenes = "generate_episode_scene_list"
    assert house.run("generate_episode_core_expression", episodes[0].id).state == "succeeded"
    job = house.run(scenes, episodes[0].id, {"scene_count_hint": 9}, profile="nowhere", max_attempts=1)
    assert job.state == "failed"
    at = house.page("debug", group=house.wb.jobs.list_failures()[0].fingerprint)
    at.text_area(key=f"payload_{job.id}").set_value("{}").run()
    at.button(key=f"replay_{job.id}").click().run()
    at.button(key="act_go").click().run()
    newest = house.wb.jobs.list()[0]
    assert (newest.replay_of, newest.params) == (job.id, {"scene_count_hint": 12, "review": True})


def test_a_question_about_one_page_is_not_asked_on_another(house: House, monkeypatch):
    """Back, while the dialog is open: there it would be about jobs that nobody sees."""
    first, second = failing(house, monkeypatch), failing(house, monkeypatch, "boom again")
    at = house.page("job", id=first.id)
    at.button(key="retry").click().run()
    assert [b.key for b in at.button if b.key == "act_go"]
    at.query_params["id"] = str(second.id)
    at.run()
    assert not [b.key for b in at.button if b.key == "act_go"]
    at.button(key="retry").click().run()
    at.switch_page("pages/jobs.py").run()
    assert not [b.key for b in at.button if b.key == "act_go"]
    assert not [j for j in house.wb.jobs.list() if j.replay_of]


def test_what_another_window_has_made_meanwhile_is_not_made_again_by_a_page_that_does_not_show_it(house: House):
    project, episodes = house.planned()
    episode, core = episodes[0].id, "generate_episode_core_expression"
    at = house.page("studio", project=project, node=episode)
    assert house.run(core, episode).state == "succeeded"
    at.button(key=f"cell_{episode}_{core}_act_Run").click().run()
    assert "Version 1 was made meanwhile. Look at it first; nothing was started." in refusals(at)
    assert len(house.wb.jobs.list(kind=core)) == 1
    at.button(key=f"cell_{episode}_{core}_act_Run again").click().run()
    assert len(house.wb.jobs.list(kind=core)) == 2


def test_a_failure_that_was_made_good_meanwhile_is_not_retried_by_a_page_that_does_not_show_it(house: House):
    house.wb.profiles.add(
        "nowhere", "openai", base_url="http://127.0.0.1:9/v1", text_model="none", key="sk-canary01234"
    )
    project, episodes = house.planned()
    episode, core = episodes[0].id, "generate_episode_core_expression"
    failed = house.run(core, episode, profile="nowhere", max_attempts=1)
    at = house.page("studio", project=project, node=episode)
    good = house.run(core, episode)
    assert (failed.state, good.state) == ("failed", "succeeded")
    at.button(key=f"cell_{episode}_{core}_act_Retry").click().run()
    assert f"Job {good.id} has made it good." in refusals(at)
    assert len(house.wb.jobs.list(kind=core)) == 2


def test_a_plan_launches_what_was_shown_and_not_what_has_joined_it_since(house: House):
    project, episodes = house.planned()
    episode = episodes[0].id
    assert house.run("generate_episode_core_expression", episode).state == "succeeded"
    at = house.page("studio", project=project, node=episode)
    at.button(key="run_below").click().run()
    launch = at.button(key=f"launch_plan_dialog_{episode}_missing")
    assert launch.label.startswith("Launch 2 jobs")
    brief = house.wb.artifact(project, "brief")
    house.wb.artifacts.save(project, "brief", {**brief.content, "genre": "ghost story"}, brief.version)
    assert len(house.wb.plans.build(episode).jobs) == 3
    launch.click().run()
    [parent] = house.wb.jobs.list(kind="run_plan")
    assert parent.params["jobs"] == [["generate_episode_scene_list", episode], ["generate_scene_script", episode]]


def test_analytics_counts_what_the_ledger_holds(house: House):
    _, episodes = house.planned()
    house.run("generate_episode_core_expression", episodes[0].id)
    at = house.page("analytics")
    calls = next(m for m in at.metric if m.label == "Calls")
    assert calls.value == "2"
    assert problems(at) == []


def test_the_language_switch_changes_the_page_and_is_kept(house: House):
    at = house.page("projects", "en")
    assert at.title[0].value == "Projects"
    at.segmented_control(key="language_switch").set_value("zh").run()
    assert at.title[0].value == "项目"
    at.run()
    assert at.title[0].value == "项目"


def test_of_two_stories_with_one_title_the_chosen_one_is_shown(house: House):
    first, second = (house.wb.create_project({"title": "Twins", "summary": "s" * 120}) for _ in range(2))
    at = house.page("launch", project=first)
    picker = at.selectbox(key="launch_project")
    assert sorted(picker.options) == [f"Twins (#{first})", f"Twins (#{second})"]
    for project in (second, first):
        picker = at.selectbox(key="launch_project")
        picker.set_value(str(project)).run()
        assert at.query_params["project"] == str(project)


def test_a_part_that_fails_says_so_in_its_place_and_what_stands_below_it_is_drawn(house: House) -> None:
    house.sample()
    whole = house.page("launch")
    at = house.page("launch")
    at.session_state["launched"] = [4711]  # pruned meanwhile
    at.run()
    assert not at.exception
    assert [e.value for e in at.error] == ["There is no job 4711."]
    assert {str(b.key) for b in whole.button} <= {str(b.key) for b in at.button}
