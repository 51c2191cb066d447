"""Other pages of the same browser try to read and to act; foreign texts try to be more than text."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.stack import REBOUND, Stack, settled, visit
from tests.browser.test_ways import SUMMARY
from tests.scripted_provider import ScriptedProvider

#: each way in that a page has; gives what came of it
ATTACK = """
async (address) => {
  const outcome = {};
  const socket = new Promise((done) => {
    const ws = new WebSocket(address.replace('http', 'ws') + '/_stcore/stream', ['streamlit']);
    ws.onopen = () => done('open');
    ws.onerror = () => done('refused');
  });
  const loaded = (tag, place) => new Promise((done) => {
    const element = document.createElement(tag);
    element.onload = () => done('loaded');
    element.onerror = () => done('refused');
    element.src = address + place;
    document.body.append(element);
  });
  const asked = (place, options) => fetch(address + place, {credentials: 'include', ...options})
    .then((answer) => (answer.type === 'opaque' || answer.ok ? 'answered' : 'refused'), () => 'refused');
  outcome.socket = await socket;
  outcome.read = await asked('/_stcore/host-config');
  outcome.act = await asked('/_stcore/upload_file/a/b', {method: 'PUT', body: 'x'});
  outcome.blind = await asked('/_stcore/host-config', {mode: 'no-cors'});
  outcome.picture = await loaded('img', '/favicon.png');
  outcome.script = await loaded('script', '/static/js/none.js');
  const frame = document.createElement('iframe');
  frame.src = address;
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; });
  outcome.frames = window.frames.length;
  return outcome;
}
"""
REFUSED = {"socket": "refused", "read": "refused", "act": "refused", "blind": "refused", "picture": "refused",
           "script": "refused", "frames": 1}  # fmt: skip


@pytest.fixture(scope="module")
def neighbour() -> Iterator[str]:
    """A page of somebody else on another port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<h1>neighbour</h1>")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_page_on_another_port_neither_reads_nor_acts(stack: Stack, page: Page, neighbour: str) -> None:
    visit(page, stack.url)
    page.goto(neighbour)

    assert page.evaluate(ATTACK, stack.url) == REFUSED
    # the frame shows the browser's own page: nothing of ours, not even the refusal
    frame = page.frames[-1]
    assert "Reelwright" not in frame.content()
    # the same browser's own window is as before
    visit(page, stack.url)
    # a link from there may be followed: it is what people click on in a chat
    page.goto(neighbour)
    page.evaluate("address => { location.href = address }", f"{stack.url}/jobs")
    settled(page)


def test_a_name_that_was_bound_to_this_machine_meanwhile_neither_reads_nor_acts(stack: Stack, browser: Browser) -> None:
    rebound = stack.url.replace("127.0.0.1", REBOUND)
    # the policy of the refusal itself would keep the attack from being tried
    context = stack.let_in(browser.new_context(bypass_csp=True))
    # even with a cookie that it cannot have
    context.add_cookies([{"name": c["name"], "value": c["value"], "url": rebound} for c in context.cookies(stack.url)])
    page = context.new_page()
    answer = page.goto(rebound)
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_text(f"Open {stack.url}")).to_be_visible()

    # its own origin now, as far as the browser knows
    assert page.evaluate(ATTACK, rebound) == REFUSED
    context.close()


def test_without_the_token_the_pages_are_locked_and_with_it_they_open_once_and_for_all(
    stack: Stack, browser: Browser
) -> None:
    context = browser.new_context()
    stranger = context.new_page()
    answer = stranger.goto(f"{stack.url}/jobs")
    assert answer is not None
    assert answer.status == 403
    expect(stranger.get_by_text("This page is locked")).to_be_visible()
    token = stack.printed.partition("token=")[2]
    field = stranger.get_by_label("Start token")
    field.fill("guessed")
    with stranger.expect_navigation():
        field.press("Enter")
    expect(stranger.get_by_text("This page is locked")).to_be_visible()

    stranger.get_by_label("Start token").fill(token)
    stranger.get_by_label("Start token").press("Enter")

    settled(stranger)
    # what people copy and bookmark
    assert token not in stranger.url
    assert urlsplit(stranger.url).path == "/jobs"
    assert token not in str(stranger.evaluate("document.cookie + document.referrer"))
    second = context.new_page()
    visit(second, f"{stack.url}/settings")
    context.close()


EVIL = "evil.example"
FOREIGN = (
    f"![p](http://{EVIL}/p.png) **loud** $x^2$ [way](http://{EVIL}/way) :red[r] :material/home: "
    f"<img src=http://{EVIL}/i> http://{EVIL}/u www.{EVIL}"
)
#: elements that such a text becomes where it is taken for markup
MARKUP = f"""
() => [...document.querySelectorAll('strong, em, a, img, .katex, code, iframe')].filter((e) =>
  (e.matches('strong') && e.innerText.trim() === 'loud') || e.matches('.katex') ||
  (e.getAttribute('href') || e.getAttribute('src') || '').includes('{EVIL}')).map((e) => e.outerHTML)
"""


def test_foreign_texts_stay_texts_on_every_page(stack: Stack, page: Page) -> None:
    wb = stack.wb
    asked: list[str] = []

    def note(request: Request) -> None:
        if EVIL in urlsplit(request.url).netloc:
            asked.append(request.url)

    page.on("request", note)
    project = wb.create_project(
        {
            "title": FOREIGN[:120],
            "summary": f"{FOREIGN} {SUMMARY}",
            "genre": FOREIGN[:80],
            "protagonist": "Mei",
            "style": {"preset": "custom", "prompt": FOREIGN},
            "characters": [{"name": "**loud** Mei", "description": FOREIGN}],
            "world": [{"name": "$x^2$", "description": FOREIGN}],
        }
    )
    with ScriptedProvider() as service:
        wb.profiles.add("scripted", "openai", base_url=service.url, text_model="m", key="sk-canary0123456789abcdef")
        chat = {"messages": [{"role": "user", "content": FOREIGN}]}
        service.script(default={"status": 400, "body": {"error": {"message": FOREIGN}}})
        failed = wb.submit("llm_chat", None, chat, profile="scripted")
        assert wb.wait(failed.id, 240).state == "failed"
        service.script(default={"text": FOREIGN})
        answered = wb.submit("llm_chat", None, chat, profile="scripted")
        assert wb.wait(answered.id, 240).state == "succeeded"
    plan = wb.submit("plan_episodes", project)
    wb.wait(plan.id, 240)
    episode = next(n for n in wb.projects.tree(project).nodes if n.kind == "episode")
    for path in (
        "",
        f"studio?project={project}",
        f"studio?project={project}&node={episode.id}",
        f"cast?project={project}",
        f"gallery?project={project}",
        f"launch?workflow=plan_episodes&project={project}",
        f"launch?workflow=llm_chat&job={answered.id}",
        f"job?id={failed.id}",
        f"job?id={answered.id}",
        f"job?id={plan.id}",
        "jobs",
        "debug",
        "analytics",
        "models",
        "settings",
        f"studio?project={FOREIGN.replace('&', '')}",
    ):
        visit(page, f"{stack.url}/{path}")
        assert page.evaluate(MARKUP) == [], path
    assert asked == []
    # it is shown, letter for letter
    visit(page, f"{stack.url}/job?id={failed.id}")
    expect(page.get_by_text(FOREIGN).first).to_be_visible()
