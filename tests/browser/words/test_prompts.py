"""A prompt in one's own words in a real browser: typed, tried, adopted; what was made before is stale by its prompt."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, visit
from tests.browser.test_ways import key
from workbench import samples

NAME = "episode/generate_episode_core_expression"
WORDS = "You say what an episode is about, as an old sailor would."


def test_words_are_typed_tried_and_adopted_and_the_studio_says_what_is_stale(stack: Stack, page: Page) -> None:
    wb = stack.wb
    project = wb.create_project({**samples.load("gift-of-the-magi.en"), "episodes": 1})
    assert wb.wait(wb.submit("plan_episodes", project).id, timeout=240).state == "succeeded"
    [episode] = [n.id for n in wb.projects.tree(project).nodes if n.kind == "episode"]
    made = wb.wait(wb.submit("generate_episode_core_expression", episode).id, timeout=240)
    assert made.state == "succeeded"
    address = f"{stack.url}/prompts?project={project}&written=en&prompt={NAME}"

    # what breaks it is refused with its reason, and stays typed
    visit(page, address)
    system, user = page.get_by_label("System: who the model is"), page.get_by_label("User: what it is asked")
    expect(user).to_be_visible()
    shipped = user.input_value()
    save = page.get_by_role("button", name="Save for this project")
    user.fill(shipped + "\n{{ secret }}")
    save.click()
    expect(page.get_by_text("There is no variable secret.").first).to_be_visible()
    assert wb.prompts.list_versions(NAME, "en", project) == []
    expect(user).to_have_value(shipped + "\n{{ secret }}")
    user.fill(shipped)
    system.fill(WORDS)
    page.get_by_role("button", name="Try it first").click()

    # tried on the episode's own call: both sides, nothing saved
    go = key(page, f"p_{project}_episode_generate_episode_core_expression_en_go").get_by_role("button")
    expect(page.get_by_text("1 are there already and cost nothing").first).to_be_visible()
    go.click()
    outcome = key(page, "trial_outcome")
    expect(outcome.get_by_text("100% valid (1 of 1)")).to_have_count(2)
    expect(outcome.get_by_text("1 read from the ledger")).to_have_count(1)
    assert wb.prompts.get(NAME, "en", project).state == "shipped"
    assert [v.version for v in wb.artifacts.list_versions(episode, "core_expression")] == [1]
    assert {a.stale for n in wb.projects.tree(project).nodes for a in n.artifacts} == {False}

    # adopted
    page.get_by_role("button", name="Adopt for this project").click()
    expect(page.get_by_text("These words count already.").first).to_be_visible()
    counting = wb.prompts.get(NAME, "en", project)
    assert (counting.state, counting.counting["system"]) == ("project", WORDS)

    # and what the shipped words made says so, with both versions
    visit(page, f"{stack.url}/studio?project={project}&node={episode}")
    reason = page.get_by_text("Stale because it was made with prompt").first
    expect(reason).to_contain_text(counting.shipped_fingerprint)
    expect(reason).to_contain_text(counting.fingerprint)

    # compared, and taken back
    visit(page, f"{address}&view=compare")
    expect(page.locator(".rw-prompt ins", has_text="sailor")).to_have_count(1)
    page.get_by_role("button", name="1 version").click()
    page.get_by_role("button", name="Reset to the text below it").click()
    expect(page.get_by_text("The text below counts again.").first).to_be_visible()
    assert wb.prompts.get(NAME, "en", project).state == "shipped"
    assert {a.stale for n in wb.projects.tree(project).nodes for a in n.artifacts} == {False}
