"""Gallery and cast in a real browser: compare two candidates and pick one, be told of somebody else's pick, go to a
face."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, list_scenes, settled, visit
from tests.browser.test_ways import key, type_into
from workbench.artifacts.storyboard import FRAMINGS


@pytest.fixture(scope="module")
def drawn(stack: Stack) -> tuple[int, int]:
    """A story whose first scene is drawn, its fourth frame twice: project, scene."""
    wb = stack.wb
    project, scene = list_scenes(wb)
    assert wb.wait(wb.submit("refine_scene_all", scene).id, timeout=240).state == "succeeded"
    again = wb.submit("generate_keyframe_images", scene, {"keys": ["KF3"], "new_candidate": True})
    assert wb.wait(again.id, timeout=240).state == "succeeded"
    return project, scene


def test_candidates_are_compared_picked_and_a_foreign_pick_is_told(
    stack: Stack, page: Page, drawn: tuple[int, int]
) -> None:
    project, scene = drawn
    frame = stack.wb.artifact(scene, "keyframe_images").content["frames"][3]
    old, new = (c["media"] for c in frame["candidates"])
    visit(page, f"{stack.url}/gallery?project={project}")
    expect(page.locator("[class*='st-key-zoom_']")).to_have_count(9)
    key(page, f"zoom_{scene}_KF3_{new[:8]}").get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    key(page, f"beside_{scene}_KF3").locator("label").first.click()
    expect(dialog.get_by_test_id("stImage")).to_have_count(2)
    expect(dialog.get_by_text("sketch-1")).to_have_count(2)

    key(page, f"pick_{scene}_KF3_1").get_by_role("button").click()
    expect(key(page, f"zoom_{scene}_KF3_{old[:8]}")).to_have_count(1)
    head = stack.wb.artifact(scene, "keyframe_images")
    assert head.content["frames"][3]["chosen"] == old

    # Somebody else draws and picks meanwhile: this pick is not saved over theirs until the reader says so.
    visit(page, f"{stack.url}/gallery?project={project}")
    key(page, f"zoom_{scene}_KF3_{old[:8]}").get_by_role("button").click()
    expect(key(page, f"pick_{scene}_KF3_2")).to_be_visible()
    theirs = stack.wb.artifacts.save(scene, "keyframe_images", head.content, head.version, "somebody else")
    key(page, f"pick_{scene}_KF3_2").get_by_role("button").click()
    expect(page.get_by_text("was saved meanwhile")).to_be_visible()
    assert stack.wb.artifact(scene, "keyframe_images").version == theirs.version
    key(page, f"clash_mine_{scene}_KF3").get_by_role("button").click()
    expect(key(page, f"zoom_{scene}_KF3_{new[:8]}")).to_have_count(1)
    assert stack.wb.artifact(scene, "keyframe_images").version == theirs.version + 1


def test_a_frame_fits_a_low_window_and_the_next_is_a_key_away(stack: Stack, page: Page, drawn: tuple[int, int]) -> None:
    project, _ = drawn
    page.set_viewport_size({"width": 1440, "height": 600})
    visit(page, f"{stack.url}/gallery?project={project}")
    tile = page.locator("[class*='st-key-picture_']").nth(4)
    tile.locator("img").click(position={"x": 20, "y": 20}, force=True)
    picture, steps = key(page, "viewer_picture").locator("img"), key(page, "viewer_steps")
    expect(steps).to_contain_text("5 ·")
    expect(picture).to_have_attribute("alt", re.compile(r"^5 · .+: .+"))
    box = picture.bounding_box()
    assert box is not None
    assert box["height"] <= 600 * 0.62 + 1
    assert box["width"] / box["height"] == pytest.approx(16 / 9, rel=0.02)
    for arrow, shot in (("ArrowRight", "6 ·"), ("ArrowLeft", "5 ·"), ("ArrowLeft", "4 ·")):
        page.keyboard.press(arrow)
        expect(steps).to_contain_text(shot)
    expect(picture).to_have_attribute("alt", re.compile(r"^4 · "))
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_the_chosen_pictures_are_downloaded_as_one_file(stack: Stack, page: Page, drawn: tuple[int, int]) -> None:
    project, scene = drawn
    visit(page, f"{stack.url}/gallery?project={project}")
    with page.expect_download() as download:
        key(page, "gallery_download").get_by_role("button").click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as packed:
        names = [name.rsplit("/", 1)[1] for name in packed.namelist()]
        assert names == [f"{n:02d}-{f}.webp" for n, f in enumerate(FRAMINGS, start=1)]
        frame = stack.wb.artifact(scene, "keyframe_images").content["frames"][0]
        assert packed.read(packed.namelist()[0]) == stack.wb.media.path(frame["chosen"]).read_bytes()


def test_an_edited_character_says_what_it_made_stale(stack: Stack, page: Page, drawn: tuple[int, int]) -> None:
    project, scene = drawn
    visit(page, f"{stack.url}/cast?project={project}")
    della = next(n.id for n in stack.wb.projects.tree(project).nodes if n.title == "Della")
    key(page, f"edit_element_{della}").get_by_role("button").click()
    type_into(page, f"cell_{della}_character_form.appearance", "an old brown jacket")
    key(page, f"cell_{della}_character_edit_save").get_by_role("button").click()
    expect(page.get_by_text("Stale since v2")).to_be_visible()
    expect(page.get_by_text("an old brown jacket")).to_be_visible()
    assert stack.wb.artifact(della, "character").content["appearance"] == "an old brown jacket"
    assert stack.wb.artifacts.list_stale_reasons(scene, "keyframe_prompt")[0].node_id == della


def test_the_pages_fit_a_narrow_screen(stack: Stack, page: Page, drawn: tuple[int, int]) -> None:
    project, scene = drawn
    page.set_viewport_size({"width": 420, "height": 900})
    for path in (
        f"gallery?project={project}",
        f"cast?project={project}",
        f"launch?workflow=generate_dialogue&project={project}&node={scene}",
        "launch?workflow=llm_chat",
    ):
        visit(page, f"{stack.url}/{path}")
        settled(page)
        wider = page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMainBlockContainer]').parentElement;"
            " return m.scrollWidth - m.clientWidth; }"
        )
        assert wider <= 1, f"/{path} is {wider} px too wide"
