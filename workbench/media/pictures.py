"""Pictures made safe to keep: recognised by content, decoded whole, encoded anew without anything but pixels.

What is kept follows from the pixels alone, so that the same drawing has the same hash on any machine.
"""

from __future__ import annotations

import functools
import io
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import MediaRefused
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 64 * 1024 * 1024
#: the largest pictures that services sell have 16.8 million
MAX_PIXELS = 24_000_000
MAX_EDGE = 8_192
THUMBNAIL_WIDTH = 480
#: of what a model is shown: services make larger ones smaller, and count by size
SHOWN_EDGE = 1_024
#: a PNG with fewer bytes a pixel is a drawing and stays exact; photographs would grow to megabytes
DRAWING_BYTES_PER_PIXEL = 0.75
#: bytes of a colour profile; those of cameras and screens have a few hundred to some ten thousand, of presses up to a
#: million
MOST_PROFILE = 2_000_000
#: a progressive JPEG has a dozen; each is a pass over all pixels, however few bytes it has
MAX_SCANS = 100

#: chunks of a PNG, segments of a JPEG; a picture of the largest size has some 10,000
MAX_PARTS = 50_000

#: also of a GIF or AVIF that is none inside
_OTHER = N_("it is no PNG, JPEG or WebP, nor a GIF or AVIF that can be read")
#: after a file's end it is nothing
PADDING = b"\0 \r\n\t"
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
#: what Pillow's readers raise of a broken file: of an AVIF RuntimeError, of others whatever their bytes lead to
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error),
    *(RuntimeError, LookupError, TypeError, ArithmeticError),
)
#: of a segment; inside the scan 0xFF is followed by a stuffed zero or a restart
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept, always WebP."""

    data: bytes
    thumbnail: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Limits:
    """What is decoded. `moving`: of a file with several pictures the first one, instead of a refusal."""

    pixels: int = MAX_PIXELS
    edge: int = MAX_EDGE
    moving: bool = False


def verify(data: bytes) -> Picture:
    """The picture in `data`, made safe. Raises MediaRefused with the reason."""
    kind = recognise(data)
    refuse_bytes_after(data, find_end(data, kind))
    return pack(decode(data, kind, Limits()), data, kind)


def pack(image: Image.Image, data: bytes, kind: str) -> Picture:
    """A decoded picture as it is kept; that of a PNG which is a drawing stays exact. `data`: the file it came in."""
    exact = kind == "PNG" and len(data) < image.width * image.height * DRAWING_BYTES_PER_PIXEL
    return Picture(_encode(image, exact=exact), make_thumbnail(image), image.width, image.height)


def refusal(reason: str, **values: object) -> MediaRefused:
    """Why these bytes are no picture that may be kept."""
    return MediaRefused(Text(N_("The picture is refused: {reason}"), reason=Text(reason, **values)))


def make_thumbnail(image: Image.Image) -> bytes:
    """A small copy as WebP, `THUMBNAIL_WIDTH` wide at most."""
    from PIL import Image

    scale = min(1.0, THUMBNAIL_WIDTH / image.width)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    made = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0).save(made, format="WEBP", quality=80, method=2)
    return made.getvalue()


def open_image(data: bytes) -> Image.Image:
    """A picture of the store's own, for another thumbnail."""
    return decode(data, "WEBP", Limits())


def encode_jpeg(data: bytes) -> bytes:
    """A picture of the store's own for a model to look at, `SHOWN_EDGE` at most."""
    from PIL import Image

    image = open_image(data).convert("RGB")
    image.thumbnail((SHOWN_EDGE, SHOWN_EDGE), Image.Resampling.LANCZOS)
    made = io.BytesIO()
    image.save(made, format="JPEG", quality=88)
    return made.getvalue()


def recognise(data: bytes) -> str:
    """PNG, JPEG, WEBP, GIF or AVIF, by what the file begins with. Raises MediaRefused."""
    if len(data) > MAX_BYTES:
        raise refusal(N_("it is larger than {size} MB"), size=MAX_BYTES // 1024 // 1024)
    if not data:
        raise refusal(N_("it is empty"))
    if data.startswith(_PNG):
        return "PNG"
    if data.startswith(_JPEG):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if data[4:8] == b"ftyp" and b"avif" in data[8 : 8 + 64]:
        return "AVIF"
    raise refusal(_OTHER)


def decode(data: bytes, kind: str, limits: Limits) -> Image.Image:
    """Every pixel, upright, in RGB or RGBA. Raises MediaRefused."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as found:
            width, height = found.size
            if width * height > limits.pixels or max(width, height) > limits.edge:
                raise refusal(N_("{width}×{height} pixels are too many"), width=width, height=height)
            if getattr(found, "is_animated", False) and not limits.moving:
                raise refusal(N_("it moves; only still pictures are kept"))
            stored = found.tile[0].args if found.tile else ""
            found.load()
            key = _find_key(found, str(stored), data)
            upright = _apply_orientation(_reduce_to_eight_bits(found, key))
            see_through = "A" in upright.getbands() or "transparency" in upright.info
            image = _convert_to_srgb(upright, found.info.get("icc_profile")).convert("RGBA" if see_through else "RGB")
    except UnidentifiedImageError:
        raise (
            refusal(_OTHER) if kind in _LATER else refusal(N_("it cannot be read as {format}"), format=kind)
        ) from None
    except Image.DecompressionBombError:
        raise refusal(N_("it unpacks to far too many pixels")) from None
    except _DAMAGE as error:
        raise refusal(N_("it is damaged or cut off ({problem})"), problem=str(error)[:120]) from None
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image


#: how a PNG stores its colours → by what Pillow has multiplied greys of fewer than eight bits, but not the key colour
_SPREAD = {"L;2": 85, "L;4": 17}


def _find_key(image: Image.Image, stored: str, data: bytes) -> Image.Image | None:
    """Which pixels have the colour that a PNG of sixteen bits calls see-through (0), and which have not (255); None
    where Pillow can tell them. It compares eight bits with sixteen, so that others would be see-through, or none."""
    from PIL import Image

    key = image.info.get("transparency")
    if stored in _SPREAD and isinstance(key, int):
        image.info["transparency"] = key * _SPREAD[stored]
    if isinstance(key, int) and image.mode == "I;16":
        low, high = Image.frombytes("LA", image.size, image.tobytes()).split()
        return _differ([(high, key >> 8), (low, key & 255)])
    if isinstance(key, tuple) and stored == "RGB;16B":
        bands = zip(image.split(), _read_low_bytes(data).split(), key, strict=True)
        return _differ([one for high, low, k in bands for one in ((high, k >> 8), (low, k & 255))])
    return None


def _read_low_bytes(data: bytes) -> Image.Image:
    """Of each colour of sixteen bits the half that Pillow leaves out: read in the other order, it is the first."""
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=["PNG"]) as again:
        again.tile = [tile._replace(args="RGB;16L") for tile in again.tile]
        again.load()
        return again


def _differ(bands: list[tuple[Image.Image, int]]) -> Image.Image:
    """255 where any of these bands has another value than it is to have, else 0."""
    from PIL import ImageChops

    masks = [band.point([255 * (value != wanted) for value in range(256)]) for band, wanted in bands]
    return functools.reduce(ImageChops.lighter, masks)


def _reduce_to_eight_bits(image: Image.Image, key: Image.Image | None) -> Image.Image:
    """Greys of sixteen bits as such of eight; a plain conversion would make nearly all of them white. `key`: what of
    the picture is see-through."""
    if image.mode.startswith("I"):
        image = image.point(lambda grey: grey * (1 / 257)).convert("L")
    if key is not None:
        image.info.pop("transparency", None)
        image.putalpha(key)
    return image


def _apply_orientation(image: Image.Image) -> Image.Image:
    """Turned as its camera's note says; a note that cannot be read says nothing."""
    from PIL import Image

    try:
        turned = image.getexif().get(0x0112, 1)
    except Exception:
        # Pillow raises whatever a broken note leads to; the pixels are whole
        return image
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return image.transpose(turns[turned]) if turned in turns else image


def _convert_to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours that the file's own profile means, since what is kept names none; one that cannot be read says
    nothing."""
    from PIL import Image, ImageCms

    if not profile or len(profile) > MOST_PROFILE or image.mode not in ("RGB", "RGBA", "CMYK", "L", "LA"):
        return image
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(meant):
            return image
        colours = image.convert(image.mode[:-1]) if image.mode.endswith("A") else image
        made = ImageCms.profileToProfile(colours, meant, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    assert isinstance(made, Image.Image)
    if image.mode.endswith("A"):
        made.putalpha(image.getchannel("A"))
    return made


def _encode(image: Image.Image, *, exact: bool) -> bytes:
    made = io.BytesIO()
    if exact:
        image.save(made, format="WEBP", lossless=True, quality=40, method=1, exact=True)
    else:
        image.save(made, format="WEBP", quality=92, method=2)
    return made.getvalue()


# -- where a file really ends: what follows could be another file in disguise ------------------------------------------


def find_end(data: bytes, kind: str) -> int:
    """How many bytes the picture itself takes. Raises MediaRefused when it is cut off or has too many parts."""
    return _ENDS[kind](data)


def refuse_bytes_after(data: bytes, end: int) -> None:
    """Raise MediaRefused when something else follows the end, or the end is missing."""
    if len(data) < end:
        raise refusal(N_("it is cut off"))
    if data[end:].strip(PADDING):
        raise refusal(N_("{count} bytes of something else follow its end"), count=len(data) - end)


def _find_end_of_png(data: bytes) -> int:
    at, parts = len(_PNG), 0
    while at + 12 <= len(data):
        parts += 1
        _refuse_many_parts(parts)
        length = int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        at += 12 + length
        if name == b"IEND":
            return at
    raise refusal(N_("it is cut off"))


def _find_end_of_webp(data: bytes) -> int:
    length = 8 + int.from_bytes(data[4:8], "little")
    if length > len(data):
        raise refusal(N_("it is cut off"))
    at, parts = 12, 0
    while at + 8 <= length:
        parts += 1
        _refuse_many_parts(parts)
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return length + length % 2


def _find_end_of_jpeg(data: bytes) -> int:
    at, scans, parts = 2, 0, 0
    while marker := _MARKER.search(data, at):
        parts += 1
        _refuse_many_parts(parts)
        if marker[1] == b"\xd9":
            return marker.end()
        scans += marker[1] == b"\xda"
        if scans > MAX_SCANS:
            raise refusal(N_("it has more than {count} parts"), count=MAX_SCANS)
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    raise refusal(N_("it is cut off"))


def _find_end_of_gif(data: bytes) -> int:
    at = 13 + _colours(data[10:11])
    for _ in range(MAX_PARTS):
        block = data[at : at + 1]
        if block == b";":
            return at + 1
        if block == b",":
            at += 11 + _colours(data[at + 9 : at + 10])
        elif block == b"!":
            at += 2
        else:
            raise refusal(_OTHER if block else N_("it is cut off"))
        while length := int.from_bytes(data[at : at + 1], "big"):
            at += 1 + length
        at += 1
    raise refusal(N_("it has more than {count} parts"), count=MAX_PARTS)


def _colours(flags: bytes) -> int:
    """How many bytes the table of colours takes that the flags of a GIF promise."""
    found = flags[0] if flags else 0
    return 3 << (found % 8 + 1) if found & 0x80 else 0


def _find_end_of_avif(data: bytes) -> int:
    at, names = 0, set[bytes]()
    while at < len(data) and len(names) < MAX_PARTS:
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size < 8 or not name.isalnum():
            break
        names.add(name)
        at += size
    if at <= len(data) and not {b"meta", b"mdat"} <= names:
        raise refusal(_OTHER)
    return at


_LATER = ("GIF", "AVIF")
_ENDS = {
    "PNG": _find_end_of_png,
    "JPEG": _find_end_of_jpeg,
    "WEBP": _find_end_of_webp,
    "GIF": _find_end_of_gif,
    "AVIF": _find_end_of_avif,
}


def _refuse_many_parts(count: int) -> None:
    # readers look at each of them: three million take minutes
    if count > MAX_PARTS:
        raise refusal(N_("it has more than {count} parts"), count=MAX_PARTS)
