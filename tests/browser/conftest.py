"""One stack and one browser for all browser tests; skipped where there is no Chromium, failed where CI says there
must be."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import stack as parts
from tests.browser.stack import Stack

#: ceilings, not targets: the machine may be shared
TIMEOUT_MS = 240_000
expect.set_options(timeout=TIMEOUT_MS)
FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def chromium() -> str:
    found = parts.chromium()
    if found is None:
        hint = "no Chromium: run `python -m playwright install chromium`, or set REELWRIGHT_CHROMIUM"
        pytest.fail(hint) if os.environ.get("CI") else pytest.skip(hint)
    return found


@pytest.fixture(scope="module")
def stack(chromium: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A real stack on a home of its own for each file; its offline model takes its time where the file says so, so that
    a bar can be watched moving."""
    simulate = getattr(request.module, "SIMULATE", "")
    with parts.stack(tmp_path_factory.mktemp("browser home"), lang="en", simulate=simulate) as made:
        yield made


# Playwright keeps an event loop running in this thread: it must end before tests that run an engine here.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with parts.browser() as opened:
        yield opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="module")
def context(browser: Browser, stack: Stack) -> Iterator[BrowserContext]:
    """One for all tests of a file: what the pages load and compile, which takes longer than most tests, it keeps."""
    made = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-US", **parts.STILL)
    made.set_default_timeout(TIMEOUT_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, stack: Stack, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that remembers nothing of another test's; what it showed and the newest jobs are printed when its test
    fails."""
    context.clear_cookies()
    opened = stack.let_in(context).new_page()
    refused = parts.list_refused(opened, stack.url)
    yield opened
    if request.node.stash.get(FAILED, False):
        print(f"{opened.url}\n{opened.locator('body').inner_text(timeout=5_000)}")
        for job in stack.wb.jobs.list(limit=20):
            print(job.id, job.kind, job.state, job.node_id, job.progress, job.error)
    # what is kept for the place and not for the tab; a page that runs no script of ours clears it
    opened.goto(f"{stack.url}/favicon.png")
    opened.evaluate("localStorage.clear()")
    opened.close()
    # what our own pages need, they may load
    assert refused == []
