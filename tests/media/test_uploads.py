"""Pictures that people bring: what is made of each, and what is refused."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, PngImagePlugin

from tests.media.clips import tiny_mp4
from tests.media.colours import swapped_profile
from workbench.errors import MediaRefused
from workbench.media import heic, pictures, uploads

TURNED = Image.Exif()
TURNED[0x0112] = 6


def halves(mode: str = "RGB", size: tuple[int, int] = (64, 32)) -> Image.Image:
    """Red at the left, blue at the right."""
    made = Image.new("RGB", size, "red")
    made.paste("blue", (size[0] // 2, 0, *size))
    return made.convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    made = io.BytesIO()
    image.save(made, kind, **how)
    return made.getvalue()


def heif(image: Image.Image, **how: object) -> bytes:
    made = io.BytesIO()
    pillow_heif.from_pillow(image).save(made, **how)
    return made.getvalue()


def moving(kind: str) -> bytes:
    return encoded(halves(), kind, save_all=True, append_images=[Image.new("RGB", (64, 32), "green")])


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "x")
    return made.getvalue()


def png(size: tuple[int, int], depth: int, colours: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colours, 0, 0, 0))
    middle = b"".join(chunk(*c) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + head + middle + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def with_segment(jpeg: bytes, name: int, body: bytes) -> bytes:
    return jpeg[:2] + bytes((0xFF, name)) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def kept(data: bytes) -> Image.Image:
    picture = uploads.verify(data)
    image = Image.open(io.BytesIO(picture.data))
    assert (image.format, image.mode, image.size) == ("WEBP", "RGB", (picture.width, picture.height))
    assert not {"exif", "icc_profile", "xmp"} & set(image.info)
    return image


def is_like(pixel: object, colour: tuple[int, int, int], by: int = 24) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=True))


RED, BLUE = (255, 0, 0), (0, 0, 255)
JPEG = encoded(halves(), "JPEG", quality=95, subsampling=0)
#: name → a file that shows halves()
FILES: dict[str, Callable[[], bytes]] = {
    "png": lambda: encoded(halves()),
    "palette": lambda: encoded(halves("P")),
    "jpeg": lambda: JPEG,
    "progressive jpeg": lambda: encoded(halves(), "JPEG", quality=95, subsampling=0, progressive=True),
    "webp": lambda: encoded(halves(), "WEBP", lossless=True),
    "avif": lambda: encoded(halves(), "AVIF", quality=95, subsampling="4:4:4"),
    "heic": lambda: heif(halves(), quality=95, chroma=444),
    "gif": lambda: encoded(halves(), "GIF"),
    "a gif that moves": lambda: moving("GIF"),
    "a webp that moves": lambda: moving("WEBP"),
    "a png that moves": lambda: moving("PNG"),
    "an avif that moves": lambda: moving("AVIF"),
    "cmyk": lambda: encoded(halves("CMYK"), "JPEG", quality=95, subsampling=0),
    "a film after it": lambda: with_segment(JPEG, 0xE1, b'http://ns.adobe.com/xap/1.0/\0 MotionPhoto="1"') + tiny_mp4(),
    "notes of Samsung's": lambda: JPEG + b"\0\0\x01\x0aImage_UTC_Data1700000000000SEFH\x6b\0\0\0SEFT",
    "padding": lambda: JPEG + bytes(4096),
    "more pictures of a camera": lambda: moving("MPO"),
    "sixteen bits": lambda: png(
        (64, 32), 16, 2, (b"\0" + b"\xff\xff\0\0\0\0" * 32 + b"\0\0\0\0\xff\xff" * 32) * 32
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_what_people_bring_is_kept_as_an_opaque_picture(name: str) -> None:
    image = kept(FILES[name]())
    assert image.size == (64, 32)
    assert is_like(image.getpixel((8, 16)), RED)
    assert is_like(image.getpixel((56, 16)), BLUE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_a_picture_of_any_kind_stands_as_its_camera_said(kind: str) -> None:
    how = {"exif": TURNED.tobytes()}
    image = kept(heif(halves(), **how) if kind == "HEIF" else encoded(halves(), kind, **how))
    assert image.size == (32, 64)
    assert is_like(image.getpixel((16, 8)), RED, 40)


def see_through(kind: str) -> bytes:
    image = halves("RGBA")
    image.paste((9, 9, 9, 0), (32, 0, 64, 32))
    return heif(image) if kind == "HEIF" else encoded(image, kind)


@pytest.mark.parametrize(
    "data",
    [
        *(see_through(kind) for kind in ("PNG", "WEBP", "AVIF", "HEIF")),
        encoded(halves("P"), "GIF", transparency=halves("P").getpixel((56, 16))),
        encoded(Image.merge("LA", [Image.new("L", (64, 32), 60), Image.linear_gradient("L").resize((64, 32)).point(
            lambda _: 0)])),
        png((64, 32), 16, 0, (b"\0" + b"\x80\x80" * 64) * 32, (b"tRNS", b"\x80\x80")),
        png((64, 32), 16, 2, (b"\0" + b"\x80\x80" * 192) * 32, (b"tRNS", b"\x80\x80" * 3)),
    ],
    ids=["png", "webp", "avif", "heic", "gif", "grey and alpha", "sixteen-bit grey", "sixteen-bit colour"],
)  # fmt: skip
def test_what_is_see_through_becomes_white(data: bytes) -> None:
    assert is_like(kept(data).getpixel((56, 16)), (255, 255, 255))


def told(depth: int, *values: int) -> bytes:
    """A row of samples, packed as a PNG has them."""
    bits = "".join(f"{value:0{depth}b}" for value in values)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


@pytest.mark.parametrize(
    ("depth", "colours", "key", "near"),
    [
        (16, 0, (0x1234,), (0x1235,)),
        (16, 0, (0x1234,), (0x2234,)),
        (16, 0, (0,), (255,)),
        (16, 2, (0x1234, 0x5678, 0x9ABC), (0x1234, 0x5678, 0x9ABD)),
        (16, 2, (0x1234, 0x5678, 0x9ABC), (0x1334, 0x5678, 0x9ABC)),
        (16, 2, (0, 0, 0), (255, 255, 255)),
        (8, 0, (18,), (19,)),
        (8, 2, (18, 86, 154), (18, 86, 155)),
        (4, 0, (9,), (8,)),
        (2, 0, (2,), (1,)),
        (1, 0, (0,), (1,)),
    ],
)
def test_of_a_png_the_key_colour_alone_is_see_through_at_any_depth(
    depth: int, colours: int, key: tuple[int, ...], near: tuple[int, ...]
) -> None:
    row = b"\0" + told(depth, *key * 32) + told(depth, *near * 32)
    data = png((64, 32), depth, colours, row * 32, (b"tRNS", struct.pack(f">{len(key)}H", *key)))
    image = kept(data)
    assert is_like(image.getpixel((8, 16)), (255, 255, 255), 3)
    red, green, blue = [value * 255 // ((1 << depth) - 1) for value in near] * (3 // len(near))
    assert is_like(pictures.decode(data, "PNG", uploads.LIMITS).convert("RGB").getpixel((56, 16)), (red, green, blue))
    alpha = pictures.decode(data, "PNG", uploads.LIMITS).getchannel("A")
    assert (alpha.getpixel((8, 16)), alpha.getpixel((56, 16))) == (0, 255)


def test_a_key_colour_is_see_through_beside_a_profile() -> None:
    key, near = (0x1234, 0x5678, 0x9ABC), (0xFF01, 0x0102, 0x0304)
    row = b"\0" + told(16, *key * 32) + told(16, *near * 32)
    named = (b"iCCP", b"x\0\0" + zlib.compress(swapped_profile()))
    image = kept(png((64, 32), 16, 2, row * 32, named, (b"tRNS", struct.pack(">3H", *key))))
    assert is_like(image.getpixel((8, 16)), (255, 255, 255), 3)
    assert is_like(image.getpixel((56, 16)), BLUE)


@pytest.mark.parametrize(("depth", "colours", "count"), [(2, 0, 1), (4, 0, 1), (16, 0, 1), (16, 2, 3), (16, 6, 3)])
def test_a_key_colour_that_no_pixel_can_have_shows_them_all(depth: int, colours: int, count: int) -> None:
    channels = 4 if colours == 6 else count
    rows = (b"\0" + told(depth, *(3,) * channels * 64)) * 32
    found = kept(png((64, 32), depth, colours, rows, (b"tRNS", b"\xff\xff" * count)))
    assert found.size == (64, 32)


def test_a_large_photograph_is_made_smaller() -> None:
    image = kept(encoded(halves(size=(8200, 3000)), "JPEG"))
    assert image.size == (4096, 1499)


def test_a_heic_has_the_colours_that_its_profile_means() -> None:
    image = kept(heif(halves(), quality=95, chroma=444, icc_profile=swapped_profile()))
    assert is_like(image.getpixel((8, 16)), BLUE)


def bomb(size: tuple[int, int]) -> bytes:
    return png(size, 8, 2, b"")


NOTES = PngImagePlugin.PngInfo()
NOTES.add_text("note", "<html><script>alert(1)</script>")
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "a text": (b"hello", "no PNG, JPEG or WebP"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no PNG, JPEG or WebP"),
    "tiff": (encoded(halves(), "TIFF"), "no PNG, JPEG or WebP"),
    "a clip": (tiny_mp4(), "no PNG, JPEG or WebP"),
    "half a jpeg": (JPEG[: len(JPEG) // 2], "cut off"),
    "half a heic": (heif(halves())[:-40], "cut off"),
    "a heic of nothing": (heif(halves())[:60] + bytes(len(heif(halves())) - 60), "no PNG, JPEG or WebP"),
    "a bomb": (bomb((40_000, 40_000)), "far too many pixels"),
    "a long bomb": (bomb((16_385, 1)), "16385×1 pixels"),
    "a zip behind a png": (encoded(halves()) + zipped(), "ZIP"),
    "a zip in a note of a jpeg": (with_segment(JPEG, 0xFE, zipped()), "ZIP"),
    "a zip behind a heic": (heif(halves()) + zipped(), "ZIP"),
    "a zip that says it is a film": (
        with_segment(JPEG, 0xE1, b'MotionPhoto="1"') + tiny_mp4() + zipped(), "ZIP",
    ),
    "a pdf in a note": (with_segment(JPEG, 0xFE, b"%PDF-1.7\n"), "PDF"),
    "a page in a note of a png": (encoded(halves(), pnginfo=NOTES), "HTML"),
    "php in a note of a gif": (encoded(halves(), "GIF", comment=b"<?php echo 1;"), "HTML"),
    "a script that begins like a gif": (b"GIF89a/*" + encoded(halves(), "GIF")[8:], "pixels"),
    "a tar": (with_segment(JPEG, 0xFE, bytes(251) + b"ustar\0" + bytes(40)), "tar"),
    "a film that nothing announces": (JPEG + tiny_mp4(), "follow its end"),
    "a jpeg behind a plain jpeg": (JPEG + JPEG, "follow its end"),
    "words behind a webp": (encoded(halves(), "WEBP") + b"hello", "follow its end"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_alone_is_refused_with_the_reason(name: str) -> None:
    data, reason = REFUSED[name]
    with pytest.raises(MediaRefused, match=reason):
        uploads.verify(data)


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_kept_or_refused_and_nothing_else_happens(name: str) -> None:
    rng, whole = random.Random(name), FILES[name]()
    # a HEIC takes a process
    for _ in range(150 if name != "heic" else 3):
        broken = bytearray(whole)
        for _ in range(rng.choice((1, 3, 12))):
            at = rng.randrange(len(broken))
            broken[at : at + rng.randrange(2)] = bytes(rng.randrange(256) for _ in range(rng.randrange(3)))
        with contextlib.suppress(MediaRefused):
            uploads.verify(bytes(broken))


def test_a_heic_of_too_many_pixels_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LIMITS", pictures.Limits(pixels=100, edge=100))
    with pytest.raises(MediaRefused, match="64×32 pixels"):
        uploads.verify(heif(halves()))


def test_without_the_extra_a_heic_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heic.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MediaRefused, match="once pillow-heif is installed; or save it as JPEG"):
        uploads.verify(heif(halves()))


def test_a_decoder_that_dies_or_hangs_refuses_the_picture_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = heif(halves())
    dies = tmp_path / "dies.py"
    dies.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr(heic.Path, "with_name", lambda *_: dies)
    with pytest.raises(MediaRefused, match="cannot be read as HEIC"):
        uploads.verify(data)

    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("x", 1)

    monkeypatch.setattr(heic.subprocess, "run", hang)
    with pytest.raises(MediaRefused, match="cannot be read as HEIC"):
        uploads.verify(data)
