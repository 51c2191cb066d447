"""What is typed is not lost: a reload in the middle of a word, another page, the back button, another browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.stack import STILL, Stack, settled, visit
from tests.browser.test_ways import key
from tests.conftest import until
from workbench import samples
from workbench.ui import drafts


def kept(stack: Stack, place: str) -> dict[str, Any]:
    """What the database has of a draft."""
    draft = stack.wb.drafts.find("local", place)
    return draft.fields if draft else {}


def until_kept(stack: Stack, place: str, **fields: Any) -> None:
    until(lambda: kept(stack, place) == fields, what=f"{place} with {fields}")


def test_a_reload_in_the_middle_of_typing_loses_not_a_letter(stack: Stack, page: Page, browser: Browser):
    visit(page, f"{stack.url}/?new=1")
    title = key(page, "wizard.title").locator("input")
    title.click()
    # The field is not left, and the last letters are typed the moment before the reload.
    page.keyboard.type("The Salt")
    until_kept(stack, "wizard", title="The Salt")
    expect(page.get_by_text("not saved yet")).to_be_visible()
    page.keyboard.type(" Lighthouse")
    page.reload()
    expect(title).to_have_value("The Salt Lighthouse")
    until_kept(stack, "wizard", title="The Salt Lighthouse")

    # A choice and a row reach the database without a button, and the fields of rows count as well.
    key(page, "wizard.characters.#.add").get_by_role("button").click()
    name = key(page, "wizard.characters~0.name").locator("input")
    name.fill("Mei")
    key(page, "wizard.aspect_ratio").get_by_role("combobox").click()
    page.get_by_role("option", name="9:16").click()
    wanted = {"title": "The Salt Lighthouse", "characters.#": [0], "characters~0.name": "Mei", "aspect_ratio": "9:16"}
    until_kept(stack, "wizard", **wanted)

    # Another browser of the same person finds it all, and says what it is.
    context = stack.let_in(browser.new_context(locale="en-US", **STILL))
    other = context.new_page()
    visit(other, f"{stack.url}/?new=1")
    expect(key(other, "wizard.title").locator("input")).to_have_value("The Salt Lighthouse")
    expect(key(other, "wizard.characters~0.name").locator("input")).to_have_value("Mei")
    expect(other.get_by_text("not saved yet")).to_be_visible()
    context.close()

    # The page is left while a word is being typed: the next page brings the rest, and back shows it.
    name.click()
    name.press("End")
    page.keyboard.type(" of the lamp")
    page.get_by_role("link", name="Jobs").first.click()
    page.wait_for_url(re.compile("/jobs"))
    until_kept(stack, "wizard", **{**wanted, "characters~0.name": "Mei of the lamp"})
    page.go_back()
    expect(name).to_have_value("Mei of the lamp")
    expect(title).to_have_value("The Salt Lighthouse")

    # Thrown away, it is gone from the form, the database and the browser's own store.
    page.get_by_role("button", name="Throw away").click()
    expect(key(page, "wizard+1.title").locator("input")).to_have_value("")
    expect(key(page, "wizard+1.characters~0.name")).to_have_count(0)
    until_kept(stack, "wizard")
    page.reload()
    settled(page)
    expect(title).to_have_value("")
    until_kept(stack, "wizard")


def test_an_open_editor_survives_another_node_and_is_saved_with_the_click_that_follows_typing(stack: Stack, page: Page):
    wb = stack.wb
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    wb.wait(wb.submit("plan_episodes", project).id, 240)
    tree = page.get_by_role("navigation", name="Story tree").get_by_role("button")
    visit(page, f"{stack.url}/studio?project={project}&node={project}")
    key(page, f"cell_{project}_brief_edit_open").get_by_role("button").click()
    genre = key(page, f"cell_{project}_brief_form.genre").locator("input")
    genre.fill("ghost story")
    until_kept(stack, f"edit/{project}/brief", genre="ghost story")
    tree.nth(1).click()
    expect(genre).to_have_count(0)
    tree.nth(0).click()
    expect(genre).to_have_value("ghost story")

    # Projects lists it with the way back.
    visit(page, stack.url)
    key(page, "unsaved").get_by_role("link", name="Brief").click()
    expect(genre).to_have_value("ghost story")

    # No pause between the last letter and the button: the button is not swallowed, nor is the letter.
    genre.press("End")
    page.keyboard.type(", at sea")
    key(page, f"cell_{project}_brief_edit_save").get_by_role("button").click()
    until(lambda: wb.artifact(project, "brief").version == 2, what="the second version")
    assert wb.artifact(project, "brief").content["genre"] == "ghost story, at sea"
    until_kept(stack, f"edit/{project}/brief")
    page.reload()
    settled(page)
    expect(key(page, f"cell_{project}_brief_edit_open")).to_be_visible()
    expect(genre).to_have_count(0)


def test_what_is_being_said_to_a_model_survives_a_reload_and_is_empty_once_it_is_sent(stack: Stack, page: Page):
    visit(page, f"{stack.url}/launch?workflow=llm_chat")
    said = key(page, "chat_said").locator("textarea")
    said.click()
    page.keyboard.type("What does the lamp say")
    page.reload()
    expect(said).to_have_value("What does the lamp say")
    until_kept(stack, "chat", said="What does the lamp say")
    said.press("Enter")
    page.wait_for_url(re.compile("job="))
    expect(said).to_have_value("")
    until_kept(stack, "chat")


def test_a_key_is_never_kept(stack: Stack, page: Page):
    visit(page, f"{stack.url}/models?profile=new")
    page.get_by_role("button", name="OpenAI", exact=False).first.click()
    expect(page.get_by_role("button", name="OpenAI", exact=False).first).to_have_attribute("kind", "primary")
    settled(page)
    secret = key(page, "new.secret").locator("input")
    secret.click()
    page.keyboard.type("sk-canary-0123456789")
    # what is kept of the letters typed after it was sent with it, or later
    key(page, "new.name").locator("input").fill("mine")
    until(lambda: kept(stack, "profile/new").get("name") == "mine", what="the name")
    assert "canary" not in str([d.fields for d in stack.wb.drafts.list("local")])
    assert "canary" not in page.evaluate("JSON.stringify([{ ...sessionStorage }, { ...localStorage }])")


#: Streamlit's own order: a cell whose data changed before its code was loaded is called, stopped and called anew, or
#: called twice and then stopped; when it is gone it is stopped for good. What was sent by then, each time
_LISTEN = """async ([code, stoppedFirst]) => {
  const { default: listen } = await import(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  const part = document.createElement('div'), form = document.createElement('div');
  form.innerHTML = '<p class="title"><input></p>';
  document.body.replaceChildren(form, part);
  const field = form.querySelector('input'), sent = [];
  const data = { place: 'here', base: null, turn: 0, seen: 0, fields: { title: ['title', 'text'] } };
  const component = { data, parentElement: part.attachShadow({ mode: 'open' }),
    setTriggerValue: (name, value) => sent.push(value.typed.title) };
  const type = async (text) => {
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((done) => setTimeout(done, 1000));
    return [...sent];
  };
  const before = listen(component);
  if (stoppedFirst) before();
  const stop = listen({ ...component, data: { ...data } });
  if (!stoppedFirst) before();
  const heard = [await type('there')];
  part.remove();
  stop();
  heard.push(await type('gone'));
  return heard;
}"""


@pytest.mark.parametrize("stopped_first", [True, False])
def test_a_form_that_is_drawn_twice_before_its_code_is_loaded_is_listened_to(browser: Browser, stopped_first: bool):
    blank = browser.new_page()
    blank.goto("about:blank")
    heard = blank.evaluate(_LISTEN, [drafts.LISTEN_JS, stopped_first])
    blank.close()
    assert heard == [["there"], ["there"]], "typed there, and typed after the form was gone"
