"""A bundle written: one job with its calls, and the story as it was when the job began."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import sys
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from typing import Any

from sqlalchemy import Connection

from workbench.archives import form
from workbench.artifacts import kinds
from workbench.artifacts.numbering import find_laid_out
from workbench.artifacts.placing import find_named
from workbench.bundles.masking import Mask
from workbench.db.connection import Database
from workbench.db.migrate import head
from workbench.db.reads import bundles as reads
from workbench.db.reads import story
from workbench.errors import NotAllowed, NotFound
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.media.store import ENDINGS, MediaStore
from workbench.security.redact import redactor
from workbench.workflows.registry import Registry

#: raised when an older Reelwright could no longer run what a newer one writes
VERSION = 1
_SHA = re.compile(r"\b[0-9a-f]{64}\b")
#: what a pattern says of any letters of a kind
_CLASS = re.compile(r"\\[A-Za-z]|\[[^\]]*\]")
_FIELD = re.compile(r'"([a-z][a-z0-9_]*)"\s*:')
_ENDED = ("succeeded", "partial", "failed", "cancelled")
#: stored sentences: the column, and the one with its translatable form
_SENTENCES = (("message", "message_i18n"), ("error", "error_i18n"), ("title", "title_i18n"), ("message", "i18n"))


@dataclass(frozen=True)
class BundleReport:
    """What a bundle holds. `forgotten`: answers that are no longer kept; `masked`: whether the story's words are
    replaced; `data`: the file."""

    job_id: int
    name: str
    calls: int
    versions: int
    media: int
    forgotten: int
    masked: bool
    data: bytes

    def as_json(self) -> JsonObject:
        return {name: value for name, value in vars(self).items() if name != "data"} | {"bytes": len(self.data)}


def export(
    database: Database, store: MediaStore, registry: Registry, job_id: int, *, with_story: bool = True
) -> BundleReport:
    """A bundle of an ended job. Keys are never in it; without the story no word of it is, nor any picture.

    Raises NotFound, NotAllowed.
    """
    with database.snapshot() as conn:
        ids = reads.list_family(conn, job_id)
        jobs = reads.read_jobs(conn, ids)
        own = next((row for row in jobs if row["id"] == job_id), None)
        if own is None:
            raise NotFound(Text(N_("There is no job {job_id}."), job_id=job_id))
        if own["state"] not in _ENDED:
            raise NotAllowed(Text(N_("Job {job_id} has not ended yet: wait for it, then bundle it."), job_id=job_id))
        tables = _read(conn, own, ids, jobs)
        tables = redactor.value(tables)
        if not with_story:
            tables = _mask(tables, registry)
        hashes = _list_hashes(tables)
        media = reads.find_media(conn, hashes)
    calls = tables["model_call"]
    missing = [c for c in calls if c["capability"] == "text" and c["outcome"] == "ok" and c["raw_output"] is None]
    manifest = _describe(own, tables, masked=not with_story, forgotten=len(missing))
    if not with_story:
        manifest["missing"] = [row["sha256"] for row in media]
    data, kept = _pack(manifest, tables, media if with_story else [], store)
    return BundleReport(
        job_id, f"job-{job_id}-{own['error_kind'] or own['state']}.zip", len(calls), len(tables["artifact"]), kept,
        len(missing), not with_story, data,
    )  # fmt: skip


def _read(conn: Connection, own: JsonObject, ids: list[int], jobs: list[JsonObject]) -> dict[str, list[JsonObject]]:
    tables = {"job": jobs, "job_child": reads.read_children(conn, ids)}
    tables |= {table.name: reads.read_of_jobs(conn, table, ids) for table in reads.OF_JOBS}
    begun = [row["started_at"] for row in tables["attempt"] if row["job_id"] == own["id"]]
    at = max([own["created_at"], *begun])
    project = own["project_id"]
    tables["node"] = [] if project is None else reads.read_nodes(conn, project)
    tables["artifact"] = [] if project is None else reads.read_story(conn, project, at, ids)
    versions = story.list_version_entries(conn, [row["id"] for row in tables["artifact"]])
    laid_out = find_laid_out(conn, versions) | find_named(conn, [(version.id, version.kind) for version in versions])
    if laid_out:
        # the plans that tell whose entries they are may not be there
        tables["layout"] = [{"artifact_id": own, "nodes": [*nodes]} for own, nodes in laid_out.items()]
    tables["artifact_prompt"] = reads.read_prompts(conn, [row["id"] for row in tables["artifact"]])
    tables["prompt_override"] = reads.read_overrides(conn, project, at)
    tables["profile"] = reads.read_profiles(conn, own["profile_id"])
    for row in tables["attempt"]:
        row["worker"] = ""
    return tables


def _list_hashes(tables: dict[str, list[JsonObject]]) -> list[str]:
    """Everything that may be a picture or clip which the job saw or made; of a job of words, not the whole story's."""
    shows = any(row["queue"] != "text" for row in tables["job"])
    seen = [row for name, rows in tables.items() if shows or name in ("job", "step", "model_call") for row in rows]
    return sorted(set(_SHA.findall(json.dumps(seen, ensure_ascii=False))))


def _describe(own: JsonObject, tables: dict[str, Any], *, masked: bool, forgotten: int) -> JsonObject:
    """What the bundle says of itself: the job and how it ended, and what it ran on."""
    [job] = [row for row in tables["job"] if row["id"] == own["id"]]
    return {
        "format": form.BUNDLE,
        "version": VERSION,
        "schema": head(),
        "reelwright": version("reelwright"),
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "title": job["title"],
        "masked": masked,
        "forgotten": forgotten,
        "job": {
            name: job[name]
            for name in ("id", "kind", "state", "error_kind", "error", "error_fingerprint", "node_id", "params")
        },
        "environment": {
            "python": sys.version.split()[0],
            "system": f"{platform.system()} {platform.machine()}",
            "packages": {d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"]},
        },
        "media": [],
        "missing": [],
    }


def _pack(
    manifest: JsonObject, tables: dict[str, list[JsonObject]], media: list[JsonObject], store: MediaStore
) -> tuple[bytes, int]:
    """(the file, how many pictures and clips are in it)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        manifest["tables"] = {}
        for name, rows in tables.items():
            lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows]
            data = "".join(lines).encode("utf-8", "backslashreplace")
            archive.writestr(form.rows_name(name), data)
            manifest["tables"][name] = {"rows": len(rows), "sha256": hashlib.sha256(data).hexdigest()}
        for row in media:
            sha = str(row["sha256"])
            try:
                data = store.read(sha)
            except NotFound:
                manifest["missing"].append(sha)
                continue
            archive.writestr(form.media_name(sha, ENDINGS[row["mime"]]), data, zipfile.ZIP_STORED)
            manifest["media"].append({name: row[name] for name in row if name != "created_at"})
        archive.writestr(form.MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    return file.getvalue(), len(manifest["media"])


def _mask(tables: dict[str, list[JsonObject]], registry: Registry) -> dict[str, list[JsonObject]]:
    """Every word of the story in other letters, the same everywhere; prompts and what filled them in are left out."""
    words = _vocabulary(registry)
    for call in tables["model_call"]:
        words.update(_FIELD.findall(call["raw_output"] or ""))
    mask = Mask(words)
    masked: dict[str, list[JsonObject]] = {}
    for name, rows in tables.items():
        masked[name] = [_mask_row(mask, name, row) for row in rows]
    masked["artifact_prompt"] = masked["prompt_override"] = []
    return masked


_PLAIN = {
    "node": ("title",),
    "artifact": ("content",),
    "job": ("params", "result", "title", "message", "error"),
    "step": ("output",),
    "attempt": ("error",),
    "model_call": ("raw_output", "error"),
    "job_event": ("message",),
}


def _mask_row(mask: Mask, table: str, row: JsonObject) -> JsonObject:
    masked = dict(row)
    for name in _PLAIN.get(table, ()):
        masked[name] = mask.value(row[name])
    for name, translatable in _SENTENCES:
        if row.get(translatable):
            masked[translatable], masked[name] = mask.message(row[translatable])
    for name in ("prompt", "template", "traceback", "part_hashes", "created_by", "preview"):
        if name in masked:
            masked[name] = None
    if table == "job_child":
        masked["item"] = mask.text(row["item"])
    if table == "artifact":
        masked["inputs"], masked["warnings"] = [], None
    return masked


#: of JSON Schema itself, which a structured answer is asked for in
_SCHEMA_WORDS = (
    "type", "properties", "items", "required", "enum", "const", "string", "integer", "number", "boolean", "object",
    "array", "additionalProperties", "anyOf", "allOf", "oneOf", "minimum", "maximum", "minLength", "maxLength",
    "minItems", "maxItems", "pattern", "description", "title", "default",
)  # fmt: skip


def _vocabulary(registry: Registry) -> set[str]:
    """What the product says itself: names of fields and the values that its schemas allow."""
    words = set(_SCHEMA_WORDS)

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            words.update(value.get("properties", ()))
            words.update(v for v in value.get("enum", ()) if isinstance(v, str))
            words.update(v for v in (value.get("const"), value.get("default")) if isinstance(v, str))
            if isinstance(pattern := value.get("pattern"), str):
                words.update(re.findall(r"[A-Za-z]{2,}", _CLASS.sub(" ", pattern)))
            for item in value.values():
                collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)

    for kind in kinds.all_kinds().values():
        collect(kind.model.model_json_schema())
    for declared in registry.all().values():
        collect(declared.params.model_json_schema())
        words.add(declared.title)
    return words
