"""What is special about each OpenAI-compatible service, by its address. See docs/providers.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text
from workbench.providers.base import MODES, Mode
from workbench.security.link_local import is_link_local


@dataclass(frozen=True)
class Endpoint:
    """`modes`: structured-output modes the service documents, strongest first. `token_cap`: its parameter for the
    output limit."""

    title: str
    hosts: tuple[str, ...]
    base_url: str
    modes: tuple[Mode, ...] = MODES
    token_cap: str = "max_tokens"
    #: a service on the user's own machine: no key needed, no price known
    local: bool = False


ARK = Endpoint("Volcengine Ark (Doubao)", ("ark.cn-beijing.volces.com",), "https://ark.cn-beijing.volces.com/api/v3")

#: offered as presets when a profile is made
ENDPOINTS = (
    # max_tokens is deprecated there and refused by reasoning models.
    Endpoint("OpenAI", ("api.openai.com",), "https://api.openai.com/v1", token_cap="max_completion_tokens"),
    Endpoint("DeepSeek", ("api.deepseek.com",), "https://api.deepseek.com", modes=("json_object", "plain")),
    Endpoint(
        "Kimi (Moonshot)",
        ("api.moonshot.cn", "api.moonshot.ai"),
        "https://api.moonshot.cn/v1",
        modes=("json_object", "plain"),
    ),
    ARK,
    Endpoint(
        "Local (llama.cpp, Ollama, vLLM…)", ("127.0.0.1", "localhost", "::1"), "http://127.0.0.1:8080/v1", local=True
    ),
)
_OTHER = Endpoint("Other", (), "")

#: paths people paste along with the address
_CALLS = re.compile(
    r"/(chat/completions|completions|responses|models|images/(generations|edits)|embeddings"
    r"|contents/generations/tasks(/[\w-]+)?)$",
    re.IGNORECASE,
)


NO_ADDRESS = N_("This is not a web address. It should look like https://api.example.com/v1.")


def endpoint_of(base_url: str) -> Endpoint:
    """The known service at this address, else one that promises nothing special."""
    host = (urlsplit(base_url).hostname or "").lower()
    return next((e for e in ENDPOINTS if host in e.hosts), _OTHER)


def normalise_base_url(pasted: str) -> str:
    """The address to store: no call path, no trailing slash, ``/v1`` where a bare host needs it; ``/api/v3`` stays.

    Raises InvalidInput when it is no web address or carries what belongs into the key field.
    """
    typed = pasted.strip().strip("\"'<>“”")
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
    return urlunsplit((parts.scheme.lower(), shown + port, path or _default_path(host), "", ""))


def _default_path(host: str) -> str:
    # DeepSeek documents its address without a version; everywhere else the bare host answers 404 or a web page.
    known = next((urlsplit(e.base_url).path for e in ENDPOINTS if host in e.hosts), "/v1")
    # Ark abroad (BytePlus) has the same paths under hosts of its own.
    return "/api/v3" if re.fullmatch(r"ark\..+\.(volces|bytepluses)\.com", host) else known


def _with_scheme(typed: str) -> str:
    host = typed.split("/", 1)[0].rsplit(":", 1)[0].lower()
    return ("http://" if host in ("localhost", "127.0.0.1", "[::1]") else "https://") + typed


def _check(typed: str, scheme: str, host: str | None, user: str | None, query: str) -> None:
    # htp:/x, http:/x: what was meant as a scheme is no host
    slip = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/(?!/)", typed)
    if slip or scheme.lower() not in ("http", "https") or not host or re.search(r"\s", host):
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
