"""The job of a bundle, run again in an empty home of its own by today's code, with a cassette for every service."""

from __future__ import annotations

import logging
import re
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from workbench.archives import form
from workbench.archives.form import refusal
from workbench.archives.opening import Archive, verify_media
from workbench.bootstrap import open_database, worker_engine
from workbench.bundles.cassette import CassetteProvider, Tape, draw_grey
from workbench.db.connection import Database
from workbench.db.reads import bundles as reads
from workbench.db.reads import jobs as job_reads
from workbench.db.rows.jobs import Job
from workbench.db.schema import TERMINAL, job, node
from workbench.db.writes import media as media_writes
from workbench.db.writes.insert import insert_job
from workbench.errors import NotFound
from workbench.i18n import N_
from workbench.json_types import JsonObject
from workbench.media import MediaStore
from workbench.media.store import name_of
from workbench.profiles.routing import Unlimited
from workbench.settings import Settings

log = logging.getLogger(__name__)

#: how long a job may take offline
LONGEST_S = 300.0
PAUSE_S = 0.02
_TABLES = frozenset((
    "job", "job_child", "attempt", "step", "job_event", "model_call", "node", "artifact", "artifact_prompt",
    "layout", "prompt_override", "profile",
))  # fmt: skip
#: what an older release did not pack, or what is packed only where it has rows
_OPTIONAL = frozenset(("artifact_prompt", "layout"))
#: of the recorded job, what a new one is asked with
_ASKED = (
    "kind", "queue", "title", "title_i18n", "project_id", "node_id", "profile_id", "params", "params_hash", "priority",
    "answers_from", "max_attempts", "created_by",
)  # fmt: skip


@dataclass(frozen=True)
class Ending:
    """How a job ended. `fingerprint`: equal for failures of one cause; None: it did not fail, or its parts did."""

    state: str
    error_kind: str | None
    error: str | None
    fingerprint: str | None

    @property
    def cause(self) -> tuple[str, str | None, str | None]:
        """What is compared: the words of an error may differ in a number or an id."""
        return self.state, self.error_kind, self.fingerprint


@dataclass(frozen=True)
class Rerun:
    """A job run again from its bundle. `unanswered`: calls that found no recorded answer; `unused`: recorded answers
    that nobody asked for; either says that today's code asks otherwise."""

    kind: str
    was: Ending
    now: Ending
    unanswered: int
    unused: int
    seconds: float

    @property
    def is_same(self) -> bool:
        return self.was.cause == self.now.cause

    def as_json(self) -> JsonObject:
        return {
            "kind": self.kind, "same": self.is_same, "was": vars(self.was), "now": vars(self.now),
            "unanswered": self.unanswered, "unused": self.unused, "seconds": round(self.seconds, 2),
        }  # fmt: skip


def describe(path: Path) -> JsonObject:
    """What a bundle says of itself. Raises InvalidInput with the reason when it is none, or damaged."""
    with Archive(path, form.BUNDLE) as archive:
        _read_tables(archive)
        return archive.manifest


def run(path: Path) -> Rerun:
    """Run the job of a bundle offline. Nothing of this installation is read or written. Raises InvalidInput."""
    with tempfile.TemporaryDirectory(prefix="reelwright-bundle-") as folder, Archive(path, form.BUNDLE) as archive:
        home = Path(folder)
        archive.refuse_without_room(home)
        tables = _read_tables(archive)
        settings = Settings(
            home=home, database_url=f"sqlite:///{home / 'bundle.db'}", redis_url=None, media_url=None, simulate="",
            retry_base_ms=1, retry_max_ms=20, heartbeat_seconds=0.2, sweep_seconds=0.2, threads=1,
        )  # fmt: skip
        database = open_database(settings)
        try:
            own = next(row for row in tables["job"] if row["id"] == archive.manifest["job"]["id"])
            store = MediaStore.open(settings, database)
            _fill(database, store, archive, tables, own)
            return _Replay(settings, database, archive, tables, own).run()
        finally:
            database.close()


def _read_tables(archive: Archive) -> dict[str, list[JsonObject]]:
    told = archive.manifest.get("job")
    names = set(archive.manifest["tables"])
    wrong = sorted((names | _OPTIONAL) ^ _TABLES)
    if wrong or not isinstance(told, dict):
        raise refusal(N_("its rows of {table} do not fit together"), table=wrong[0][:60] if wrong else "job")
    tables = {name: [*archive.lines(name)] if name in names else [] for name in sorted(_TABLES)}
    for name, rows in tables.items():
        known = {column.name for column in reads.table_of(name).c}
        if any(row.keys() - known for row in rows):
            raise refusal(N_("its rows of {table} do not fit together"), table=name)
    if not any(row.get("id") == told.get("id") and set(_ASKED) <= row.keys() for row in tables["job"]):
        raise refusal(N_("its rows of {table} do not fit together"), table="job")
    return tables


def _fill(
    database: Database, store: MediaStore, archive: Archive, tables: dict[str, list[JsonObject]], own: JsonObject
) -> None:
    """The story, the profiles without a key, and the pictures, into an empty home."""
    try:
        with database.write() as conn:
            _add(conn, "profile", [row | {"base_url": "http://127.0.0.1:9/v1"} for row in tables["profile"]])
            _add(conn, "node", [row | {"parent_id": None, "project_id": None} for row in tables["node"]])
            for row in tables["node"]:
                place = {"parent_id": row["parent_id"], "project_id": row["project_id"]}
                conn.execute(update(node).where(node.c.id == row["id"]).values(place))
            _add(conn, "artifact", tables["artifact"])
            heads = [
                {"node_id": row["node_id"], "kind": row["kind"], "artifact_id": row["id"], "pinned": False}
                for row in tables["artifact"]
            ]
            _add(conn, "artifact_head", heads)
            _add(conn, "layout", tables["layout"])
            _add(conn, "prompt_override", tables["prompt_override"])
            _add(conn, "artifact_prompt", tables["artifact_prompt"])
            source = own["answers_from"]
            relations = dict.fromkeys(("parent_id", "replay_of", "reused_from", "answers_from"))
            _add(conn, "job", [row | relations for row in tables["job"] if row["id"] == source])
            _add(conn, "model_call", [row for row in tables["model_call"] if row["job_id"] == source])
    except (SQLAlchemyError, KeyError) as error:
        raise refusal(N_("its rows cannot be kept ({problem})"), problem=type(error).__name__) from error
    for sha, name in sorted(archive.media.items()):
        data = archive.read_media(sha)
        _keep(database, store, sha, Path(name).suffix, data, verify_media(name, data))
    for sha in archive.manifest["missing"]:
        if re.fullmatch(r"[0-9a-f]{64}", sha):
            shape = {"kind": "image", "mime": "image/webp", "width": 64, "height": 64, "seconds": None}
            _keep(database, store, sha, ".webp", draw_grey((512, 512)), shape)


def _keep(database: Database, store: MediaStore, sha: str, ending: str, data: bytes, shape: JsonObject) -> None:
    store.storage.write(name_of(sha, ending), data)
    with database.write() as conn:
        media_writes.add(conn, sha256=sha, bytes=len(data), **shape)


def _add(conn: Connection, table: str, rows: list[JsonObject]) -> None:
    if rows:
        conn.execute(insert(reads.table_of(table)), rows)


class _Replay:
    """One run of a bundle's job by an engine of its own, on this thread."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        archive: Archive,
        tables: dict[str, list[JsonObject]],
        own: JsonObject,
    ) -> None:
        self._database = database
        self._own = own
        self._tables = tables
        self._mail: deque[int] = deque()

        def read_media(sha: str) -> bytes | None:
            return archive.read_media(sha) if sha in archive.media else None

        self._tape = Tape(tables, read_media)
        self._engine = worker_engine(
            settings,
            send=self._mail.extend,
            epoch_of=lambda: "bundle",
            limit=Unlimited(),
            make_provider=partial(CassetteProvider, database=database, tape=self._tape),
        )

    def run(self) -> Rerun:
        began = time.monotonic()
        with self._database.write() as conn:
            asked = {name: self._own[name] for name in _ASKED} | {"overrides": self._own.get("overrides")}
            job_id = insert_job(conn, asked)
            assert job_id is not None
            self._take_over(conn, job_id)
        ended = self._finish(job_id, began + LONGEST_S)
        was = Ending(*(self._own[n] for n in ("state", "error_kind", "error", "error_fingerprint")))
        now = Ending(ended.state, ended.error_kind, ended.error, ended.error_fingerprint)
        seconds = time.monotonic() - began
        return Rerun(ended.kind, was, now, self._tape.missed, self._tape.count_left(), seconds)

    def _take_over(self, conn: Connection, job_id: int) -> None:
        """The steps that the job had from another one were not called for by itself."""
        kept = [row for row in self._tables["step"] if row["job_id"] == self._own["id"] and row["reused_from"]]
        _add(conn, "step", [row | {"job_id": job_id, "claim": None} for row in kept])

    def _finish(self, job_id: int, deadline: float) -> Job:
        self._engine._report_alive()
        while True:
            self._engine.maintain()
            while self._mail:
                self._engine.run(self._mail.popleft())
            with self._database.read() as conn:
                found = job_reads.find(conn, job_id)
                waits = conn.execute(select(job.c.waiting_for).where(job.c.state == "waiting")).scalars().all()
            if found is not None and found.state in TERMINAL:
                return found
            if any(reason in ("decision", "budget") for reason in waits) or time.monotonic() > deadline:
                raise NotFound(N_("The job did not come to an end by itself."))
            time.sleep(PAUSE_S)
