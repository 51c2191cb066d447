"""A project goes out and comes in as it was: content hashes, versions, media, jobs and their costs."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from tests.archives.conftest import Home
from tests.story_nodes import set_archived
from workbench.artifacts import kinds
from workbench.db.reads import budgets
from workbench.db.schema import artifact, artifact_head, job, model_call, node, prompt_override
from workbench.db.tables import metadata
from workbench.errors import InvalidInput, NotFound
from workbench.i18n import translate
from workbench.settings import Settings

MakeHome = Callable[[], Home]


def contents(home: Home, project: int) -> list[Any]:
    """Everything about a project's versions that does not depend on numbers of rows."""
    with home.wb.database.read() as conn:
        nodes = {r.id: r for r in conn.execute(select(node).where(node.c.project_id == project))}

        def place(node_id: int) -> tuple[Any, ...]:
            at = nodes[node_id]
            above = place(at.parent_id) if at.parent_id else ()
            return (*above, (at.kind, at.position, at.title, at.archived_at, at.created_at))

        def told(made_from: dict[str, Any]) -> Any:
            numbers = ("node_id", "artifact_id", "of_node")
            at = [place(made_from[name]) for name in ("node_id", "of_node") if name in made_from]
            return at, {k: v for k, v in made_from.items() if k not in numbers}

        heads = {r.artifact_id: r.pinned for r in conn.execute(select(artifact_head))}
        return [
            (place(r.node_id), r.kind, r.version, r.content_hash, r.part_hashes, r.content, r.source, r.warnings,
             r.prompt_version, r.model, r.created_by, r.created_at, heads.get(r.id), r.job_id is not None,
             [told(i) for i in r.inputs])
            for r in conn.execute(
                select(artifact).where(artifact.c.node_id.in_(nodes)).order_by(artifact.c.created_at, artifact.c.id)
            )
        ]  # fmt: skip


def spent(home: Home, project: int) -> list[Any]:
    columns = (model_call.c.call_id, model_call.c.cost_micros, model_call.c.input_tokens, model_call.c.outcome)
    with home.wb.database.read() as conn:
        return [
            tuple(row) for row in conn.execute(
                select(*columns).where(model_call.c.project_id == project).order_by(model_call.c.call_id)
            )
        ]  # fmt: skip


def jobs_of(home: Home, project: int) -> list[Any]:
    """What each job took and came to, in their order."""
    columns = (
        job.c.kind, job.c.state, job.c.title, job.c.progress, job.c.claim,
        job.c.cost_micros, job.c.currency, job.c.input_tokens, job.c.output_tokens, job.c.created_at,
        job.c.started_at, job.c.finished_at, job.c.created_by,
    )  # fmt: skip
    with home.wb.database.read() as conn:
        rows = conn.execute(select(*columns).where(job.c.project_id == project).order_by(job.c.id)).all()
    return [tuple(row) for row in rows]


def prompts_of(home: Home, project: int) -> list[Any]:
    columns = ("name", "version", "language", "system_text", "user_text", "fingerprint", "created_at")
    with home.wb.database.read() as conn:
        query = select(*(prompt_override.c[name] for name in columns)).where(prompt_override.c.project_id == project)
        return [tuple(row) for row in conn.execute(query.order_by(prompt_override.c.version))]


def test_a_round_trip_keeps_everything_on_each_database(
    settings: Settings, make_home: MakeHome, tmp_path: Path
) -> None:
    home, other = Home(settings), make_home()
    project = home.make_story("moving-mountains.zh")
    home.wb.projects.export(project, tmp_path / "出.zip")

    report = other.wb.projects.import_archive(tmp_path / "出.zip")
    again = home.wb.projects.import_archive(tmp_path / "出.zip")

    for where, new in ((other, report.project_id), (home, again.project_id)):
        assert contents(where, new) == contents(home, project)
    assert spent(other, report.project_id) == spent(home, project) != []
    # what was paid once is counted once
    assert spent(home, again.project_id) == []
    for scene in other.nodes(report.project_id, "scene")[:1]:
        frames = other.wb.artifact(scene, "keyframe_images")
        assert frames is not None
        shas = {candidate["media"] for frame in frames.content["frames"] for candidate in frame["candidates"]}
        assert len(shas) == 9
        assert all(other.wb.media.path(sha).read_bytes() == home.wb.media.path(sha).read_bytes() for sha in shas)
        assert other.wb.jobs.get(frames.job_id or 0).node_id == scene
    # what comes in can be worked on: the edit by hand has made the plan stale, as at home
    assert [n.artifacts for n in other.wb.projects.tree(report.project_id).nodes] == [
        n.artifacts for n in home.wb.projects.tree(project).nodes
    ]
    assert other.run("plan_episodes", report.project_id) == "succeeded"
    home.wb.close()


def test_every_kind_with_its_media_costs_pins_and_prompts_comes_in_as_it_went_out(
    make_home: MakeHome, tmp_path: Path
) -> None:
    home, other = make_home(), make_home()
    other.make_story(drawn=False)
    project = home.make_whole_story()

    report = home.wb.projects.export(project, tmp_path / "s.zip")
    came = other.wb.projects.import_archive(tmp_path / "s.zip").project_id

    told = contents(home, project)
    assert {row[1] for row in told} == set(kinds.all_kinds())
    assert any(pinned for *_, pinned, _, _ in told)
    assert contents(other, came) == told
    assert spent(other, came) == spent(home, project) != []
    assert jobs_of(other, came) == jobs_of(home, project) != []
    assert prompts_of(other, came) == prompts_of(home, project)
    assert [version for _, version, *_ in prompts_of(other, came)] == [1, 2]
    # frames, a second candidate, two sheets and clips, byte for byte
    shas = {path.stem for path in (home.settings.home / "media").rglob("*") if path.is_file()}
    assert report.media == len(shas) > 20
    assert {other.wb.media.path(sha).suffix for sha in shas} == {".webp", ".mp4"}
    assert all(other.wb.media.path(sha).read_bytes() == home.wb.media.path(sha).read_bytes() for sha in shas)
    assert other.wb.projects.export(came, tmp_path / "again.zip").media == len(shas)
    assert [n.artifacts for n in other.wb.projects.tree(came).nodes] == [
        n.artifacts for n in home.wb.projects.tree(project).nodes
    ]


def test_jobs_name_the_nodes_of_the_project_that_came_in(make_home: MakeHome, tmp_path: Path) -> None:
    home, other = make_home(), make_home()
    other.wb.create_project({"title": "In the way", "summary": "So that numbers differ."})
    project = home.make_story()
    episode = home.nodes(project, "episode")[1]
    plan = home.wb.plans.run(episode, grow=False)
    while home.wb.jobs.get(plan.id).state in ("queued", "running", "waiting"):
        for queued in home.wb.jobs.list(state="queued"):
            home.engine.run(queued.id)
        home.engine.maintain()
    home.wb.projects.export(project, tmp_path / "s.zip")

    came = other.wb.projects.import_archive(tmp_path / "s.zip").project_id

    nodes = {n.id for n in other.wb.projects.tree(came, include_archived=True).nodes}
    with other.wb.database.read() as conn:
        jobs = {r.id: r for r in conn.execute(select(job).where(job.c.project_id == came))}
    plans = [j for j in jobs.values() if j.kind == "run_plan"]
    assert plans
    for found in plans:
        assert {node_id for _, node_id in found.params["jobs"]} <= nodes
        assert found.result["succeeded"]
        assert {item["job_id"] for item in found.result["succeeded"]} <= set(jobs)
    assert {j.node_id for j in jobs.values()} <= nodes
    children = [j for j in jobs.values() if j.parent_id]
    assert children
    assert {j.parent_id for j in children} <= set(jobs)


def test_how_good_forecasts_were_is_told_by_each_plan_once(
    settings: Settings, make_home: MakeHome, tmp_path: Path
) -> None:
    home, other = Home(settings), make_home()
    project = home.make_story(drawn=False)
    home.end(home.wb.plans.run(home.nodes(project, "episode")[1]).id)
    home.wb.projects.export(project, tmp_path / "s.zip")
    errors = home.wb.usage.forecast_errors(since=0)
    assert sum(error.runs for error in errors) > 1

    for where in (home, other, home, other):
        came = where.wb.projects.import_archive(tmp_path / "s.zip").project_id
        assert where.wb.usage.forecast_errors(since=0) == errors
    # a plan of what came in is another one
    other.end(other.wb.plans.run(other.nodes(came, "episode")[2]).id)
    assert sum(e.runs for e in other.wb.usage.forecast_errors(since=0)) > sum(error.runs for error in errors)
    home.wb.close()


def test_what_is_under_way_was_broken_off_in_the_archive(make_home: MakeHome, tmp_path: Path) -> None:
    home, other = make_home(), make_home()
    project = home.make_story()
    active = home.wb.submit("plan_episodes", project)
    home.wb.projects.export(project, tmp_path / "s.zip")

    came = other.wb.projects.import_archive(tmp_path / "s.zip").project_id

    assert home.wb.jobs.get(active.id).state == "queued"
    [broken] = [j for j in other.wb.jobs.list(project=came) if j.state == "cancelled"]
    assert broken.message == "It was under way when the project was exported."
    assert other.run("plan_episodes", came) == "succeeded"


def test_no_key_and_nothing_of_the_machine_is_in_an_archive(make_home: MakeHome, tmp_path: Path) -> None:
    home = make_home()
    key = "canary-5f1d2e9a7b3c4d6e"
    home.wb.profiles.add("mine", "openai", base_url="https://example.test/v1", text_model="m", key=key)
    project = home.wb.create_project(
        {"title": "Told", "summary": f"The password is {key}, and she told it."}, profile="mine"
    )
    report = home.wb.projects.export(project, tmp_path / "s.zip")

    with zipfile.ZipFile(tmp_path / "s.zip") as file:
        everything = b"".join(file.read(name) for name in file.namelist()).decode()
    assert "canary" not in everything
    assert str(home.settings.home) not in everything
    assert report.hidden == 1
    assert make_home().wb.projects.import_archive(tmp_path / "s.zip").had_profile


def test_a_copy_has_every_version_and_no_cost(make_home: MakeHome, tmp_path: Path) -> None:
    home = make_home()
    project = home.make_story()

    copy = home.wb.projects.duplicate(project)

    first, second = contents(home, project), contents(home, copy)
    # all that a copy says otherwise is what it is called
    others = [(a, b) for a, b in zip(first, second, strict=True) if a[1:13] != b[1:13]]
    assert [a[5] | {"title": "The Gift of the Magi (copy)"} for a, _ in others] == [b[5] for _, b in others]
    assert {(b[1], b[2]) for _, b in others} == {("brief", 1), ("brief", 2)}
    assert [(*v[1:3], *v[6:13]) for v in first] == [(*v[1:3], *v[6:13]) for v in second]
    titles = {p.id: p for p in home.wb.projects.list()}
    assert titles[copy].title == "The Gift of the Magi (copy)"
    assert titles[copy].cost == {}
    frames = home.wb.artifact(home.nodes(copy, "scene")[0], "keyframe_images")
    assert frames is not None
    assert home.wb.jobs.get(frames.job_id or 0).project_id == project
    # the copy of a copy goes out without the jobs that are the first one's, and with its own
    assert home.run("generate_emotion_arc", copy) == "succeeded"
    third = home.wb.projects.duplicate(copy, "Third")
    for number, (source, jobs) in enumerate(((copy, 1), (third, 0))):
        home.wb.projects.export(source, tmp_path / f"{number}.zip")
        came = make_home()
        report = came.wb.projects.import_archive(tmp_path / f"{number}.zip")
        assert report.jobs == jobs
        # whose job it was is all that differs
        assert [(*v[:13], *v[14:]) for v in contents(came, report.project_id)] == [
            (*v[:13], *v[14:]) for v in contents(home, source)
        ]
    # each goes its own way
    brief = home.wb.artifact(copy, "brief")
    assert brief is not None
    home.wb.artifacts.save(copy, "brief", {**brief.content, "genre": "Western"}, brief.version)
    assert contents(home, project) == first


def test_a_copy_keeps_its_title_and_is_as_fresh_as_its_original(settings: Settings) -> None:
    home = Home(settings)
    project = home.make_story(drawn=False)

    def states(of: int) -> list[Any]:
        tree = home.wb.projects.tree(of, include_archived=True)
        return [[(a.kind, a.version, a.stale) for a in node.artifacts] for node in tree.nodes]

    # the edit by hand has made the plan stale; what was planned again since is fresh
    for fresh in (False, True):
        if fresh:
            assert home.run("plan_episodes", project) == "succeeded"
        copy = home.wb.projects.duplicate(project, "  Kopie 副本 ")
        assert states(copy) == states(project)
        assert any(stale for node in states(copy) for _, _, stale in node) or fresh
        brief = home.wb.artifact(copy, "brief")
        assert brief is not None
        assert brief.content["title"] == "Kopie 副本"

    home.wb.artifacts.save(copy, "brief", {**brief.content, "audience": "Everybody"}, brief.version)

    assert home.wb.projects.get_node(copy).title == "Kopie 副本"
    told = home.wb.handoffs.make(home.nodes(copy, "scene")[0], "fountain")
    assert "Kopie 副本" in told.data.decode()
    # what it was made from has changed for the copy alone
    assert states(copy) != states(project)
    home.wb.artifacts.restore(copy, "brief", brief.version)
    assert home.wb.projects.get_node(copy).title == "Kopie 副本"
    home.wb.close()


def test_a_title_made_it_stale_and_so_it_is_in_a_copy(make_home: MakeHome) -> None:
    home = make_home()
    project = home.make_story(drawn=False)
    assert home.run("plan_episodes", project) == "succeeded"
    brief = home.wb.artifact(project, "brief")
    assert brief is not None
    home.wb.artifacts.save(project, "brief", {**brief.content, "title": "Another"}, brief.version)
    copy = home.wb.projects.duplicate(project, "A third")
    for of in (project, copy):
        root = next(n for n in home.wb.projects.tree(of).nodes if n.kind == "project")
        assert {a.kind: a.stale for a in root.artifacts} == {"brief": False, "episode_plan": True}


@pytest.mark.parametrize(
    ("title", "problem", "chinese"),
    [
        ("x" * 500, "title: At most 120 characters; 380 too many.", "title: 最多 120 字，多了 380 字。"),
        ("  ", "title: This is needed.", "title: 此项必填。"),
    ],
)
def test_a_copy_is_called_what_a_brief_could_be_called(
    make_home: MakeHome, title: str, problem: str, chinese: str
) -> None:
    home = make_home()
    project = home.wb.create_project({"title": "Long " * 23 + "title", "summary": "B", "language": "zh"})
    with pytest.raises(InvalidInput) as refused:
        home.wb.projects.duplicate(project, title)
    assert translate(refused.value.text, "en") == problem
    assert translate(refused.value.text, "zh") == chinese
    assert [issue.path for issue in refused.value.issues] == ["title"]
    assert len(home.wb.projects.list_names()) == 1

    named = home.wb.projects.get_node(home.wb.projects.duplicate(project)).title
    assert len(named) <= 120
    assert named.endswith("（副本）")


def test_archived_nodes_travel_and_come_back(make_home: MakeHome, tmp_path: Path) -> None:
    home, other = make_home(), make_home()
    project = home.make_story()
    episode = home.nodes(project, "episode")[0]
    set_archived(home.wb, episode, True)
    home.wb.projects.export(project, tmp_path / "s.zip")

    came = other.wb.projects.import_archive(tmp_path / "s.zip").project_id

    assert len(other.nodes(came, "episode")) == len(home.nodes(project, "episode"))
    [hidden] = [n for n in other.wb.projects.tree(came, include_archived=True).nodes if n.archived]
    other.wb.artifacts.restore(came, "episode_plan", 1)
    assert hidden.id in other.nodes(came, "episode")
    assert other.nodes(came, "scene")


def test_a_scene_that_stands_where_another_stands_travels_archived(
    settings: Settings, make_home: MakeHome, tmp_path: Path
) -> None:
    """On both databases, since what stands at one place is asked of each."""
    home, other = Home(settings), make_home()
    project = home.make_story(drawn=False)
    episode = home.nodes(project, "episode")[0]
    scenes = home.nodes(project, "scene")
    head = home.wb.artifact(episode, "scene_list")
    assert head is not None
    kept = [{**s, "order": n} for n, s in enumerate(head.content["scenes"][1:], start=1)]
    home.wb.artifacts.save(episode, "scene_list", {**head.content, "scenes": kept}, head.version)
    assert scenes[0] not in home.nodes(project, "scene")
    assert home.wb.projects.export(project, tmp_path / "s.zip").archived == 0
    # as a release that restored a scene alone has left it
    set_archived(home.wb, scenes[0], False)
    assert home.wb.projects.export(project, tmp_path / "s.zip").archived == 1

    came = other.wb.projects.import_archive(tmp_path / "s.zip").project_id
    copied = home.wb.projects.duplicate(project)

    for where, new in ((other, came), (home, copied)):
        assert len(where.nodes(new, "scene")) == len(scenes) - 1
        [first, *_] = [n for n in where.wb.projects.tree(new).nodes if n.kind == "scene"]
        assert first.title == home.wb.projects.get_node(scenes[1]).title
        where.wb.artifacts.restore(next(n for n in where.nodes(new, "episode")), "scene_list", 1)
        assert len(where.nodes(new, "scene")) == len(scenes)
    home.close()


def test_lost_media_are_named_and_the_rest_comes_in(make_home: MakeHome, tmp_path: Path) -> None:
    home, other = make_home(), make_home()
    project = home.make_story()
    frames = home.wb.artifact(home.nodes(project, "scene")[0], "keyframe_images")
    assert frames is not None
    lost = frames.content["frames"][0]["candidates"][0]["media"]
    home.wb.media.path(lost).unlink()

    assert home.wb.projects.export(project, tmp_path / "s.zip").missing == (lost,)
    report = other.wb.projects.import_archive(tmp_path / "s.zip")

    assert (report.missing, report.media) == ((lost,), 8)


def test_an_export_leaves_other_files_and_says_why(make_home: MakeHome, tmp_path: Path) -> None:
    home = make_home()
    project = home.wb.create_project({"title": "A", "summary": "B"})
    (tmp_path / "diary.txt").write_text("dear")
    for target, reason in (
        (tmp_path / "diary.txt", "no archive"), (tmp_path, "is a folder"), (tmp_path / "no" / "a.zip", "no folder"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=reason):
            home.wb.projects.export(project, target)
    with pytest.raises(NotFound):
        home.wb.projects.export(99, tmp_path / "a.zip")
    assert (tmp_path / "diary.txt").read_text() == "dear"
    assert not (tmp_path / "a.zip").exists()
    home.wb.projects.export(project, tmp_path / "a.zip")
    home.wb.projects.export(project, tmp_path / "a.zip")
    assert {p.name for p in tmp_path.iterdir() if p.is_file()} == {"diary.txt", "a.zip"}


def test_every_table_is_in_an_archive_or_stays_for_a_reason() -> None:
    from workbench.db.reads.archives import MEDIA, PARTS

    stay = {
        # of the installation: its models, keys, money, machines, notifications, and what is being typed
        "profile", "budget", "webhook", "webhook_delivery", "worker", "gate", "meta", "form_draft", "saved_view",
        "alert", "alert_rule",
        # of acts on many jobs, which belong to no project
        "bulk_item",
        # follow from the jobs that came in: groups of failures, counts, the index of words
        "failure", "failure_facet", "failure_group", "job_count", "job_text",
        # sums over the ledger and the jobs, made anew where these come to
        "usage_tail", "usage_undo", "usage_hour", "job_tail", "job_undo", "job_hour", "ended_job", "ended_count",
        "waste_tail", "version_tail", "wasted_call", "waste_sum",
        # of jobs that are gone
        "pruned_job",
    }  # fmt: skip
    assert {part.name for part in PARTS} | {MEDIA.name} | stay == set(metadata.tables)


def test_what_another_home_has_paid_is_no_spending_of_this_month(
    settings: Settings, make_home: MakeHome, tmp_path: Path
) -> None:
    home, other = Home(settings), make_home()
    home.wb.budgets.set(100_000_000)
    project = other.make_story()
    with other.wb.database.write() as conn:
        conn.execute(update(model_call).values(cost_micros=2_000_000, currency="CNY", price=None))
        first, second = conn.execute(select(model_call.c.id).limit(2)).scalars()
        # one of which nobody knows the price
        unknown = {"cost_micros": None, "currency": None, "provider": "openai", "outcome": "lost"}
        conn.execute(update(model_call).where(model_call.c.id == first).values(unknown))
        # one of last month, too
        conn.execute(update(model_call).where(model_call.c.id == second).values(started_at=1))
    other.wb.projects.export(project, tmp_path / "s.zip")
    paid = 2_000_000 * (len(spent(other, project)) - 1)

    came = home.wb.projects.import_archive(tmp_path / "s.zip").project_id
    home.wb.budgets.set(50_000_000, project_id=came, period="month")
    home.wb.budgets.set(999_000_000, project_id=came, period="all")

    assert {(s.period, s.spent_micros, s.unpriced) for s in home.wb.budgets.list(came)} == {
        ("month", 0, 0), ("all", paid, 1),
    }  # fmt: skip
    for course in home.wb.budgets.list_courses(came):
        assert course.spent[-1] == (paid if course.state.period == "all" else 0)
    # its history is there all the same, and what is paid from now on counts
    assert {p.id: p.cost for p in home.wb.projects.list()}[came] == {"CNY": paid}
    with home.wb.database.write() as conn:
        mine = {
            "call_id": "mine", "purpose": "generate", "provider": "openai", "model": "m", "capability": "text",
            "outcome": "ok", "started_at": budgets.now(conn), "project_id": came, "cost_micros": 3, "currency": "CNY",
        }  # fmt: skip
        conn.execute(insert(model_call).values(mine))
    assert {(s.period, s.spent_micros) for s in home.wb.budgets.list(came)} == {("month", 3), ("all", paid + 3)}
    # out and in again: nothing becomes this home's own by that
    home.wb.projects.export(came, tmp_path / "again.zip")
    last = make_home()
    last.wb.budgets.set(1)
    last.wb.projects.import_archive(tmp_path / "again.zip")
    assert [s.spent_micros for s in last.wb.budgets.list()] == [0]
    home.wb.close()
