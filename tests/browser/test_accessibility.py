"""axe-core over every page in both themes, with the dialogs and popovers that open on it: nothing serious."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.stack import Stack, count_finished_runs, go, list_refused, settled, visit
from tests.browser.test_ways import key
from tests.scripted_provider import ScriptedProvider
from workbench import samples

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
SERIOUS = ("serious", "critical")
#: page → what is opened on it
OPENED = {
    # the menu of a project with the link that exports it; the place for a file that comes in
    "projects": ("[class*='st-key-more_'] button", ".st-key-import_open button"),
    "studio, scene": ("[class*='_versions'] button", "[class*='st-key-handoff_'] button"),
    "studio, episode": ("[class*='_tune'] button",),
    "job that failed": (".st-key-more button",),
    "models": ("[class*='_more'] button",),
    "jobs": (".st-key-pause_menu button",),
}


#: the pages that are looked at, a test each: together they would take longer than one test may
PAGES = (
    "projects",
    "new project",
    "studio, project",
    "studio, source",
    "studio, episode",
    "studio, scene",
    "lineage",
    "cast",
    "launch",
    "chat",
    "gallery",
    "drift",
    "jobs",
    "job that failed",
    "job with children",
    "debug",
    "compare",
    "analytics",
    "prompts",
    "prompts, compared",
    "prompts, tried",
    "models",
    "settings",
)


@pytest.fixture(scope="module")
def pages(stack: Stack) -> Iterator[dict[str, str]]:
    """A story with a drawn scene, a job that failed and one that succeeded; the address of each page."""
    wb = stack.wb
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    wb.wait(wb.submit("plan_episodes", project).id, timeout=240)
    episode = next(n.id for n in wb.projects.tree(project).nodes if n.kind == "episode")
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list", "generate_scene_script"):
        wb.wait(wb.submit(kind, episode).id, timeout=240)
    for kind in ("build_narrative_causal_chain", "generate_character_relationships", "generate_emotion_arc"):
        assert wb.wait(wb.submit(kind, project).id, timeout=240).state == "succeeded"
    scenes = [n.id for n in wb.projects.tree(project).nodes if n.kind == "scene"]
    done = wb.submit("refine_scene_all", scenes[0])
    assert wb.wait(done.id, timeout=240).state == "succeeded"
    # a hand-made version, so that something is stale
    brief = wb.artifact(project, "brief")
    assert brief is not None
    wb.artifacts.save(project, "brief", {**brief.content, "genre": "ghost story"}, brief.version, "lin")
    long = wb.create_project(
        {"title": "Salt", "language": "en", "source": "Mara lights the lamp, and it goes out. " * 300}
    )
    with ScriptedProvider() as provider:
        wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="m", key="sk-canary0123456789abcdef")
        asked = {"messages": [{"role": "user", "content": "Tell me about lamps. [[fault:auth]]"}]}
        failed = wb.submit("llm_chat", None, asked, profile="scripted")
        assert wb.wait(failed.id, 240).state == "failed"
        yield {
            "projects": "/",
            "new project": "/?new=1",
            "studio, project": f"/studio?project={project}&node={project}",
            "studio, source": f"/studio?project={long}&node={long}",
            "studio, episode": f"/studio?project={project}&node={episode}",
            "studio, scene": f"/studio?project={project}&node={scenes[0]}",
            "lineage": f"/lineage?node={scenes[0]}&kind=keyframe_prompt",
            "cast": f"/cast?project={project}",
            "launch": f"/launch?workflow=generate_dialogue&project={project}&node={scenes[0]},{scenes[1]}",
            "chat": "/launch?workflow=llm_chat",
            "gallery": f"/gallery?project={project}",
            "drift": f"/drift?project={project}",
            "jobs": "/jobs",
            "job that failed": f"/job?id={failed.id}",
            "job with children": f"/job?id={done.id}",
            "debug": "/debug",
            "compare": f"/compare?a={failed.id}&b={done.id}",
            "analytics": "/analytics",
            "prompts": f"/prompts?project={project}&prompt=planning/plan_episodes",
            "prompts, compared": f"/prompts?project={project}&prompt=planning/plan_episodes&view=compare",
            "prompts, tried": f"/prompts?project={project}&prompt=planning/plan_episodes&view=try",
            "models": "/models",
            "settings": "/settings",
        }


def wait_until_drawn(page: Page) -> None:
    """Streamlit loads the code of widgets later than it shows their places."""
    settled(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    # nor a tooltip that is about to fade
    page.mouse.move(1, 1)
    expect(page.get_by_test_id("stTooltipContent")).to_have_count(0)
    settled(page)
    page.wait_for_function("() => !document.getAnimations().some(a => a instanceof CSSTransition)")


def list_violations(page: Page, where: str) -> list[str]:
    """What axe finds serious, with the element and the reason."""
    if not page.evaluate("() => 'axe' in window"):
        # not add_script_tag: the page's own policy forbids it
        page.evaluate(AXE)
    answer: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{where}: {violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in answer["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


class Tab:
    """One in which all pages are drawn, one after the other, in one theme: loading each would take longer than axe."""

    def __init__(self, stack: Stack, context: BrowserContext, theme: Literal["light", "dark"]) -> None:
        self.page = stack.let_in(context).new_page()
        self.page.emulate_media(color_scheme=theme)
        self.refused = list_refused(self.page, stack.url)
        self._url = stack.url
        self._finished_runs = count_finished_runs(self.page)

    def show(self, address: str) -> None:
        if self.page.url.startswith(self._url):
            go(self.page, self._url + address, self._finished_runs)
        else:
            visit(self.page, self._url + address)
        wait_until_drawn(self.page)


@pytest.fixture(scope="module")
def tabs(stack: Stack, context: BrowserContext) -> Iterator[tuple[Tab, Tab]]:
    """Light and dark."""
    made = Tab(stack, context, "light"), Tab(stack, context, "dark")
    yield made
    for tab in made:
        tab.page.close()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious_on_any_page_in_either_theme(
    pages: dict[str, str], tabs: tuple[Tab, Tab], name: str
) -> None:
    wrong: list[str] = []
    light, dark = tabs
    light.show(pages[name])
    wrong += list_violations(light.page, f"{name}, light")
    if name == "studio, scene":
        wrong += list_dialog_violations(light.page)
    dark.show(pages[name])
    wrong += list_violations(dark.page, f"{name}, dark")
    if name in OPENED:
        wrong += list_opened_violations(dark.page, name)
    assert wrong == []
    # what our own pages need, they may load
    assert light.refused == dark.refused == []


def test_every_page_is_looked_at(pages: dict[str, str]) -> None:
    assert list(pages) == list(PAGES)


def list_opened_violations(page: Page, name: str) -> list[str]:
    """The same with a button under the pointer, and for what opens behind an icon or a version's number."""
    button = page.locator("[data-testid=stMain] button[kind^=primary]:not([disabled])").first
    wrong = []
    if button.count():
        button.hover()
        page.wait_for_function("() => !document.getAnimations().some(a => a instanceof CSSTransition)")
        wrong += list_violations(page, f"{name}, pointer on the main button")
    for opener in OPENED[name]:
        page.locator(opener).first.click()
        # the inside of some is drawn when they are opened
        inside = page.get_by_test_id("stPopoverBody")
        expect(inside.locator("button, a, input").first).to_be_visible()
        wait_until_drawn(page)
        wrong += list_violations(page, f"{name}, {opener} open")
        page.keyboard.press("Escape")
        expect(inside).to_have_count(0)
    return wrong


def list_dialog_violations(page: Page) -> list[str]:
    """The same for what opens over a scene: a plan, a frame, a form."""
    wrong: list[str] = []
    page.locator("[class*='st-key-open_'] button").first.click()
    expect(key(page, "viewer_picture").locator("img")).to_be_visible()
    wait_until_drawn(page)
    wrong += list_violations(page, "a frame's dialog")
    close_dialog(page)
    key(page, "run_below").get_by_role("button").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    wait_until_drawn(page)
    wrong += list_violations(page, "a plan's dialog")
    close_dialog(page)
    page.locator("[class*='st-key-own_'] button").first.click()
    expect(page.get_by_test_id("stFileUploaderDropzone")).to_be_visible()
    wait_until_drawn(page)
    wrong += list_violations(page, "a place for one's own pictures")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stFileUploaderDropzone")).to_have_count(0)
    page.locator("[class*='edit_open'] button").first.click()
    expect(page.locator("[class*='edit_save']")).to_have_count(1)
    wait_until_drawn(page)
    return wrong + list_violations(page, "an editor")


def close_dialog(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
