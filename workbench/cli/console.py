"""Saying things: results on stdout, the rest on stderr, in the reader's language."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from workbench.db.rows.record import Record
from workbench.errors import GuardUnmet, InvalidInput, ReelwrightError
from workbench.i18n import Text, terminal_language, translate
from workbench.json_types import JsonObject
from workbench.plain_text import printable, printable_json

#: the option that every data command has
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON alone on stdout.")


language = terminal_language


def localize(text: str) -> str:
    return translate(text, language())


def localize_column(row: Record, column: str) -> str | None:
    """A stored sentence in the reader's language; None when there is none."""
    stored = getattr(row, f"{column}_i18n", None)
    return localize(Text.from_json(stored)) if stored else getattr(row, column, None)


def print_plain(text: object = "", *, err: bool = False) -> None:
    """A line, of which nothing reaches the terminal but what can be read: titles and answers may hold anything."""
    click.echo(printable(str(text)), err=err)


def say(text: str) -> None:
    """One line to the person, on stderr."""
    print_plain(f"reelwright: {localize(text)}", err=True)


def complain(error: ReelwrightError) -> None:
    """An error as one line, or a line per field when several are wrong. What others said of a password stays out."""
    from workbench.security.redact import redactor

    issues = error.unmet if isinstance(error, GuardUnmet) else error.issues if isinstance(error, InvalidInput) else []
    if len(issues) > 1 or isinstance(error, GuardUnmet):
        for issue in issues:
            where = f"{issue.path}: " if issue.path and issue.path not in str(issue.message) else ""
            print_plain(redactor.text(f"reelwright: {where}{localize(issue.message)}"), err=True)
    else:
        print_plain(redactor.text(f"reelwright: {localize(error.text)}"), err=True)


def emit(value: Any, *, with_secrets: bool = False) -> None:
    """A result as JSON on stdout. `with_secrets`: one that was just made, and is shown this once."""
    from workbench.security.redact import redactor

    output = printable_json(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))
    sys.stdout.write((output if with_secrets else redactor.mask(output)) + "\n")
    sys.stdout.flush()


def emit_line(value: Any) -> None:
    """One of many results as JSON on a line of its own, while more are still to come."""
    from workbench.security.redact import redactor

    output = printable_json(json.dumps(value, ensure_ascii=False, default=_plain))
    sys.stdout.write(redactor.mask(output) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    return value.as_json() if isinstance(value, Record) else str(value)


def table(rows: Sequence[Record | JsonObject], columns: Sequence[str]) -> None:
    """Rows as aligned text on stdout; full-width characters count as two."""
    from unicodedata import east_asian_width

    def width(text: str) -> int:
        return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)

    cells = [[name.upper().replace("_", " ") for name in columns]]
    for row in rows:
        fields = row.as_json() if isinstance(row, Record) else row
        cells.append(["—" if fields.get(c) is None else printable(str(fields[c])).replace("\n", " ") for c in columns])
    widths = [max(width(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        print_plain("  ".join(c + " " * (w - width(c)) for c, w in zip(line, widths, strict=True)).rstrip())
