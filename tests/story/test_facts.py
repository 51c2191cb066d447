"""What a workflow reads becomes an input by what it used, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from workbench import samples
from workbench.api.client import Workbench
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version
from workbench.db.reads import jobs as job_reads
from workbench.db.reads import story as reads
from workbench.settings import Settings
from workbench.story.facts import Inputs, NodeView


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as made:
        yield made


@pytest.fixture
def project(wb: Workbench) -> int:
    return wb.create_project(samples.load("gift-of-the-magi.en"))


def element(wb: Workbench, project: int, name: str) -> int:
    return next(n.id for n in wb.projects.tree(project).nodes if n.title == name)


def edit(wb: Workbench, node: int, kind: str, **changed: Any) -> None:
    head = wb.artifact(node, kind)
    assert head is not None
    wb.artifacts.save(node, kind, {**head.content, **changed}, head.version)


def write(wb: Workbench, project: int, view: NodeView) -> None:
    """An episode plan that was made from what the view has read."""
    episode = {"order": 1, "title": "One", "logline": "l", "scene_scope": "s"}
    content = kinds.validate(kinds.find("episode_plan"), {"episode_count": 1, "episodes": [episode]})
    with wb.database.write() as conn:
        add_version(conn, project, kinds.find("episode_plan"), content, source="ai", inputs=view.inputs)


def stale(wb: Workbench, project: int) -> list[tuple[str, list[str]]]:
    """(whose change, which fields of it) of the plan, told alike by the tree, the summary and the reasons."""
    reasons = wb.artifacts.list_stale_reasons(project, "episode_plan")
    tree = wb.projects.tree(project).nodes[0].artifacts
    outline = wb.projects.outline(project).nodes[0].artifacts
    assert {a.stale for a in (*tree, *outline) if a.kind == "episode_plan"} == {bool(reasons)}
    assert [p.stale for p in wb.projects.list()] == [bool(reasons)]
    return [(r.node_title, [c.path for c in r.changes]) for r in reasons]


def test_only_the_fields_that_were_used_make_stale(wb: Workbench, project: int) -> None:
    view = NodeView.load(wb.database, project, Inputs())
    assert view.read_brief("title") == {"title": "The Gift of the Magi"}
    assert set(view.characters(("name", "description"), names=["della"])[0]) == {"name", "description"}
    write(wb, project, view)
    della, jim = element(wb, project, "Della"), element(wb, project, "Jim")

    edit(wb, della, "character", appearance="brown hair to her knees")
    edit(wb, jim, "character", description="somebody else")
    edit(wb, project, "brief", audience="everybody")
    assert stale(wb, project) == []
    assert wb.projects.list_stale_dependents(project, della) == []

    edit(wb, della, "character", description="a wife with short hair", appearance="short hair")
    assert stale(wb, project) == [("Della", ["description"])]
    assert wb.projects.list_stale_dependents(project, della) == [(project, "episode_plan")]

    old = wb.artifact(della, "character", 2)
    assert old is not None
    wb.artifacts.restore(della, "character", 2)
    assert stale(wb, project) == []


def test_what_is_read_twice_counts_with_all_that_was_used_of_it(wb: Workbench, project: int) -> None:
    view = NodeView.load(wb.database, project, Inputs())
    view.read_brief("title")
    view.read_brief("genre")
    assert [i.get("fields") for i in view.inputs] == [["genre", "title"]]
    write(wb, project, view)
    edit(wb, project, "brief", genre="comedy")
    assert stale(wb, project) == [("The Gift of the Magi", ["genre"])]

    view = NodeView.load(wb.database, project, Inputs())
    view.read_brief("title")
    assert view.brief["language"] == "en"
    assert ["fields" in i for i in view.inputs] == [False]


def test_an_edit_by_hand_is_fresh_against_the_fields_of_today(wb: Workbench, project: int) -> None:
    view = NodeView.load(wb.database, project, Inputs())
    view.read_brief("genre")
    write(wb, project, view)
    edit(wb, project, "brief", genre="comedy")
    assert stale(wb, project) != []
    edit(wb, project, "episode_plan", reasoning_brief="by hand")
    assert stale(wb, project) == []
    edit(wb, project, "brief", genre="tragedy")
    assert stale(wb, project) == [("The Gift of the Magi", ["genre"])]


def test_a_source_that_moves_while_it_is_read_counts_in_both_versions(wb: Workbench, project: int) -> None:
    view = NodeView.load(wb.database, project, Inputs())
    view.read_brief("title", "genre")
    edit(wb, project, "brief", genre="comedy")
    view.read_brief("audience")
    assert [(i["version"], i.get("fields")) for i in view.inputs] == [(1, ["genre", "title"]), (2, ["audience"])]
    write(wb, project, view)
    assert stale(wb, project) == [("The Gift of the Magi", ["genre"])]


def plan_of(theme: str) -> dict[str, Any]:
    episode = {"order": 1, "title": "One", "logline": theme, "scene_scope": "s"}
    return kinds.validate(kinds.find("episode_plan"), {"episode_count": 1, "episodes": [episode]})


def test_what_a_person_wrote_or_pinned_is_known_and_left_by_plans(wb: Workbench, project: int) -> None:
    declared = kinds.find("episode_plan")
    view = NodeView.load(wb.database, project, Inputs())
    view.read_brief("genre")
    with wb.database.write() as conn:
        add_version(conn, project, declared, plan_of("by a model"), source="ai", inputs=view.inputs)
    edit(wb, project, "brief", genre="comedy")

    def kept() -> list[tuple[int, bool]]:
        plan = wb.plans.build(project, "stale")
        assert len(plan.jobs) + len(plan.kept) == 1
        return [(k.version, k.pinned) for k in plan.kept]

    assert kept() == []
    wb.artifacts.save(project, "episode_plan", plan_of("by hand"), 1)
    edit(wb, project, "brief", genre="tragedy")
    assert kept() == [(2, False)]
    assert [j.workflow for j in wb.plans.build(project, "stale", [("plan_episodes", project)]).jobs] == [
        "plan_episodes"
    ]
    wb.artifacts.restore(project, "episode_plan", 1)  # a model's words, taken back by a person
    assert kept() == []
    wb.artifacts.restore(project, "episode_plan", 2)
    edit(wb, project, "brief", genre="farce")
    assert kept() == [(4, False)]
    wb.artifacts.pin(project, "episode_plan", 3)
    assert kept() == [(3, True)]

    with wb.database.write() as conn:
        add_version(conn, project, declared, plan_of("by a model again"), source="ai")
        clock = job_reads.clock(conn)
        by_hand = reads.find_by_hand(conn, project, "episode_plan", clock)
        assert by_hand is None  # the pinned head is what a person sees, and a model wrote it
        origins = reads.list_origins(conn, project)
    assert [(o.version, o.source, o.by_hand) for o in origins if o.kind == "episode_plan"] == [
        (5, "ai", False), (4, "restore", True), (3, "restore", False), (2, "manual", True), (1, "ai", False),
    ]  # fmt: skip
    cell = next(c for c in wb.workflows.list_cells(project) if c.workflow.name == "plan_episodes")
    assert (cell.origin.by_hand, cell.origin.replaced, cell.origin.newer, cell.guarded) == (False, None, 5, True)
    wb.artifacts.pin(project, "episode_plan", None)
    cell = next(c for c in wb.workflows.list_cells(project) if c.workflow.name == "plan_episodes")
    assert (cell.origin.by_hand, cell.origin.replaced, cell.origin.newer, cell.guarded) == (False, 4, None, False)
    assert [h.version for h in wb.workflows.list_kept("plan_episodes", [project])] == []
