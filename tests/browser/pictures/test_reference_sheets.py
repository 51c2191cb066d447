"""A character's sheet in a real browser: drawn, picked, one's own brought; a paid service's frames go by it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, visit
from tests.browser.test_accessibility import list_violations, wait_until_drawn
from tests.browser.test_storyboard import press
from tests.browser.test_ways import key, type_into
from tests.scripted_provider import ScriptedProvider
from tests.workflows.frames import BRIEF, shot
from workbench.db.writes import story
from workbench.json_types import JsonObject


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as server:
        yield server


def tell(stack: Stack, service: ScriptedProvider) -> tuple[int, int, int]:
    """A story with a profile for the service: project, Mara, a scene with its shots."""
    wb = stack.wb
    wb.profiles.add(
        "paint", "openai", base_url=service.url, text_model="t", image_model="gpt-image-1", key="sk-0123456789abcdef"
    )
    project = wb.create_project(BRIEF)
    own = {"project_id": project, "user": "local", "position": 1}
    with wb.database.write() as conn:
        episode = story.add_node(conn, "episode", "One", parent_id=project, **own)  # type: ignore[arg-type]
        scene = story.add_node(conn, "scene", "Pier", parent_id=episode, **own)  # type: ignore[arg-type]
    wb.artifacts.save(scene, "keyframe_prompt", {"shots": [shot(n) for n in range(1, 10)]}, None)
    mara = next(n.id for n in wb.projects.tree(project).nodes if n.title == "Mara")
    return project, mara, scene


def looks(stack: Stack, node: int) -> list[JsonObject]:
    head = stack.wb.artifact(node, "character_sheet")
    return list(head.content["looks"]) if head else []


def photograph() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (320, 480), (30, 90, 160)).save(made, "PNG")
    return made.getvalue()


def test_a_sheet_is_drawn_picked_and_gone_by(stack: Stack, service: ScriptedProvider, page: Page) -> None:
    project, mara, scene = tell(stack, service)
    visit(page, f"{stack.url}/cast?project={project}&node={mara}")
    card = key(page, f"reference_sheet_{mara}")
    expect(card).to_contain_text("Mara has none yet")
    press(page, f"draw_sheet_{mara}_first")
    expect(key(page, f"sheet_candidates_{mara}_0").get_by_test_id("stImage")).to_have_count(2)
    press(page, f"pick_sheet_{mara}_0_2")
    expect(key(page, f"pick_sheet_{mara}_0_2")).to_contain_text("Chosen")
    [usual] = looks(stack, mara)
    assert usual["chosen"] == usual["candidates"][1]["media"]

    # a look of her own photograph, worn from shot 5 on
    press(page, f"new_look_{mara}")
    type_into(page, f"new_look_name_{mara}", "oilskins")
    type_into(page, f"new_look_words_{mara}", "yellow oilskins and a sou'wester")
    type_into(page, f"new_look_scenes_{mara}", "1.1.5–")
    press(page, f"new_look_go_{mara}")
    expect(key(page, f"sheet_candidates_{mara}_1").get_by_test_id("stImage")).to_have_count(2)
    page.keyboard.press("Escape")
    press(page, f"bring_sheet_{mara}_{mara}_1")
    files = key(page, f"upload_sheet_{mara}_{mara}_1").locator("input[type=file]")
    files.set_input_files({"name": "mara.png", "mimeType": "image/png", "buffer": photograph()})
    # by key: with its file the popover may be taller than the window, until somebody scrolls
    key(page, f"place_sheet_{mara}_{mara}_1").get_by_role("button").first.press("Enter")
    expect(key(page, f"sheet_candidates_{mara}_1").get_by_test_id("stImage")).to_have_count(3)
    expect(card).to_contain_text("mara.png")
    visit(page, f"{stack.url}/cast?project={project}&node={mara}")
    wait_until_drawn(page)
    assert list_violations(page, "cast") == []
    oilskins = looks(stack, mara)[1]
    assert oilskins["chosen"] == oilskins["candidates"][2]["media"]

    # each frame goes by its own look: what the service got is what was picked
    stack.wb.projects.set_profile(project, "paint")
    job = stack.wb.submit("generate_keyframe_images", scene, {"keys": ["KF0", "KF4"]})
    assert stack.wb.wait(job.id, timeout=240).state == "succeeded"
    calls = sorted(service.calls(), key=lambda call: "lamp 5" in call["request"]["prompt"])
    assert all(call["path"].endswith("/images/edits") for call in calls)
    sent = [[file["sha256"] for file in call["request"]["image"]] for call in calls]
    assert sent == [[look["chosen"]] for look in looks(stack, mara)]
    stored = [stack.wb.media.path(look["chosen"]).read_bytes() for look in looks(stack, mara)]
    assert sent == [[hashlib.sha256(picture).hexdigest()] for picture in stored]
    assert "yellow oilskins" in calls[1]["request"]["prompt"]
    visit(page, f"{stack.url}/studio?project={project}&node={scene}")
    press(page, f"open_{scene}_KF0")
    expect(page.get_by_role("dialog")).to_contain_text("drawn from: Mara (usual)")
