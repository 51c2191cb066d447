"""The long storyboard in a real browser: nine groups in both languages, and an edited panel that goes back alone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, list_scenes, settled, visit
from tests.browser.test_ways import key
from workbench.story.board import BoardPanel, lay_out

MAKERS = (
    "generate_scene_anchor", "generate_storyboard_scene_bible", "generate_storyboard_plan", "generate_storyboard_group",
    "translate_storyboard_panels",
)  # fmt: skip
BACK = "back_translate_storyboard_panels"


def written(stack: Stack) -> tuple[int, int]:
    """(project, a scene of it with its 81 panels in both languages)."""
    wb = stack.wb
    project, scene = list_scenes(wb)
    for kind in MAKERS:
        job = wb.wait(wb.submit(kind, scene).id, timeout=240)
        assert job.state == "succeeded", job.error
    return project, scene


def panels(stack: Stack, scene: int) -> list[BoardPanel]:
    kinds = ("storyboard_plan", "storyboard_groups", "storyboard_translation", "storyboard_back_translation")
    heads = [stack.wb.artifact(scene, kind) for kind in kinds]
    return [p for g in lay_out(*(h.content if h else None for h in heads)) for p in g.panels]


def test_an_edited_panel_is_marked_and_goes_back_into_english_alone(stack: Stack, page: Page) -> None:
    project, scene = written(stack)
    before = panels(stack, scene)
    visit(page, f"{stack.url}/studio?project={project}&node={scene}")
    board = key(page, f"cell_{scene}_generate_storyboard_group")
    rows = board.locator(".rw-panel")
    expect(rows).to_have_count(9)
    expect(rows.first).to_contain_text(before[0].en)
    expect(rows.first).to_contain_text(before[0].zh)

    # the third group, by the keyboard
    third = key(page, f"board_group_{scene}").get_by_role("radio").nth(2)
    third.focus()
    third.press("Enter")
    expect(rows.nth(3)).to_contain_text(before[21].en)
    expect(board.locator(".rw-mark")).to_have_count(0)

    key(page, f"board_storyboard_translation_{scene}").get_by_role("button").click()
    chinese = key(page, f"cell_{scene}_translate_storyboard_panels")
    field = chinese.get_by_label("Chinese of shot 22")
    expect(field).to_have_value(before[21].zh)
    field.fill("Della把信烧了。")
    field.press("Tab")
    chinese.get_by_role("button", name=re.compile("Save as a new version")).click()
    expect(rows.nth(3)).to_contain_text("English still to come")
    expect(board.locator(".rw-panel-edited")).to_have_count(1)
    expect(chinese).to_contain_text("Della把信烧了。")

    back = key(page, f"cell_{scene}_{BACK}")
    back.get_by_role("button", name="Run").last.click()
    expect(rows.nth(3)).to_contain_text("From the edited Chinese")
    expect(back).to_contain_text(before[21].en)
    settled(page)
    after = panels(stack, scene)
    assert [a.shot for b, a in zip(before, after, strict=True) if a.en != b.en] == [22]
    job = stack.wb.jobs.list(kind=BACK, project=project)[0]
    assert len(stack.wb.jobs.get_detail(job.id).model_calls) == 1

    # the same group in English: one sentence, marked as a person's
    key(page, f"board_storyboard_groups_{scene}").get_by_role("button").click()
    english = board.get_by_label("English of shot 20")
    english.fill("A moth at the lamp.")
    english.press("Tab")
    board.get_by_role("button", name=re.compile("Save as a new version")).click()
    expect(rows.nth(1)).to_contain_text("A moth at the lamp.")
    expect(rows.nth(1)).to_contain_text("Edited")
    head = stack.wb.artifact(scene, "storyboard_groups")
    assert head is not None
    assert "A moth at the lamp." in head.content["groups"][2]["image_prompt"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
