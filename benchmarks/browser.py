"""The pages in a real browser: until somebody sees something, until a click is answered, until another node is drawn.

Everything is measured inside the page, from the moment of the click or of the navigation, on a server that has drawn
each page once before. A first visit has nothing in the browser's cache, as after an installation.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks import large_story
from benchmarks.contenders import Reelwright
from benchmarks.page import HOST, TOKEN, free_port, wait_for_page
from benchmarks.report import Line, median
from benchmarks.scale import Scale
from benchmarks.stores import Stores
from tests.browser.stack import FLAGS, chromium, settled
from workbench.api.client import Workbench
from workbench.cli.supervisor import web_command, worker_command
from workbench.security import door

#: read before the developer's own settings are taken out of the environment
_NAMED = os.environ.get("REELWRIGHT_CHROMIUM")

_FIRST_CONTENT = """() => new Promise((done) => {
  const look = () => {
    const main = document.querySelector('[data-testid=stMainBlockContainer]');
    if (main && main.innerText.trim().length > 20) done(performance.now());
    else requestAnimationFrame(look);
  };
  look();
})"""
_BYTES = "() => performance.getEntriesByType('resource').reduce((sum, entry) => sum + entry.transferSize, 0)"
#: clicks what `find` gives and waits until `answered` is true; milliseconds. Written into the script: the pages' own
#: policy forbids to evaluate text there
_CLICK = """() => new Promise((done, fail) => {{
  const target = {find};
  if (!target) fail('nothing to click');
  const began = performance.now();
  target.click();
  const look = () => ({answered}) ? done(performance.now() - began) : requestAnimationFrame(look);
  look();
}})"""
#: an element of the story tree, which is a component with a shadow of its own
_NODE = """(() => {{
  const find = (root) => {{
    for (const each of root.querySelectorAll('*')) {{
      if (each.dataset && each.dataset.node === '{node}') return each;
      const inside = each.shadowRoot && find(each.shadowRoot);
      if (inside) return inside;
    }}
  }};
  return find(document);
}})()"""


@dataclass(frozen=True)
class Visit:
    first_s: float
    requests: int
    megabytes: float


def measure(stores: Stores, scale: Scale) -> list[Line]:
    settings, origin = large_story.settings_with_origin(stores, scale)
    ours = Reelwright(settings)
    worker = stores.start(*worker_command(settings, 8)[1:], settings=settings)
    ours.wait_for_worker()
    story = large_story.made(ours.wb, origin, min(scale.episodes, 3), min(scale.scenes, 12))
    large = large_story.copied(ours.wb.database, story.origin, scale.episodes, scale.scenes)
    scenes = [n.id for n in ours.wb.projects.tree(story.project).nodes if n.kind == "scene"]
    port = free_port()
    process = stores.start(*web_command(HOST, port)[1:], settings=settings, env={door.TOKEN_VARIABLE: TOKEN})
    wait_for_page(port)
    with open_browser() as browser:
        desk = Desk(browser, f"http://{HOST}:{port}", scale)
        lines = [
            *_visits(
                desk,
                {
                    name: path.format(project=story.project, scene=story.scene)
                    for name, path in list(PAGES.items())[: scale.pages]
                },
            ),
            *_clicks(desk, story.project, scenes),
            *_large(desk, ours.wb, large),
        ]
    stores.stop(process)
    stores.stop(worker)
    ours.wb.close()
    return lines


PAGES = {
    "Projects": "/", "Studio": "/studio?project={project}&node={scene}", "Gallery": "/gallery?project={project}",
    "Cast": "/cast?project={project}", "Launch": "/launch", "Jobs": "/jobs", "Debug": "/debug",
    "Analytics": "/analytics", "Models": "/models", "Settings": "/settings",
}  # fmt: skip


class Desk:
    """A browser in front of the server."""

    def __init__(self, browser: Browser, url: str, scale: Scale) -> None:
        self._browser, self.url, self.scale = browser, url, scale

    @contextmanager
    def fresh(self) -> Iterator[BrowserContext]:
        """A browser that has never been here, but for the start token."""
        context = self._browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-US")
        context.set_default_timeout(240_000)
        context.request.get(f"{self.url}/?{door.PARAMETER}={TOKEN}")
        yield context
        context.close()

    def visit(self, context: BrowserContext, path: str) -> Visit:
        page = context.new_page()
        asked: list[str] = []
        page.on("requestfinished", lambda request: asked.append(request.url))
        page.goto(self.url + path, wait_until="commit")
        first = page.evaluate(_FIRST_CONTENT) / 1000
        rest(page)
        size = page.evaluate(_BYTES)
        page.close()
        return Visit(first, len(asked), size / 1e6)

    def rounds(self, work: Callable[[int], float]) -> float:
        """The median of several, an answer shared for a second apart; seconds."""
        seconds = []
        for number in range(self.scale.visits):
            seconds.append(work(number))
            time.sleep(self.scale.apart_s)
        return median(seconds)


@contextmanager
def open_browser() -> Iterator[Browser]:
    found = _NAMED or chromium()
    if found is None:
        raise RuntimeError("no Chromium: run `make bench`, which finds or installs one, or set REELWRIGHT_CHROMIUM")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


def _visits(desk: Desk, pages: dict[str, str]) -> list[Line]:
    first: dict[str, list[Visit]] = {}
    again: dict[str, list[Visit]] = {}
    for name, path in pages.items():
        with desk.fresh() as context:
            desk.visit(context, path)
        for _ in range(desk.scale.visits):
            with desk.fresh() as context:
                first.setdefault(name, []).append(desk.visit(context, path))
                again.setdefault(name, []).append(desk.visit(context, path))
    section = f"A page in Chromium, slowest of {len(pages)} pages, each the median of {desk.scale.visits}"
    lines = []
    for what, visits, at_most in (
        ("first content, nothing in the browser's cache", first, 1.5), ("first content of a later visit", again, 1.5),
    ):  # fmt: skip
        medians = {name: median([v.first_s for v in own]) for name, own in visits.items()}
        slowest = max(medians, key=medians.__getitem__)
        lines.append(Line(section, what, medians[slowest], "s", at_most=at_most, note=slowest))
    for what, unit, value in (
        ("requests of a first visit, most", "", lambda v: float(v.requests)),
        ("sent for a first visit, most", "MB", lambda v: v.megabytes),
    ):
        most = {name: max(value(v) for v in own) for name, own in first.items()}
        page = max(most, key=most.__getitem__)
        lines.append(Line(section, what, most[page], unit, note=page))
    return lines


def _clicks(desk: Desk, project: int, scenes: list[int]) -> list[Line]:
    """On the Studio of a scene that is drawn."""
    section = f"A click in Chromium, on the Studio of a drawn scene, median of {desk.scale.visits}"
    scene = scenes[0]
    with desk.fresh() as context:
        page = context.new_page()
        page.goto(f"{desk.url}/studio?project={project}&node={scene}")
        rest(page)

        def dialog(key: str) -> Callable[[int], float]:
            def work(_: int) -> float:
                page.locator(f".st-key-{key} button").first.wait_for()
                took = click(page, _keyed(key), "!!document.querySelector('[role=dialog] button')")
                page.get_by_role("dialog").get_by_role("button", name="Close").click()
                page.wait_for_selector("[role=dialog]", state="detached")
                rest(page)
                return took

            return work

        def launch(_: int) -> float:
            cell = f".st-key-cell_{scene}_estimate_duration"
            page.locator(f"{cell} [class*=_act_] button").first.wait_for()
            # "Queued", "Running", or the next version where the job was faster than the page
            page.evaluate("css => { window.cellText = document.querySelector(css).innerText; }", cell)
            took = click(
                page,
                f"document.querySelector({cell + ' [class*=_act_] button'!r})",
                f"document.querySelector({cell!r}).innerText !== window.cellText",
            )
            page.locator(cell).get_by_text("Fresh").wait_for()
            rest(page)
            return took

        def switch(number: int) -> float:
            return _switch(page, scenes[1 + number % 2], "estimate_duration")

        return [
            Line(section, "a frame opens", desk.rounds(dialog(f"open_{scene}_KF3")), "s", at_most=0.3),
            Line(section, "a plan opens", desk.rounds(dialog("run_below")), "s", at_most=0.3),
            Line(section, "a job is launched and its cell says so", desk.rounds(launch), "s", at_most=0.3),
            Line(section, "another node, all of its cells drawn", desk.rounds(switch), "s", at_most=0.8),
        ]


def _large(desk: Desk, wb: Workbench, project: int) -> list[Line]:
    """On the Studio of a story with every kind of artifact in every place."""
    nodes = [n for n in wb.projects.tree(project).nodes if n.kind in ("episode", "scene")]
    episodes = [n.id for n in nodes if n.kind == "episode"]
    middle = episodes[len(episodes) // 2]
    scenes = [n.id for n in nodes if n.parent_id == middle]
    kinds = {a.kind for n in wb.projects.tree(project).nodes for a in n.artifacts}
    section = (
        f"The Studio of {desk.scale.episodes} episodes × {desk.scale.scenes} scenes, {len(kinds)} kinds of artifact in "
        f"all places, in Chromium, median of {desk.scale.visits}"
    )
    with desk.fresh() as context:
        page = context.new_page()
        page.goto(f"{desk.url}/studio?project={project}&node={scenes[0]}")
        rest(page)

        def to_scene(number: int) -> float:
            return _switch(page, scenes[1 + number % 2], "estimate_duration")

        def to_episode(_: int) -> float:
            to_scene(0)
            return _switch(page, middle, "generate_scene_script")

        def to_project(_: int) -> float:
            # a long tree shows the scenes of the chosen episode alone
            _switch(page, middle, "generate_scene_script")
            to_scene(0)
            return _switch(page, project, "plan_episodes")

        return [
            Line(section, "another scene, all of its cells drawn", desk.rounds(to_scene), "s", at_most=0.8),
            Line(section, "from a scene to its episode", desk.rounds(to_episode), "s", at_most=0.8),
            Line(section, "from a scene to the whole story", desk.rounds(to_project), "s", at_most=0.8),
        ]


def _switch(page: Page, node: int, last: str) -> float:
    """Click a node of the tree, until the cell of its workflow `last` is drawn and nothing runs any more; seconds."""
    page.locator(f"[data-node='{node}']").wait_for()
    took = click(
        page, _NODE.format(node=node),
        f"!!document.querySelector('.st-key-cell_{node}_{last}')"
        " && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'",
    )  # fmt: skip
    rest(page)
    return took


def _keyed(key: str) -> str:
    return f"document.querySelector('.st-key-{key} button')"


def click(page: Page, find: str, answered: str) -> float:
    milliseconds: Any = page.evaluate(_CLICK.format(find=find, answered=answered))
    return float(milliseconds) / 1000


def rest(page: Page) -> None:
    """Until nothing is under way."""
    settled(page)
    page.wait_for_load_state("networkidle")
