"""`reelwright doctor`: every part with ok, or what is wrong and what to do. Never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from workbench import health
from workbench.cli import console
from workbench.errors import InvalidInput, ReelwrightError
from workbench.health import Finding, Wrong
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from workbench.settings import Settings


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65_535), default=8501, show_default=True, help="Port of the page to look at."
)
@console.json_option
def command(port: int, as_json: bool) -> int:
    """Say what is wrong with this installation and what to do; exit 1 if anything is."""
    findings = [_translate(f) for f in examine(port)]
    if as_json:
        console.emit([asdict(f) for f in findings])
    else:
        for finding in findings:
            mark, rest = ("✓", "") if finding.ok else ("✗", f"  {finding.problem}\n{'':13}→ {finding.remedy}")
            console.print_plain(f"{mark} {finding.part:<10}{rest}".rstrip())
    return 0 if all(f.ok for f in findings) else 1


def examine(port: int = 8501) -> Iterator[Finding]:
    """The settings, then every part of this installation, its page included."""
    from workbench.settings import Settings

    try:
        settings = Settings.load()
    except InvalidInput as error:
        for issue in error.issues:
            yield Finding("settings", False, issue.message, N_("Correct the variable, or unset it."))
        return
    yield Finding("settings", True)
    yield from health.examine(settings, {"web port": lambda: _web_port(settings, port)})


def _translate(finding: Finding) -> Finding:
    """In the terminal's language."""
    if finding.ok:
        return finding
    return Finding(finding.part, False, console.localize(finding.problem or ""), console.localize(finding.remedy or ""))


def _web_port(settings: Settings, port: int) -> None:
    from workbench.cli.signs import page_answers
    from workbench.cli.supervisor import HomeLock
    from workbench.cli.web import refuse_taken_port
    from workbench.security import door

    lock = HomeLock(settings)
    if lock.is_held() and (url := lock.holder().get("url")):
        host, page_port = _host_and_port(url)
        if not page_answers(host, page_port):
            raise Wrong(
                # without the start token: what a doctor says is shown to others
                Text("The page does not answer at {url}.", url=door.url_of(host, page_port)),
                N_("Wait a moment, then start again: reelwright up"),
            )
        return
    if page_answers("127.0.0.1", port):
        return
    try:
        refuse_taken_port("127.0.0.1", port)
    except ReelwrightError as error:
        raise Wrong(error.text, Text("reelwright up --port {other}", other=str(port + 1))) from error


def _host_and_port(url: str) -> tuple[str, int]:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80
