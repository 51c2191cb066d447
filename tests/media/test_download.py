"""Following a link: to public addresses alone, hop by hop, without a key, within its bounds."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.scripted_provider import ScriptedProvider, picture
from workbench.errors import MediaRefused
from workbench.media import download
from workbench.security import outbound


@pytest.fixture(scope="module")
def running() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as server:
        yield server


@pytest.fixture
def server(running: ScriptedProvider, monkeypatch: pytest.MonkeyPatch) -> ScriptedProvider:
    monkeypatch.setattr(download, "PAUSES_S", (0.0, 0.0))
    running.reset()
    return running


def fetch(url: str, most_bytes: int = 1_000_000, **how: Any) -> bytes:
    return asyncio.run(download.fetch(url, most_bytes=most_bytes, **how))


def reason(url: str, **how: Any) -> str:
    with pytest.raises(MediaRefused) as refused:
        fetch(url, **how)
    assert refused.value.kind == "media_download"
    assert "sig=" not in str(refused.value)
    return str(refused.value)


def test_what_a_link_holds_arrives_unchanged_and_the_query_byte_for_byte(server: ScriptedProvider) -> None:
    data = fetch(f"{server.root}/media/1.png?sig=a%2Fb+c'd&x=%e4", allow_private=True)
    [asked] = server.fetches()
    assert asked["path"] == "/media/1.png?sig=a%2Fb+c'd&x=%e4"
    assert data == picture(asked["path"])
    assert asked["headers"]["host"] == f"127.0.0.1:{server.port}"
    assert "authorization" not in asked["headers"]


def test_a_redirect_is_followed_where_it_leads(server: ScriptedProvider) -> None:
    hops = {"status": 302, "headers": {"location": "/media/1.png"}, "body": b""}
    server.script(media=hops)
    assert "redirects more than" in reason(f"{server.root}/media/0.png", allow_private=True)
    assert len(server.fetches()) == download.HOPS + 1


LOCAL = [
    "http://127.0.0.1:{port}/media/1.png",
    "http://localhost:{port}/media/1.png",
    "http://2130706433:{port}/media/1.png",
    "http://0x7f000001:{port}/media/1.png",
    "http://0177.0.0.1:{port}/media/1.png",
    "http://127.1:{port}/media/1.png",
    "http://[::1]:{port}/media/1.png",
    "http://[::ffff:127.0.0.1]:{port}/media/1.png",
    "http://0.0.0.0:{port}/media/1.png",
    "http://[::]:{port}/media/1.png",
    "http://127.0.0.1.:{port}/media/1.png",
    "http://017700000001:{port}/media/1.png",
    "http://0x7f.0.0.1:{port}/media/1.png",
    "http://127.0.1:{port}/media/1.png",
    "http://１２７.0.0.1:{port}/media/1.png",
    "http://①②⑦.0.0.1:{port}/media/1.png",
    "http://127。0。0。1:{port}/media/1.png",
    "http://LOCALHOST.:{port}/media/1.png",
    "http://[::ffff:7f00:1]:{port}/media/1.png",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/media/1.png",
    "http://[64:ff9b::7f00:1]:{port}/media/1.png",
    "http://[2002:7f00:1::]:{port}/media/1.png",
    "http://[::1%25lo]:{port}/media/1.png",
    "http://[fe80::1%25lo]:{port}/media/1.png",
    "http://example.com@127.0.0.1:{port}/media/1.png",
    "http://example.com:80@127.0.0.1:{port}/media/1.png",
    "http://127.0.0.1:{port}\\@example.com/media/1.png",
    "http://127.0.0.1%2f@example.com:{port}/",
    "https://127.0.0.1:{port}/media/1.png",
    "//127.0.0.1:{port}/media/1.png",
    "http://0/media/1.png",
    "http://0:{port}/media/1.png",
    "http://0x7f.1:{port}/media/1.png",
    "http://0177.1:{port}/media/1.png",
    "http://127.000.000.001:{port}/media/1.png",
    "http://[::127.0.0.1]:{port}/media/1.png",
    "http://[::ffff:0:127.0.0.1]:{port}/media/1.png",
    "http://[64:ff9b:1::7f00:1]:{port}/media/1.png",
    "http://[::1]%2f@example.com:{port}/",
    "http://@127.0.0.1:{port}/media/1.png",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/media/1.png",
    "http://127.0.0.1\t:{port}/media/1.png",
    "http://127.0.0.1\n:{port}/media/1.png",
    "http:\\\\127.0.0.1:{port}/media/1.png",
    "http:/127.0.0.1:{port}/media/1.png",
    "hTTp://127.0.0.1:{port}/media/1.png",
    "http://127.0.0.1..:{port}/media/1.png",
]


@pytest.mark.parametrize("url", LOCAL)
def test_no_disguise_leads_to_this_machine(server: ScriptedProvider, url: str) -> None:
    reason(url.format(port=server.port))
    assert server.fetches() == []


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "100.64.0.1",
        "0.1.2.3",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
        "64:ff9b::169.254.169.254",
        "64:ff9b::127.0.0.1",
        "2001:db8::1",
        "192.0.0.192",
        "192.88.99.1",
        "168.63.129.16",
        "fec0::1",
        "3fff::1",
        "5f00::1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b:1::7f00:1",
        "2001:0:7f00:1::",
        "2001:0:102:304::80ff:fffe",
        "2002:a83f:8110::",
        "64:ff9b::a83f:8110",
    ],
)
def test_an_address_that_is_not_public_is_none_to_call(address: str) -> None:
    assert not outbound.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::1.1.1.1"])
def test_a_public_address_may_be_called(address: str) -> None:
    assert outbound.is_public(ipaddress.ip_address(address))


def test_a_public_name_for_a_private_address_is_refused(
    server: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def resolve(self: Any, host: str, port: int, **more: Any) -> list[Any]:
        asked.append(host)
        both = ["93.184.216.34", "127.0.0.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in both]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", resolve)
    said = reason(f"http://cdn.example:{server.port}/media/1.png?sig=secret")
    assert "cdn.example" in said
    assert asked == ["cdn.example"]
    assert server.fetches() == []


NAMES = [
    ["127.0.0.1"], ["10.1.2.3"], ["93.184.216.34", "192.168.0.1"], ["169.254.169.254", "93.184.216.34"],
    ["2606:4700::1111", "::1"], ["::ffff:127.0.0.1"], ["fe80::1%2"], ["93.184.216.34", "fd00::1"], ["64:ff9b::7f00:1"],
]  # fmt: skip


@pytest.mark.parametrize("meant", NAMES, ids=str)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_stands_for_any_private_address_is_refused(
    server: ScriptedProvider, monkeypatch: pytest.MonkeyPatch, meant: list[str], scheme: str
) -> None:
    async def resolve(self: Any, host: str, port: int, **more: Any) -> list[Any]:
        return [(0, socket.SOCK_STREAM, 6, "", (address, port)) for address in meant]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", resolve)
    assert "no public address" in reason(f"{scheme}://cdn.example:{server.port}/media/1.png")
    assert server.fetches() == []


def test_a_redirect_to_a_name_of_a_private_address_is_refused(
    server: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first name may be called; the second means the cloud's metadata, and this very server in turn."""
    real = outbound.is_public
    for inner in ("169.254.169.254", "127.0.0.1"):
        looked: list[object] = []

        def is_public(address: outbound.Address, looked: list[object] = looked) -> bool:
            looked.append(address)
            return len(looked) == 1 or real(address)

        async def resolve(self: Any, host: str, port: int, inner: str = inner, **more: Any) -> list[Any]:
            meant = "127.0.0.1" if host == "cdn.example" else inner
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (meant, port))]

        monkeypatch.setattr(outbound, "is_public", is_public)
        monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", resolve)
        to = f"http://inner.example:{server.port}/media/2.png"
        server.script(media={"status": 302, "headers": {"location": to}, "body": b""})
        before = len(server.fetches())
        assert "inner.example is no public address" in reason(f"http://cdn.example:{server.port}/media/1.png")
        assert len(server.fetches()) == before + 1


@pytest.mark.parametrize("to", ["http://[::1", "http://a\u00e9..b/", "http://x:99999/", "ftp://example.org/x"])
def test_a_redirect_to_nowhere_is_told(server: ScriptedProvider, to: str) -> None:
    server.script(media={"status": 302, "headers": {"location": to}, "body": b""})
    said = reason(f"{server.root}/media/1.png", allow_private=True)
    assert "no web address" in said or "connection failed" in said


def test_an_international_name_is_called_by_its_ascii_one(
    server: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def resolve(self: Any, host: str, port: int, **more: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", resolve)
    fetch(f"http://bücher.example:{server.port}/media/1.png", allow_private=True)
    assert asked == ["xn--bcher-kva.example"]
    assert server.fetches()[0]["headers"]["host"] == f"xn--bcher-kva.example:{server.port}"


def test_an_address_that_does_not_answer_makes_way_for_the_next(
    server: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(self: Any, host: str, port: int, **more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in ("127.0.0.9", "127.0.0.1")]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", resolve)
    assert fetch(f"http://cdn.example:{server.port}/media/1.png", allow_private=True)


def test_the_address_that_was_looked_at_is_the_one_that_is_called(
    server: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["127.0.0.1"]

    async def resolve(self: Any, host: str, port: int, **more: Any) -> list[Any]:
        # a name that means another address the second time it is asked
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop() if answers else "203.0.113.9", port))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", resolve)
    fetch(f"http://cdn.example:{server.port}/media/1.png", allow_private=True)
    [asked] = server.fetches()
    assert asked["headers"]["host"] == f"cdn.example:{server.port}"


@contextlib.contextmanager
def secure(folder: Path, *names: str) -> Iterator[tuple[int, list[tuple[str | None, bytes]], Path]]:
    """An HTTPS server whose certificate is for these names: its port, what came (name shaken hands for, request), the
    certificate.

    What is asked of "first.example" it sends to "second.example".
    """
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    made = (
        x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "certificate.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(pem) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    asked_for: list[str | None] = []
    context.sni_callback = lambda _, name, __: asked_for.append(name)
    came: list[tuple[str | None, bytes]] = []
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as talking:
                    request = talking.recv(65_536)
                    came.append((asked_for[-1], request))
                    to = f"Location: https://second.example:{port}/b\r\n" if b"first" in request else ""
                    status = "302 Found" if to else "200 OK"
                    talking.sendall(f"HTTP/1.1 {status}\r\n{to}Content-Length: 2\r\n\r\nok".encode())

    threading.Thread(target=serve, daemon=True).start()
    yield port, came, file
    listening.close()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name means this machine."""

    async def resolve(self: Any, host: str, port: int, **more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", resolve)


def test_the_handshake_is_for_the_name_at_each_hop_though_the_address_is_pinned(
    here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with secure(tmp_path, "first.example", "second.example") as (port, came, certificate):
        monkeypatch.setattr(outbound, "_load_authorities", lambda: ssl.create_default_context(cafile=certificate))
        assert fetch(f"https://first.example:{port}/a?sig=x%2F", allow_private=True) == b"ok"
        # one connection each, though the address is the same
        assert [name for name, _ in came] == ["first.example", "second.example"]
        assert [request.split(b"\r\n")[0] for _, request in came] == [b"GET /a?sig=x%2F HTTP/1.1", b"GET /b HTTP/1.1"]
        for name, request in came:
            assert f"\r\nHost: {name}:{port}\r\n".encode() in request


def test_a_certificate_for_another_name_is_refused(
    here: None, server: ScriptedProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with secure(tmp_path, "other.example") as (port, came, certificate):
        monkeypatch.setattr(outbound, "_load_authorities", lambda: ssl.create_default_context(cafile=certificate))
        assert "connection failed" in reason(f"https://first.example:{port}/a", allow_private=True)
        assert came == []


@pytest.mark.parametrize("length", ["x", "-1", "1, 2", "9" * 5000])
def test_a_length_that_is_none_is_told(server: ScriptedProvider, length: str) -> None:
    with endless(b"HTTP/1.1 200 OK\r\nContent-Length: " + length.encode() + b"\r\n\r\n", b"x" * 4096) as (url, _):
        said = reason(url, allow_private=True, deadline_s=5)
        assert "connection failed" in said or "larger than" in said


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest", "http://[::ffff:169.254.169.254]/latest", "http://0251.0376.0251.0376/", "http://10.0.0.1/",
        "http://[fd00:ec2::254]/latest", "http://127.1:9/", "http://[::1]:9/", "//169.254.169.254/latest", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_a_redirect_is_looked_at_like_the_first_link(
    server: ScriptedProvider, monkeypatch: pytest.MonkeyPatch, status: int, target: str
) -> None:
    server.script(media={"status": status, "headers": {"location": target}, "body": b""})
    first, real = ipaddress.ip_address("127.0.0.1"), outbound.is_public
    looked: list[object] = []

    def is_public(address: outbound.Address) -> bool:
        looked.append(address)
        return True if len(looked) == 1 and address == first else real(address)

    monkeypatch.setattr(outbound, "is_public", is_public)
    said = reason(f"{server.root}/media/1.png")
    assert "no public address" in said or "no web address" in said
    assert len(server.fetches()) == 1


def test_neither_key_nor_cookie_goes_along(server: ScriptedProvider) -> None:
    server.script(media={"status": 200, "headers": {"set-cookie": "id=1"}, "body": picture("x")})
    for _ in range(2):
        fetch(f"{server.root}/media/1.png", allow_private=True)
    for asked in server.fetches():
        assert not {"authorization", "cookie", "x-goog-api-key", "proxy-authorization"} & set(asked["headers"])


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/a",
        "gopher://x",
        "http://",
        "data:,x",
        "http://a:b@example.org/",
        "http://x:99999/",
        "http://[::1",
        "http://[fe80::1%eth0]/",
        "http://example.org%00.example.com/",
        "http://a\0b/",
        "http://exa mple.org/",
        "http://\ud800/",
        "http://é..example/",
        f"http://{'a' * 300}/",
        "javascript:alert(1)",
        "",
    ],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    assert "no web address" in reason(url)


@pytest.mark.parametrize(("status", "calls"), [(403, 1), (404, 1), (410, 1), (206, 1), (500, 3), (503, 3), (429, 3)])
def test_an_answer_without_the_file_is_told_and_asked_again_only_if_it_may_pass(
    server: ScriptedProvider, status: int, calls: int
) -> None:
    server.script(media={"status": status, "body": b"no"})
    assert f"answered {status}" in reason(f"{server.root}/media/1.png?sig=secret", allow_private=True)
    assert len(server.fetches()) == calls


def test_a_file_that_is_too_large_is_refused(server: ScriptedProvider) -> None:
    server.script(media={"body": bytes(3_000_000)})
    assert "larger than 2 MB" in reason(f"{server.root}/media/1.png", allow_private=True, most_bytes=2_097_152)


@contextlib.contextmanager
def endless(first: bytes, piece: bytes, pause_s: float = 0.0) -> Iterator[tuple[str, list[int]]]:
    """A server that begins with `first` and then repeats `piece` for ever; its address and how much it sent each
    time."""
    sent: list[int] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                sent.append(0)
                with connection, contextlib.suppress(OSError):
                    connection.recv(65_536)
                    connection.sendall(first)
                    while True:
                        connection.sendall(piece)
                        sent[-1] += len(piece)
                        time.sleep(pause_s)

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/a.png", sent
    listening.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"


@pytest.mark.parametrize("told", [b"Transfer-Encoding: chunked\r\n\r\n", b"Connection: close\r\n\r\n"])
def test_a_file_that_never_ends_is_stopped_at_its_bound(told: bytes) -> None:
    piece = bytes(4096) if b"close" in told else b"1000\r\n" + bytes(4096) + b"\r\n"
    with endless(HEAD + told, piece) as (url, sent):
        assert "larger than 1 MB" in reason(url, allow_private=True, most_bytes=1_048_576)
        # what the sockets hold on the way comes on top
        assert sum(sent) < 12_000_000
        assert len(sent) == 1


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
        (HEAD + b"X-Slow: ", b"x"),
        (b"HTTP/1.1 302 Found\r\nX-Slow: ", b"x"),
        (b"", b"H"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
def test_a_slow_drip_is_given_up_wherever_it_drips(first: bytes, piece: bytes) -> None:
    """Each piece comes in time for the read, all of them never."""
    with endless(first, piece, 0.02) as (url, _):
        started = time.monotonic()
        said = reason(url, allow_private=True, deadline_s=0.5)
        assert "within 0.5 s" in said or "connection failed" in said
        assert time.monotonic() - started < 100


def test_a_packed_body_is_not_unpacked(server: ScriptedProvider) -> None:
    bomb = gzip.compress(bytes(30_000_000))
    server.script(media={"body": bomb, "headers": {"content-encoding": "gzip"}})
    assert fetch(f"{server.root}/media/1.png", allow_private=True) == bomb
    assert server.fetches()[0]["headers"]["accept-encoding"] == "identity"


def test_a_link_that_takes_too_long_is_given_up(server: ScriptedProvider) -> None:
    server.script(media={"drip_ms": 50, "body": bytes(4000)})
    assert "within 0.3 s" in reason(f"{server.root}/media/1.png", allow_private=True, deadline_s=0.3)


def test_a_host_that_does_not_answer_is_told(server: ScriptedProvider) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert "connection failed" in reason(f"http://127.0.0.1:{port}/a", allow_private=True)
