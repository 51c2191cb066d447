"""What each service or relay does otherwise than OpenAI's reference, as data: one TOML file a family, in this folder.

A file is all that a dialect needs: it is found, tried by tests/providers/test_dialects.py row by row, and described in
docs/models.md (`python -m workbench.providers.catalogue`). Each fact names its source and the day it was read.
The format: docs/adding-a-provider.md.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from workbench.json_types import JsonObject
from workbench.providers.base import MODES, Mode

#: first fitting kind wins: an overdue account is quota_exhausted although its code begins like a denied operation
KIND_ORDER = (
    "truncated_output", "malformed_output", "quota_exhausted", "context_length", "content_filter", "not_found_model",
    "auth", "overloaded", "rate_limit", "permission", "timeout", "bad_request",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A fact and where it was read. `body`: an example in the service's own words, `status` what came with it."""

    source: str
    date: date
    body: str = ""
    status: int = 400
    words: re.Pattern[str] | None = None


@dataclass(frozen=True)
class RefusalRow(Row):
    """A refusal and its kind. With `codes` and `words` both have to fit.

    `weak`: codes that many causes share; words are asked first.
    """

    kind: str = "unknown"
    codes: tuple[str, ...] = ()
    weak: bool = False

    def fits_code(self, codes: tuple[str, ...], *, own: bool) -> bool:
        """`own`: it comes from this row's service. A bare number means something else at each."""
        patterns = [p for p in self.codes if own or not p.isdecimal()]
        return any(fnmatchcase(code.lower(), pattern) for pattern in patterns for code in codes)


@dataclass(frozen=True)
class WrapperRow(Row):
    """How another's refusal stands inside a message: groups `status`, `code`, `message`, `body`. `kind`: the
    example's."""

    kind: str = "unknown"


@dataclass(frozen=True)
class ParameterRow(Row):
    """How a refused parameter is worded. `names`: the example's; `drops`: leave these out instead of the one named;
    `sends`: add these."""

    names: str = ""
    drops: tuple[str, ...] = ()
    sends: JsonObject = field(default_factory=dict)


@dataclass(frozen=True)
class WaitRow(Row):
    """How a wait is worded; the group `duration` holds it. `seconds`: the example's."""

    seconds: float = 0.0


@dataclass(frozen=True)
class UsageRow(Row):
    """A usage object and what it means; None: not told."""

    input: int | None = None
    cached: int | None = None
    output: int | None = None
    reasoning: int | None = None


@dataclass(frozen=True)
class Limit(Row):
    """What the models of a name take otherwise than others, at this service's own hosts."""

    models: re.Pattern[str] = re.compile("")
    title: str = ""
    refused: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Address(Row):
    """Where a service is. `base_url`: what a bare host becomes; `never`: paths that are pasted and serve nothing."""

    title: str = ""
    hosts: tuple[str, ...] = ()
    base_url: str = ""
    never: tuple[str, ...] = ()
    #: a server of one's own: no key needed, no price known
    local: bool = False

    def has(self, host: str) -> bool:
        return any(fnmatchcase(host, pattern) for pattern in self.hosts)


@dataclass(frozen=True)
class Dialect:
    """One file. `models`: the names of its models, also at a relay; `modes`: structured modes worth trying, strongest
    first; `token_cap`: its name of the output limit."""

    name: str
    title: str
    models: re.Pattern[str] | None = None
    addresses: tuple[Address, ...] = ()
    modes: tuple[Mode, ...] = MODES
    token_cap: str = "max_tokens"
    refusals: tuple[RefusalRow, ...] = ()
    wrappers: tuple[WrapperRow, ...] = ()
    no_service: tuple[Row, ...] = ()
    parameters: tuple[ParameterRow, ...] = ()
    schemas: tuple[Row, ...] = ()
    waits: tuple[WaitRow, ...] = ()
    usages: tuple[UsageRow, ...] = ()
    limits: tuple[Limit, ...] = ()


COMMON = "common"
_PARTS = (
    "title", "models", "address", "cap", "structured", "refusal", "wrapper", "no_service", "parameter", "schema",
    "wait", "usage", "limit",
)  # fmt: skip


@functools.cache
def load() -> tuple[Dialect, ...]:
    """Every dialect, by name; what no single service owns comes last."""
    names = sorted(f.name.removesuffix(".toml") for f in files(__name__).iterdir() if f.name.endswith(".toml"))
    read = [read_dialect(name, files(__name__).joinpath(f"{name}.toml").read_text("utf-8")) for name in names]
    return tuple(sorted(read, key=lambda d: (d.name == COMMON, d.name)))


def read_dialect(name: str, text: str) -> Dialect:
    """One file's dialect. Raises ValueError or TypeError that names the file for what is no dialect."""
    try:
        data = tomllib.loads(text)
        if unknown := data.keys() - _PARTS:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(_PARTS)}")
        addresses = data.get("address", [])
        structured = data.get("structured", {})
        return Dialect(
            name=name,
            title=data["title"],
            models=re.compile(data["models"], re.IGNORECASE) if "models" in data else None,
            addresses=tuple(
                _row(Address, {"title": data["title"], **a})
                for a in (addresses if isinstance(addresses, list) else [addresses])
            ),
            modes=tuple(m for m in MODES if m in structured.get("modes", MODES)),
            token_cap=data.get("cap", {}).get("name", "max_tokens"),
            refusals=_rows(RefusalRow, data, "refusal"),
            wrappers=_rows(WrapperRow, data, "wrapper"),
            no_service=_rows(Row, data, "no_service"),
            parameters=_rows(ParameterRow, data, "parameter"),
            schemas=_rows(Row, data, "schema"),
            waits=_rows(WaitRow, data, "wait"),
            usages=_rows(UsageRow, data, "usage"),
            limits=_rows(Limit, data, "limit"),
        )
    except (ValueError, TypeError, KeyError, re.error) as error:
        raise ValueError(f"providers/dialects/{name}.toml: {error}") from error


def _rows(kind: type[Any], data: JsonObject, name: str) -> tuple[Any, ...]:
    return tuple(_row(kind, row) for row in data.get(name, ()))


_LISTS = ("codes", "drops", "refused", "hosts", "never")


def _row(kind: type[Any], given: JsonObject) -> Any:
    values = dict(given)
    for name in ("words", "models"):
        if name in values:
            values[name] = re.compile(values[name], re.IGNORECASE)
    for name in _LISTS:
        if name in values:
            values[name] = tuple(values[name])
    if "ranges" in values:
        values["ranges"] = {param: (low, high) for param, (low, high) in values["ranges"].items()}
    return kind(**values)


def find(base_url: str) -> tuple[Dialect, Address] | None:
    """Whose address this is: by its host and port, then by its host alone."""
    try:
        parts = urlsplit(base_url)
        host = (parts.hostname or "").lower()
        named = [f"{host}:{parts.port}", host] if parts.port else [host]
    except ValueError:
        return None
    for name in named:
        for dialect in load():
            for address in dialect.addresses:
                if address.has(name):
                    return dialect, address
    return None


def find_family(model: str) -> Dialect | None:
    """Whose model this is by its name, whoever passes it on."""
    name = model.rsplit("/", 1)[-1]
    return next((d for d in load() if d.models is not None and d.models.search(name)), None)


def own_first(*own: Dialect | None) -> Iterator[tuple[Dialect, bool]]:
    """All dialects and whether they are among these, which come first: a relay passes on anybody's words."""
    first = {d.name: d for d in own if d is not None}
    yield from ((d, True) for d in first.values())
    yield from ((d, False) for d in load() if d.name not in first)
