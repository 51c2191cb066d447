"""`wb.media`: stored pictures and clips, each a file named by the SHA-256 of its bytes."""

from __future__ import annotations

from pathlib import Path

from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.db.rows.media import Media as MediaRow
from workbench.media import MediaStore, garbage


@check_arguments
class Media:
    """Finds and sweeps pictures and clips."""

    def __init__(self, database: Database, store: MediaStore) -> None:
        self._database = database
        self._store = store

    def get(self, sha256: str) -> MediaRow:
        """What is known of a stored picture or clip. Raises NotFound."""
        return self._store.find(sha256)

    def path(self, sha256: str, thumbnail: bool = False) -> Path:
        """The file of a picture or clip, or its small copy: a clip's is its first frame. Raises NotFound."""
        return self._store.thumbnail(sha256) if thumbnail else self._store.path(sha256)

    def add_picture(self, data: bytes) -> MediaRow:
        """Keep a picture that a person brings (PNG, JPEG, WebP, AVIF, HEIC; a GIF's first frame), to be referred to by
        an artifact within a day. Raises MediaRefused with the reason."""
        return self._store.find(self._store.add_upload(data).sha256)

    def add_clip(self, data: bytes) -> MediaRow:
        """Keep an MP4 clip that a person brings, likewise. Raises MediaRefused with the reason."""
        return self._store.find(self._store.add_video(data).sha256)

    def sweep(self, *, grace_s: float = garbage.GRACE_S, dry_run: bool = False) -> garbage.SweepReport:
        """Remove pictures and clips that nothing refers to and that are older than the grace (seconds)."""
        return garbage.sweep(self._database, self._store, grace_s=grace_s, dry_run=dry_run)
