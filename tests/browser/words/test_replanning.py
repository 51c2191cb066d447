"""A plan that would archive work, in a real browser: looked at first, taken over, undone; then followed up and down."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, settled, visit
from tests.browser.test_ways import key
from workbench import samples


def test_a_plan_is_looked_at_taken_over_undone_and_followed_to_its_job(stack: Stack, page: Page) -> None:
    wb = stack.wb
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    assert wb.wait(wb.submit("plan_episodes", project).id, timeout=240).state == "succeeded"
    episodes = [n for n in wb.projects.tree(project).nodes if n.kind == "episode"]
    last = episodes[-1]
    core = wb.wait(wb.submit("generate_episode_core_expression", last.id).id, timeout=240)
    assert core.state == "succeeded"
    cell = f"cell_{project}_episode_plan"
    tree = page.get_by_role("navigation", name="Story tree")

    # A model's plan with one episode would archive the others: it waits, and the page says so by itself.
    visit(page, f"{stack.url}/studio?project={project}&node={project}")
    job = wb.wait(wb.submit("plan_episodes", project, {"target_episode_count": 1}).id, timeout=240)
    assert job.result["held"] is True
    waits = key(page, f"{cell}_replan_waits")
    expect(waits).to_contain_text("v2 waits for you")
    expect(waits).to_contain_text("Would be archived")
    expect(waits).to_contain_text(last.title)
    expect(waits).to_contain_text("Core expression")
    expect(tree.get_by_text(last.title, exact=False)).to_be_visible()

    # Taken over, it is gone from the tree, and the cell says what was archived.
    key(page, f"{cell}_replan_take").get_by_role("button").click()
    expect(tree.get_by_text(last.title, exact=False)).to_have_count(0)
    expect(key(page, f"cell_{project}_plan_episodes")).to_contain_text("v2 archived")

    # Undone: the episode is back with what was on it.
    key(page, f"{cell}_replan_undo").get_by_role("button").click()
    expect(tree.get_by_text(last.title, exact=False)).to_be_visible()
    assert wb.artifact(last.id, "core_expression").version == 1
    assert wb.artifact(project, "episode_plan").version == 3

    # From the version to its lineage, from there to the job that made what hangs on it, and to what that wrote.
    key(page, f"{cell}_versions").get_by_role("button").first.click()
    page.get_by_role("link", name=re.compile("Lineage")).click()
    page.wait_for_url(re.compile(r"/lineage\?"))
    settled(page)
    expect(key(page, "lineage_above_brief")).to_contain_text("v1")
    below = key(page, "lineage_below_core_expression")
    expect(below).to_contain_text("directly")
    below.get_by_role("link", name=f"job {core.id}").click()
    page.wait_for_url(re.compile(rf"/job\?id={core.id}"))
    settled(page)
    written = key(page, "written")
    expect(written).to_contain_text("Core expression v1")
    written.get_by_role("link", name="Open in the studio").click()
    page.wait_for_url(re.compile(rf"node={last.id}"))
    expect(page.get_by_role("heading", name=re.compile(re.escape(last.title)))).to_be_visible()
