"""A scene becomes its storyboard in a real browser: frames arrive, one is picked, a shot is edited, two people meet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.stack import STILL, Stack, count_whole_runs, settled, visit
from tests.browser.test_ways import key, type_into
from workbench import samples
from workbench.api.client import Workbench
from workbench.db.writes import end, insert
from workbench.i18n import Text

#: frames are to be seen arriving
SIMULATE = "latency_ms=3000"
PLANNED = ("generate_episode_core_expression", "generate_episode_scene_list")


#: keeps the greatest number of pictures of a sheet, and the greatest height of the page, at any frame on the screen:
#: at the first frame after each change, since a frame drawn for nothing costs as much as one that shows something
WATCH_THE_PAGE = """css => {
  window.mostPictures = window.tallest = 0;
  window.pageHeight = () => document.querySelector('[data-testid=stMainBlockContainer]').offsetHeight;
  const look = () => {
    const pictures = document.querySelectorAll(css + ' [data-testid=stImage]').length;
    window.mostPictures = Math.max(window.mostPictures, pictures);
    window.tallest = Math.max(window.tallest, window.pageHeight());
  };
  let asked = false;
  const askForFrame = () => {
    if (!asked) {
      asked = true;
      requestAnimationFrame(() => { asked = false; look(); });
    }
  };
  look();
  new MutationObserver(askForFrame).observe(document, {subtree: true, childList: true, attributes: true});
  new ResizeObserver(askForFrame).observe(document.querySelector('[data-testid=stMainBlockContainer]'));
}"""

FADES_AFTER = """() => {
  const redrawn = document.body.appendChild(document.createElement('div'));
  redrawn.dataset.stale = 'true';
  const delay = getComputedStyle(redrawn).transitionDelay;
  redrawn.remove();
  return delay;
}"""


@dataclass(frozen=True)
class Told:
    """A story whose first episode has its scenes; `scenes` are node ids by position."""

    stack: Stack
    project: int
    episode: int
    scenes: list[int]

    def studio(self, node: int) -> str:
        return f"{self.stack.url}/studio?project={self.project}&node={node}"

    def make(self, scene: int) -> None:
        """The whole scene, without the browser."""
        job = self.stack.wb.wait(self.stack.wb.submit("refine_scene_all", scene).id, timeout=240)
        assert job.state == "succeeded", job.error

    def content(self, node: int, kind: str) -> dict[str, Any]:
        head = self.stack.wb.artifact(node, kind)
        assert head is not None
        made: dict[str, Any] = head.content
        return made

    def stale(self, node: int) -> set[str]:
        found = next(n for n in self.stack.wb.projects.tree(self.project).nodes if n.id == node)
        return {a.kind for a in found.artifacts if a.stale}


@pytest.fixture(scope="module")
def told(stack: Stack) -> Told:
    wb = stack.wb
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    wb.wait(wb.submit("plan_episodes", project).id, timeout=240)
    episode = next(n.id for n in wb.projects.tree(project).nodes if n.kind == "episode")
    for kind in PLANNED:
        wb.wait(wb.submit(kind, episode).id, timeout=240)
    nodes = [n for n in wb.projects.tree(project).nodes if n.kind == "scene"]
    return Told(stack, project, episode, [n.id for n in sorted(nodes, key=lambda n: n.position)])


@contextmanager
def held(wb: Workbench, queue: str) -> Iterator[None]:
    """Its jobs wait meanwhile: a machine may take longer to draw a page than a job runs."""
    wb.queues.pause(queue)
    try:
        yield
    finally:
        wb.queues.resume(queue)


def press(page: Page, name: str) -> None:
    key(page, name).get_by_role("button").first.click()


def test_a_whole_scene_is_run_from_its_plan_and_its_frames_arrive_one_by_one(told: Told, page: Page) -> None:
    scene = told.scenes[0]
    whole_runs = count_whole_runs(page)
    visit(page, told.studio(scene))
    page.evaluate("window.sameDocument = true")
    page.evaluate(WATCH_THE_PAGE, f".st-key-sheet_{scene}")
    expect(key(page, "run_below")).to_be_visible()
    drawn_before = whole_runs[0]
    press(page, "run_below")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Launch 14 jobs, free")).to_be_visible()
    expect(dialog.get_by_role("cell", name="Nine-shot plan")).to_be_visible()
    dialog.get_by_text("What to run: 14 of 14").click()
    press(page, f"choose_frames_dialog_{scene}_missing")
    expect(dialog.get_by_text("Launch 7 jobs, free")).to_be_visible()
    assert told.stack.wb.jobs.list(state="queued", project=told.project) == []
    press(page, f"launch_plan_dialog_{scene}_missing")
    # told at the foot of the page, where no button is, and nothing is greyed before it takes long
    toast = page.wait_for_function("() => document.querySelector('[data-testid=stToast]')?.getBoundingClientRect().top")
    assert toast.json_value() > 800
    assert page.evaluate(FADES_AFTER) == "2.5s"

    sheet = key(page, f"sheet_{scene}")
    pictures = sheet.get_by_test_id("stImage")
    expect(sheet).to_be_visible()
    seen = {pictures.count()}
    page.wait_for_function(
        "css => { const n = document.querySelectorAll(css + ' [data-testid=stImage]').length; return n > 0 && n < 9; }",
        arg=f".st-key-sheet_{scene}",
        polling=100,
    )
    seen.add(pictures.count())
    expect(pictures).to_have_count(9)
    assert len(seen) > 1
    expect(key(page, f"cell_{scene}_estimate_duration")).to_contain_text("v1")
    assert page.evaluate("window.sameDocument")
    assert len(told.content(scene, "keyframe_images")["frames"]) == 9
    # Only what changed was drawn anew, and nothing jumped: no picture stood there twice, nothing grew and shrank again.
    settled(page)
    assert whole_runs[0] == drawn_before
    most_pictures, tallest, now = page.evaluate("[window.mostPictures, window.tallest, window.pageHeight()]")
    assert most_pictures == 9
    assert tallest - now < 300


def test_another_candidate_is_drawn_and_picked_again_in_the_same_dialog(told: Told, page: Page) -> None:
    scene = told.scenes[0]
    first = told.content(scene, "keyframe_images")["frames"][3]["chosen"]
    visit(page, told.studio(scene))
    # the picture itself opens its frame
    key(page, f"shot_{scene}_KF3").get_by_test_id("stImage").click(position={"x": 20, "y": 20}, force=True)
    dialog = page.get_by_role("dialog")
    with held(told.stack.wb, "kind:generate_keyframe_images"):
        press(page, f"another_{scene}_KF3")
        expect(key(page, "viewer").get_by_role("progressbar")).to_be_visible()
    expect(key(page, f"pick_{scene}_KF3_1")).to_be_visible()
    expect(dialog).to_have_count(1)
    drawn = told.content(scene, "keyframe_images")["frames"][3]
    assert len(drawn["candidates"]) == 2
    assert drawn["chosen"] != first
    meta = key(page, f"cell_{scene}_generate_keyframe_images")
    expect(meta).to_contain_text("v2")
    press(page, f"pick_{scene}_KF3_1")
    expect(meta).to_contain_text("v3")
    assert told.content(scene, "keyframe_images")["frames"][3]["chosen"] == first


def test_an_edited_shot_stales_what_depends_on_it_alone_and_its_plan_updates_it(told: Told, page: Page) -> None:
    scene = told.scenes[0]
    visit(page, told.studio(scene))
    press(page, f"open_{scene}_KF1")
    press(page, f"edit_{scene}_KF1")
    form = f"cell_{scene}_keyframe_prompt"
    type_into(page, f"{form}_form_2.caption", "Only the lamp is awake")
    press(page, f"{form}_edit_save")
    expect(key(page, f"cell_{scene}_generate_motion_prompt").get_by_text("Stale because")).to_be_visible()
    assert told.stale(scene) == {"keyframe_images", "motion_prompt", "dialogue", "sound_design", "duration"}
    expect(key(page, f"sheet_{scene}").get_by_text("Stale")).to_have_count(1)
    expect(key(page, f"shot_{scene}_KF1").get_by_text("Stale")).to_be_visible()

    press(page, "update_stale")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Launch 5 jobs, free")).to_be_visible()
    press(page, f"launch_plan_dialog_{scene}_stale")
    expect(key(page, f"sheet_{scene}").get_by_text("Stale")).to_have_count(0)
    expect(key(page, f"cell_{scene}_estimate_duration")).to_contain_text("v2 · sketch", timeout=120_000)
    assert told.stale(scene) == set()
    assert told.content(scene, "keyframe_prompt")["shots"][1]["caption"] == "Only the lamp is awake"


def test_two_browsers_edit_the_same_shot_and_the_second_is_told_and_chooses(
    told: Told, page: Page, browser: Browser
) -> None:
    scene = told.scenes[0]
    form = f"cell_{scene}_keyframe_prompt"
    context = told.stack.let_in(browser.new_context(locale="en-US", viewport={"width": 1440, "height": 1000}, **STILL))
    other = context.new_page()
    for each, words in ((page, "Mine: a closed door"), (other, "Theirs: an open door")):
        visit(each, told.studio(scene))
        press(each, f"open_{scene}_KF5")
        press(each, f"edit_{scene}_KF5")
        type_into(each, f"{form}_form_6.caption", words)
    press(other, f"{form}_edit_save")
    expect(key(other, f"{form}_form_6.caption")).to_have_count(0)
    theirs = told.stack.wb.artifact(scene, "keyframe_prompt")
    assert theirs is not None
    # what is pressed stands still: the cell is drawn anew above it when the other version comes
    expect(page.get_by_role("button", name=f"v{theirs.version}", exact=True)).to_be_visible()
    settled(page)
    press(page, f"{form}_edit_save")
    expect(page.get_by_text(re.compile("was saved while you were editing"))).to_be_visible()
    expect(page.get_by_text("Theirs").first).to_be_visible()
    assert told.content(scene, "keyframe_prompt")["shots"][5]["caption"] == "Theirs: an open door"
    press(page, f"{form}_edit_mine")
    expect(key(page, f"{form}_form_6.caption")).to_have_count(0)
    head = told.stack.wb.artifact(scene, "keyframe_prompt")
    assert head is not None
    assert head.version == theirs.version + 1
    assert head.content["shots"][5]["caption"] == "Mine: a closed door"
    context.close()


def test_a_batch_is_launched_from_one_form(told: Told, page: Page) -> None:
    nodes = ",".join(map(str, told.scenes[1:3]))
    visit(page, f"{told.stack.url}/launch?workflow=generate_scene_anchor&project={told.project}&node={nodes}")
    expect(key(page, "launch_go")).to_contain_text("Launch 2 jobs")
    press(page, "launch_go")
    expect(key(page, "launched").get_by_text("Succeeded")).to_have_count(2)
    settled(page)
    assert all(told.content(n, "scene_anchor") for n in told.scenes[1:3])


def test_what_was_written_by_hand_is_left_unless_ticked_and_is_one_click_away_when_replaced(
    told: Told, page: Page
) -> None:
    wb, scene = told.stack.wb, told.scenes[8]
    wb.wait(wb.submit("generate_scene_anchor", scene).id, timeout=240)
    anchor = told.content(scene, "scene_anchor")
    wb.artifacts.save(scene, "scene_anchor", {**anchor, "avoid": {"zh": "猫", "en": "No cats."}}, 1)
    listed = told.content(told.episode, "scene_list")
    listed["scenes"][8]["summary"] += " A dog barks."
    wb.artifacts.save(told.episode, "scene_list", listed, wb.artifact(told.episode, "scene_list").version)  # type: ignore[union-attr]

    visit(page, told.studio(scene))
    press(page, "update_stale")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Written by hand or pinned")).to_be_visible()
    tick = dialog.get_by_role("checkbox")
    expect(tick).not_to_be_checked()
    # nothing else is stale: as long as it is not ticked there is nothing to launch
    expect(key(page, f"launch_plan_dialog_{scene}_stale")).to_have_count(0)
    dialog.get_by_test_id("stCheckbox").locator("label").click()
    press(page, f"launch_plan_dialog_{scene}_stale")

    cell = key(page, f"cell_{scene}_generate_scene_anchor")
    expect(cell.get_by_text("v2, edited by hand, was replaced.")).to_be_visible()
    assert told.content(scene, "scene_anchor")["avoid"]["en"] == "No cats."
    press(page, f"cell_{scene}_scene_anchor_back")
    expect(cell.get_by_text("v2, edited by hand, was replaced.")).to_have_count(0)
    expect(cell).to_contain_text("v4 · restored")

    # one cell by itself says what a run over it does before it does it
    press(page, f"cell_{scene}_generate_scene_anchor_act_ask")
    expect(page.get_by_text("v4 was written or edited by hand.")).to_be_visible()
    page.keyboard.press("Escape")
    wb.artifacts.pin(scene, "scene_anchor", 3)
    expect(cell.get_by_text("v4 is newer and not shown: v3 is pinned.")).to_be_visible()
    press(page, f"cell_{scene}_scene_anchor_newer")
    expect(cell).to_contain_text("v4 · restored")


def test_a_failed_scene_is_marked_in_the_tree_while_somebody_looks(told: Told, page: Page) -> None:
    wb, scene = told.stack.wb, told.scenes[9]
    visit(page, told.studio(told.episode))
    row = page.get_by_role("navigation", name="Story tree").locator(f"button[data-node='{scene}'] .icon")
    expect(row).to_have_attribute("aria-label", "Missing")
    row_values = {"queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1}
    place = {"kind": "generate_scene_anchor", "project_id": told.project, "node_id": scene}
    with wb.database.write() as conn:
        job_id = insert.insert_job(conn, {**row_values, **place}, delay_ms=60_000)
        assert job_id is not None
        end.end(conn, job_id, "failed", kind="content_filter", error=Text("no"))
    expect(row).to_have_attribute("aria-label", "Failed")
