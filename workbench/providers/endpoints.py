"""What is special about each OpenAI-compatible service, by its address: providers/dialects holds it as data."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text
from workbench.providers import dialects
from workbench.providers.base import MODES, Mode
from workbench.providers.dialects import Address, Dialect
from workbench.security.link_local import is_link_local


@dataclass(frozen=True)
class Endpoint:
    """`modes`: structured-output modes worth trying, strongest first. `token_cap`: its parameter for the output
    limit."""

    title: str
    hosts: tuple[str, ...]
    base_url: str
    modes: tuple[Mode, ...] = MODES
    token_cap: str = "max_tokens"
    #: a service on the user's own machine: no key needed, no price known
    local: bool = False
    dialect: Dialect | None = None


def _endpoint(dialect: Dialect, address: Address) -> Endpoint:
    return Endpoint(
        address.title, address.hosts, address.base_url, dialect.modes, dialect.token_cap, address.local, dialect
    )


#: the services that have an address of their own
ENDPOINTS = tuple(_endpoint(d, a) for d in dialects.load() for a in d.addresses if "*" not in a.base_url)
OPENAI = next(e for e in ENDPOINTS if "api.openai.com" in e.hosts)
ARK = next(e for e in ENDPOINTS if "ark.cn-beijing.volces.com" in e.hosts)
_OTHER = Endpoint("Other", (), "")

#: paths people paste along with the address
_CALLS = re.compile(
    r"/(chat/completions|completions|responses|messages|models|images/(generations|edits)|embeddings|chat"
    r"|contents/generations/tasks(/[\w-]+)?)$",
    re.IGNORECASE,
)


#: what stands before an address that was copied from a shell or a settings file
_VARIABLE = re.compile(r"^(?:export\s+|set\s+|\$env:)?[\w.-]+[\"']?\s*[=:]\s*[\"'`]?(?=https?://)", re.IGNORECASE)
#: what stands around one in a sentence
_AROUND = " \t\"'`<>“”‘’()（）【】,，;；。"
_HOST = re.compile(r"[\w.:%-]+")

NO_ADDRESS = N_("This is not a web address. It should look like https://api.example.com/v1.")


def endpoint_of(base_url: str) -> Endpoint:
    """The known service at this address, else one that promises nothing special."""
    found = dialects.find(base_url)
    if found is None:
        return _OTHER
    return next((e for e in ENDPOINTS if e.hosts == found[1].hosts), None) or _endpoint(*found)


def normalise_base_url(pasted: str) -> str:
    """The address to store: no call path, no trailing slash, and behind a bare host the path that its service has
    (``/v1`` where none is known); ``/api/v3`` stays.

    Raises InvalidInput when it is no web address or carries what belongs into the key field.
    """
    typed = _VARIABLE.sub("", pasted.replace("：//", "://").strip().strip(_AROUND))
    if not typed.isprintable():
        raise _wrong(NO_ADDRESS)
    try:
        parts = urlsplit(typed if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", typed) else _with_scheme(typed))
    except ValueError:
        raise _wrong(NO_ADDRESS) from None
    _check(typed, parts.scheme, parts.hostname, parts.username, parts.query)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise _wrong(N_("The port in the address is not a number from 1 to 65535.")) from None
    host = (parts.hostname or "").lower()
    path = _CALLS.sub("", re.sub(r"/{2,}", "/", parts.path).rstrip("/")).rstrip("/")
    shown = f"[{host}]" if ":" in host else host
    origin = urlunsplit((parts.scheme.lower(), shown + port, "", "", ""))
    return origin + _served_path(origin, path)


def _served_path(origin: str, path: str) -> str:
    """The path under which the service answers; what was typed is kept unless the service is known to serve nothing
    there."""
    found = dialects.find(origin)
    address = found[1] if found is not None else None
    if address is None:
        return path or "/v1"
    return urlsplit(address.base_url).path if path == "" or path.lower() in address.never else path


def _with_scheme(typed: str) -> str:
    """A service on this machine or in this house seldom has a certificate."""
    name = typed.split("/", 1)[0]
    host = (name[: name.index("]") + 1] if name.startswith("[") and "]" in name else name.split(":", 1)[0]).lower()
    return ("http://" if _is_private(host) else "https://") + typed


def _is_private(host: str) -> bool:
    bare = host.strip("[]").rstrip(".")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        # a name without a dot is known to this network alone
        return "." not in bare or bare.endswith((".local", ".lan", ".internal", ".home", ".localhost", ".home.arpa"))
    return not address.is_global


def _check(typed: str, scheme: str, host: str | None, user: str | None, query: str) -> None:
    # htp:/x, http:/x: what was meant as a scheme is no host
    slip = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/(?!/)", typed)
    if slip or scheme.lower() not in ("http", "https") or not host or not _HOST.fullmatch(host):
        raise _wrong(NO_ADDRESS)
    if is_link_local(host):
        raise _wrong(N_("No model service is at this address: it is one of this machine's own network link."))
    if user is not None:
        raise _wrong(N_("The address contains a user name. Put the key into the key field."))
    if query:
        raise _wrong(N_("The address contains a “?”. Enter only the part before it; a key belongs into the key field."))


def _wrong(message: str) -> InvalidInput:
    text = Text(message)
    return InvalidInput(text, [Issue("base_url", text)])
