"""What an archive looks like: a ZIP with a manifest, the rows of each table as JSON lines, and media by their hash."""

from __future__ import annotations

import re

from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text

FORMAT = "reelwright-project"
#: one job with what it needs to be run again offline
BUNDLE = "reelwright-bundle"
#: raised when an older Reelwright could no longer understand what a newer one writes
VERSION = 1
MANIFEST = "manifest.json"
MEDIA_NAME = re.compile(r"media/([0-9a-f]{64})\.(webp|mp4)")
ROWS_NAME = re.compile(r"rows/([a-z_]{1,40})\.jsonl")

#: what is read of an archive at most; with every kind and ten versions of each, 100 × 24 scenes stay below a tenth
MOST_BYTES = 64 * 1024**3
MOST_ROW_BYTES = 8 * 1024**3
MOST_FILES = 200_000
LONGEST_ROW = 64 * 1024**2
LONGEST_MANIFEST = 4 * 1024**2
#: characters of what lists show of each row, in English or in another language
LONGEST_TITLE = 1_000
LONGEST_SENTENCE = 1_000_000


def rows_name(table: str) -> str:
    return f"rows/{table}.jsonl"


def media_name(sha: str, ending: str) -> str:
    return f"media/{sha}{ending}"


def refusal(reason: str, **values: object) -> InvalidInput:
    """Why a file is no archive that can be read in; nothing was changed."""
    text = Text(N_("The archive is refused, and nothing was changed: {reason}"), reason=Text(reason, **values))
    return InvalidInput(text, [Issue("file", text)])


def odd(table: str) -> InvalidInput:
    return refusal(N_("its rows of {table} do not fit together"), table=table)


def wrong(table: str, column: str) -> InvalidInput:
    return refusal(N_("{column} of a row of {table} is not as it should be"), table=table, column=column)


def too_long(table: str, column: str) -> InvalidInput:
    return refusal(N_("{column} of a row of {table} is far too long"), table=table, column=column)
