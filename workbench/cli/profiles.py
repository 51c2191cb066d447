"""`reelwright profiles`: which model services there are. Keys come from a variable, never from the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from workbench.cli import briefs, client, console
from workbench.db.rows.profiles import SavedProfile
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from workbench.profiles.check import ProfileCheck

COLUMNS = ("id", "name", "provider", "base_url", "text_model", "image_model", "video_model", "key_tail")
CHECK_COLUMNS = ("check", "ok", "model", "mode", "latency_ms", "error_kind", "message", "remedy")

_FIELDS: tuple[Callable[..., Any], ...] = (
    click.option(
        "--base-url", help="The service's address, such as https://api.example.com/v1; default: the provider's own."
    ),
    click.option("--text-model", help="The model for text."),
    click.option("--image-model", help="The model for pictures."),
    click.option("--video-model", help="The model for clips."),
    click.option("--image-profile", metavar="NAME", help="Pictures come from this profile's service."),
    click.option("--video-profile", metavar="NAME", help="Clips come from this profile's service."),
    click.option(
        "--fallback",
        metavar="NAME",
        multiple=True,
        help="Who answers on overload, used-up quota and outage; may be given several times, in order.",
    ),
    click.option(
        "--key-env", metavar="VAR", help="The variable that holds the key; it is sealed and never shown again."
    ),
    click.option(
        "--params",
        type=briefs.JsonParam(),
        help="Generation settings and prices, as a JSON object; takes the place of those there are.",
    ),
    click.option("--rpm", type=click.IntRange(0, 1_000_000), help="At most this many requests a minute; 0: no limit."),
    click.option(
        "--tpm", type=click.IntRange(0, 1_000_000_000), help="At most this many tokens a minute; 0: no limit."
    ),
    click.option("--concurrency", type=click.IntRange(0, 1000), help="At most this many calls at once; 0: no limit."),
)


def fields(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every field that a profile has."""
    for option in reversed(_FIELDS):
        command = option(command)
    return command


def _show(row: SavedProfile, *, as_json: bool) -> None:
    """A profile that was saved, and what its models are known to refuse of its settings."""
    from workbench.providers.params import list_warnings

    for issue in list_warnings(row.provider, row.params or {}, row.text_model or "", row.base_url):
        console.say(Text(N_("Careful: {path} {message}"), path=issue.path, message=issue.message))
    console.emit(row) if as_json else console.table([row], COLUMNS)


@click.group()
def command() -> None:
    """Add, change, test and list model services."""


@command.command()
@click.argument("name")
@click.option(
    "--provider", default="openai", show_default=True,
    help="openai (everything compatible), ark (Doubao), gemini.",
)  # fmt: skip
@fields
@console.json_option
def add(name: str, provider: str, key_env: str | None, as_json: bool, **given: Any) -> None:
    """Add a model service."""
    key = key_env and client.read_secret(key_env, "key_env")
    with client.open_workbench() as wb:
        row = wb.profiles.add(name, provider, key=key, **given)
    _show(row, as_json=as_json)


@command.command()
@click.argument("name")
@click.option("--rename", metavar="NAME", help="Another name.")
@fields
@console.json_option
def change(name: str, rename: str | None, key_env: str | None, as_json: bool, **given: Any) -> None:
    """Change what is named; the rest stays.

    Another address asks for its key again. An empty value takes one away: --image-model "", --fallback "", --rpm 0.
    """
    wanted = {k: v for k, v in given.items() if v not in (None, ())}
    if rename:
        wanted["name"] = rename
    key = key_env and client.read_secret(key_env, "key_env")
    with client.open_workbench() as wb:
        row = wb.profiles.update(name, key=key, **wanted)
    _show(row, as_json=as_json)


@command.command()
@click.argument("name")
@click.argument("new_name")
@console.json_option
def duplicate(name: str, new_name: str, as_json: bool) -> None:
    """Make a second profile with the same settings and key."""
    with client.open_workbench() as wb:
        row = wb.profiles.duplicate(name, new_name)
    console.emit(row) if as_json else console.table([row], COLUMNS)


@command.command()
@click.argument("name")
@click.option("--restore", is_flag=True, help="Bring it back.")
@console.json_option
def archive(name: str, restore: bool, as_json: bool) -> None:
    """Hide a service; its jobs and costs stay."""
    with client.open_workbench() as wb:
        wb.profiles.archive(name, not restore)
        row = next(r for r in wb.profiles.list(include_archived=True) if r.name == name)
    if as_json:
        console.emit(row)
    else:
        console.say(Text(N_("{name} is back.") if restore else N_("{name} is archived."), name=name))


@command.command()
@click.argument("name")
@click.option("--image", is_flag=True, help="Also draw a picture; that costs what a picture costs.")
@console.json_option
def test(name: str, image: bool, as_json: bool) -> None:
    """Make one tiny real call of each kind; exit 1 when one fails."""
    with client.open_workbench() as wb:
        results = wb.profiles.check(name, image=image)
        row = next((p for p in wb.profiles.list() if p.name == name), None)
    ok = bool(results) and all(t.ok for t in results)
    checks = [{"ok": t.ok, **_as_json(t)} for t in results]
    if as_json:
        console.emit({"profile": name, "ok": ok, "checks": checks})
    else:
        told = ("message", "remedy")
        console.table([{**c, **{n: console.localize(c[n]) for n in told}} for c in checks], CHECK_COLUMNS)
        if row is not None and not checks:
            # loaded here: few commands try anything
            from workbench.profiles.check import why_unchecked

            console.say(why_unchecked(row))
        for note in dict.fromkeys(note for c in results for note in c.notes):
            console.say(note)
    if not ok:
        raise click.exceptions.Exit(1)


def _as_json(check: ProfileCheck) -> dict[str, Any]:
    """A check's fields. What a service cannot do is there where there is something to tell."""
    silent = {"streamed", "counted"} | ({"notes"} if not check.notes else set())
    return {name: value for name, value in vars(check).items() if name not in silent}


@command.command("list")
@click.option("--archived", is_flag=True, help="Archived ones, too.")
@console.json_option
def list_(archived: bool, as_json: bool) -> None:
    """List model services."""
    with client.open_reading() as wb:
        rows = wb.profiles.list(include_archived=archived)
    console.emit(rows) if as_json else console.table(rows, COLUMNS)
