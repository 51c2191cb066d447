"""Pictures of one's own in a real browser: dropped on a scene and put in the place of shots; then the drift board, on
which the worst is drawn again in one click."""

from __future__ import annotations

import base64
import io
import json
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, list_scenes, visit
from tests.browser.test_ways import key

#: drops files on an element, as a browser does when they come from a folder
DROP = """([selector, files]) => {
  const transfer = new DataTransfer();
  for (const [name, type, data] of files) {
    transfer.items.add(new File([Uint8Array.from(atob(data), c => c.charCodeAt(0))], name, {type}));
  }
  const zone = document.querySelector(selector);
  for (const kind of ['dragenter', 'dragover', 'drop']) {
    zone.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: transfer}));
  }
}"""


def picture(kind: str, colour: str, **how: object) -> bytes:
    made = io.BytesIO()
    image = Image.new("RGB", (640, 360), colour)
    image.paste("white", (0, 0, 320, 360))
    image.save(made, kind, **how)
    return made.getvalue()


def drop(page: Page, slot: str, files: dict[str, bytes]) -> None:
    zone = f".st-key-upload_{slot} [data-testid=stFileUploaderDropzone]"
    expect(page.locator(zone)).to_be_visible()
    kinds = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
    packed = [[n, kinds[n.rpartition(".")[2]], base64.b64encode(data).decode()] for n, data in files.items()]
    page.evaluate(DROP, [zone, packed])


@pytest.fixture(scope="module")
def drawn(stack: Stack) -> tuple[int, int, int]:
    """A story whose first scene is drawn and whose lead has a sheet: project, scene, Della."""
    wb = stack.wb
    project, scene = list_scenes(wb)
    assert wb.wait(wb.submit("refine_scene_all", scene).id, timeout=240).state == "succeeded"
    della = next(n.id for n in wb.projects.tree(project).nodes if n.title == "Della")
    assert wb.wait(wb.submit("generate_character_sheet", della).id, timeout=240).state == "succeeded"
    return project, scene, della


def test_dropped_files_find_their_shots_and_what_is_no_picture_is_named(
    stack: Stack, page: Page, drawn: tuple[int, int, int]
) -> None:
    project, scene, _ = drawn
    turned = Image.Exif()
    turned[0x0112] = 6
    visit(page, f"{stack.url}/studio?project={project}&node={scene}")
    key(page, f"own_{scene}").get_by_role("button").first.click()
    drop(
        page,
        f"own_{scene}",
        {
            "03-MLS.png": picture("PNG", "navy"),
            "IMG_2041.jpg": picture("JPEG", "darkgreen", exif=turned.tobytes()),
            "trap.png": picture("PNG", "red") + b"PK and something else",
        },
    )
    row = key(page, f"own_{scene}_row_0")
    expect(row.locator("img")).to_be_visible()
    expect(page.get_by_text("trap.png: The picture is refused")).to_be_visible()
    # by the number in its name; a camera's number is none, and all nine are drawn: the first
    expect(row.locator("input")).to_have_value("3 · Medium long")
    expect(key(page, f"own_{scene}_row_1").locator("input")).to_have_value("1 · Extreme long")
    before = stack.wb.artifact(scene, "keyframe_images")
    key(page, f"own_{scene}_place").get_by_role("button").click()
    expect(page.get_by_text("In place: 2")).to_be_visible()
    head = stack.wb.artifact(scene, "keyframe_images")
    assert head.version == before.version + 1
    placed = {f["key"]: f["candidates"][-1] for f in head.content["frames"] if f["candidates"][-1].get("origin")}
    assert {k: (c["model"], c["width"], c["height"]) for k, c in placed.items()} == {
        "KF0": ("IMG_2041.jpg", 360, 640),
        "KF2": ("03-MLS.png", 640, 360),
    }
    # the sheet of the scene shows it, and its dialog says whose it is
    shown = key(page, f"shot_{scene}_KF2").locator("img")
    expect(shown).to_have_attribute("src", re.compile(placed["KF2"]["media"]))
    key(page, f"open_{scene}_KF2").get_by_role("button").click()
    expect(page.get_by_role("dialog").get_by_text("your own: 03-MLS.png")).to_be_visible()


def test_the_worst_frame_stands_first_and_is_drawn_again_in_one_click(
    stack: Stack, page: Page, drawn: tuple[int, int, int]
) -> None:
    project, scene, della = drawn
    wb = stack.wb
    head = wb.artifact(scene, "keyframe_images")
    # as a service would that has forgotten the sheet: a drawn frame of somebody else
    odd = wb.media.add_picture(picture("PNG", "teal")).sha256
    frames = json.loads(json.dumps(head.content["frames"]))
    stranger = {**frames[3]["candidates"][0], "media": odd, "width": 640, "height": 360, "model": "painter-1"}
    frames[3] = {"key": "KF3", "chosen": odd, "candidates": [*frames[3]["candidates"], stranger]}
    wb.artifacts.save(scene, "keyframe_images", {**head.content, "frames": frames}, head.version)

    visit(page, f"{stack.url}/drift?project={project}&node={della}")
    tiles = page.locator("[class*='st-key-picture_'] ")
    expect(tiles.first).to_contain_text("unlike")
    worst = [f for f in wb.likeness.board(della).frames if f.distance is not None and not f.own]
    assert max(worst, key=lambda f: f.distance).key == "KF3"
    expect(key(page, "drift_sheet").locator("img")).to_be_visible()
    key(page, "draw_worst").get_by_role("button").click()
    expect(key(page, f"picture_{scene}_KF3")).to_contain_text("alike")
    again = next(f for f in wb.artifact(scene, "keyframe_images").content["frames"] if f["key"] == "KF3")
    assert again["chosen"] != odd
    assert odd in {c["media"] for c in again["candidates"]}
