"""What is out of sight comes back by the way on which it went: projects and elements by themselves, the others with
their plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from workbench import samples
from workbench.api.client import Workbench
from workbench.errors import NotAllowed, NotFound
from workbench.i18n import translate
from workbench.settings import Settings


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    opened = Workbench.open(settings, send=lambda ids: None)
    yield opened
    opened.close()


def live(wb: Workbench, project: int, kind: str) -> dict[str, int]:
    return {n.title: n.id for n in wb.projects.tree(project).nodes if n.kind == kind}


def plan_of(*titles: str) -> dict[str, Any]:
    episodes = [
        {"order": n, "title": title, "logline": title, "beats": [title], "scene_scope": title}
        for n, title in enumerate(titles, start=1)
    ]
    return {"episode_count": len(titles), "episodes": episodes}


def list_of(*beats: str) -> dict[str, Any]:
    return {
        "scenes": [
            {"order": n, "beat": beat, "summary": beat, "location": beat} for n, beat in enumerate(beats, start=1)
        ]
    }


def test_episodes_and_scenes_come_back_with_their_plan_alone(wb: Workbench) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    wb.artifacts.save(project, "episode_plan", plan_of("Dawn", "Dusk"), None)
    episode, other = live(wb, project, "episode").values()
    wb.artifacts.save(episode, "scene_list", list_of("Combs", "Watch", "Chain"), None)
    chain = live(wb, project, "scene")["Chain"]
    wb.artifacts.save(episode, "scene_list", list_of("Combs", "Watch", "A ship on the rocks in the fog"), 1)
    wb.artifacts.save(project, "episode_plan", plan_of("Dawn", "A winter at sea"), 1)
    before = wb.projects.tree(project, include_archived=True)
    archived = {n.id for n in before.nodes if n.archived}
    assert archived == {chain, other}

    for act in (wb.projects.restore, wb.projects.archive):
        for node, words, chinese in ((chain, "scene list", "场景列表"), (other, "episode plan", "剧集规划")):
            with pytest.raises(NotAllowed, match=f"{words}.*restore the version that has it") as refused:
                act(node)
            assert chinese in translate(refused.value.text, "zh")
    assert wb.projects.tree(project, include_archived=True) == before

    wb.artifacts.restore(episode, "scene_list", 1)
    wb.artifacts.restore(project, "episode_plan", 1)
    assert live(wb, project, "scene")["Chain"] == chain
    assert live(wb, project, "episode")["Dusk"] == other
    for kind in ("episode", "scene"):
        places = [n.position for n in wb.projects.tree(project).nodes if n.kind == kind]
        assert places == [*range(1, len(places) + 1)]


def test_projects_and_elements_go_out_of_sight_and_come_back(wb: Workbench) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    for node in (project, *live(wb, project, "character").values(), *live(wb, project, "world").values()):
        wb.projects.archive(node)
        assert wb.projects.get_node(node).archived_at is not None
        wb.projects.restore(node)
        assert wb.projects.get_node(node).archived_at is None
    with pytest.raises(NotFound):
        wb.projects.restore(99_999)
