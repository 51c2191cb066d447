"""Reading an archive that anybody may have written: nothing of it is believed before it was looked at."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn, Self

from workbench.archives import form
from workbench.archives.form import refusal
from workbench.db.migrate import revisions
from workbench.errors import MediaRefused
from workbench.i18n import N_
from workbench.json_types import JsonObject
from workbench.media import clips, pictures
from workbench.plain_text import storable_json

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)
_DRIVE = re.compile(r"^[A-Za-z]:|^[/\\]")


class Archive:
    """An opened archive. `manifest`: what it says of itself, checked against what is in it. A context manager.

    Raises InvalidInput with the reason, whichever part of it is looked at.
    """

    def __init__(self, path: Path, format_: str = form.FORMAT) -> None:
        self._format = format_
        try:
            self._zip = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise refusal(N_("there is no file {path}"), path=str(path)) from None
        except _DAMAGE as error:
            raise _damage(error) from None
        except (ValueError, OverflowError, IndexError) as error:
            raise _damage(error) from None
        try:
            self._entries = self._list_entries(path)
            self.manifest = self._read_manifest()
            self.media: dict[str, str] = self._list_media()
            self._check_names()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._zip.close()

    def _list_entries(self, path: Path) -> dict[str, zipfile.ZipInfo]:
        infos = self._zip.infolist()
        if len(infos) > form.MOST_FILES:
            raise refusal(N_("it holds more than {most} files"), most=form.MOST_FILES)
        entries: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            _refuse_entry(info)
            if info.filename in entries:
                raise refusal(N_("it holds {name} twice"), name=info.filename[:120])
            entries[info.filename] = info
        total = sum(i.file_size for i in infos)
        rows = sum(i.file_size for i in infos if form.ROWS_NAME.fullmatch(i.filename))
        if total > form.MOST_BYTES or rows > form.MOST_ROW_BYTES:
            raise refusal(N_("unpacked it has {size} MB, more than is taken"), size=total // 1024**2)
        if form.MANIFEST not in entries:
            raise refusal(N_("it has no {name}; an archive comes from “projects export”"), name=form.MANIFEST)
        return entries

    def refuse_without_room(self, folder: Path) -> None:
        """Refuse what the disk has no room for. `folder`: one on that disk, which need not be there yet."""
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        size = sum(info.file_size for info in self._entries.values())
        if size > shutil.disk_usage(folder).free:
            raise refusal(N_("unpacked it has {size} MB, more than the disk has room for"), size=size // 1024**2)

    def _read_manifest(self) -> JsonObject:
        found = _parse(self._read(form.MANIFEST, form.LONGEST_MANIFEST), form.MANIFEST)
        if found.get("format") != self._format:
            of_project = self._format == form.FORMAT
            raise refusal(N_("it is no archive of a project") if of_project else N_("it is no bundle of a job"))
        number, schema = found.get("version"), found.get("schema")
        if not isinstance(number, int) or isinstance(number, bool) or not isinstance(schema, str):
            raise refusal(N_("{name} does not say which version it is of"), name=form.MANIFEST)
        if number > form.VERSION or schema not in revisions():
            raise refusal(
                N_("it comes from a newer Reelwright ({version}). Install that one, or export with this one."),
                version=str(found.get("reelwright"))[:40],
            )
        tables = found.get("tables")
        shapes = (
            isinstance(tables, dict) and all(isinstance(t, dict) for t in tables.values()),
            isinstance(found.get("media"), list) and all(isinstance(m, dict) for m in found["media"]),
            isinstance(found.get("missing"), list) and all(isinstance(m, str) for m in found["missing"]),
            isinstance(found.get("title"), str),
        )
        if number < 1 or not all(shapes):
            raise refusal(N_("{name} is not as it should be"), name=form.MANIFEST)
        return found

    def _list_media(self) -> dict[str, str]:
        return {m[1]: name for name in self._entries if (m := form.MEDIA_NAME.fullmatch(name))}

    def _check_names(self) -> None:
        """Everything that is listed is there, and nothing else."""
        listed = {str(m.get("sha256")) for m in self.manifest["media"]}
        tables = {form.rows_name(name) for name in self.manifest["tables"]}
        wanted = tables | {form.MANIFEST} | {self.media[sha] for sha in listed if sha in self.media}
        gone = sorted(listed - set(self.media)) + sorted(tables - set(self._entries))
        if gone:
            raise refusal(N_("{name} is missing from it"), name=gone[0][:120])
        foreign = sorted(set(self._entries) - wanted)
        if foreign:
            raise refusal(N_("it holds {name}, which does not belong there"), name=foreign[0][:120])

    def has(self, table: str) -> bool:
        return table in self.manifest["tables"]

    def lines(self, table: str) -> Iterator[JsonObject]:
        """The rows of a table as they were written, and that they are all of them, unchanged."""
        name = form.rows_name(table)
        digest, count = hashlib.sha256(), 0
        try:
            with self._zip.open(self._entries[name]) as file:
                while line := file.readline(form.LONGEST_ROW + 1):
                    if len(line) > form.LONGEST_ROW:
                        raise refusal(N_("a row of {name} is far too long"), name=name)
                    digest.update(line)
                    count += 1
                    yield _parse(line, name)
        except _DAMAGE as error:
            raise _damage(error) from None
        told = self.manifest["tables"][table]
        if told.get("rows") != count or told.get("sha256") != digest.hexdigest():
            raise refusal(N_("{name} is not what was exported"), name=name)

    def read_media(self, sha: str) -> bytes:
        """A picture or clip, which is what its name says, whole, and nothing else besides."""
        name = self.media[sha]
        most = pictures.MAX_BYTES if name.endswith(".webp") else clips.MAX_BYTES
        data = self._read(name, most)
        if hashlib.sha256(data).hexdigest() != sha:
            raise refusal(N_("{name} is not what was exported"), name=name)
        return data

    def _read(self, name: str, most: int) -> bytes:
        if self._entries[name].file_size > most:
            raise refusal(N_("{name} is larger than {size} MB"), name=name[:120], size=most // 1024**2)
        try:
            with self._zip.open(self._entries[name]) as file:
                return _read_at_most(file, most, name)
        except _DAMAGE as error:
            raise _damage(error) from None


def _read_at_most(file: IO[bytes], most: int, name: str) -> bytes:
    data = file.read(most + 1)
    if len(data) > most:
        raise refusal(N_("{name} is larger than {size} MB"), name=name[:120], size=most // 1024**2)
    return data


def _refuse_entry(info: zipfile.ZipInfo) -> None:
    """Names that lead elsewhere, links, folders and what is locked: none of these was exported."""
    name = info.filename
    # of a name with a NUL, Python keeps what stands before it
    parts = re.split(r"[/\\]", info.orig_filename)
    if ".." in parts or "\\" in info.orig_filename or _DRIVE.search(name) or "\0" in info.orig_filename:
        raise refusal(N_("its entry {name} leads out of it"), name=repr(info.orig_filename[:120]))
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or info.is_dir():
        raise refusal(N_("its entry {name} is no file"), name=repr(name[:120]))
    if info.flag_bits & 0x1:
        raise refusal(N_("it is locked with a password"))
    if not (name == form.MANIFEST or form.ROWS_NAME.fullmatch(name) or form.MEDIA_NAME.fullmatch(name)):
        raise refusal(N_("it holds {name}, which does not belong there"), name=repr(name[:120]))


def _parse(data: bytes, name: str) -> JsonObject:
    try:
        found: Any = json.loads(data, parse_constant=_refuse_constant)
        if isinstance(found, dict) and storable_json(found) == found:
            return found
    except (ValueError, RecursionError):
        pass
    raise refusal(N_("{name} cannot be read"), name=name)


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _damage(error: Exception) -> Exception:
    return refusal(N_("it is damaged or no ZIP file ({problem})"), problem=(str(error) or type(error).__name__)[:120])


def verify_media(name: str, data: bytes) -> JsonObject:
    """What the store keeps of a picture or clip that it would have written itself, byte for byte.

    Raises InvalidInput for anything else.
    """
    try:
        if name.endswith(".mp4"):
            clip = clips.verify(data)
            if clip.data != data:
                raise refusal(N_("{name} holds more than a clip"), name=name)
            return {"kind": "video", "mime": "video/mp4", "width": clip.width, "height": clip.height,
                    "seconds": clip.seconds}  # fmt: skip
        if pictures.recognise(data) != "WEBP":
            raise refusal(N_("{name} is no picture of its kind"), name=name)
        pictures.refuse_bytes_after(data, pictures.find_end(data, "WEBP"))
        image = pictures.decode(data, "WEBP", pictures.Limits())
    except MediaRefused as error:
        raise refusal(N_("{name}: {problem}"), name=name, problem=error.text) from None
    return {"kind": "image", "mime": "image/webp", "width": image.width, "height": image.height, "seconds": None}
