"""Small files that belong to one user alone, such as a secret that every process of a home has to agree on."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def read_or_create(path: Path, make: str) -> str:
    """What stands in `path`, `make` when there was nothing yet: processes that start at once agree on one text.

    A file that others could read, that is empty or is another user's is replaced: what stood there is no secret any
    more. Raises OSError.
    """
    for _ in range(2):
        with contextlib.suppress(FileNotFoundError):
            text = _read_private(path)
            if text:
                return text
            path.unlink()
        draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        write(draft, make)
        try:
            os.link(draft, path)
        except FileExistsError:
            continue
        except OSError:
            # a file system without links: the last of several that start at once wins
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return make
    return _read_private(path) or make


def write(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in place of whatever stood there. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _read_private(path: Path) -> str:
    """The text, "" when others could have read or written it."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with open(handle, encoding="utf-8") as file:
        state = os.fstat(handle)
        return "" if state.st_mode & 0o077 or state.st_uid != os.getuid() else file.read().strip()
