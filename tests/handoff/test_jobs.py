"""Long hand-offs are jobs: watched, cancelled, found again, and swept when nobody comes for them."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest

from tests.archives.conftest import Home
from workbench.errors import GuardUnmet, NotAllowed, NotFound
from workbench.handoff.forms import FORMS
from workbench.settings import Settings


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[tuple[Home, int]]:
    """A home with a story of which one scene is drawn."""
    folder = tmp_path_factory.mktemp("handoff")
    shutil.copyfile(sqlite_template, folder / "reelwright.db")
    home = Home(Settings.load(home=folder))
    yield home, home.make_story("moving-mountains.zh")
    home.close()


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_made_by_a_job_that_says_how_far_it_is(story: tuple[Home, int], form: str) -> None:
    home, project = story
    job = home.wb.handoffs.start(project, FORMS[form].name)
    # twice asked for is once made
    assert home.wb.handoffs.start(project, FORMS[form].name).id == job.id
    [found] = [f for f in home.wb.handoffs.list_jobs(project) if f.form == form]
    assert (found.job.id, found.job.state, found.kept) == (job.id, "queued", False)
    with pytest.raises(NotAllowed):
        home.wb.handoffs.read(job.id)

    assert home.end(job.id) == "succeeded"

    made, at_once = home.wb.handoffs.read(job.id), home.wb.handoffs.make(project, FORMS[form].name)
    assert (made.name, made.mime) == (at_once.name, at_once.mime)
    if form not in ("pdf", "xlsx", "docx"):  # those name the second in which they were made
        assert made.data == at_once.data
    detail = home.wb.jobs.get_detail(job.id)
    steps = [event.progress for event in detail.events if event.progress is not None]
    assert steps == sorted(steps)
    assert detail.model_calls == []
    [found] = [f for f in home.wb.handoffs.list_jobs(project) if f.form == form]
    assert found.kept


def test_pages_tell_after_each_scene_and_a_cancel_is_heard_between_them(
    story: tuple[Home, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, project = story
    job = home.wb.handoffs.start(project, "pdf")
    heard: list[int] = []
    from workbench.jobs.context import Context

    progress = Context.progress

    def stop_after_three(ctx: Context, percent: float, message: object) -> None:
        heard.append(int(percent))
        if len(heard) == 3:
            home.wb.jobs.cancel(job.id)
            ctx._session.stopping = "cancelled"
        progress(ctx, percent, message)  # type: ignore[arg-type]

    monkeypatch.setattr(Context, "progress", stop_after_three)
    assert home.end(job.id) == "cancelled"
    assert heard[0] == 0
    assert 5 <= heard[1] < heard[2] < 95
    with pytest.raises(NotAllowed):
        home.wb.handoffs.read(job.id)


def test_a_story_without_scenes_starts_nothing(story: tuple[Home, int]) -> None:
    home, project = story
    empty = home.wb.create_project({"title": "A", "summary": "B"})
    character = home.nodes(project, "character")[0]
    for node in (empty, character):
        with pytest.raises(GuardUnmet, match="no scene"):
            home.wb.handoffs.start(node, "pdf")
    with pytest.raises(NotFound):
        home.wb.handoffs.start(9_999, "pdf")
    alone = home.wb.submit("make_handoff", None, {"form": "csv"})
    assert home.end(alone.id) == "failed"


def test_a_file_that_nobody_came_for_is_swept_and_made_again(story: tuple[Home, int]) -> None:
    home, project = story
    scene = home.nodes(project, "scene")[0]
    job = home.wb.handoffs.start(scene, "pdf")
    home.end(job.id)
    media = home.wb.media.sweep(dry_run=True).media
    # not within its day
    home.wb.media.sweep()
    assert len(pypdfium2.PdfDocument(io.BytesIO(home.wb.handoffs.read(job.id).data))) == 3
    swept = home.wb.media.sweep(grace_s=-5)
    assert len(swept.removed) >= 1
    assert home.wb.media.sweep(dry_run=True).media == media - len(swept.removed)
    with pytest.raises(NotFound, match="no longer kept"):
        home.wb.handoffs.read(job.id)
    [gone] = home.wb.handoffs.list_jobs(scene)
    assert not gone.kept
    again = home.wb.handoffs.start(scene, "pdf")
    assert again.id != job.id
    home.end(again.id)
    assert home.wb.handoffs.read(again.id).data


@pytest.mark.parametrize("kind", ["llm_chat", "plan_episodes"])
def test_a_job_of_another_kind_has_no_file(story: tuple[Home, int], kind: str) -> None:
    home, project = story
    params = {"messages": [{"role": "user", "content": "x"}]} if kind == "llm_chat" else {}
    job = home.wb.submit(kind, project, params)
    with pytest.raises(NotAllowed, match="no file"):
        home.wb.handoffs.read(job.id)
    home.wb.jobs.cancel(job.id)
