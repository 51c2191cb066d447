"""The creator's way and the engineer's way, in a real browser on a real stack."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.browser.stack import Stack, settled, visit
from tests.conftest import until
from tests.scripted_provider import ScriptedProvider

#: a bar is to be seen moving
SIMULATE = "latency_ms=6000"
SUMMARY = (
    "Mei keeps the last lighthouse of a drowned coast. When the lamp goes out in a storm, she rows "
    "against the ebb with the "
    "spare wick and finds the tower locked from inside. Her mother, long thought lost, has put out the light to hide."
)


def key(page: Page, name: str):
    """The element with that widget key."""
    css = re.sub(r"[^a-zA-Z0-9_-]", "-", name)
    return page.locator(f".st-key-{css}")


def type_into(page: Page, name: str, text: str) -> None:
    field = key(page, name).locator("input, textarea").first
    field.fill(text)
    field.press("Tab")


def test_the_creators_way(stack: Stack, page: Page):
    visit(page, stack.url)
    key(page, "new_project").get_by_role("button").click()

    # A brief too short is refused with the missing count; the count follows the typing.
    type_into(page, "wizard.title", "The Salt Lighthouse")
    type_into(page, "wizard.summary", SUMMARY[:60])
    expect(page.get_by_text("60 of 100 characters, 40 more to plan from")).to_be_visible()
    key(page, "wizard_preset").get_by_role("button").click()
    expect(key(page, "wizard.style.prompt").locator("textarea")).not_to_be_empty()
    key(page, "wizard_create").get_by_role("button").click()
    expect(page.get_by_text("Write 40 more").last).to_be_visible()
    expect(key(page, "wizard.title").locator("input")).to_have_value("The Salt Lighthouse")
    assert stack.wb.projects.list() == []

    # Long enough: the project opens in the Studio.
    type_into(page, "wizard.summary", SUMMARY)
    key(page, "wizard_create").get_by_role("button").click()
    page.wait_for_url(re.compile(r"/studio\?.*project=\d+"))
    settled(page)
    project = stack.wb.projects.list()[0].id

    # Launch the plan; the bar moves without a reload.
    page.evaluate("window.sameDocument = true")
    cell = f"cell_{project}_plan_episodes"
    key(page, f"{cell}_act_Run").get_by_role("button").click()
    bar = key(page, cell).get_by_role("progressbar")
    expect(bar).to_be_visible()
    before = bar.get_attribute("aria-valuenow")
    preview = key(page, "live_preview")
    expect(preview).to_be_visible()
    expect(preview.get_by_text("▋")).to_be_visible()
    page.wait_for_function(
        "([css, before]) => { const bar = document.querySelector(css + ' [role=progressbar]'); "
        "return !bar || bar.getAttribute('aria-valuenow') !== before; }",
        arg=[f".st-key-{cell}", before],
    )
    expect(key(page, cell)).to_contain_text("v1 · sketch")
    assert page.evaluate("window.sameDocument")
    episode = next(n for n in stack.wb.projects.tree(project).nodes if n.kind == "episode")
    expect(page.get_by_role("navigation", name="Story tree").get_by_text(episode.title, exact=False)).to_be_visible()

    # Edit upstream by hand: the plan is stale and says why; update makes it fresh again.
    key(page, f"cell_{project}_brief_edit_open").get_by_role("button").click()
    type_into(page, f"cell_{project}_brief_form.genre", "ghost story")
    key(page, f"cell_{project}_brief_edit_save").get_by_role("button").click()
    expect(
        key(page, cell).get_by_text("Stale because Brief of The Salt Lighthouse moved from v1 to v2")
    ).to_be_visible()
    expect(key(page, cell).get_by_text("“ghost story”")).to_be_visible()
    key(page, f"{cell}_act_Update").get_by_role("button").click()
    expect(key(page, cell)).to_contain_text("v2 · sketch")
    expect(key(page, cell)).not_to_contain_text("Stale because")
    assert stack.wb.artifact(project, "episode_plan").version == 2
    assert page.evaluate("window.sameDocument")


def test_the_engineers_way(stack: Stack, page: Page):
    with ScriptedProvider() as provider:
        stack.wb.profiles.add(
            "scripted", "openai", base_url=provider.url, text_model="scripted-1", key="sk-canary0123456789abcdef"
        )
        bad = {"messages": [{"role": "user", "content": "Tell me about lamps. [[fault:auth]]"}]}
        job = stack.wb.submit("llm_chat", None, bad, profile="scripted")
        assert stack.wb.wait(job.id, 240).state == "failed"

        visit(page, f"{stack.url}/debug")
        expect(page.get_by_text("Key refused").first).to_be_visible()
        group = stack.wb.jobs.list_failures()[0].fingerprint
        key(page, f"inspect_{group}").get_by_role("button").click()
        editor = key(page, f"payload_{job.id}").locator("textarea")
        expect(editor).to_be_visible()
        expect(page).to_have_url(re.compile(f"group={group}"))

        # A payload that cannot be used is told at once, with its place.
        editor.fill('{"messages": [}')
        editor.press("Control+Enter")
        expect(page.get_by_text("this is not JSON")).to_be_visible()
        editor.fill('{"messages": [{"role": "user", "content": "Tell me about lamps."}]}')
        editor.press("Control+Enter")
        expect(key(page, f"replay_{job.id}").get_by_text("Replay with this payload")).to_be_visible()
        page.get_by_role("button", name="Replay with this payload").click()
        # it says what it costs, and asks
        expect(page.get_by_text("It costs about")).to_be_visible()
        key(page, "act_go").get_by_role("button").click()
        # told in a toast, and on the failure itself
        expect(page.get_by_text("Replayed as job").first).to_be_visible()

        replay = stack.wb.jobs.get_detail(job.id).replays[0]
        assert stack.wb.wait(replay.id, 240).state == "succeeded"
        visit(page, f"{stack.url}/job?id={replay.id}")
        expect(page.get_by_text("Succeeded").first).to_be_visible()
        expect(page.get_by_text("A short answer.").first).to_be_visible()


def fail(stack: Stack, text: str) -> int:
    """A job that fails at once, found by its text."""
    payload = {"messages": [{"role": "user", "content": f"{text} [[fault:auth]]"}]}
    job = stack.wb.submit("llm_chat", None, payload, profile="scripted")
    assert stack.wb.wait(job.id, 240).state == "failed"
    return job.id


def tick(page: Page, row: int) -> None:
    """Tick a row of the board, counted from 0."""
    key(page, "jobs_table").get_by_role("checkbox").nth(row + 1).click()


def test_a_bulk_act_hits_the_job_that_was_ticked_although_another_arrives(stack: Stack, page: Page):
    with ScriptedProvider() as provider:
        if "scripted" in [p.name for p in stack.wb.profiles.list()]:
            stack.wb.profiles.update("scripted", base_url=provider.url, key="sk-canary0123456789abcdef")
        else:
            stack.wb.profiles.add(
                "scripted", "openai", base_url=provider.url, text_model="scripted-1", key="sk-canary0123456789abcdef"
            )
        mine = [fail(stack, "tick me") for _ in range(2)]
        held: list[Callable[[], None]] = []
        pause = {"on": False}

        def relay(page_side: WebSocketRoute) -> None:
            server = page_side.connect_to_server()
            page_side.on_message(server.send)
            server.on_message(lambda m: pass_on(m, page_side.send))

        def pass_on(message: str | bytes, send: Callable[[str | bytes], None]) -> None:
            seen.update(re.findall(rb"Open job (\d+)", message if isinstance(message, bytes) else b""))
            if pause["on"]:
                held.append(lambda: send(message))
            else:
                send(message)

        seen: set[bytes] = set()
        page.route_web_socket(re.compile("_stcore/stream"), relay)
        visit(page, f"{stack.url}/jobs?q=tick+me")
        expect(page.get_by_text("2 of 2 shown")).to_be_visible()
        tick(page, 0)
        expect(page.get_by_text("1 selected")).to_be_visible()

        # the row stays where it is; what has come is announced, and shown when it is asked for
        mine.append(fail(stack, "tick me"))
        key(page, "jobs_fresh").get_by_role("button").click()
        expect(page.get_by_text("3 of 3 shown")).to_be_visible()
        expect(page.get_by_text("1 selected")).to_be_visible()
        tick(page, 2)
        expect(page.get_by_text("2 selected")).to_be_visible()
        key(page, "bulk_retry").get_by_role("button").click()
        expect(page.get_by_text("2 of 2 jobs")).to_be_visible()
        key(page, "act_go").get_by_role("button").click()
        expect(page.get_by_text("Jobs retried: 2").first).to_be_visible()
        assert [len(stack.wb.jobs.get_detail(i).replays) for i in mine] == [1, 1, 0]

        # a click on a table that has changed on its way here: the job that was seen is ticked, not the one in its row
        expect(page.get_by_text("Select rows to act on them")).to_be_visible()
        expect(page.get_by_text("5 of 5 shown")).to_be_visible()
        settled(page)
        on_top = max(j.id for j in stack.wb.jobs.list(text="tick me"))
        pause["on"] = True
        newer = fail(stack, "tick me")
        # messages arrive while Playwright waits
        until(lambda: page.wait_for_timeout(50) or str(newer).encode() in seen, what="the table with the new row")
        tick(page, 0)
        pause["on"] = False
        for send_now in held:
            send_now()
        expect(page.get_by_text("1 selected")).to_be_visible()
        expect(page.get_by_text("6 of 6 shown")).to_be_visible()
        expect(page.get_by_role("checkbox", name=f"Select job {on_top}")).to_be_checked()
        expect(page.get_by_role("checkbox", name=f"Select job {newer}")).not_to_be_checked()


def test_a_whole_row_opens_its_job_and_the_way_back_has_the_filters(stack: Stack, page: Page):
    jobs = [
        stack.wb.submit("llm_chat", None, {"messages": [{"role": "user", "content": f"whole row {n}"}]}).id
        for n in range(3)
    ]
    for job in jobs:
        stack.wb.wait(job, 240)
    visit(page, f"{stack.url}/jobs?q=whole+row&kind=llm_chat")
    board = key(page, "jobs_table")
    expect(board.get_by_role("row")).to_have_count(4)
    # anywhere on the row, also where it holds no words
    row = board.get_by_role("row").filter(has=page.get_by_role("checkbox", name=f"Select job {jobs[1]}"))
    row.get_by_role("cell").nth(3).click(position={"x": 150, "y": 20})
    page.wait_for_url(re.compile(f"id={jobs[1]}"))
    settled(page)
    # the address alone knows the way back
    page.reload()
    settled(page)
    key(page, "back").get_by_role("button").click()
    page.wait_for_url(re.compile("/jobs"))
    expect(key(page, "filter_q").locator("input")).to_have_value("whole row")
    expect(page).to_have_url(re.compile("kind=llm_chat"))
    expect(board.get_by_role("row")).to_have_count(4)

    # a heading sorts, says so, and is in the address
    order = board.get_by_role("link")
    heading = board.get_by_role("columnheader", name="#")
    heading.get_by_role("button").click()
    expect(order).to_have_text([str(job) for job in jobs])
    expect(heading).to_have_attribute("aria-sort", "ascending")
    expect(page).to_have_url(re.compile("sort=id"))
    heading.get_by_role("button").click()
    expect(order).to_have_text([str(job) for job in reversed(jobs)])
    # by keyboard as well
    order.first.press("Enter")
    page.wait_for_url(re.compile(f"id={jobs[2]}"))


def test_links_keep_their_state(stack: Stack, page: Page):
    job = stack.wb.submit("llm_chat", None, {"messages": [{"role": "user", "content": "one link"}]})
    stack.wb.wait(job.id, 240)
    visit(page, f"{stack.url}/jobs?kind=llm_chat&q=one+link&lang=zh")
    expect(page.get_by_text("显示 1 / 1")).to_be_visible()
    expect(key(page, "filter_q").locator("input")).to_have_value("one link")
    page.reload()
    settled(page)
    expect(page.get_by_text("显示 1 / 1")).to_be_visible()


def test_a_narrow_screen_stacks_its_cells_and_never_scrolls_sideways(stack: Stack, page: Page):
    project = (
        stack.wb.projects.list()[0].id
        if stack.wb.projects.list()
        else stack.wb.create_project({"title": "Narrow", "summary": SUMMARY})
    )
    page.set_viewport_size({"width": 420, "height": 900})
    for path in ("", f"studio?project={project}", "jobs", "debug", "analytics"):
        visit(page, f"{stack.url}/{path}")
        wider = page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth; }"
        )
        assert wider <= 1, f"/{path} is {wider} px too wide"


def test_what_is_clicked_twice_is_done_once(stack: Stack, page: Page):
    before = len(stack.wb.projects.list())
    title = "Twice the Salt Lighthouse"
    clicks: list[str | bytes] = []
    server: list[WebSocketRoute] = []

    def relay(browser: WebSocketRoute) -> None:
        server[:] = [browser.connect_to_server()]
        server[0].on_message(browser.send)
        browser.on_message(pass_on)

    def pass_on(message: str | bytes) -> None:
        request = BackMsg.FromString(message if isinstance(message, bytes) else message.encode())
        pressed = any(w.trigger_value for w in request.rerun_script.widget_states.widgets)
        server[0].send(message)
        if pressed:
            clicks[:] = [message]

    page.route_web_socket(re.compile("_stcore/stream"), relay)
    visit(page, stack.url)
    key(page, "new_project").get_by_role("button").click()
    type_into(page, "wizard.title", title)
    type_into(page, "wizard.summary", SUMMARY)
    expect(key(page, "wizard_side").get_by_text("not saved yet")).to_be_visible()
    clicks.clear()
    key(page, "wizard_create").get_by_role("button").click()
    # messages go out while Playwright waits
    until(lambda: page.wait_for_timeout(5) or len(stack.wb.projects.list()) > before, what="the first click's project")
    server[0].send(clicks[0])
    page.wait_for_url(re.compile(r"/studio\?.*project=\d+"))
    settled(page)
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    assert len(stack.wb.projects.list()) == before + 1
