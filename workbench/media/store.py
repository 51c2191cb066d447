"""The media store: files under the SHA-256 of their bytes, each once, with a row that says what they are.

A file is on the disk, durably, before any row names it; a crash between the two leaves a file nobody refers to.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection

from workbench.db.connection import Database
from workbench.db.reads import media as reads
from workbench.db.writes import media as writes
from workbench.errors import NotFound
from workbench.i18n import N_, Text
from workbench.media import clips, pictures

_ENDINGS = {"image/webp": ".webp", "video/mp4": ".mp4"}
_SHA = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Media:
    """One stored picture or clip. `seconds`: a clip's length."""

    sha256: str
    kind: Literal["image", "video"]
    mime: str
    width: int
    height: int
    bytes: int
    seconds: float | None = None


class MediaStore:
    """Adds and finds pictures and clips. Safe from several threads and processes at once."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database

    def add_image(self, data: bytes) -> Media:
        """Keep a picture; the same pixels are kept once. Raises MediaRefused with the reason."""
        return self._added(self.keep_image(data))

    def add_video(self, data: bytes) -> Media:
        """Keep an MP4 clip. Raises MediaRefused with the reason."""
        return self._added(self.keep_video(data))

    def _added(self, media: Media) -> Media:
        with self._database.write() as conn:
            self.record(conn, media)
        return media

    def keep_image(self, data: bytes) -> Media:
        """The first half of `add_image`: the file alone. `record` in the transaction that refers to it does the rest."""
        made = pictures.checked(data)
        sha = hashlib.sha256(made.data).hexdigest()
        self._write(self._place(sha, ".webp"), made.data, durable=True)
        self._write(self._thumbnail_place(sha), made.thumbnail, durable=False)
        return Media(sha, "image", "image/webp", made.width, made.height, len(made.data))

    def keep_video(self, data: bytes) -> Media:
        """The first half of `add_video`."""
        made = clips.checked(data)
        sha = hashlib.sha256(made.data).hexdigest()
        self._write(self._place(sha, ".mp4"), made.data, durable=True)
        return Media(sha, "video", "video/mp4", made.width, made.height, len(made.data), made.seconds)

    def record(self, conn: Connection, media: Media) -> None:
        """Write the row of a kept file, once."""
        writes.add(conn, **asdict(media))

    def find(self, sha: str) -> dict[str, Any]:
        """The row. Raises NotFound."""
        with self._database.read() as conn:
            row = reads.find(conn, sha)
        if row is None:
            raise _unknown(sha)
        return row

    def path(self, sha: str) -> Path:
        """Where the file is. Raises NotFound."""
        for ending in _ENDINGS.values() if _SHA.fullmatch(sha) else ():
            place = self._place(sha, ending)
            if place.exists():
                return place
        raise _unknown(sha)

    def thumbnail(self, sha: str) -> Path:
        """Where a picture's small copy is; made again when it is missing. Raises NotFound."""
        place = self.path(sha)
        if place.suffix != ".webp":
            raise NotFound(Text(N_("A clip has no thumbnail.")))
        small = self._thumbnail_place(sha)
        if not small.exists():
            self._write(small, pictures.thumbnail_of(pictures.opened(place.read_bytes())), durable=False)
        return small

    def read(self, sha: str) -> bytes:
        """The bytes. Raises NotFound."""
        return self.path(sha).read_bytes()

    def _place(self, sha: str, ending: str) -> Path:
        return self._folder / sha[:2] / sha[2:4] / f"{sha}{ending}"

    def _thumbnail_place(self, sha: str) -> Path:
        return self._folder / "thumbnails" / sha[:2] / f"{sha}.webp"

    def _write(self, place: Path, data: bytes, *, durable: bool) -> None:
        """All of it or nothing, whoever else writes the same, even through a power cut where `durable`."""
        if place.exists() and place.stat().st_size == len(data):
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


def _unknown(sha: str) -> NotFound:
    return NotFound(Text(N_("There is no picture or clip {sha}."), sha=sha[:12]))
