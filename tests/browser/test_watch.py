"""What a page shows of a job, and what `jobs watch` prints of it meanwhile, in a real browser on a real stack."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, settled, visit
from tests.conftest import until
from workbench.cli.supervisor import environment
from workbench.jobs.submit import Request

#: a bar is to be seen moving
SIMULATE = "latency_ms=1500"


def key(page: Page, name: str):
    """The element with that widget key."""
    return page.locator(".st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", name))


class Watch:
    """`reelwright jobs watch …` as a process, and what it has printed by now."""

    def __init__(self, stack: Stack, *arguments: str) -> None:
        command = [sys.executable, "-m", "workbench.cli", "jobs", "watch", *arguments]
        self.process = subprocess.Popen(
            command, env=environment(stack.wb._backend.settings), stdout=subprocess.PIPE, text=True
        )
        self.events: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.events += (json.loads(line) for line in self.process.stdout)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(120)
        self._thread.join(120)


def chats(stack: Stack, *questions: str) -> list[int]:
    params = [{"messages": [{"role": "user", "content": question}]} for question in questions]
    return [job.id for job in stack.wb.jobs.submit_many(Request("llm_chat", None, one) for one in params)]


def test_watch_prints_what_happened_while_jobs_are_paused_acted_on_and_brought_back(stack: Stack, page: Page):
    # nothing may run before somebody looks
    visit(page, f"{stack.url}/jobs?lang=en")
    stack.wb.queues.pause("kind:llm_chat", user="Ann")
    first, *others = chats(stack, *(f"question {n}" for n in range(25)))
    watch = Watch(stack, *map(str, [first, *others]))
    until(lambda: len(watch.events) >= 25, 60, "the first look of the command")
    assert {(e["event"], e["state"]) for e in watch.events} == {("queued", "queued")}

    # who waits is told who paused it, and a click lets it go on
    visit(page, f"{stack.url}/jobs?lang=en&kind=llm_chat&state=queued")
    expect(page.get_by_text("Paused: the job type Chat (by Ann,", exact=False).first).to_be_visible()

    # all that match but one are cancelled by a job of its own, and the strip above the list says how it went
    stack.wb.jobs.set_priority([first], 9)
    key(page, "bulk_all").get_by_role("button").click()
    key(page, "all_cancel").get_by_role("button").click()
    key(page, "act_go").get_by_role("button").click()
    expect(key(page, "bulk_strip")).to_contain_text("cancelled: 25")
    until(lambda: sum(e["event"] == "cancelled" for e in watch.events) == 25, 60, "twenty-five ends")
    assert watch.process.wait(120) == 1

    # undone, they are back in the queue; the address has kept the filters
    (bulk,) = stack.wb.jobs.list(kind="act_on_jobs")
    key(page, f"bulk_{bulk.id}_undo").get_by_role("button").click()
    until(lambda: stack.wb.jobs.count_states(kind="llm_chat").get("queued") == 25, 60, "the way back")
    expect(page).to_have_url(re.compile("kind=llm_chat"))
    again = [job.id for job in stack.wb.jobs.list(kind="llm_chat", state="queued", limit=3)]
    stack.wb.jobs.cancel(job.id for job in stack.wb.jobs.list(kind="llm_chat", state="queued") if job.id not in again)
    second = Watch(stack, *map(str, again))
    until(lambda: len(second.events) >= 3, 60, "the first look of the second command")
    key(page, "resume_kind:llm_chat").get_by_role("button").click()
    assert second.process.wait(90) == 0
    second.close()
    for job_id in again:
        told = [e["event"] for e in second.events if e["job_id"] == job_id]
        assert (told[0], told[-1]) == ("queued", "completed")
        assert told.count("completed") == 1

    # what the command told stands on the board as well; a row opens its job, and the way back keeps the filters
    visit(page, f"{stack.url}/jobs?lang=en&kind=llm_chat&state=succeeded")
    row = page.locator(f"tr[data-job='{again[0]}']")
    expect(row).to_contain_text("Succeeded")
    row.click()
    page.wait_for_url(re.compile(rf"/job\?.*id={again[0]}"))
    settled(page)
    key(page, "back").get_by_role("button").click()
    page.wait_for_url(re.compile(r"/jobs\?.*state=succeeded"))
    expect(page).to_have_url(re.compile("kind=llm_chat"))


def test_the_menu_of_pauses_stays_open_while_the_page_behind_it_is_drawn_anew(stack: Stack, page: Page):
    # a page without jobs is not live
    [job_id] = chats(stack, "Is anybody there?")
    stack.wb.wait(job_id, timeout=180)
    visit(page, f"{stack.url}/jobs?lang=en")
    key(page, "pause_menu").locator("button").first.click()
    # while the page is drawn anew, the row of before may stand beside it for a moment
    row = key(page, "gate_kind:llm_chat").and_(page.locator("[data-stale=false]"))
    row.wait_for()
    row.locator("label").first.click()
    until(lambda: "kind:llm_chat" in {g.key for g in stack.wb.queues.list_gates() if g.paused})
    expect(page.get_by_text("Resume").first).to_be_visible()
    expect(row).to_be_visible()
    # somebody else's doing
    stack.wb.queues.pause("queue:video", user="Ann")
    expect(key(page, "gate_queue:video").locator("input")).not_to_be_checked()
    expect(row).to_be_visible()
    row.locator("label").first.click()
    until(lambda: "kind:llm_chat" not in {g.key for g in stack.wb.queues.list_gates() if g.paused})
    stack.wb.queues.resume("queue:video")
    expect(row).to_be_visible()
