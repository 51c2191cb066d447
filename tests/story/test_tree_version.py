"""What a tick of the Studio asks: has anything in this story's tree changed? And what is remembered of versions."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator

import pytest

from workbench import samples
from workbench.api.client import Workbench
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version
from workbench.db.reads import story as reads
from workbench.settings import Settings


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    opened = Workbench.open(settings, send=lambda ids: None)
    yield opened
    opened.close()


def test_everything_that_a_page_shows_of_a_tree_makes_another_version_of_it(wb: Workbench) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    first, second, *_ = [n.id for n in wb.projects.tree(project).nodes if n.kind == "character"]

    def edit(summary: str) -> None:
        head = wb.artifact(project, "brief")
        assert head is not None
        wb.artifacts.save(project, "brief", {**head.content, "summary": summary * 40}, head.version)

    name = wb.prompts.list()[0].name
    shipped = wb.prompts.get(name, "en").shipped
    acts: dict[str, Callable[[], object]] = {
        "edit": lambda: edit("She sold it. "),
        "edit again": lambda: edit("He sold it. "),
        "pin the head": lambda: wb.artifacts.pin(project, "brief", 3),
        "pin an older one": lambda: wb.artifacts.pin(project, "brief", 1),
        "unpin": lambda: wb.artifacts.pin(project, "brief", None),
        "restore": lambda: wb.artifacts.restore(project, "brief", 2),
        "archive": lambda: wb.projects.archive(first),
        "bring back": lambda: wb.projects.restore(first),
        "put in order": lambda: wb.projects.arrange_elements([second, first]),
        "add": lambda: wb.projects.add_element(project, "character", {"name": "Mrs Moore", "description": "old"}),
        "write a prompt anew": lambda: wb.prompts.save(
            name, "en", shipped["system"], shipped["user"] + "\nBe brief.", base_version=0
        ),
        "take it back": lambda: wb.prompts.reset(name, "en", base_version=1),
    }
    seen = [wb.workflows.signature(project)]
    for act_name, act in acts.items():
        act()
        now = wb.workflows.signature(project)
        assert now not in seen[-1:], act_name
        assert wb.workflows.signature(project) == now
        seen.append(now)


def test_a_version_that_was_undone_is_not_remembered(wb: Workbench) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    brief = wb.artifact(project, "brief")
    assert brief is not None
    kind = kinds.find("brief")
    with contextlib.suppress(RuntimeError), wb.database.write() as conn:
        add_version(conn, project, kind, {**brief.content, "summary": "undone"}, source="manual", user="local")
        undone = reads.heads_for(conn, [project])[project, "brief"]
        raise RuntimeError
    wb.artifacts.save(project, "brief", {**brief.content, "summary": "kept"}, brief.version)
    with wb.database.read() as conn:
        for _ in range(2):
            head = reads.heads_for(conn, [project])[project, "brief"]
            assert head.content_hash != undone.content_hash
    stands = wb.artifact(project, "brief")
    assert stands is not None
    assert head.content_hash == stands.content_hash


def test_no_more_is_remembered_than_there_is_room_for(wb: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "MOST_KNOWN", 2)
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    ids = [n.id for n in wb.projects.tree(project).nodes]
    with wb.database.read() as conn:
        every = reads.heads_for(conn, ids)
        assert len(every) > 2
        for node_id in ids:
            assert reads.heads_for(conn, [node_id]) == {k: h for k, h in every.items() if k[0] == node_id}
        assert len(reads._known[conn.engine]) <= 2


def test_cycles_are_searched_again_after_many_rows(wb: Workbench) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    assert gc.isenabled()
    wb.projects.tree(project)
    assert gc.isenabled()
