"""The door of the web process: who may speak to the pages at all, decided before Streamlit sees a request.

Three questions, each of which keeps somebody else out:

- Is it this machine, by its own name? `Host` is exactly the address the server listens on; a name that an attacker's
  DNS points at this machine is none.
- Is it our own page that asks? `Origin` is exactly that address, scheme and port included; a page on another port of
  this machine is a stranger.
- Is it the person who started Reelwright? A start token in the printed address, then a signed cookie: other users of
  the machine have neither.

What is refused costs nothing: no look-up of a name, no session. `docs/security.md` tells what this keeps out.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import ipaddress
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from workbench.errors import NotAllowed, Unavailable
from workbench.i18n import N_, Text, translate
from workbench.security import private_files

#: given by the process that prints the address to the web process that it starts; never on a command line, which
#: every user of the machine can read
TOKEN_VARIABLE = "REELWRIGHT_START_TOKEN"
PARAMETER = "token"
#: a token that somebody has thought up may not be guessed
SHORTEST_TOKEN = 16
SECRET_FILE = "web.secret"
COOKIE_S = 30 * 24 * 3600
#: a cookie is made anew once it is this old, so that who comes back each day is never asked
RENEW_S = 24 * 3600
#: what monitors and `reelwright doctor` ask; it tells that a server is there and nothing else
HEALTH_PATH = "/_stcore/health"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEMES = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
#: a page of ours is served by no other name; these of Streamlit's would say otherwise
_DROPPED = (b"access-control-", b"content-security-policy", b"x-frame-options", b"referrer-policy")


def new_token() -> str:
    """A start token: whoever has it may use the pages until the web process ends."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Keys:
    """What opens the door: this start's token, and cookies that this home's secret has signed."""

    token: str
    secret: str

    @classmethod
    def of_home(cls, home: Path, token: str) -> Keys:
        """The secret outlives a restart, so that open pages do; deleting its file sends everybody to the printed
        address again. Raises Unavailable."""
        path = home / SECRET_FILE
        try:
            return cls(token, private_files.read_or_create(path, secrets.token_urlsafe(32)))
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(
                Text("The file {path} cannot be used: {reason}", path=str(path), reason=str(error))
            ) from error

    def accept_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())

    def make_cookie(self, port: int, now_s: float) -> str:
        until = int(now_s) + COOKIE_S
        return f"{until}.{self._sign(port, until)}"

    def expiry_of(self, cookie: str, port: int, now_s: float) -> int | None:
        """When a cookie ends, in seconds since 1970; None when it is not ours, of another port, or over."""
        stamp, _, signature = cookie.partition(".")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            return None
        until = int(stamp)
        if not hmac.compare_digest(signature.encode(), self._sign(port, until).encode()):
            return None
        return until if now_s < until <= now_s + COOKIE_S + 60 else None

    def _sign(self, port: int, until: int) -> str:
        return hmac.new(self.secret.encode(), f"door {port} {until}".encode(), hashlib.sha256).hexdigest()


class _Refused(Exception):
    """Somebody else is at the door."""

    def __init__(self, sentence: str, *, locked: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        #: the right page, asked by nobody we know: the way in is shown
        self.locked = locked


@dataclass(frozen=True)
class _Request:
    """What the rules look at."""

    kind: str
    method: str
    path: str
    query: bytes
    scheme: str
    port: int
    server: str
    client: str
    headers: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, scope: Scope) -> _Request:
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        server, client = scope.get("server") or ("", None), scope.get("client") or ("", 0)
        return cls(
            kind=scope["type"],
            method=scope.get("method", "GET"),
            path=scope["path"],
            query=scope.get("query_string", b""),
            scheme=_SCHEMES.get(scope.get("scheme", ""), ""),
            port=server[1] or 0,
            server=server[0],
            client=client[0],
            headers=headers,
        )

    def header(self, name: str) -> str:
        """The one value of a header, "" when it is missing. Raises _Refused when there are several."""
        values = self.headers.get(name, ())
        if len(values) > 1:
            raise _Refused(N_("The request has one header several times."))
        return values[0].strip() if values else ""

    def cookies(self, name: str) -> Iterator[str]:
        """Every cookie of that name: a page on another port can set more of them beside ours."""
        for line in self.headers.get("cookie", ()):
            for pair in line.split(";"):
                found, _, value = pair.partition("=")
                if found.strip() == name:
                    yield value.strip()

    def token(self) -> str | None:
        """The token in the address; None when there is none."""
        return dict(parse_qsl(self.query.decode("latin-1"), keep_blank_values=True)).get(PARAMETER)

    @property
    def names(self) -> list[str]:
        """What this server is called, the printed name first: `host:port`, without the port where browsers leave
        it out."""
        address = _loopback(self.server)
        numbers = str(address) if address and address.version == 4 else f"[{address}]"
        suffix = "" if _DEFAULT_PORTS.get(self.scheme) == self.port else f":{self.port}"
        return [f"{name}{suffix}" for name in (numbers, "localhost")]

    @property
    def address(self) -> str:
        return f"{self.scheme or 'http'}://{self.names[0]}"

    @property
    def is_health(self) -> bool:
        return self.kind == "http" and self.path == HEALTH_PATH and self.method in ("GET", "HEAD")

    @property
    def is_visit(self) -> bool:
        """Somebody opens the page in a browser's window, and nothing is asked from inside another page."""
        return (
            self.kind == "http"
            and self.method == "GET"
            and "text/html" in ",".join(self.headers.get("accept", ()))
            and self.header("sec-fetch-dest") in ("", "document")
        )


def address(host: str, port: int, token: str) -> str:
    """The address to print: whoever opens it is let in."""
    return f"{url_of(host, port)}/?{PARAMETER}={token}"


def url_of(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def refuse_other_machines(host: str) -> None:
    """Until there are logins, only this machine may reach the pages. Raises NotAllowed."""
    if host != "localhost" and _loopback(host) is None:
        raise NotAllowed(
            Text(
                "{host} would show every story and spend every key for anybody who can reach it: Reelwright has no "
                "logins yet. "
                "Use 127.0.0.1, and from elsewhere an SSH tunnel: ssh -L 8501:127.0.0.1:8501 THIS-MACHINE",
                host=host,
            )
        )


def cookie_name(port: int) -> str:
    """Cookies are shared by all ports of a host: two installations must not overwrite each other's."""
    return f"reelwright_door_{port}"


class Door:
    """ASGI middleware around the whole web application. `script_hashes`: the inline scripts of its own page, as
    ``sha256-…``; `lang`: the language of refusals, None: the browser's."""

    def __init__(
        self,
        app: App,
        *,
        keys: Keys,
        script_hashes: Sequence[str] = (),
        lang: str | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._keys = keys
        self._script_hashes = tuple(script_hashes)
        self._lang = lang
        self._now_s = now_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request = _Request.of(scope)
        try:
            _check_name(request)
            _check_origin(request)
            fresh_cookie = self._check_person(request)
        except _Refused as refusal:
            await self._refuse(request, refusal, send)
            return
        if request.is_visit and request.token() is not None:
            # The token must not stay in the address: that is what people copy, bookmark and show.
            await _answer(send, 303, [(b"location", _without_token(request)), *self._headers(request, fresh_cookie)])
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(k, v) for k, v in message.get("headers", ()) if not k.lower().startswith(_DROPPED)]
                message = {**message, "headers": [*kept, *self._headers(request, fresh_cookie)]}
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _check_person(self, request: _Request) -> bool:
        """Whether a new cookie is due. Raises _Refused."""
        if request.is_health:
            return False
        token = request.token()
        if token is not None and self._keys.accept_token(token):
            return True
        now_s = self._now_s()
        for cookie in request.cookies(cookie_name(request.port)):
            until = self._keys.expiry_of(cookie, request.port, now_s)
            if until is not None:
                return request.is_visit and until - now_s < COOKIE_S - RENEW_S
        raise _Refused(
            N_("This page is locked: it needs the address that Reelwright printed when it started."), locked=True
        )

    def _headers(self, request: _Request, fresh_cookie: bool) -> Headers:
        headers = {
            "content-security-policy": self._policy(request),
            "x-frame-options": "DENY",
            "x-content-type-options": "nosniff",
            # not no-referrer: with that, browsers send `Origin: null` from our own forms
            "referrer-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
        }
        if fresh_cookie:
            value = self._keys.make_cookie(request.port, self._now_s())
            # Lax: a link to a job in a chat or a mail opens it. Whose page asks is told by Origin, not by the cookie.
            headers["set-cookie"] = (
                f"{cookie_name(request.port)}={value}; Path=/; Max-Age={COOKIE_S}; HttpOnly; SameSite=Lax"
            )
        return [(name.encode(), value.encode()) for name, value in headers.items()]

    def _policy(self, request: _Request) -> str:
        """The Content-Security-Policy: nothing is loaded from, sent to or shown in any other place."""
        socket = f"{'wss' if request.scheme == 'https' else 'ws'}://{request.header('host')}"
        hashes = "".join(f" '{value}'" for value in self._script_hashes)
        return "; ".join(
            (
                "default-src 'self'",
                # Streamlit loads components' modules from text: blob:
                f"script-src 'self' blob:{hashes}",
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                "media-src 'self' data: blob:",
                "font-src 'self' data:",
                f"connect-src 'self' {socket}",
                "worker-src 'self' blob:",
                "frame-src 'none'",
                "object-src 'none'",
                "base-uri 'self'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            )
        )

    async def _refuse(self, request: _Request, refusal: _Refused, send: Send) -> None:
        if request.kind == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        language = self._lang or _language_of(request)
        sentence = html.escape(translate(refusal.sentence, language, address=request.address))
        hint, form = "", ""
        if refusal.locked:
            hint = translate(
                N_(
                    "It ends in “?token=…”. “reelwright up”, run once more for the same home, tells it again. "
                    "Or paste the token here:"
                ),
                language,
            )
            form = (
                f'<form method="get"><input name="{PARAMETER}" type="password" autocomplete="off" autofocus '
                f'aria-label="{html.escape(translate(N_("Start token"), language))}"> '
                f"<button>{html.escape(translate(N_('Open'), language))}</button></form>"
            )
        page = (
            f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>Reelwright</title>'
            "<style>body{font:1rem system-ui,sans-serif;max-width:36rem;margin:20vh auto;padding:0 1rem;"
            "color-scheme:light dark}</style></head>"
            f"<body><main><h1>Reelwright</h1><p>{sentence}</p><p>{html.escape(hint)}</p>{form}</main></body></html>"
        )
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
             b"frame-ancestors 'none'"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]  # fmt: skip
        await _answer(send, 403, headers, b"" if request.method == "HEAD" else page.encode())


def _check_name(request: _Request) -> None:
    """This machine, by its own name. Raises _Refused."""
    if not (_loopback(request.server) and _loopback(request.client)):
        raise _Refused(N_("Reelwright has no logins yet, so only this machine may reach it."))
    if request.header("host").lower() not in request.names:
        raise _Refused(
            N_("Reelwright is not served by this name. Open {address}; a tunnel needs the same port on both sides.")
        )


def _check_origin(request: _Request) -> None:
    """Our own page asks, or somebody who types the address. Raises _Refused."""
    origin = request.header("origin")
    own = f"{request.scheme}://{request.header('host').lower()}"
    must_tell = request.kind == "websocket" or request.method not in ("GET", "HEAD")
    if (origin or must_tell) and origin.lower() != own:
        raise _Refused(N_("Another page asked for this; Reelwright answers to its own pages only: {address}"))
    # Without an Origin: pictures, scripts and frames that another page embeds. A link in it may be followed.
    site = request.header("sec-fetch-site")
    follows_link = request.header("sec-fetch-mode") == "navigate" and request.header("sec-fetch-dest") == "document"
    if site not in ("", "same-origin", "none") and not follows_link:
        raise _Refused(N_("Another page asked for this; Reelwright answers to its own pages only: {address}"))


def _loopback(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address when it is one of this machine alone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    # a server on :: sees the callers of 127.0.0.1 like this
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped if mapped.is_loopback else None


def _without_token(request: _Request) -> bytes:
    pairs = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True)
    query = urlencode([(name, value) for name, value in pairs if name != PARAMETER])
    # one slash: //host would be another place
    return ("/" + quote(request.path.lstrip("/")) + (f"?{query}" if query else "")).encode()


def _language_of(request: _Request) -> str:
    return "zh" if ",".join(request.headers.get("accept-language", ())).strip().lower().startswith("zh") else "en"


async def _answer(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
