"""An archive read in: everything is looked at first, then written in one transaction; refused, it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DatabaseError, StatementError

from workbench.archives import checking, opening
from workbench.archives.checking import Checker
from workbench.archives.export import Progress
from workbench.archives.form import refusal
from workbench.archives.load import Loader
from workbench.archives.opening import Archive
from workbench.db.connection import Database
from workbench.db.reads import archives as reads
from workbench.db.reads import story
from workbench.db.reads.archives import PARTS, Part
from workbench.db.writes import media as media_writes
from workbench.db.writes import story as writes
from workbench.errors import NotFound
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.media.store import MediaStore, name_of

NEEDED = {part.name for part in reads.NEEDED}


@dataclass(frozen=True)
class ImportReport:
    """What came in. `missing`: hashes of media that were not there any more when the archive was written;
    `had_profile`: its jobs used a profile of the home that it comes from, here they use the sketch until one is
    chosen."""

    project_id: int
    title: str
    nodes: int
    versions: int
    jobs: int
    media: int
    missing: tuple[str, ...]
    had_profile: bool

    def as_json(self) -> JsonObject:
        return vars(self) | {"missing": list(self.missing)}


def read_in(database: Database, store: MediaStore, path: Path, folder: Path, progress: Progress) -> ImportReport:
    """Add the project of an archive. `folder`: the home, which must have room. Raises InvalidInput with the reason."""
    with Archive(path) as archive:
        archive.refuse_without_room(folder)
        tables = set(archive.manifest["tables"])
        foreign = sorted(tables - {part.name for part in PARTS}) + sorted(NEEDED - tables)
        if foreign:
            raise refusal(N_("its rows of {table} do not fit together"), table=foreign[0][:60])
        checker = Checker()
        for number, part in enumerate(PARTS):
            for row in _rows(archive, part):
                checker.check(part, row)
            progress(round(30 * (number + 1) / len(PARTS)))
        checker.check_whole()
        media = [_verify(archive, sha, at, progress) for at, sha in enumerate(sorted(archive.media))]
        for known in media:
            sha = str(known["sha256"])
            store.storage.write(name_of(sha, Path(archive.media[sha]).suffix), archive.read_media(sha))
        try:
            with database.write() as conn:
                for known in media:
                    media_writes.add(conn, **known)
                project_id = Loader(conn, lambda part: _checked(archive, part)).load()
        except (DatabaseError, StatementError) as error:
            if getattr(error, "connection_invalidated", False):
                raise
            raise refusal(N_("its rows cannot be kept ({problem})"), problem=type(error).__name__) from error
        progress(100)
        count = {name: int(table["rows"]) for name, table in archive.manifest["tables"].items()}
        return ImportReport(
            project_id, checker.title, count["node"], count["artifact"], count.get("job", 0), len(media),
            tuple(archive.manifest["missing"]), archive.manifest.get("had_profile") is True,
        )  # fmt: skip


def _rows(archive: Archive, part: Part) -> Iterator[JsonObject]:
    if archive.has(part.name):
        yield from archive.lines(part.name)


def _checked(archive: Archive, part: Part) -> Iterator[JsonObject]:
    """Rows that were looked at before, with what they leave open filled in as it was then."""
    for row in _rows(archive, part):
        checking.fill(part, row)
        yield row


def _verify(archive: Archive, sha: str, at: int, progress: Progress) -> JsonObject:
    data = archive.read_media(sha)
    found = opening.verify_media(archive.media[sha], data)
    progress(30 + round(60 * (at + 1) / len(archive.media)))
    return {"sha256": sha, "bytes": len(data)} | found


def duplicate(database: Database, project_id: int, title: str, user: str) -> int:
    """Copy a project within its home: its tree with every version; jobs and what they cost stay the original's.

    `title`: the copy's. Raises NotFound.
    """
    with database.write() as conn:
        root = story.find_node(conn, project_id)
        if root is None or root.kind != "project":
            raise NotFound(Text(N_("There is no project {id}."), id=project_id))
        copy = Loader(conn, lambda part: list(reads.read_rows(conn, project_id, part)), with_jobs=False).load()
        writes.set_node(conn, copy, title=title, profile_id=root.profile_id, created_by=user, archived_at=None)
        return copy
