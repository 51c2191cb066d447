"""A request of the page that was left, which comes when the next one is there or on its way."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.browser.stack import Stack, settled, visit
from tests.browser.test_ways import key


def parse(message: str | bytes) -> BackMsg:
    parsed = BackMsg()
    parsed.ParseFromString(message if isinstance(message, bytes) else message.encode())
    return parsed


def relay(page: Page, on_request: Callable[[BackMsg, bytes, Callable[[bytes], None]], None]) -> None:
    """What the browser asks for goes through `on_request`, which sends it on."""

    def connect(browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()
        server.on_message(browser.send)
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
    settled(page)
    assert late

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
