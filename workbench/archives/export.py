"""A project written out whole: rows with their versions, media, and what its jobs cost. Secrets stay at home."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection

from workbench.archives import form
from workbench.artifacts import kinds
from workbench.artifacts.versions import hash_of, part_hashes
from workbench.db.connection import Database
from workbench.db.migrate import head
from workbench.db.reads import archives as reads
from workbench.db.reads import story
from workbench.db.schema import ACTIVE
from workbench.errors import InvalidInput, Issue, NotFound
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.media.store import ENDINGS, MediaStore
from workbench.security.redact import redactor

_SHA = re.compile(r"\b[0-9a-f]{64}\b")
#: told of a stretch of the work: how much of all is done, in percent
Progress = Callable[[int], None]


@dataclass(frozen=True)
class ExportReport:
    """What an archive holds. `missing`: hashes of media that the store no longer has; `hidden`: versions in which a
    stored key stood and was hidden, which changes their hash; `archived`: episodes and scenes that stand where another
    of the plan stands, and are archived in it."""

    path: str
    title: str
    nodes: int
    versions: int
    jobs: int
    calls: int
    media: int
    bytes: int
    missing: tuple[str, ...]
    hidden: int
    archived: int

    def as_json(self) -> JsonObject:
        return vars(self) | {"missing": list(self.missing)}


def export(database: Database, store: MediaStore, project_id: int, path: Path, progress: Progress) -> ExportReport:
    """Write an archive of a project; the file is there whole or not at all. Raises NotFound, InvalidInput."""
    path = path.absolute()
    try:
        _refuse_target(path)
        handle, name = tempfile.mkstemp(prefix=".new-", suffix=".zip", dir=path.parent)
    except OSError as error:
        problem = Text(N_("{path} cannot be written: {reason}"), path=str(path), reason=error.strerror or str(error))
        raise InvalidInput(problem, [Issue("file", problem)]) from None
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                writer = _Writer(archive, store)
                manifest = writer.write(database, project_id, progress)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    count = {part: entry["rows"] for part, entry in manifest["tables"].items()}
    return ExportReport(
        str(path), manifest["title"], count["node"], count["artifact"], count["job"], count["model_call"],
        len(manifest["media"]), path.stat().st_size, tuple(manifest["missing"]), writer.hidden,
        writer.archived,
    )  # fmt: skip


def _refuse_target(path: Path) -> None:
    problem = None
    if not path.parent.is_dir():
        problem = Text(N_("There is no folder {folder}."), folder=str(path.parent))
    elif path.is_dir():
        problem = Text(N_("{path} is a folder; name a file."), path=str(path))
    elif path.exists() and not zipfile.is_zipfile(path):
        problem = Text(N_("{path} is there and no archive; it is left as it is."), path=str(path))
    elif not os.access(path.parent, os.W_OK):
        problem = Text(N_("Nothing can be written into {folder}."), folder=str(path.parent))
    if problem is not None:
        raise InvalidInput(problem, [Issue("file", problem)])


class _Writer:
    def __init__(self, archive: zipfile.ZipFile, store: MediaStore) -> None:
        self._archive = archive
        self._store = store
        self.hidden = 0
        self.archived = 0
        #: the jobs that travel
        self._jobs: set[int] = set()
        #: everything in the rows that may be the hash of a picture or clip
        self._hashes: set[str] = set()

    def write(self, database: Database, project_id: int, progress: Progress) -> JsonObject:
        tables: dict[str, JsonObject] = {}
        with database.snapshot() as conn:
            root = story.find_node(conn, project_id)
            if root is None or root.kind != "project":
                raise NotFound(Text(N_("There is no project {id}."), id=project_id))
            profile = root.profile_id
            self.archived = len(reads.find_astray(conn, project_id))
            for number, part in enumerate(reads.PARTS):
                tables[part.name] = self._write_rows(conn, project_id, part)
                progress(round(30 * (number + 1) / len(reads.PARTS)))
            media = self._find_media(conn)
        kept, missing = self._write_media(media, progress)
        manifest: JsonObject = {
            "format": form.FORMAT, "version": form.VERSION, "schema": head(), "reelwright": version("reelwright"),
            "exported_at": datetime.now(UTC).isoformat(timespec="seconds"), "title": root.title,
            "project_id": project_id, "had_profile": profile is not None, "tables": tables, "media": kept,
            "missing": missing,
        }  # fmt: skip
        self._archive.writestr(form.MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        return manifest

    def _write_rows(self, conn: Connection, project_id: int, part: reads.Part) -> JsonObject:
        digest, count = hashlib.sha256(), 0
        with self._archive.open(form.rows_name(part.name), "w", force_zip64=True) as file:
            for row in reads.read_rows(conn, project_id, part):
                line = json.dumps(self._prepare(part.name, row), ensure_ascii=False, separators=(",", ":"))
                self._hashes.update(_SHA.findall(line))
                data = line.encode("utf-8", "backslashreplace") + b"\n"
                digest.update(data)
                file.write(data)
                count += 1
        return {"rows": count, "sha256": digest.hexdigest()}

    def _prepare(self, table: str, row: JsonObject) -> JsonObject:
        """A row as others may have it: without secrets, and nothing in it under way."""
        if table == "job":
            self._jobs.add(row["id"])
        elif table in ("artifact", "model_call") and row["job_id"] not in self._jobs:
            # a copy's versions name the jobs of the project that it was copied from, which stay there
            row = row | {"job_id": None}
        if table not in ("artifact", "node"):
            clean: JsonObject = redactor.value(row)
            return _END[table](clean) if table in _END else clean
        clean = redactor.value(row, redactor.exact)
        if table == "artifact" and clean["content"] != row["content"]:
            self.hidden += 1
            clean["content_hash"] = hash_of(clean["content"])
            clean["part_hashes"] = part_hashes(kinds.find(clean["kind"]), clean["content"])
        return clean

    def _find_media(self, conn: Connection) -> list[JsonObject]:
        hashes = sorted(self._hashes)
        batches = (hashes[n : n + reads.CHUNK] for n in range(0, len(hashes), reads.CHUNK))
        return sorted((row for batch in batches for row in reads.find_media(conn, batch)), key=lambda r: r["sha256"])

    def _write_media(self, media: list[JsonObject], progress: Progress) -> tuple[list[JsonObject], list[str]]:
        kept: list[JsonObject] = []
        missing: list[str] = []
        for number, row in enumerate(media):
            sha = str(row["sha256"])
            try:
                data = self._store.read(sha)
            except NotFound:
                data = b""
            if hashlib.sha256(data).hexdigest() != sha:
                missing.append(sha)
                continue
            name = form.media_name(sha, ENDINGS[row["mime"]])
            # packed already: packing them again takes long and wins nothing
            self._archive.writestr(zipfile.ZipInfo(name, _DATE), data, zipfile.ZIP_STORED)
            kept.append(row)
            progress(30 + round(70 * (number + 1) / len(media)))
        return kept, missing


_DATE = (1980, 1, 1, 0, 0, 0)


def _end_job(row: JsonObject) -> JsonObject:
    """A job under way goes on at home; in the archive it was broken off."""
    if row["state"] not in ACTIVE:
        return row
    text = Text(N_("It was under way when the project was exported."))
    at = row["started_at"] or row["created_at"]
    return row | {"state": "cancelled", "finished_at": at, "message": str(text), "message_i18n": text.to_json()}


def _end_attempt(row: JsonObject) -> JsonObject:
    return row if row["ended_at"] else row | {"ended_at": row["started_at"], "outcome": "cancelled"}


def _end_call(row: JsonObject) -> JsonObject:
    ended = row if row["outcome"] != "sent" else row | {"outcome": "lost"}
    return ended | {"expected_micros": None}


_END: dict[str, Callable[[JsonObject], JsonObject]] = {
    "job": _end_job, "attempt": _end_attempt, "model_call": _end_call,
}  # fmt: skip
