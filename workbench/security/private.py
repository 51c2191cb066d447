"""Folders and files that are their owner's alone, also those that were there before."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

_OTHERS = 0o077


def make_private(folder: Path) -> None:
    """Take everybody else's rights from a folder (0700) and what is in it (0600).

    Folders below that are private already are not looked into: nobody else reaches what they hold. What belongs to
    somebody else is left, and so is what a link leads to.
    """
    _close(folder, look_into=True)


def _close(folder: Path, *, look_into: bool) -> None:
    with contextlib.suppress(PermissionError, FileNotFoundError):
        if look_into:
            with os.scandir(folder) as entries:
                for entry in entries:
                    _close_entry(entry)
        os.chmod(folder, 0o700)


def _close_entry(entry: os.DirEntry[str]) -> None:
    with contextlib.suppress(PermissionError, FileNotFoundError):
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode) and mode & _OTHERS:
            # what it holds first: cut short, the next start begins again
            _close(Path(entry.path), look_into=True)
        elif stat.S_ISREG(mode) and mode & _OTHERS:
            os.chmod(entry.path, stat.S_IMODE(mode) & ~_OTHERS)
