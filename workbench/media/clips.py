"""MP4 clips: recognised by their boxes, kept byte for byte but for their metadata, which is blanked in place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from workbench.errors import MediaRefused
from workbench.i18n import N_, Text

MAX_BYTES = 512 * 1024 * 1024
MAX_EDGE = 8_192
MAX_SECONDS = 600.0
#: ten minutes with a fragment for each of 60 frames a second have 72,000
MAX_BOXES = 100_000
#: pictures, sound, subtitles in some languages
MAX_TRACKS = 32

_TOP = frozenset(b"ftyp moov mdat free skip wide udta meta uuid moof mfra sidx styp pdin emsg prft ssix".split())
#: titles, places, encoders, cameras, and room for anything; blanked, since taking them out would move the frames
_TELLING = frozenset((b"udta", b"meta", b"uuid", b"free", b"skip"))


@dataclass(frozen=True)
class Clip:
    """A clip as it is kept."""

    data: bytes
    width: int
    height: int
    seconds: float


@dataclass(frozen=True)
class _Box:
    name: bytes
    start: int
    body: int
    end: int


def verify(data: bytes) -> Clip:
    """The clip in `data`, without its metadata. Raises MediaRefused with the reason."""
    if len(data) > MAX_BYTES:
        raise refusal(N_("it is larger than {size} MB"), size=MAX_BYTES // 1024 // 1024)
    if data[4:8] != b"ftyp":
        raise refusal(N_("it is no MP4"))
    top = list(_boxes(data, 0, len(data)))
    foreign = next((b.name for b in top if b.name not in _TOP), None)
    if foreign is not None:
        raise refusal(N_("{count} bytes of something else follow its end"), count=len(data) - _start_of(top, foreign))
    moov = _require_one(data, top, b"moov")
    _require_one(data, top, b"mdat")
    inside = list(_boxes(data, moov.body, moov.end))
    if sum(b.name == b"trak" for b in inside) > MAX_TRACKS:
        raise refusal(N_("it has more than {count} parts"), count=MAX_TRACKS)
    tracks = [list(_boxes(data, b.body, b.end)) for b in inside if b.name == b"trak"]
    films = [t for t in tracks if _handler(data, t) == b"vide"]
    if not films:
        raise refusal(N_("it has no picture track"))
    sizes = [size for film in films for size in _sizes(data, film)]
    width, height = sizes[0]
    for wide, high in sizes:
        if not 1 <= wide <= MAX_EDGE or not 1 <= high <= MAX_EDGE:
            raise refusal(N_("{width}×{height} pixels are too many"), width=wide, height=high)
    seconds = _seconds(data, _require_one(data, inside, b"mvhd"), inside)
    # a player goes by the tracks, whatever the whole says of itself
    seconds = max(seconds, *(_track_seconds(data, t) for t in tracks)) if seconds > 0 else seconds
    if not 0 < seconds <= MAX_SECONDS:
        raise refusal(
            N_("it lasts {seconds} s; up to {most} s are kept"), seconds=f"{seconds:g}", most=f"{MAX_SECONDS:g}"
        )
    telling = [b for boxes in (top, inside, *tracks) for b in boxes if b.name in _TELLING]
    return Clip(_blank_metadata(data, telling), width, height, round(seconds, 3))


def refusal(reason: str, **values: object) -> MediaRefused:
    """Why these bytes are no clip that may be kept."""
    return MediaRefused(Text(N_("The clip is refused: {reason}"), reason=Text(reason, **values)))


def _boxes(data: bytes, at: int, end: int) -> Iterator[_Box]:
    count = 0
    while at < end:
        count += 1
        if count > MAX_BOXES:
            raise refusal(N_("it has more than {count} parts"), count=MAX_BOXES)
        if at + 8 > end:
            raise refusal(N_("it is cut off"))
        length, name, body = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if length == 1:
            length, body = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        elif length == 0:
            length = end - at
        if length < body - at or at + length > end:
            raise refusal(N_("it is cut off"))
        yield _Box(name, at, body, at + length)
        at += length


def _require_one(data: bytes, boxes: list[_Box], name: bytes) -> _Box:
    found = next((b for b in boxes if b.name == name), None)
    if found is None:
        raise refusal(N_("its part “{name}” is missing"), name=name.decode())
    return found


def _start_of(boxes: list[_Box], name: bytes) -> int:
    return next(b.start for b in boxes if b.name == name)


def _find_box(data: bytes, boxes: Iterable[_Box], *path: bytes) -> _Box | None:
    """The box at the end of a path of names."""
    found: _Box | None = None
    for name in path:
        found = next((b for b in boxes if b.name == name), None)
        if found is None:
            return None
        boxes = _boxes(data, found.body, found.end)
    return found


def _handler(data: bytes, track: list[_Box]) -> bytes:
    """What a track is made of: vide, soun…"""
    found = _find_box(data, track, b"mdia", b"hdlr")
    return b"" if found is None else data[found.body + 8 : found.body + 12]


def _sizes(data: bytes, track: list[_Box]) -> Iterator[tuple[int, int]]:
    """Width and height as a picture track is shown, then as its frames are encoded."""
    head = _require_one(data, track, b"tkhd")
    # 16.16 fixed point, the last eight bytes of the header
    at = head.end - head.body - 8
    yield _number(data, head, at, 2), _number(data, head, at + 4, 2)
    table = _find_box(data, track, b"mdia", b"minf", b"stbl", b"stsd")
    if table is not None:
        for entry in islice(_boxes(data, table.body + 8, table.end), _number(data, table, 4, 4)):
            yield _number(data, entry, 24, 2), _number(data, entry, 26, 2)


def _track_seconds(data: bytes, track: list[_Box]) -> float:
    head = _find_box(data, track, b"mdia", b"mdhd")
    scale, length = _timing(data, head, 12, 20) if head is not None else (0, 0)
    return length / scale if scale else 0.0


def _seconds(data: bytes, head: _Box, inside: list[_Box]) -> float:
    scale, length = _timing(data, head, 12, 20)
    if length == 0:
        # a fragmented file tells its length elsewhere
        found = _find_box(data, inside, b"mvex", b"mehd")
        if found is not None:
            length = _number(data, found, 4, 8 if _number(data, found, 0, 1) == 1 else 4)
    return length / scale if scale else 0.0


def _timing(data: bytes, head: _Box, short: int, long: int) -> tuple[int, int]:
    """(ticks a second, ticks) of a movie header, whose version says how wide its fields are."""
    wide = _number(data, head, 0, 1) == 1
    at = long if wide else short
    return _number(data, head, at, 4), _number(data, head, at + 4, 8 if wide else 4)


def _number(data: bytes, box: _Box, at: int, size: int) -> int:
    """The number so far inside a box."""
    if at < 0 or box.body + at + size > box.end:
        raise refusal(N_("it is cut off"))
    return int.from_bytes(data[box.body + at : box.body + at + size], "big")


def _blank_metadata(data: bytes, boxes: list[_Box]) -> bytes:
    if not boxes:
        return data
    made = bytearray(data)
    for box in boxes:
        made[box.start + 4 : box.start + 8] = b"free"
        made[box.body : box.end] = bytes(box.end - box.body)
    return bytes(made)
