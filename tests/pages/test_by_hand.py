"""What a person wrote, edited or pinned, in the Studio: said before it is replaced, and one click away after."""

from __future__ import annotations

from tests.pages.conftest import House, open_popover
from workbench.db.writes import end, insert
from workbench.i18n import Text

CORE = "generate_episode_core_expression"


def edited(house: House) -> tuple[int, int]:
    """(project, episode): its core expression was edited by hand, and is stale."""
    wb = house.wb
    project, episodes = house.planned()
    episode = episodes[0].id
    assert house.run(CORE, episode).state == "succeeded"
    for node, kind, changed in (
        (episode, "core_expression", {"theme": "My words"}),
        (project, "brief", {"genre": "x"}),
    ):
        head = wb.artifact(node, kind)
        wb.artifacts.save(node, kind, {**head.content, **changed}, head.version)
    return project, episode


def texts(at) -> str:
    return "\n".join(str(m.value) for m in (*at.markdown, *at.caption))


def test_a_plan_lists_apart_and_unticked_what_was_written_by_hand(house: House) -> None:
    project, episode = edited(house)
    at = house.page("studio", project=project, node=episode)
    at.button(key="update_stale").click().run()
    assert "Written by hand or pinned" in texts(at)
    tick = f"rewrite_dialog_{episode}_stale_{CORE}_{episode}"
    assert at.checkbox(key=tick).value is False
    assert not [b for b in at.button if str(b.key).startswith("launch_plan_dialog")]  # there is nothing else to do
    at.checkbox(key=tick).check().run()
    at.button(key=f"launch_plan_dialog_{episode}_stale").click().run()
    (parent,) = house.wb.jobs.list(state="queued")
    assert parent.params["rewrite"] == [[CORE, episode]]
    assert house.end(parent.id).state == "succeeded"
    head = house.wb.artifact(episode, "core_expression")
    assert (head.version, head.source, head.content["theme"]) == (3, "ai", "My words")

    at = house.page("studio", project=project, node=episode)
    assert "v2, edited by hand, was replaced." in texts(at)
    at.button(key=f"cell_{episode}_core_expression_back").click().run()
    head = house.wb.artifact(episode, "core_expression")
    assert (head.version, head.source) == (4, "restore")
    assert "was replaced" not in texts(at)


def test_the_plan_of_everything_below_leaves_it_too(house: House) -> None:
    project, episode = edited(house)
    at = house.page("studio", project=project, node=episode)
    assert at.checkbox(key=f"rewrite_card_{episode}_missing_{CORE}_{episode}").value is False
    at.button(key=f"launch_plan_card_{episode}_missing").click().run()
    (parent,) = house.wb.jobs.list(state="queued")
    assert CORE not in [kind for kind, _ in parent.params["jobs"]]


def test_one_cell_says_what_a_run_over_a_version_by_hand_does(house: House) -> None:
    project, episode = edited(house)
    at = house.page("studio", project=project, node=episode)
    key = f"cell_{episode}_{CORE}_act"
    assert not [b for b in at.button if b.key == f"{key}_Update"]
    assert "v2 was written or edited by hand. The model is given it to keep to" in texts(at)
    at.button(key=f"{key}_sure").click().run()
    (job,) = house.wb.jobs.list(state="queued")
    assert job.kind == CORE


def test_a_run_on_a_pinned_cell_says_that_nobody_sees_it_and_shows_the_way(house: House) -> None:
    project, episodes = house.planned()
    episode = episodes[0].id
    house.run(CORE, episode)
    house.wb.artifacts.pin(episode, "core_expression", 1)
    at = house.page("studio", project=project, node=episode)
    key = f"cell_{episode}_{CORE}_act"
    assert "v1 is pinned: a new version is not shown until you unpin it." in texts(at)
    at.button(key=f"{key}_sure").click().run()
    (job,) = house.wb.jobs.list(state="queued")
    assert house.end(job.id).state == "succeeded"
    assert house.wb.artifact(episode, "core_expression").version == 1

    at = house.page("studio", project=project, node=episode)
    assert "v2 is newer and not shown: v1 is pinned." in texts(at)
    at.button(key=f"cell_{episode}_core_expression_newer").click().run()
    head = house.wb.artifact(episode, "core_expression")
    assert (head.version, head.pinned) == (2, False)

    house.wb.artifacts.pin(episode, "core_expression", 1)
    at = house.page("studio", project=project, node=episode)
    at.button(key=f"{key}_unpin").click().run()
    (job,) = house.wb.jobs.list(state="queued")
    assert house.end(job.id).state == "succeeded"
    assert house.wb.artifact(episode, "core_expression").version == 3


def test_how_a_batch_ended_tells_apart_what_failed_and_what_never_began(house: House) -> None:
    project, episodes = house.planned()
    episode = episodes[0].id
    house.run(CORE, episode)
    house.run("generate_episode_scene_list", episode, {"scene_count_hint": 6})
    scene = house.nodes(project, "scene")[0].id
    with house.wb.database.write() as conn:
        job_id = insert.insert_job(
            conn,
            {
                "kind": "refine_scene_all", "queue": "system", "title": "t", "project_id": project, "node_id": scene,
                "params": {}, "params_hash": "h", "max_attempts": 1,
            },
        )  # fmt: skip
        bad = [
            {"node_id": scene, "job_id": None, "state": "failed", "error_kind": "guard_unmet", "error": "no"},
            {"node_id": scene, "job_id": None, "state": "not_started", "error_kind": "child_failed", "error": "no"},
        ]
        left = [
            {"node_id": scene, "kind": "k", "reason": "by_hand"},
            {"node_id": scene, "kind": "k", "reason": "fresh"},
        ]
        result = {"succeeded": [], "failed": bad, "skipped": left}
        end.end(conn, job_id, "partial", result=result, kind="child_failed")
    at = house.page("studio", project=project, node=scene)
    assert not at.exception
    assert "0 written, 1 failed, 1 were there already · 1 never began · 1 written by hand or pinned were left" in texts(
        at
    )
    assert "never began: what it needs failed" in texts(at)


def test_a_launch_on_many_nodes_says_what_was_written_by_hand_or_pinned_there(house: House) -> None:
    project, episode = edited(house)
    other = house.nodes(project, "episode")[1].id
    house.run(CORE, other)
    house.wb.artifacts.pin(other, "core_expression", 1)
    at = house.page("launch", workflow=CORE, project=project, node=f"{episode},{other}")
    assert "Written or edited by hand: 1." in texts(at)
    assert "Pinned: 1." in texts(at)


def test_no_version_is_out_of_reach(house: House) -> None:
    project = house.sample()
    for number in range(1, 15):
        brief = house.wb.artifact(project, "brief")
        house.wb.artifacts.save(project, "brief", {**brief.content, "genre": f"genre {number}"}, brief.version)
    at = house.page("studio", project=project, node=project)
    open_popover(at, f"cell_{project}_brief_versions")
    assert not [b for b in at.button if b.key == f"cell_{project}_brief_restore_2"]
    at.button(key=f"cell_{project}_brief_all_versions_open").click().run()
    at.button(key=f"cell_{project}_brief_restore_2").click().run()
    assert house.wb.artifact(project, "brief").content["genre"] == "genre 1"


def test_the_launch_form_offers_what_failed_and_what_came_only_in_part(house: House) -> None:
    project, episodes = house.planned()
    failed, other = episodes[0].id, episodes[1].id
    house.run(CORE, other)
    with house.wb.database.write() as conn:
        row = {"queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1}
        job_id = insert.insert_job(conn, {**row, "kind": CORE, "project_id": project, "node_id": failed})
        assert job_id is not None
        end.end(conn, job_id, "failed", kind="content_filter", error=Text("no"))
    at = house.page("launch", workflow=CORE, project=project)
    at.button(key=f"launch_nodes_{project}_episode_wanting").click().run()
    chosen = [int(n) for n in at.query_params["node"][0].split(",")]
    assert failed in chosen
    assert other not in chosen
    assert "Failed" in texts(at)


def test_the_card_of_a_plan_says_that_its_jobs_are_paused(house: House) -> None:
    project, episodes = house.planned()
    episode = episodes[0].id
    house.wb.queues.pause("queue:text")
    parent = house.wb.plans.run(episode).id
    house.engine.run(parent)
    assert house.wb.jobs.get(parent).waiting_for == "children"
    at = house.page("studio", project=project, node=episode)
    bars = [str(bar.text) for bar in at.get("progress")]
    assert len(bars) == 2, "cell and plan"
    for bar in bars:
        assert "the queue text \\(by local, " in bar
        assert "Resume it on the Jobs page." in bar


def test_a_plan_says_when_what_was_written_by_hand_is_in_what_it_plans_anew(house: House) -> None:
    project, episode = edited(house)
    assert house.wb.plans.build(project, "stale").moved == 1
    assert house.wb.plans.build(episode, "stale").moved == 0
    at = house.page("studio", project=project, node=project)
    at.button(key="update_stale").click().run()
    assert "Written by hand in episodes or scenes that are planned anew: 1." in texts(at).replace("\\", "")
