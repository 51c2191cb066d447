"""An archive read in: everything is looked at first, then written in one transaction; refused, it changes nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DatabaseError, SQLAlchemyError, StatementError

from workbench.archives import checking, opening
from workbench.archives.checking import Checker, ReadParams
from workbench.archives.export import Progress
from workbench.archives.form import odd, refusal
from workbench.archives.load import Loader
from workbench.archives.opening import Archive
from workbench.archives.retitle import check_title, name_copy, retitle
from workbench.db.connection import Database
from workbench.db.reads import archives as reads
from workbench.db.reads import story
from workbench.db.reads.archives import PARTS, Part
from workbench.db.writes import media as media_writes
from workbench.db.writes import story as writes
from workbench.errors import NotFound, ReelwrightError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.media.storage import Storage
from workbench.media.store import MediaStore, name_of

log = logging.getLogger(__name__)

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


def read_in(
    database: Database, store: MediaStore, path: Path, folder: Path, read_params: ReadParams, progress: Progress
) -> ImportReport:
    """Add the project of an archive. `folder`: the home, which must have room. Raises InvalidInput with the reason."""
    with Archive(path) as archive:
        archive.refuse_without_room(folder)
        tables = set(archive.manifest["tables"])
        foreign = sorted(tables - {part.name for part in PARTS}) + sorted(NEEDED - tables)
        if foreign:
            raise odd(foreign[0][:60])
        checker = Checker(read_params)
        for number, part in enumerate(PARTS):
            for row in _rows(archive, part):
                checker.check(part, row)
            progress(round(30 * (number + 1) / len(PARTS)))
        checker.check_whole()
        media = [_verify(archive, sha, at, progress) for at, sha in enumerate(sorted(archive.media))]
        new: dict[str, tuple[str, float]] = {}
        try:
            for known in media:
                sha = str(known["sha256"])
                _keep(store.storage, sha, name_of(sha, Path(archive.media[sha]).suffix), archive.read_media(sha), new)
            with database.write() as conn:
                for known in media:
                    media_writes.add(conn, **known)
                project_id = Loader(conn, lambda part: _checked(archive, part, read_params)).load()
        except BaseException as error:
            _take_back(database, store.storage, new)
            if not isinstance(error, DatabaseError | StatementError) or getattr(error, "connection_invalidated", False):
                raise
            raise refusal(N_("its rows cannot be kept ({problem})"), problem=type(error).__name__) from error
        progress(100)
        count = {name: int(table["rows"]) for name, table in archive.manifest["tables"].items()}
        return ImportReport(
            project_id, checker.title, count["node"], count["artifact"], count.get("job", 0), len(media),
            tuple(archive.manifest["missing"]), archive.manifest.get("had_profile") is True,
        )  # fmt: skip


def _keep(storage: Storage, sha: str, name: str, data: bytes, new: dict[str, tuple[str, float]]) -> None:
    """Write a file, and remember under `new` one that was not there before, with the moment by which it was."""
    was_there = storage.has(name)
    storage.write(name, data)
    if not was_there:
        new[sha] = (name, time.time())


def _take_back(database: Database, storage: Storage, new: Mapping[str, tuple[str, float]]) -> None:
    """Remove the files of a refused archive, but none that anybody has needed since. What cannot be removed now goes
    with the next sweep of what nothing refers to."""
    if not new:
        return
    try:
        with database.read() as conn:
            known = {str(row["sha256"]) for row in reads.find_media(conn, list(new))}
        for sha, (name, written) in new.items():
            if sha not in known:
                storage.remove(name, written)
    except (SQLAlchemyError, ReelwrightError, OSError) as error:
        log.warning("files of a refused archive stay until the next sweep: %s", error)


def _rows(archive: Archive, part: Part) -> Iterator[JsonObject]:
    if archive.has(part.name):
        yield from archive.lines(part.name)


def _checked(archive: Archive, part: Part, read_params: ReadParams) -> Iterator[JsonObject]:
    """Rows that were looked at before, with what they leave open filled in as it was then."""
    for row in _rows(archive, part):
        checking.fill(part, row, read_params)
        yield row


def _verify(archive: Archive, sha: str, at: int, progress: Progress) -> JsonObject:
    data = archive.read_media(sha)
    found = opening.verify_media(archive.media[sha], data)
    progress(30 + round(60 * (at + 1) / len(archive.media)))
    return {"sha256": sha, "bytes": len(data)} | found


def duplicate(database: Database, project_id: int, title: str | None, user: str) -> int:
    """Copy a project within its home: its tree with every version; jobs and what they cost stay the original's.

    `title`: the copy's, which its brief says too; None: its own, marked as a copy. Raises NotFound, InvalidInput.
    """
    with database.write() as conn:
        root = story.find_node(conn, project_id)
        if root is None or root.kind != "project":
            raise NotFound(Text(N_("There is no project {id}."), id=project_id))
        brief = story.find_head(conn, project_id, "brief")
        language = str(brief.content.get("language")) if brief is not None else None
        title = check_title(name_copy(root.title, language) if title is None else title)

        def read(part: Part) -> list[JsonObject]:
            rows = list(reads.read_rows(conn, project_id, part))
            return rows if brief is None or part.name != "artifact" else retitle(rows, brief, title)

        copy = Loader(conn, read, with_jobs=False).load()
        writes.set_node(conn, copy, title=title, profile_id=root.profile_id, created_by=user, archived_at=None)
        return copy
