"""Writes the catalogue of services into docs/models.md: ``python -m workbench.providers.catalogue [--check]``.

With --check nothing is written; exit 1 when the page is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from workbench.providers import dialects
from workbench.providers.dialects import KIND_ORDER, Address, Dialect, Row
from workbench.providers.refusals import read_refusal

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
BEGIN = "<!-- dialects: written by `python -m workbench.providers.catalogue` from workbench/providers/dialects -->"
END = "<!-- dialects: end -->"
LONGEST_EXAMPLE = 110


def catalogue() -> str:
    """Where each service is, how it is asked, and what its refusals mean."""
    return "\n".join([*_services(), "", *_usages(), "", *_limits(), "", *_refusals()])


def _services() -> Iterator[str]:
    yield "### Services that are known"
    yield ""
    yield "| service | host | a bare host becomes | structured answers | read at |"
    yield "| --- | --- | --- | --- | --- |"
    for dialect in dialects.load():
        for address in dialect.addresses:
            yield _service(dialect, address)


def _service(dialect: Dialect, address: Address) -> str:
    path = urlsplit(address.base_url).path or "no path"
    never = f"; never {', '.join(f'`{n}`' for n in address.never)}" if address.never else ""
    hosts = ", ".join(f"`{h}`" for h in address.hosts)
    modes = ", ".join(m.replace("_", " ") for m in dialect.modes)
    return f"| {address.title} | {hosts} | `{path}`{never} | {modes} | {_source(address)} |"


def _usages() -> Iterator[str]:
    yield "### Where tokens stand"
    yield ""
    yield "| service | a usage | input | of it cached | output | of it reasoning | read at |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for dialect in dialects.load():
        for row in dialect.usages:
            counts = " | ".join(
                "–" if n is None else str(n) for n in (row.input, row.cached, row.output, row.reasoning)
            )
            yield f"| {dialect.title} | `{row.body}` | {counts} | {_source(row)} |"


def _limits() -> Iterator[str]:
    yield "### What models take otherwise, at these hosts"
    yield ""
    yield "Only ever a warning: services change, and a relay's models are its own."
    yield ""
    yield "| models | service | do not take | take only | read at |"
    yield "| --- | --- | --- | --- | --- |"
    for dialect in dialects.load():
        for limit in dialect.limits:
            refused = ", ".join(f"`{n}`" for n in limit.refused)
            ranges = ", ".join(f"`{n}` {low:g}–{high:g}" for n, (low, high) in limit.ranges.items())
            yield f"| {limit.title} | {dialect.title} | {refused} | {ranges} | {_source(limit)} |"


def _refusals() -> Iterator[str]:
    yield "### What refusals mean"
    yield ""
    yield "Each is read by the same rules as a status, in a body with status 200, in a stream, in a choice and in a"
    yield "relay's wrapper."
    for dialect in dialects.load():
        rows = [*((r.kind, r) for r in dialect.refusals), *((w.kind, w) for w in dialect.wrappers)]
        rows.sort(key=lambda pair: KIND_ORDER.index(pair[0]))
        rows += [("a weaker structured mode is tried", r) for r in dialect.schemas]
        rows += [("asked again, worded otherwise", r) for r in dialect.parameters]
        rows += [("a wrong base URL", r) for r in dialect.no_service]
        if rows:
            yield ""
            yield f"**{dialect.title}**"
            yield ""
            yield "| kind | status | for example | read at |"
            yield "| --- | --- | --- | --- |"
            yield from (f"| {kind} | {row.status} | {_example(row)} | {_source(row)} |" for kind, row in rows)


def _example(row: Row) -> str:
    refusal = read_refusal(row.body)
    code = next((c for c in refusal.codes if c.lower() not in refusal.message.lower()), "")
    said = f"{code}: {refusal.message}" if code else refusal.message
    said = said if len(said) <= LONGEST_EXAMPLE else said[:LONGEST_EXAMPLE] + "…"
    return "“" + said.replace("|", "\\|").replace("<", "&lt;").replace("`", "") + "”"


def _source(row: Row) -> str:
    return f"[{row.date}]({row.source})"


def page(text: str) -> str:
    """The page with today's catalogue in its place. Raises ValueError when it has none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has no place for the catalogue")
    return f"{before}{BEGIN}\n\n{catalogue()}\n\n{END}{after}"


def main(arguments: list[str]) -> int:
    written = PAGE.read_text(encoding="utf-8")
    text = page(written)
    if "--check" in arguments:
        if written == text:
            return 0
        print("docs/models.md is out of date: run python -m workbench.providers.catalogue", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
