"""Who is let in: names, origins, tokens and cookies, asked of the door itself with an application behind it that
must never hear of strangers."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.security import door, private_files
from workbench.security.door import Door, Keys

NOW_S = 1_800_000_000.0
PORT = 8501
KEYS = Keys("start-token", "the secret of this home")
COOKIE = f"{door.cookie_name(PORT)}={KEYS.make_cookie(PORT, NOW_S)}"


class Answer:
    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.reached = False

    @property
    def status(self) -> int:
        """The HTTP status; 403 for a WebSocket closed before it was accepted, as servers send it."""
        first = self.messages[0]
        return int(first["status"]) if first["type"] == "http.response.start" else 403

    @property
    def headers(self) -> dict[str, str]:
        return {k.decode(): v.decode() for k, v in self.messages[0].get("headers", ())}

    @property
    def body(self) -> str:
        return "".join(m.get("body", b"").decode() for m in self.messages)


def ask(path: str = "/", *, kind: str = "http", method: str = "GET", **more: Any) -> Answer:
    """One request. `headers`: pairs, or a mapping whose None leaves a header out; a cookie of ours comes along unless
    `cookie` says otherwise."""
    given: dict[str, str | None] = {"host": f"127.0.0.1:{PORT}", "cookie": COOKIE}
    if kind == "websocket":
        given["origin"] = f"http://127.0.0.1:{PORT}"
    given |= more.pop("headers", {})
    raw = [(k.encode(), v.encode("latin-1")) for k, v in given.items() if v is not None]
    raw += [(k.encode(), v.encode("latin-1")) for k, v in more.pop("again", ())]
    path, _, query = path.partition("?")
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "scheme": "ws" if kind == "websocket" else "http",
        "server": ("127.0.0.1", PORT),
        "client": ("127.0.0.1", 50_000),
        "headers": raw,
        **{k: v for k, v in more.items() if k != "lang"},
    }
    answer = Answer()

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        answer.reached = True
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept", "headers": []})
            return
        theirs = [(b"access-control-allow-origin", b"*"), (b"x-frame-options", b"ALLOWALL"), (b"x-theirs", b"stays")]
        await send({"type": "http.response.start", "status": 200, "headers": theirs})
        await send({"type": "http.response.body", "body": b"a story"})

    async def send(message: Any) -> None:
        answer.messages.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read from who is not let in")

    guarded = Door(inner, keys=KEYS, lang=more.get("lang"), now_s=lambda: NOW_S)
    asyncio.run(guarded(scope, receive, send))
    return answer


def refused(answer: Answer) -> bool:
    return answer.status == 403 and not answer.reached and "a story" not in answer.body


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1",
        "127.0.0.1:8502",
        "127.0.0.1:08501",
        "localhost",
        f"localhost.:{PORT}",
        f"localhost.evil.example:{PORT}",
        f"127.0.0.1.nip.io:{PORT}",
        f"127.0.0.2:{PORT}",
        f"2130706433:{PORT}",
        f"127.1:{PORT}",
        f"0.0.0.0:{PORT}",
        f"[::1]:{PORT}",
        f"user@127.0.0.1:{PORT}",
        f"127.0.0.1:{PORT}, evil.example",
        f"127.0.0.1:{PORT}@evil.example",
    ],
)
def test_another_name_is_refused(kind: str, host: str | None) -> None:
    assert refused(ask(kind=kind, headers={"host": host, "origin": f"http://{host}" if kind == "websocket" else None}))


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_its_own_names_are_served(kind: str, host: str) -> None:
    assert ask(kind=kind, headers={"host": host, "origin": f"http://{host}"}).reached


def test_the_address_it_listens_on_is_a_name_of_its_own() -> None:
    assert ask(server=("::1", PORT), client=("::1", 5), headers={"host": f"[::1]:{PORT}"}).reached
    assert ask(server=("::ffff:127.0.0.1", PORT), client=("::ffff:127.0.0.1", 5)).reached
    assert refused(ask(server=("127.0.0.2", PORT)))
    cookie = f"{door.cookie_name(80)}={KEYS.make_cookie(80, NOW_S)}"
    # browsers leave the scheme's own port out
    assert ask(server=("127.0.0.1", 80), headers={"host": "127.0.0.1", "cookie": cookie}).reached


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_other_machines_and_unknown_sockets_are_refused(kind: str) -> None:
    assert refused(ask(kind=kind, client=("192.0.2.7", 50_000)))
    assert refused(ask(kind=kind, server=("192.0.2.1", PORT)))
    assert refused(ask(kind=kind, client=None))
    assert refused(ask(kind=kind, server=("/run/some.sock", None), client=("", 0)))


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:9999",
        "http://127.0.0.1",
        f"https://127.0.0.1:{PORT}",
        f"http://localhost:{PORT}",
        "http://evil.example",
        f"http://127.0.0.1:{PORT}.evil.example",
        f"http://127.0.0.1:{PORT}/",
        "null",
        "file://",
        f"http://127.0.0.1:{PORT} http://evil.example",
    ],
)
def test_a_page_of_another_origin_is_refused(kind: str, origin: str) -> None:
    assert refused(ask(kind=kind, headers={"origin": origin}))
    assert refused(ask(kind=kind, method="PUT", headers={"origin": origin}))


def test_whoever_acts_must_say_from_where() -> None:
    assert refused(ask(kind="websocket", headers={"origin": None}))
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"):
        assert refused(ask(method=method))
        assert ask(method=method, headers={"origin": f"http://127.0.0.1:{PORT}"}).reached


@pytest.mark.parametrize("name", ["host", "origin"])
def test_a_header_sent_twice_is_refused(name: str) -> None:
    own = {"host": f"127.0.0.1:{PORT}", "origin": f"http://127.0.0.1:{PORT}"}
    assert refused(ask(headers=own, again=[(name, own[name])]))


def test_what_another_page_embeds_is_refused_and_a_link_in_it_may_be_followed() -> None:
    def fetched(site: str, mode: str, dest: str) -> Answer:
        return ask(headers={"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest})

    for site in ("cross-site", "same-site"):
        for mode, dest in (("no-cors", "image"), ("no-cors", "script"), ("navigate", "iframe"), ("navigate", "object")):
            assert refused(fetched(site, mode, dest)), (site, mode, dest)
        assert fetched(site, "navigate", "document").reached
    assert fetched("same-origin", "no-cors", "image").reached
    assert fetched("none", "navigate", "document").reached


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "cookie",
    [
        None,
        "",
        "reelwright_door_8501=",
        f"reelwright_door_8501={int(NOW_S) + 100}.{'0' * 64}",
        COOKIE.replace("8501=1", "8501=2"),
        COOKIE[:-1],
        COOKIE + "0",
        COOKIE.replace(".", ".é"),
        COOKIE.replace("_8501", "_8502"),
        f"reelwright_door_8501={KEYS.make_cookie(8502, NOW_S)}",
        f"reelwright_door_8501={KEYS.make_cookie(PORT, NOW_S - door.COOKIE_S - 1)}",
        f"reelwright_door_8501={KEYS.make_cookie(PORT, NOW_S + 9 * door.COOKIE_S)}",
        f"reelwright_door_8501={Keys('start-token', 'another home').make_cookie(PORT, NOW_S)}",
        f"reelwright_door_8501={KEYS.token}",
    ],
)
def test_without_a_cookie_of_ours_nothing_is_served(kind: str, cookie: str | None) -> None:
    for path in ("/", "/job?id=1", "/media/0123.png", "/_stcore/stream", "/static/js/index.js", "/_stcore/host-config",
                 "/_stcore/metrics", "/_stcore/agent/interact", "/_stcore/health/", "//_stcore/health"):  # fmt: skip
        assert refused(ask(path, kind=kind, headers={"cookie": cookie})), path


ANY_HEADER = st.tuples(
    st.sampled_from(["host", "origin", "cookie", "accept", "sec-fetch-site", "sec-fetch-dest", "x-forwarded-for"]),
    st.one_of(
        st.sampled_from(
            [f"127.0.0.1:{PORT}", f"http://127.0.0.1:{PORT}", "text/html", "none", f"reelwright_door_{PORT}="]
        ),
        st.text(st.characters(max_codepoint=255), max_size=60),
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(["http", "websocket"]),
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "\x00"]),
    path=st.text(max_size=20).map(lambda text: f"/{text}"),
    query=st.text(st.characters(max_codepoint=127), max_size=40),
    headers=st.lists(ANY_HEADER, max_size=8),
)
def test_whatever_a_stranger_sends_is_refused_and_never_a_crash(
    kind: str, method: str, path: str, query: str, headers: list[tuple[str, str]]
) -> None:
    given_headers = {"host": None, "cookie": None, "origin": None}
    # “?” would begin the query of this test's own helper
    answer = ask(f"{path.replace('?', '')}?{query}", kind=kind, method=method, headers=given_headers, again=headers)

    assert refused(answer) or path == door.HEALTH_PATH


@pytest.mark.parametrize("token", ["", "x", "start-toke", "start-token2", "START-TOKEN", "é", "%ff", "[hidden key]"])
def test_a_wrong_token_opens_nothing(token: str) -> None:
    assert refused(ask(f"/?token={token}", headers={"cookie": None}))
    assert refused(ask(f"/?token={token}", kind="websocket", headers={"cookie": None}))


def test_the_token_lets_in_leaves_the_address_and_gives_a_cookie_that_opens() -> None:
    answer = ask("/job?id=5&token=start-token&lang=zh", headers={"cookie": None, "accept": "text/html,*/*"})

    assert answer.status == 303
    assert answer.headers["location"] == "/job?id=5&lang=zh"
    given = answer.headers["set-cookie"]
    assert "HttpOnly" in given
    assert "SameSite=Lax" in given
    assert "start-token" not in given
    assert ask("/job?id=5", headers={"cookie": given.partition(";")[0]}).reached
    # beside a cookie that a page on another port has set by the same name
    assert ask(headers={"cookie": f"a=b; reelwright_door_{PORT}=1.2; {given.partition(';')[0]}; c"}).reached


def test_a_program_with_the_token_is_answered_at_once() -> None:
    answer = ask("/?token=start-token", headers={"cookie": None})

    assert answer.reached
    assert answer.status == 200
    assert "set-cookie" in answer.headers
    assert ask("/_stcore/stream?token=start-token", kind="websocket", headers={"cookie": None}).reached


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "/\\evil.example", "/%0d%0aset-cookie:a", "/a\r\nset-cookie: a=b"]
)
def test_the_way_on_from_the_token_never_leads_away(path: str) -> None:
    answer = ask(f"{path}?token=start-token", headers={"cookie": None, "accept": "text/html"})

    assert re.fullmatch(r"/[^/\\\r\n][^\\\r\n]*", answer.headers["location"])


def test_a_visit_renews_a_cookie_before_it_ends() -> None:
    def visit(age_s: float) -> dict[str, str]:
        cookie = f"{door.cookie_name(PORT)}={KEYS.make_cookie(PORT, NOW_S - age_s)}"
        return ask(headers={"cookie": cookie, "accept": "text/html"}).headers

    assert "set-cookie" in visit(door.RENEW_S + 10)
    assert "set-cookie" not in visit(60)


def test_health_is_open_by_the_right_name_and_tells_nothing() -> None:
    assert ask("/_stcore/health", headers={"cookie": None}).reached
    assert "set-cookie" not in ask("/_stcore/health", headers={"cookie": None}).headers
    assert refused(ask("/_stcore/health", headers={"cookie": None, "host": f"evil.example:{PORT}"}))
    assert refused(ask("/_stcore/health", headers={"cookie": None, "origin": "http://127.0.0.1:9999"}))
    assert refused(ask("/_stcore/health", kind="websocket", headers={"cookie": None}))


def test_every_answer_forbids_frames_and_foreign_content() -> None:
    for answer in (ask(), ask(headers={"cookie": None})):
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "*" not in policy
        assert "http:" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    policy = ask().headers["content-security-policy"]
    assert "img-src 'self' data: blob:;" in policy
    assert "default-src 'self'" in policy
    assert "'unsafe-eval'" not in policy
    headers = ask().headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-theirs"] == "stays"
    assert not any(name.startswith("access-control") for name in headers)


def test_a_refusal_says_what_to_do_in_the_readers_language() -> None:
    locked = ask(headers={"cookie": None})
    assert "the address that Reelwright printed" in locked.body
    assert 'name="token"' in locked.body
    assert "锁" in ask(headers={"cookie": None, "accept-language": "zh-CN,zh;q=0.9"}).body
    assert "锁" in ask(headers={"cookie": None}, lang="zh").body
    assert f"http://127.0.0.1:{PORT}" in ask(headers={"host": "tunnel:9000"}).body
    assert ask(method="HEAD", headers={"cookie": None}).body == ""


def test_a_homes_secret_is_private_and_lasts_and_one_that_others_could_read_is_replaced(tmp_path: Path) -> None:
    first = Keys.of_home(tmp_path, "one")
    file = tmp_path / door.SECRET_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert Keys.of_home(tmp_path, "two").secret == first.secret

    file.chmod(0o644)

    assert Keys.of_home(tmp_path, "three").secret != first.secret
    assert file.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [door.SECRET_FILE]


def test_a_homes_secret_is_kept_on_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(private_files.os, "link", link)
    first = Keys.of_home(tmp_path, "one")

    assert Keys.of_home(tmp_path, "two").secret == first.secret
    assert [p.name for p in tmp_path.iterdir()] == [door.SECRET_FILE]


def test_a_private_file_never_follows_a_link(tmp_path: Path) -> None:
    target = tmp_path / "theirs"
    target.write_text("known to others")
    link = tmp_path / "open.html"
    link.symlink_to(target)

    private_files.write(link, "a token")

    assert target.read_text() == "known to others"
    assert link.read_text() == "a token"
    assert link.stat().st_mode & 0o777 == 0o600
