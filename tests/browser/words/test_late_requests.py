"""A request of the page that was left, which comes when the next one is there or on its way; and one that never
comes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.stack import Stack, settled, visit
from tests.browser.test_ways import key
from tests.conftest import until
from workbench import samples


def parse(message: str | bytes) -> BackMsg:
    parsed = BackMsg()
    parsed.ParseFromString(message if isinstance(message, bytes) else message.encode())
    return parsed


def relay(
    page: Page,
    on_request: Callable[[BackMsg, bytes, Callable[[bytes], None]], None],
    on_answer: Callable[[ForwardMsg], None] = lambda answer: None,
) -> None:
    """What the browser asks for goes through `on_request`, which sends it on; `on_answer` sees what it is told."""

    def connect(browser: WebSocketRoute) -> None:
        def answer(message: str | bytes) -> None:
            told = ForwardMsg()
            told.ParseFromString(message if isinstance(message, bytes) else message.encode())
            browser.send(message)
            on_answer(told)

        server = browser.connect_to_server()
        server.on_message(answer)
        browser.on_message(lambda m: on_request(parse(m), m, server.send))  # type: ignore[arg-type]

    page.route_web_socket(re.compile("_stcore/stream"), connect)


def test_a_parts_request_that_comes_late_changes_nothing_on_the_next_page(stack: Stack, page: Page):
    late: list[bytes] = []
    left: set[str] = set()
    server: list[Callable[[bytes], None]] = []

    def on_request(request: BackMsg, message: bytes, send: Callable[[bytes], None]) -> None:
        server[:] = [send]
        send(message)
        of_page = request.rerun_script.page_script_hash
        if request.rerun_script.fragment_id:
            late.append(message)
            left.add(of_page)
        elif left and of_page not in left:
            # together with the request for the next page: that one wins
            for old in late:
                send(old)

    relay(page, on_request)
    visit(page, f"{stack.url}/settings")
    # what every page looks for: something typed on a page that was left, so that a part asks for a run
    page.evaluate(
        "sessionStorage.setItem('reelwright.draft nowhere', "
        "JSON.stringify({ base: null, turn: 0, kinds: {}, typed: { a: 'b' } }))"
    )
    page.reload()
    page.wait_for_function("() => sessionStorage.getItem('reelwright.draft nowhere') === null")
    # its pauses let the relay go on
    until(lambda: page.wait_for_timeout(20) or bool(late), what="a request of a part")
    settled(page)

    page.get_by_role("link", name="Jobs", exact=True).click()
    page.wait_for_url(re.compile("/jobs"))
    search = key(page, "filter_q").locator("input")
    expect(search).to_be_visible()
    settled(page)
    # and when the next page has been drawn
    for message in late:
        server[0](message)
    # that is answered after them
    search.fill("nothing like this")
    search.press("Enter")
    page.wait_for_url(re.compile("q=nothing"))
    settled(page)
    expect(search).to_be_visible()
    assert "/jobs" in page.url


@pytest.mark.parametrize("soon", [True, False], ids=["while_it_is_saved", "afterwards"])
@pytest.mark.parametrize("workflow", [None, "generate_character_relationships"])
def test_letters_that_come_after_their_form_was_saved_open_it_no_more(
    stack: Stack, page: Page, workflow: str | None, soon: bool
):
    wb = stack.wb
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    name = kind = "brief"
    if workflow:
        name, kind = workflow, "character_relationships"
        for each in ("plan_episodes", workflow):
            assert wb.wait(wb.submit(each, project).id, timeout=240).state == "succeeded"
    held: list[bytes] = []
    server: list[Callable[[bytes], None]] = []

    def on_request(request: BackMsg, message: bytes, send: Callable[[bytes], None]) -> None:
        server[:] = [send]
        states = request.rerun_script.widget_states.widgets
        if any("_keeper" in w.id and w.WhichOneof("value") == "json_trigger_value" for w in states):
            held.append(message)
        else:
            send(message)
        if soon and any("_edit_save" in w.id and w.trigger_value for w in states):
            for letters in held:
                send(letters)

    relay(page, on_request)
    visit(page, f"{stack.url}/studio?project={project}&node={project}")
    opens = key(page, f"cell_{project}_{name}_edit_open").get_by_role("button")
    opens.click()
    # lists to choose from come a moment after the fields to type into
    typed_into = ":is(textarea, input[type=text]:not([role=combobox]))"
    field = page.locator(f"[class*='st-key-cell_{project}_{kind}_form'] {typed_into}").first
    expect(field).to_be_visible()
    settled(page)
    field.fill(f"{field.input_value()} still")
    # its pauses let the relay go on
    until(lambda: page.wait_for_timeout(20) or bool(held), what="what is sent while it is typed")
    key(page, f"cell_{project}_{kind}_edit_save").get_by_role("button").click()
    expect(field).to_have_count(0)
    settled(page)
    assert wb.artifact(project, kind).version == 2

    for message in [] if soon else held:
        server[0](message)
    # that is answered after them
    page.get_by_role("radiogroup", name="Language").get_by_text("中文").click()
    expect(page.get_by_role("link", name="任务", exact=True)).to_be_visible()
    settled(page)
    assert wb.drafts.find("local", f"edit/{project}/{kind}").fields == {}
    expect(opens).to_be_visible()
    page.reload()
    settled(page)
    expect(opens).to_be_visible()
    expect(field).to_have_count(0)


def test_parts_whose_change_was_asked_about_in_vain_are_drawn_all_the_same(stack: Stack, page: Page):
    wb = stack.wb
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    edited = False
    lost: list[bytes] = []

    def on_request(request: BackMsg, message: bytes, send: Callable[[bytes], None]) -> None:
        if edited and request.rerun_script.is_auto_rerun and len(lost) < 2:
            lost.append(message)
        else:
            send(message)

    relay(page, on_request)
    # something waits, so that the page looks often
    wb.queues.pause("kind:plan_episodes")
    try:
        wb.submit("plan_episodes", project)
        visit(page, f"{stack.url}/studio?project={project}&node={project}")
        brief = wb.artifact(project, "brief")
        assert brief is not None
        wb.artifacts.save(project, "brief", {**brief.content, "genre": "ghost story"}, brief.version)
        edited = True
        # its pauses let the relay go on
        until(lambda: page.wait_for_timeout(20) or len(lost) == 2, what="two looks")
        expect(key(page, f"cell_{project}_brief_plain")).to_contain_text("v2")
    finally:
        wb.queues.resume("kind:plan_episodes")


def test_a_second_click_on_a_node_brings_nobody_back_to_the_one_before(stack: Stack, page: Page):
    wb = stack.wb
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    assert wb.wait(wb.submit("plan_episodes", project).id, timeout=240).state == "succeeded"
    episode = next(n for n in wb.projects.tree(project).nodes if n.kind == "episode")
    clicks: list[bytes] = []
    server: list[Callable[[bytes], None]] = []

    def on_request(request: BackMsg, message: bytes, send: Callable[[bytes], None]) -> None:
        server[:] = [send]
        if any(f"tree_{project}" in w.id for w in request.rerun_script.widget_states.widgets):
            clicks.append(message)
        send(message)

    finished: list[ForwardMsg] = []
    relay(
        page, on_request, lambda told: finished.append(told) if told.WhichOneof("type") == "script_finished" else None
    )
    visit(page, f"{stack.url}/studio?project={project}&node={project}")
    clicks.clear()
    page.get_by_role("navigation", name="Story tree").locator(f"button[data-node='{episode.id}']").click()
    opened = key(page, f"cell_{episode.id}_generate_episode_core_expression")
    expect(opened).to_be_visible()
    settled(page)
    # of a double click the second half was sent with the address of before
    finished.clear()
    server[0](clicks[0])
    # its pauses let the relay go on
    until(lambda: page.wait_for_timeout(20) or bool(finished), what="the answer to the second half")
    settled(page)
    expect(opened).to_be_visible()
    expect(key(page, f"cell_{project}_plan_episodes")).to_have_count(0)
    assert f"node={episode.id}" in page.url
