"""Where the media store's files are: a folder of this machine, or any place that fsspec reaches, such as s3://bucket/prefix.

Names are relative and follow from the content (``ab/cd/SHA.webp``), so a copy never goes stale.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from workbench.errors import InvalidInput, Issue, NotFound, Unavailable
from workbench.i18n import N_, Text

#: as much of a remote store is kept here as well; the least recently used files go first
MOST_CACHED_BYTES = 5 * 1024**3


class Storage(Protocol):
    """Keeps bytes under names. Safe from several threads and processes at once."""

    def write(self, name: str, data: bytes) -> None:
        """All of it or nothing, durably, whoever else writes the same."""
        ...

    def has(self, name: str) -> bool: ...

    def local(self, name: str) -> Path:
        """The file on this machine. Raises NotFound."""
        ...

    def names(self) -> Iterator[tuple[str, float]]:
        """Every name with when it was last written (epoch seconds)."""
        ...

    def remove(self, name: str, written_before: float) -> bool:
        """Delete it unless somebody has written it since; True when it is gone."""
        ...


def open_storage(url: str | None, home: Path) -> Storage:
    """The storage of REELWRIGHT_MEDIA_URL; None: the folder `media` of the home. Raises InvalidInput, Unavailable."""
    if url is None:
        return Folder(home / "media")
    scheme = urlsplit(url).scheme
    if scheme in ("", "file"):
        return Folder(Path(urlsplit(url).path))
    return Remote(url, Folder(home / "media-cache"))


class Folder:
    """A folder of this machine; a file survives a power cut once `write` has returned."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, data: bytes) -> None:
        self.put(name, data, durable=True)

    def put(self, name: str, data: bytes, *, durable: bool) -> None:
        place = self.folder / name
        if place.exists() and place.stat().st_size == len(data):
            # somebody needs it again: whoever sweeps must see that
            os.utime(place)
            return
        made = _make_folders(place.parent)
        handle, temporary = tempfile.mkstemp(prefix=".new-", dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, place)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        if durable:
            for folder in (place.parent, *(f.parent for f in made)):
                _sync(folder)

    def has(self, name: str) -> bool:
        return (self.folder / name).exists()

    def local(self, name: str) -> Path:
        place = self.folder / name
        if not place.exists():
            raise missing(name)
        return place

    def names(self) -> Iterator[tuple[str, float]]:
        for place in self.folder.glob("??/??/*"):
            try:
                yield place.relative_to(self.folder).as_posix(), place.stat().st_mtime
            except FileNotFoundError:
                continue

    def remove(self, name: str, written_before: float) -> bool:
        place = self.folder / name
        try:
            if place.stat().st_mtime >= written_before:
                return False
            place.unlink()
        except FileNotFoundError:
            pass
        return True


class Remote:
    """A place that fsspec reaches, with a folder of copies here for those who need a file."""

    def __init__(self, url: str, cache: Folder, most_cached: int = MOST_CACHED_BYTES) -> None:
        self._cache = cache
        self._most_cached = most_cached
        self._fs, self._root = _filesystem(url)

    def write(self, name: str, data: bytes) -> None:
        try:
            self._fs.pipe_file(self._at(name), data)
        except Exception as error:
            raise _away(error) from error
        self._cache.put(name, data, durable=False)
        self._trim()

    def has(self, name: str) -> bool:
        return self._cache.has(name) or self._exists(name)

    def local(self, name: str) -> Path:
        if not self._cache.has(name):
            try:
                data = self._fs.cat_file(self._at(name))
            except FileNotFoundError:
                raise missing(name) from None
            except Exception as error:
                raise _away(error) from error
            self._cache.put(name, data, durable=False)
            self._trim()
        return self._cache.local(name)

    def names(self) -> Iterator[tuple[str, float]]:
        try:
            found = self._fs.find(self._root, detail=True) if self._fs.exists(self._root) else {}
        except Exception as error:
            raise _away(error) from error
        for path, info in found.items():
            yield path.removeprefix(self._root).lstrip("/"), _written(info)

    def remove(self, name: str, written_before: float) -> bool:
        try:
            self._fs.invalidate_cache()
            if _written(self._fs.info(self._at(name))) >= written_before:
                return False
            self._fs.rm_file(self._at(name))
        except FileNotFoundError:
            pass
        except Exception as error:
            raise _away(error) from error
        self._cache.remove(name, time.time() + 1)
        return True

    def _exists(self, name: str) -> bool:
        try:
            return bool(self._fs.exists(self._at(name)))
        except Exception as error:
            raise _away(error) from error

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _trim(self) -> None:
        """Let the least recently used copies go when there are too many."""
        places = [(p.stat().st_atime, p.stat().st_size, p) for p in self._cache.folder.glob("??/??/*")]
        total = sum(size for _, size, _ in places)
        for _, size, place in sorted(places):
            if total <= self._most_cached:
                return
            place.unlink(missing_ok=True)
            total -= size


def _filesystem(url: str) -> tuple[Any, str]:
    """The filesystem and the root in it. Keys come from the environment of the service (AWS_…), never from the address."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query:
        text = Text(
            N_(
                "REELWRIGHT_MEDIA_URL must hold no key. Put it into the variables of the service, such as AWS_ACCESS_KEY_ID."
            )
        )
        raise InvalidInput(text, [Issue("media_url", text)])
    import fsspec

    try:
        fs, root = fsspec.core.url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        known = {"s3": "s3"}.get(parts.scheme)
        remedy = f"pip install reelwright[{known}]" if known else str(error)
        raise Unavailable(
            Text(N_("Nothing here can reach {scheme}:// media. {remedy}"), scheme=parts.scheme, remedy=remedy)
        ) from error
    return fs, str(root).rstrip("/")


def _written(info: dict[str, Any]) -> float:
    when = next((info[k] for k in ("LastModified", "mtime", "created") if info.get(k) is not None), None)
    return float(when.timestamp()) if isinstance(when, datetime) else float(when or 0.0)


def _away(error: Exception) -> Unavailable:
    said = re.sub(r"(AKIA|ASIA)[A-Z0-9]{12,}", "***", f"{type(error).__name__}: {error}")[:300]
    return Unavailable(Text(N_("The media store cannot be reached: {reason}"), reason=said))


def missing(name: str) -> NotFound:
    return NotFound(Text(N_("There is no picture or clip {sha}."), sha=name.rsplit("/", 1)[-1][:12]))


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; returns the ones that were missing."""
    missing = []
    above = folder
    while not above.exists():
        missing.append(above)
        above = above.parent
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
