"""Pictures that people bring: photographs of phones and cameras, scans, drawings, what a browser saved.

More is taken than of a service – what moves gives its first frame, phones' HEIC, larger ones are made smaller – and
more is refused: a file that is a picture and something else besides. What is kept has pixels alone, no see-through
ones.
"""

from __future__ import annotations

import io
import re
import threading
import zipfile
from typing import TYPE_CHECKING

from workbench.i18n import N_
from workbench.media import heic, pictures
from workbench.media.pictures import Limits, Picture, refusal

if TYPE_CHECKING:
    from PIL import Image

#: a larger file is not even sent
MAX_MB = pictures.MAX_BYTES // 1024 // 1024
#: what a file's name may end with, where a browser asks
ENDINGS = ("png", "jpg", "jpeg", "webp", "avif", "gif", "heic", "heif")
#: cameras and phones have up to 61 million; decoded it is 192 MB
LIMITS = Limits(pixels=64_000_000, edge=16_384, moving=True)
#: a longer edge is made so long: no service takes or sells more
LONGEST_EDGE = 4_096
#: a GIF that is wider or higher has letters where its size stands: the beginning of a script
LONGEST_EDGE_OF_GIF = pictures.MAX_EDGE

# one at a time in a process: several large ones together would fill its memory
_decoding = threading.Lock()
_SCRIPT = re.compile(rb"<script[\s>]|<\?php\s|<!doctype\s+html|<html[\s>]|<iframe[\s>]", re.IGNORECASE)
#: what a file that may stand behind another's beginning has, where its readers look for it
_OTHERS = (
    ("PDF", lambda data: b"%PDF-" in data[:1024]),
    ("ZIP", lambda data: zipfile.is_zipfile(io.BytesIO(data))),
    ("RAR", lambda data: b"Rar!\x1a\x07" in data[: 1 << 20]),
    ("7z", lambda data: b"7z\xbc\xaf\x27\x1c" in data[: 1 << 20]),
    ("tar", lambda data: data[257:262] == b"ustar"),
    ("ISO 9660", lambda data: data[32769:32774] == b"CD001"),
    ("HTML", lambda data: _SCRIPT.search(data) is not None),
)
#: the note in which Google's and Samsung's phones say that a short film follows
_FILM_FOLLOWS = re.compile(rb"(?:MotionPhoto|MicroVideo)(?:=[\"']1|>1)")


def verify(data: bytes) -> Picture:
    """The picture in `data`, upright, in sRGB, opaque, its longest edge `LONGEST_EDGE` at most.

    Raises MediaRefused with the reason.
    """
    with _decoding:
        image, kind = _read(data)
        return pictures.pack(image, data, kind)


def _read(data: bytes) -> tuple[Image.Image, str]:
    if heic.is_heic(data) and len(data) <= pictures.MAX_BYTES:
        _refuse_second_kind(data)
        pictures.refuse_bytes_after(data, pictures.find_end(data, "AVIF"))
        image, kind = pictures.decode(heic.convert_to_png(data, LIMITS), "PNG", LIMITS), "HEIC"
    else:
        kind = pictures.recognise(data)
        _refuse_second_kind(data)
        _refuse_bytes_after(data, kind)
        limits = LIMITS if kind != "GIF" else Limits(LIMITS.pixels, LONGEST_EDGE_OF_GIF, moving=True)
        image = pictures.decode(data, kind, limits)
    return _fit(_flatten(image)), kind


def _refuse_second_kind(data: bytes) -> None:
    other = next((name for name, is_one in _OTHERS if is_one(data)), None)
    if other is not None:
        raise refusal(N_("it is a picture and {format} at once; save it anew as a picture alone"), format=other)


def _refuse_bytes_after(data: bytes, kind: str) -> None:
    """What phones write behind a JPEG is let go: smaller and brighter copies, a short film, notes of Samsung's."""
    end = pictures.find_end(data, kind)
    if kind == "JPEG" and end <= len(data):
        header = data[: 1 << 18]
        while b"MPF\0" in header and (rest := data[end:].lstrip(pictures.PADDING)).startswith(b"\xff\xd8\xff"):
            end = len(data) - len(rest) + pictures.find_end(rest, kind)
        rest = data[end:].strip(pictures.PADDING)
        if rest.endswith(b"SEFT") and b"SEFH" in rest:
            return
        if b"ftyp" in rest[:8] and _FILM_FOLLOWS.search(header):
            return
    pictures.refuse_bytes_after(data, end)


def _flatten(image: Image.Image) -> Image.Image:
    """On white: models and clips know no see-through pixels, and what stands in those is anything."""
    from PIL import Image

    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _fit(image: Image.Image) -> Image.Image:
    from PIL import Image

    if max(image.size) <= LONGEST_EDGE:
        return image
    scale = LONGEST_EDGE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
