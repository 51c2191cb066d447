"""Where the media store's files are: a folder of this machine, or any place that fsspec reaches, such as s3://bucket/prefix.

Names are relative and follow from the content (``ab/cd/SHA.webp``), so a copy never goes stale. Why: ADR 0019.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from workbench.errors import InvalidInput, Issue, MediaUnavailable, NotFound, Unavailable
from workbench.i18n import N_, Text

log = logging.getLogger(__name__)

#: as much of a remote store is kept here as well; the least recently used files go first
MAX_CACHED_BYTES = 5 * 1024**3
#: a remote store may take so long for an answer; s3fs by itself waits for ever for a PUT that nobody answers
LOOK_S = 60.0
MOVE_S = 600.0
#: names of files being written or removed; what a killed process leaves of them is swept
_ASIDE = (".new-", ".gone-")
#: the optional extras with drivers
_EXTRAS = {"s3": "s3"}
_NAMED_BY_HASH = re.compile(r"(?:.*/)?([0-9a-f]{64})\.\w+")


class Storage(Protocol):
    """Keeps bytes under names. Safe from several threads and processes at once."""

    def write(self, name: str, data: bytes) -> None:
        """All of it or nothing, durably, whoever else writes the same."""
        ...

    def has(self, name: str) -> bool: ...

    def local(self, name: str) -> Path:
        """The file on this machine. Raises NotFound."""
        ...

    def read(self, name: str) -> bytes:
        """The bytes. Raises NotFound."""
        ...

    def names(self) -> Iterator[tuple[str, float]]:
        """Every name with when it was last written (epoch seconds)."""
        ...

    def remove(self, name: str, written_before: float) -> bool:
        """Delete it unless somebody has written it since; True when it is gone."""
        ...

    def tidy(self, written_before: float) -> None:
        """Delete what writers that were killed have left half-written."""
        ...


def open_storage(url: str | None, home: Path) -> Storage:
    """The storage of REELWRIGHT_MEDIA_URL; None: the folder `media` of the home. Raises InvalidInput, Unavailable."""
    if url is None:
        return Folder(home / "media", private=True)
    if holds_key(url):
        text = Text(
            N_(
                "REELWRIGHT_MEDIA_URL must hold no key. Put it into the variables of the service, such as "
                "AWS_ACCESS_KEY_ID."
            )
        )
        raise InvalidInput(text, [Issue("media_url", text)])
    if urlsplit(url).scheme == "file":
        return Folder(Path(unquote(urlsplit(url).path)))
    return Remote(url, Folder(home / "media-cache", private=True))


def holds_key(url: str) -> bool:
    """Whether anything but a place is in the address: a user, a password, a query. A chain of addresses could hide
    them."""
    return "@" in urlsplit(url).netloc or "?" in url or "::" in url.partition("[")[0]


class Folder:
    """A folder of this machine; a file survives a power cut once `write` has returned."""

    def __init__(self, folder: Path, *, private: bool = False) -> None:
        """`private`: nobody else of this machine may look; a folder that was named may be shared."""
        self.folder = folder
        self._modes = (0o700, 0o600) if private else (0o755, 0o644)

    def write(self, name: str, data: bytes) -> None:
        try:
            self.put(name, data, durable=True)
        except OSError as error:
            raise unavailable(error) from error

    def put(self, name: str, data: bytes, *, durable: bool) -> None:
        place = self.folder / name
        if _touch(place, len(data)):
            if durable:
                # whoever wrote it may not have come to this yet
                _sync(place.parent)
            return
        new_folders = _make_folders(place.parent, self._modes[0])
        handle, temporary = tempfile.mkstemp(prefix=".new-", dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            os.chmod(temporary, self._modes[1])
            os.replace(temporary, place)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        if durable:
            for folder in (place.parent, *(f.parent for f in new_folders)):
                _sync(folder)

    def has(self, name: str) -> bool:
        return (self.folder / name).exists()

    def local(self, name: str) -> Path:
        place = self.folder / name
        if not place.exists():
            raise missing(name)
        return place

    def read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise missing(name) from None
        except OSError as error:
            raise unavailable(error) from error

    def names(self) -> Iterator[tuple[str, float]]:
        for place, stat in self.files():
            yield place.relative_to(self.folder).as_posix(), stat.st_mtime

    def files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Every whole file; others may come and go meanwhile."""
        for place in self.folder.glob("??/??/*"):
            if not place.name.startswith(_ASIDE):
                with contextlib.suppress(FileNotFoundError):
                    yield place, place.stat()

    def remove(self, name: str, written_before: float) -> bool:
        place = self.folder / name
        aside = place.with_name(f".gone-{uuid.uuid4().hex}")
        try:
            if place.stat().st_mtime >= written_before:
                return False
            # Set aside first: who needs it again from here on finds none and writes a new one.
            os.rename(place, aside)
        except FileNotFoundError:
            return True
        needed = aside.stat().st_mtime >= written_before
        if needed:
            # somebody needed it between the look and the setting aside
            with contextlib.suppress(FileExistsError):
                os.link(aside, place)
        aside.unlink()
        return not needed

    def tidy(self, written_before: float) -> None:
        for place in self.folder.glob("??/??/.*"):
            with contextlib.suppress(FileNotFoundError):
                if place.name.startswith(_ASIDE) and place.stat().st_mtime < written_before:
                    place.unlink()


class Remote:
    """A place that fsspec reaches, with a folder of copies here for those who need a file."""

    def __init__(
        self,
        url: str,
        cache: Folder,
        max_cached: int = MAX_CACHED_BYTES,
        look_s: float = LOOK_S,
        move_s: float = MOVE_S,
    ) -> None:
        self._cache = cache
        self._max_cached = max_cached
        self._look_s, self._move_s = look_s, move_s
        #: counting the copies takes a while when there are many: it is done again after each 64th of them
        self._put_since = max_cached
        self._fs, self._root = _filesystem(url)

    def write(self, name: str, data: bytes) -> None:
        try:
            self._ask("pipe_file", self._at(name), data, within_s=self._move_s)
        except FileNotFoundError:
            # a place with real folders; an object store says so of a bucket that is not there
            self._call(self._write_in_new_folder, name, data)
        except Exception as error:
            raise _unreachable(error) from error
        self._copy(name, data)

    def has(self, name: str) -> bool:
        return self._cache.has(name) or bool(self._call(self._ask, "exists", self._at(name)))

    def local(self, name: str) -> Path:
        place = self._cache.folder / name
        try:
            # the copies used last go last
            os.utime(place)
        except FileNotFoundError:
            self._cache.write(name, self._fetch(name))
            self._trim(name, place.stat().st_size)
        return place

    def read(self, name: str) -> bytes:
        try:
            return self._cache.read(name)
        except NotFound:
            data = self._fetch(name)
        self._copy(name, data)
        return data

    def names(self) -> Iterator[tuple[str, float]]:
        found: dict[str, Any] = self._call(self._list)
        for path, info in found.items():
            yield path.removeprefix(self._root).lstrip("/"), self._find_write_time(path, info)

    def remove(self, name: str, written_before: float) -> bool:
        """As Folder's but for the moment between look and delete, which no object store offers to join."""
        try:
            path = self._at(name)
            if self._find_write_time(path, self._ask("info", path)) >= written_before:
                return False
            self._ask("rm_file", path)
        except FileNotFoundError:
            pass
        except Exception as error:
            raise _unreachable(error) from error
        (self._cache.folder / name).unlink(missing_ok=True)
        return True

    def tidy(self, written_before: float) -> None:
        self._cache.tidy(written_before)

    # -- the service ---------------------------------------------------------------------------------------------------

    def _ask(self, method: str, *args: Any, within_s: float | None = None, **kwargs: Any) -> Any:
        """Call the filesystem, for a call_with_timeout time where it can be call_with_timeout. Raises what it
        raises, TimeoutError."""
        if not self._fs.async_impl:
            return getattr(self._fs, method)(*args, **kwargs)
        from fsspec.asyn import sync

        async def call_with_timeout() -> Any:
            async with asyncio.timeout(within_s or self._look_s):
                return await getattr(self._fs, f"_{method}")(*args, **kwargs)

        return sync(self._fs.loop, call_with_timeout)

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            raise _unreachable(error) from error

    def _write_in_new_folder(self, name: str, data: bytes) -> None:
        path = self._at(name)
        if not self._fs.async_impl:
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._ask("pipe_file", path, data, within_s=self._move_s)

    def _list(self) -> dict[str, Any]:
        if not self._ask("exists", self._root):
            return {}
        found: dict[str, Any] = self._ask("find", self._root, detail=True, within_s=self._move_s)
        return found

    def _fetch(self, name: str) -> bytes:
        """The bytes from the service, whole."""
        try:
            data = bytes(self._ask("cat_file", self._at(name), within_s=self._move_s))
        except FileNotFoundError:
            raise missing(name) from None
        except Exception as error:
            raise _unreachable(error) from error
        named = _NAMED_BY_HASH.fullmatch(name)
        if named and hashlib.sha256(data).hexdigest() != named[1]:
            # not every service writes all or nothing
            raise Unavailable(Text(N_("The stored picture or clip {sha} is damaged."), sha=named[1][:12]))
        return data

    def _find_write_time(self, path: str, info: dict[str, Any]) -> float:
        """When; where the service does not say: now, since what is young stays."""
        when = next((info[k] for k in _TIMES if info.get(k) is not None), None)
        if when is None:
            try:
                when = self._ask("modified", path)
            except NotImplementedError:
                return time.time()
        if isinstance(when, str):
            when = datetime.fromisoformat(when)
        return float(when.timestamp()) if isinstance(when, datetime) else float(when)

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    # -- the copies ----------------------------------------------------------------------------------------------------

    def _copy(self, name: str, data: bytes) -> None:
        """Keep a copy if there is room; what the service holds is safe without."""
        try:
            self._cache.put(name, data, durable=True)
            self._trim(name, len(data))
        except OSError as error:
            log.warning("no copy of %s is kept here: %s", name, error)

    def _trim(self, newest: str, size: int) -> None:
        """Let the least recently used copies go when there are too many, the newest never."""
        self._put_since += size
        if self._put_since <= self._max_cached // 64:
            return
        self._put_since = 0
        copies = sorted((stat.st_mtime, stat.st_size, place) for place, stat in self._cache.files())
        total = sum(size for _, size, _ in copies)
        for _, size, place in copies:
            if total <= self._max_cached:
                return
            if place != self._cache.folder / newest:
                place.unlink(missing_ok=True)
                total -= size


#: what filesystems call the time of the last writing
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "modified", "created")


def _filesystem(url: str) -> tuple[Any, str]:
    """The filesystem and the root in it. Keys come from the environment of the service (AWS_…), never from the
    address."""
    import fsspec

    scheme = urlsplit(url).scheme
    try:
        fs, root = fsspec.core.url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        extra = _EXTRAS.get(scheme)
        remedy = f"pip install 'reelwright[{extra}]'" if extra else str(error)
        raise Unavailable(
            Text(N_("Nothing here can reach {scheme}:// media. {remedy}"), scheme=scheme, remedy=remedy)
        ) from error
    return fs, str(root).rstrip("/")


def unavailable(error: OSError) -> MediaUnavailable:
    """What a disk said: that it is full, read-only, broken, somebody else's."""
    return MediaUnavailable(
        Text(N_("The media store cannot be used now: {reason}"), reason=error.strerror or type(error).__name__)
    )


def _unreachable(error: Exception) -> MediaUnavailable:
    said = re.sub(r"(AKIA|ASIA)[A-Z0-9]{12,}", "***", f"{type(error).__name__}: {error}")[:300]
    return MediaUnavailable(Text(N_("The media store cannot be reached: {reason}"), reason=said))


def missing(name: str) -> NotFound:
    return NotFound(Text(N_("There is no picture or clip {sha}."), sha=name.rsplit("/", 1)[-1][:12]))


def _touch(place: Path, size: int) -> bool:
    """Whether the file is there, whole, and from now on young: whoever sweeps sees that somebody needs it again."""
    try:
        if place.stat().st_size != size:
            return False
        os.utime(place)
    except FileNotFoundError:
        return False
    return True


def _make_folders(folder: Path, mode: int) -> list[Path]:
    """Make a folder and those above it; returns the ones that were missing."""
    missing = []
    above = folder
    while not above.exists():
        missing.append(above)
        above = above.parent
    for new in reversed(missing):
        new.mkdir(mode=mode, exist_ok=True)
    return missing


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
