"""The media store: files under the SHA-256 of their bytes, each once, with a row that says what they are.

A file is on the disk, durably, before any row names it; a crash between the two leaves a file nobody refers to.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection

from workbench.db.connection import Database
from workbench.db.reads import media as reads
from workbench.db.rows import media as rows
from workbench.db.writes import media as writes
from workbench.errors import NotFound
from workbench.i18n import N_, Text
from workbench.media import clips, pictures, stills, uploads
from workbench.media.storage import Folder, Storage, open_storage

if TYPE_CHECKING:
    from workbench.settings import Settings

log = logging.getLogger(__name__)

ENDINGS = {"image/webp": ".webp", "video/mp4": ".mp4"}
#: of files that can be made again
FILE_ENDINGS = (".pdf", ".xlsx", ".csv", ".fountain", ".docx", ".srt")
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

    def __init__(self, storage: Storage, database: Database, thumbnails: Path) -> None:
        """`thumbnails`: a folder of this machine for small copies, which can be made again at any time."""
        self.storage = storage
        self._database = database
        self._thumbnails = Folder(thumbnails, private=True)

    @classmethod
    def open(cls, settings: Settings, database: Database) -> MediaStore:
        """The store of these settings. Raises InvalidInput, Unavailable."""
        return cls(open_storage(settings.media_url, settings.home), database, settings.home / "media" / "thumbnails")

    def add_image(self, data: bytes) -> Media:
        """Keep a picture; the same pixels are kept once. Raises MediaRefused with the reason."""
        return self._add(self.keep_image(data))

    def add_video(self, data: bytes) -> Media:
        """Keep an MP4 clip. Raises MediaRefused with the reason."""
        return self._add(self.keep_video(data))

    def _add(self, media: Media) -> Media:
        with self._database.write() as conn:
            self.record(conn, media)
        return media

    def keep_image(self, data: bytes) -> Media:
        """The first half of `add_image`: the file alone. `record` in the transaction that refers to it does the
        rest."""
        return self._keep_picture(pictures.verify(data))

    def add_upload(self, data: bytes) -> Media:
        """Keep a picture that a person brings, as `uploads` takes them. Raises MediaRefused with the reason."""
        return self._add(self._keep_picture(uploads.verify(data)))

    def _keep_picture(self, made: pictures.Picture) -> Media:
        sha = hashlib.sha256(made.data).hexdigest()
        self.storage.write(name_of(sha, ".webp"), made.data)
        try:
            self._thumbnails.put(_thumbnail_name(sha), made.thumbnail, durable=False)
        except OSError as error:
            # it is made again by whoever wants to see it
            log.warning("no small copy of %s is kept: %s", sha, error)
        return Media(sha, "image", "image/webp", made.width, made.height, len(made.data))

    def keep_video(self, data: bytes) -> Media:
        """The first half of `add_video`."""
        made = clips.verify(data)
        sha = hashlib.sha256(made.data).hexdigest()
        self.storage.write(name_of(sha, ".mp4"), made.data)
        return Media(sha, "video", "video/mp4", made.width, made.height, len(made.data), made.seconds)

    def keep_file(self, data: bytes, ending: str) -> str:
        """Keep a file that can be made again, such as a PDF, without a row: a sweep removes it a day later. `ending`:
        one of FILE_ENDINGS. Returns the SHA-256 that `read_file` finds it by."""
        sha = hashlib.sha256(data).hexdigest()
        self.storage.write(name_of(sha, ending), data)
        return sha

    def read_file(self, sha: str, ending: str) -> bytes:
        """The bytes of a kept file. Raises NotFound once it was swept, Unavailable."""
        if not self.has_file(sha, ending):
            raise NotFound(Text(N_("This file is no longer kept. Make it again.")))
        return self.storage.read(name_of(sha, ending))

    def has_file(self, sha: str, ending: str) -> bool:
        return bool(_SHA.fullmatch(sha)) and self.storage.has(name_of(sha, ending))

    def record(self, conn: Connection, media: Media) -> None:
        """Write the row of a kept file, once."""
        writes.add(conn, **asdict(media))

    def find(self, sha: str) -> rows.Media:
        """Its row. Raises NotFound."""
        with self._database.read() as conn:
            row = reads.find(conn, sha)
        if row is None:
            raise _no_media(sha)
        return row

    def path(self, sha: str) -> Path:
        """Where the file is on this machine, fetched if need be. Raises NotFound, Unavailable."""
        return self.storage.local(self._name(sha))

    def thumbnail(self, sha: str) -> Path:
        """Where the small copy of a picture, or of a clip's first frame, is; made when it is missing. Raises
        NotFound."""
        if _SHA.fullmatch(sha) and self._thumbnails.has(_thumbnail_name(sha)):
            return self._thumbnails.local(_thumbnail_name(sha))
        place = self.path(sha)
        if place.suffix == ".mp4":
            made = stills.first_frame(place)
        else:
            made = pictures.make_thumbnail(pictures.open_image(place.read_bytes()))
        self._thumbnails.put(_thumbnail_name(sha), made, durable=False)
        return self._thumbnails.local(_thumbnail_name(sha))

    def read(self, sha: str) -> bytes:
        """The bytes. Raises NotFound, Unavailable."""
        return self.storage.read(self._name(sha))

    def _name(self, sha: str) -> str:
        names = [name_of(sha, ending) for ending in ENDINGS.values()] if _SHA.fullmatch(sha) else []
        found = next((n for n in names if self.storage.has(n)), None)
        if found is None:
            raise _no_media(sha)
        return found

    def forget(self, sha: str, ending: str, written_before: float) -> bool:
        """Delete the file of a swept picture or clip unless somebody has written it since."""
        gone = self.storage.remove(name_of(sha, ending), written_before)
        if gone:
            self._thumbnails.remove(_thumbnail_name(sha), written_before)
        return gone


def name_of(sha: str, ending: str) -> str:
    """The name of a file in the storage."""
    return f"{sha[:2]}/{sha[2:4]}/{sha}{ending}"


def _thumbnail_name(sha: str) -> str:
    return f"{sha[:2]}/{sha}.webp"


def _no_media(sha: str) -> NotFound:
    return NotFound(Text(N_("There is no picture or clip {sha}."), sha=sha[:12]))
