"""The line below a picture: the shot's number and framing, then its caption, in the font that comes with this package.

The font has the Han of GB 2312 and of Big5's common level. Other characters become what Unicode holds to be the same
(full width, ligatures, letters without their accents); other scripts are spelled in Latin letters; emoji go; what
is left becomes a middle dot, never a box.
"""

from __future__ import annotations

import functools
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from anyascii import anyascii
from PIL import Image, ImageDraw, ImageFont

from workbench.sketch.drawing.colour import RGB, mix

FONT = Path(__file__).parent / "font" / "caption.otf"
STAND_IN = "·"
MOST_LINES = 3
#: no line begins with one of these
_CLOSING = frozenset("，。；：、！？）》」』”’…—·,.;:!?)]}%")
_OTHER_FORMS = {"\u2011": "-", "\u2012": "–", "\u2212": "-", "\u2043": "-", "\u02bc": "’", "\u2044": "/",
    "\u30fb": "·"}  # fmt: skip
_held = threading.local()


@dataclass(frozen=True)
class Strip:
    """How high the strip is and what it says, line by line."""

    height: int
    size: int
    mark: str
    framing: str
    lines: tuple[str, ...]
    indent: int


def font(size: int) -> ImageFont.FreeTypeFont:
    """The caption font in this size; a thread has its own, since FreeType's faces are not shared safely."""
    cache: dict[int, ImageFont.FreeTypeFont] | None = getattr(_held, "fonts", None)
    if cache is None:
        cache = _held.fonts = {}
    if size not in cache:
        # The basic layout is the same whether or not the machine has a shaping library.
        cache[size] = ImageFont.truetype(str(FONT), size, layout_engine=ImageFont.Layout.BASIC)
    return cache[size]


@functools.lru_cache(maxsize=20_000)
def has_glyph(character: str) -> bool:
    """Whether the font has a glyph for it."""
    return character.isspace() or _shape(character) != _box()


def _shape(character: str) -> tuple[tuple[int, int], bytes]:
    mask = font(24).getmask(character, mode="L")
    return mask.size, bytes(mask)


@functools.cache
def _box() -> tuple[tuple[int, int], bytes]:
    """What the font draws for a character that it does not have."""
    return _shape("\uffff")


def replace_missing(text: str) -> str:
    """The text with nothing that the font lacks."""
    pieces: list[str] = []
    for character in " ".join(text.split()):
        for piece in _OTHER_FORMS.get(character, character):
            drawn = _stand_in(piece)
            if drawn != STAND_IN or not pieces or pieces[-1] != STAND_IN:
                pieces.append(drawn)
    return "".join(pieces).strip()


def _stand_in(character: str) -> str:
    if has_glyph(character):
        return character
    for form in ("NFKC", "NFKD"):
        same = "".join(c for c in unicodedata.normalize(form, character) if not unicodedata.combining(c))
        if same and all(has_glyph(c) for c in same):
            return same
    # Pictographs and joiners: the sentence reads without them.
    if unicodedata.category(character)[0] not in "LMN":
        return ""
    if ord(character) >= 0x20000:
        # A Han sign so rare has no sound that everybody knows.
        return STAND_IN
    return "".join(c for c in anyascii(character).strip() if has_glyph(c))


def lay_out(caption: str, order: int, framing: str, size: tuple[int, int]) -> Strip:
    """The strip for a picture of this size."""
    width, height = size
    letter = 22 if width >= 800 else 21 if width >= 600 else 20
    pad = round(width * 0.022)
    mark = f"{order}"
    indent = pad + round(font(letter).getlength(mark) + font(letter - 6).getlength(framing)) + 26
    lines = _wrap(replace_missing(caption), font(letter), width - indent - pad)
    most = MOST_LINES if height > width else 2
    if len(lines) > most:
        lines = [*lines[: most - 1], _cut(lines[most - 1] + " " + lines[most], font(letter), width - indent - pad)]
    strip = round(letter * 1.42) * max(1, len(lines)) + round(letter * 0.85)
    return Strip(strip + strip % 2, letter, mark, framing, tuple(lines), indent)


def write(image: Image.Image, strip: Strip, ground: RGB, ink: RGB, accent: RGB) -> None:
    """Draw the strip over the lower edge of the picture."""
    draw = ImageDraw.Draw(image)
    top = image.height - strip.height
    draw.rectangle((0, top, image.width, image.height), fill=ground)
    draw.rectangle((0, top, image.width, top + 1), fill=accent)
    pad = round(image.width * 0.022)
    step = round(strip.size * 1.42)
    first = top + round(strip.size * 0.43) + step // 2 + 1
    draw.text((pad, first), strip.mark, font=font(strip.size), fill=accent, anchor="lm")
    after = pad + font(strip.size).getlength(strip.mark) + 7
    draw.text((after, first + 2), strip.framing, font=font(strip.size - 6), fill=mix(ink, ground, 0.4), anchor="lm")
    for number, line in enumerate(strip.lines):
        draw.text((strip.indent, first + number * step), line, font=font(strip.size), fill=ink, anchor="lm")


def strip_height(image: Image.Image) -> int:
    """How many of the picture's lowest rows are a caption strip; 0 when there is none."""
    width, height = image.size
    most = round(height * 0.3)
    edge = image.crop((0, height - most, 5, height))
    ground = edge.getpixel((2, most - 2))
    assert isinstance(ground, tuple)
    rows = 0
    for y in range(most - 1, -1, -1):
        if any(_far(edge.getpixel((x, y)), ground) for x in range(5)):
            break
        rows += 1
    bottom = image.crop((0, height - 3, width, height)).getextrema()
    flat = all(high - low <= 10 for low, high in bottom)  # type: ignore[misc]
    # The two rows of its coloured edge belong to it.
    rows_below = rows + 2
    return rows_below + rows_below % 2 if flat and 24 <= rows_below < most else 0


def _far(a: object, b: tuple[int, ...]) -> bool:
    assert isinstance(a, tuple)
    return any(abs(x - y) > 10 for x, y in zip(a, b, strict=True))


def _wrap(text: str, letters: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines that fit: broken at blanks, or between Han characters."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and letters.getlength((line + piece).rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
        while letters.getlength(line.rstrip()) > width:
            cut = max(1, next(n for n in range(len(line), 0, -1) if n == 1 or letters.getlength(line[:n]) <= width))
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> list[str]:
    """What a line may be broken between: words with the blank after them, single Han with the marks after them."""
    pieces: list[str] = []
    for character in text:
        wide = unicodedata.east_asian_width(character) in "WF" or ord(character) > 0x2E80
        if pieces and (
            character in _CLOSING
            or character == " "
            or (not wide and pieces[-1][-1] != " " and ord(pieces[-1][-1]) < 0x2E80)
        ):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _cut(line: str, letters: ImageFont.FreeTypeFont, width: float) -> str:
    clipped = line
    while clipped and letters.getlength(clipped.rstrip() + "…") > width:
        clipped = clipped[:-1]
    return clipped.rstrip("，。、；,.; ") + "…"
