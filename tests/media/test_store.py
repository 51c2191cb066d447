"""What the store keeps and what it refuses, on both databases."""

from __future__ import annotations

import contextlib
import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageOps, PngImagePlugin
from sqlalchemy import func, select

from tests.media.clips import box, tiny_mp4
from tests.media.colours import swapped_profile
from workbench.db.connection import Database
from workbench.db.migrate import migrate
from workbench.db.schema import media
from workbench.errors import MediaRefused, NotFound
from workbench.media import MediaStore, pictures
from workbench.media.storage import Folder
from workbench.sketch.drawing import draw_clip


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[MediaStore]:
    database = Database(database_url)
    migrate(database)
    yield MediaStore(Folder(tmp_path / "höme" / "media"), database, tmp_path / "höme" / "media" / "thumbnails")
    database.close()


def drawing(size: tuple[int, int] = (96, 54), colour: str = "teal") -> Image.Image:
    made = Image.new("RGB", size, colour)
    ImageDraw.Draw(made).ellipse((10, 10, size[0] // 2, size[1] - 5), fill="orange")
    return made


def encoded(image: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    made = io.BytesIO()
    image.save(made, format=kind, **how)
    return made.getvalue()


def track(handler: bytes = b"vide", head: bytes = bytes(76) + struct.pack(">II", 640 << 16, 360 << 16)) -> bytes:
    return box(b"trak", box(b"tkhd", head), box(b"mdia", box(b"hdlr", bytes(8) + handler + bytes(13))))


def film(*tracks: bytes) -> bytes:
    """A clip of two seconds, as it says, of these tracks."""
    head = box(b"mvhd", bytes(12) + struct.pack(">II", 1000, 2000) + bytes(80))
    return box(b"ftyp", b"isom", bytes(4), b"isom") + box(b"moov", head, *tracks) + box(b"mdat", b"x")


def encoded_as(width: int, height: int, seconds: int = 2) -> bytes:
    """A track that is shown small and short, and is in truth this large and long."""
    entry = box(b"avc1", bytes(24) + struct.pack(">HH", width, height) + bytes(50))
    table = box(b"stbl", box(b"stsd", bytes(4) + struct.pack(">I", 1) + entry))
    length = box(b"mdhd", bytes(12) + struct.pack(">II", 1000, seconds * 1000) + bytes(4))
    shown = box(b"tkhd", bytes(76) + struct.pack(">II", 640 << 16, 360 << 16))
    handler = box(b"hdlr", bytes(8) + b"vide" + bytes(13))
    return box(b"trak", shown, box(b"mdia", length, handler, box(b"minf", table)))


def reason(data: bytes, *, clip: bool = False) -> str:
    from workbench.media import clips

    with pytest.raises(MediaRefused) as refused:
        (clips if clip else pictures).verify(data)
    assert refused.value.kind == "malformed_output"
    return str(refused.value)


def test_a_picture_is_found_again_by_its_hash(store: MediaStore) -> None:
    kept = store.add_image(encoded(drawing((960, 540))))
    assert (kept.kind, kept.mime, kept.width, kept.height, kept.seconds) == ("image", "image/webp", 960, 540, None)
    assert store.read(kept.sha256) == store.path(kept.sha256).read_bytes()
    assert kept.bytes == len(store.read(kept.sha256))
    row = store.find(kept.sha256)
    assert (row.width, row.height, row.mime, row.bytes) == (960, 540, "image/webp", kept.bytes)
    with Image.open(store.thumbnail(kept.sha256)) as small:
        assert (small.format, small.size) == ("WEBP", (480, 270))


def test_a_drawing_keeps_every_pixel(store: MediaStore) -> None:
    image = drawing()
    with Image.open(store.path(store.add_image(encoded(image)).sha256)) as kept:
        assert kept.convert("RGB").tobytes() == image.tobytes()


def test_the_same_pixels_are_kept_once_whoever_adds_them(store: MediaStore) -> None:
    image = drawing()
    files = [encoded(image), encoded(image, compress_level=1), encoded(image, dpi=(72, 72))]
    assert len(set(files)) == 3
    with ThreadPoolExecutor(6) as pool:
        kept = list(pool.map(store.add_image, files * 4))
    assert len({k.sha256 for k in kept}) == 1
    with store._database.read() as conn:
        assert conn.execute(select(func.count()).select_from(media)).scalar_one() == 1
    assert len([f for f in store.path(kept[0].sha256).parent.iterdir()]) == 1


def test_nothing_but_pixels_is_kept(store: MediaStore) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("prompt", "a secret plan")
    exif = Image.Exif()
    exif[0x010E] = "shot at home"
    exif[0x0112] = 6
    png = store.add_image(encoded(drawing(), pnginfo=notes))
    jpeg = store.add_image(encoded(drawing(), "JPEG", exif=exif, comment=b"camera 7"))
    assert b"secret" not in store.read(png.sha256)
    assert not any(word in store.read(jpeg.sha256) for word in (b"home", b"camera", b"EXIF", b"Exif"))
    # turned upright, as the note that is gone said
    assert (jpeg.width, jpeg.height) == (54, 96)


def test_a_see_through_picture_stays_so(store: MediaStore) -> None:
    image = Image.new("RGBA", (20, 20), (200, 10, 10, 90))
    with Image.open(store.path(store.add_image(encoded(image)).sha256)) as kept:
        assert (kept.mode, kept.getpixel((3, 3))) == ("RGBA", (200, 10, 10, 90))


def test_a_photograph_does_not_grow_to_megabytes(store: MediaStore) -> None:
    photo = Image.merge("RGB", [Image.effect_noise((640, 360), 60) for _ in range(3)])
    original = encoded(photo)
    assert store.add_image(original).bytes < len(original) / 2


@pytest.mark.parametrize("kind", ["GIF", "AVIF"])
def test_what_other_services_draw_is_kept_as_well(store: MediaStore, kind: str) -> None:
    kept = store.add_image(encoded(drawing(), kind))
    assert (kept.width, kept.height, kept.mime) == (96, 54, "image/webp")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
@pytest.mark.parametrize("part", [0.3, 0.9, 0.99])
def test_a_picture_that_is_cut_off_is_refused(kind: str, part: float) -> None:
    data = encoded(drawing((400, 300)), kind)
    assert "cut off" in reason(data[: int(len(data) * part)])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_a_picture_with_another_file_behind_it_is_refused(kind: str) -> None:
    said = reason(encoded(drawing(), kind) + b"PK\x03\x04 an archive, or a <script>")
    assert "something else follow its end" in said


@pytest.mark.parametrize(
    "data",
    [
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a/*" + bytes(40) + b"*/=1;alert(1)",
        b"%PDF-1.7\n" + encoded(drawing(), "JPEG"),
        b"PK\x03\x04" + encoded(drawing()),
        b" " + encoded(drawing()),
        b"BM" + bytes(60),
        b"II*\0" + bytes(60),
        tiny_mp4(),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html>not found</html>",
        b"GIF89a" + bytes(40),
        b"%PDF-1.7",
        b"\0\0\0\x18ftypavif" + bytes(40),
        b'{"error": "expired"}',
    ],
)
def test_what_is_no_allowed_picture_is_refused(data: bytes) -> None:
    assert "no PNG, JPEG or WebP" in reason(data)


def test_nothing_is_no_picture() -> None:
    assert "empty" in reason(b"")


@pytest.mark.parametrize("size", [(30_000, 30_000), (8_193, 10), (6_000, 6_000)])
def test_a_bomb_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    said = reason(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))
    assert "pixels" in said


def chunks(*parts: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks."""
    made = [struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP", b"iTXt"])
def test_a_note_that_unpacks_to_megabytes_is_not_unpacked(name: bytes) -> None:
    bomb = zlib.compress(bytes(200_000_000), 9)
    body = {b"iTXt": b"note\0\1\0\0\0"}.get(name, b"note\0\0") + bomb
    data = chunks((b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)), (name, body),
        (b"IDAT", zlib.compress(bytes(4))), (b"IEND", b""))  # fmt: skip
    tracemalloc.start()
    try:
        with contextlib.suppress(MediaRefused):
            pictures.verify(data)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "AVIF"])
def test_what_moves_is_refused_as_a_picture(kind: str) -> None:
    frames = [drawing(colour=c) for c in ("red", "green", "blue")]
    assert "only still pictures" in reason(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize("size", [(16_384, 16_384), (9_000, 100)])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_header_that_promises_too_much_is_refused(kind: str, size: tuple[int, int]) -> None:
    data = bytearray(encoded(drawing(), kind, **({"lossless": True} if kind == "WEBP" else {})))
    if kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", size[1], size[0])
    else:
        at = data.index(b"VP8L") + 9
        data[at : at + 4] = struct.pack("<I", (size[0] - 1) | (size[1] - 1) << 14)
    said = reason(bytes(data))
    assert "pixels are too many" in said or "far too many pixels" in said


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_nothing_that_hides_inside_a_picture_is_kept(store: MediaStore, kind: str) -> None:
    """A script in a comment, an archive in a note: only pixels are encoded anew."""
    hidden = b"PK\x03\x04 <script>alert(1)</script> %PDF-1.7"
    image = drawing()
    if kind == "PNG":
        whole = encoded(image)
        note = struct.pack(">I", len(hidden)) + b"ruSt" + hidden + struct.pack(">I", zlib.crc32(b"ruSt" + hidden))
        data = whole[:33] + note + whole[33:]
    elif kind == "JPEG":
        data = encoded(image, "JPEG", comment=hidden)
    else:
        data = encoded(image, "WEBP", xmp=hidden)
    assert b"script" in data
    assert b"script" not in store.read(store.add_image(data).sha256)


def test_a_jpeg_without_end_is_refused_quickly() -> None:
    started = time.process_time()
    assert "cut off" in reason(b"\xff\xd8\xff" + b"\xff\x00" * 16_000_000)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_camera_said(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(drawing(), "JPEG", quality=95, exif=exif)
    with Image.open(io.BytesIO(data)) as found:
        wanted = ImageOps.exif_transpose(found)
    with Image.open(io.BytesIO(pictures.verify(data).data)) as kept:
        assert kept.size == wanted.size
        different = ImageChops.difference(kept.convert("RGB"), wanted).getextrema()
        assert max(high for _, high in different) < 60


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_broken_note_loses_no_picture() -> None:
    """Pillow fails with whatever a broken Exif block leads to: one of these bytes made it a TypeError."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "x"
    data = bytearray(encoded(drawing(), "JPEG", exif=exif))
    at = data.index(b"Exif\0\0")
    for place in range(at + 6, at + 40):
        for value in (0, 1, 2, 5, 12, 255):
            broken = bytes(data[:place]) + bytes((value,)) + bytes(data[place + 1 :])
            assert pictures.verify(broken).width in (96, 54)


@pytest.mark.parametrize("grey", [0x1234, 0x8080, 0xFFFF, 0])
def test_greys_of_sixteen_bits_stay_grey(grey: int) -> None:
    rows = b"".join(b"\0" + struct.pack(">H", grey) * 4 for _ in range(4))
    head = struct.pack(">IIBBBBB", 4, 4, 16, 0, 0, 0, 0)
    kept = pictures.verify(chunks((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")))
    with Image.open(io.BytesIO(kept.data)) as image:
        assert image.convert("L").getpixel((1, 1)) == pytest.approx(grey >> 8, abs=2)


@pytest.mark.parametrize(("mode", "kind"), [("RGB", "PNG"), ("RGBA", "PNG"), ("RGB", "JPEG"), ("RGB", "WEBP")])
def test_a_picture_has_the_colours_that_its_profile_means(mode: str, kind: str) -> None:
    image = Image.new(mode, (64, 36), (200, 30, 60, 100)[: len(mode)])
    kept = Image.open(io.BytesIO(pictures.verify(encoded(image, kind, icc_profile=swapped_profile(), quality=95)).data))
    found = kept.getpixel((8, 8))
    assert found == pytest.approx((60, 30, 200, 100)[: len(mode)], abs=4)
    assert kept.info.get("icc_profile") is None


def test_a_profile_that_cannot_be_read_loses_no_picture() -> None:
    kept = pictures.verify(encoded(drawing(colour="red"), icc_profile=b"no colours at all"))
    assert Image.open(io.BytesIO(kept.data)).getpixel((2, 2)) == (255, 0, 0)


def test_a_photograph_of_a_printer_keeps_its_colours() -> None:
    with Image.open(
        io.BytesIO(pictures.verify(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")).data)
    ) as kept:
        red, green, blue = kept.convert("RGB").getpixel((4, 4))  # type: ignore[misc]
    assert red > 240
    assert max(green, blue) < 15


def test_a_jpeg_of_countless_scans_is_refused_quickly() -> None:
    """120 KB that took 18 seconds: each scan is a pass over all pixels."""
    whole = encoded(Image.new("L", (4800, 4800)), "JPEG", progressive=True)
    scan = whole[whole.rindex(b"\xff\xc4", 0, whole.rindex(b"\xff\xda")) : -2]
    started = time.process_time()
    assert "more than 100 parts" in reason(whole[:-2] + scan * 500 + whole[-2:])
    assert time.process_time() - started < 2


def test_a_clip_is_kept_without_what_it_tells_of_its_maker(store: MediaStore) -> None:
    kept = store.add_video(tiny_mp4(1280, 720, 4.5))
    assert (kept.kind, kept.mime, kept.width, kept.height, kept.seconds) == ("video", "video/mp4", 1280, 720, 4.5)
    assert b"home" not in store.read(kept.sha256)
    assert len(store.read(kept.sha256)) == len(tiny_mp4(1280, 720, 4.5))
    assert store.add_video(tiny_mp4(1280, 720, 4.5, note=b"made abroad.")).sha256 == kept.sha256
    assert store.find(kept.sha256).seconds == 4.5
    with pytest.raises(NotFound):
        store.thumbnail(kept.sha256)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89PNG\r\n\x1a\n", "no MP4"),
        (tiny_mp4()[:-20], "cut off"),
        (tiny_mp4() + b"\0\0\0\x0cPK\x03\x04 zip", "something else follow"),
        (box(b"ftyp", b"isom") + box(b"mdat", b"x"), "moov"),
        (tiny_mp4(seconds=0), "lasts 0 s"),
        (tiny_mp4(seconds=4000), "lasts 4000 s"),
        (tiny_mp4(width=9000), "pixels"),
        (tiny_mp4(height=65_535), "pixels"),
        (tiny_mp4(width=0), "pixels"),
        (tiny_mp4(seconds=4_000_000), "lasts 4e+06 s"),
        (b"", "no MP4"),
        (b"RIFF\0\0\0\0AVI " + bytes(40), "no MP4"),
        (b"\x1aE\xdf\xa3 webm" + bytes(40), "no MP4"),
        (b"<html>" + tiny_mp4(), "no MP4"),
        (box(b"ftyp", b"isom") + box(b"free") * 100_001, "more than 100000 parts"),
        (box(b"ftyp", b"isom") + box(b"mdat") + box(b"moov", track(), box(b"mvhd")), "cut off"),
        (box(b"ftyp", b"isom") + box(b"mdat") + box(b"moov", track(head=b""), box(b"mvhd", bytes(100))), "cut off"),
        (
            box(b"ftyp", b"isom") + box(b"mdat") + box(b"moov", track(b"soun"), box(b"mvhd", bytes(100))),
            "no picture track",
        ),
        (box(b"ftyp", b"isom") + box(b"moov", track(), box(b"mvhd", bytes(100))), "mdat"),
        (film(track(), track(head=bytes(76) + struct.pack(">II", 30_000 << 16, 30_000 << 16))), "30000×30000 pixels"),
        (film(encoded_as(30_000, 30_000)), "30000×30000 pixels"),
        (film(track(), encoded_as(640, 360, seconds=36_000)), "lasts 36000 s"),
        (b"\0\0\0\x01ftyp" + b"\xff" * 8 + bytes(40), "cut off"),
        (b"\0\0\0\x04ftyp" + bytes(40), "cut off"),
    ],
)
def test_what_is_no_allowed_clip_is_refused(data: bytes, said: str) -> None:
    assert said in reason(data, clip=True)


def test_a_clip_whose_tracks_say_what_it_says_is_kept() -> None:
    from workbench.media import clips

    kept = clips.verify(film(encoded_as(640, 368)))
    assert (kept.width, kept.height, kept.seconds) == (640, 360, 2.0)


def test_what_hides_in_the_room_between_a_clips_parts_is_not_kept(store: MediaStore) -> None:
    kept = store.add_video(tiny_mp4() + box(b"free", b"PK\x03\x04 an archive") + box(b"skip", b"<script>"))
    data = store.read(kept.sha256)
    assert b"archive" not in data
    assert b"script" not in data


@pytest.mark.parametrize("sha", ["0" * 64, "../../etc/passwd", "zz", ""])
def test_what_is_not_there_is_not_found(store: MediaStore, sha: str) -> None:
    with pytest.raises(NotFound):
        store.path(sha)
    with pytest.raises(NotFound):
        store.find(sha)


def test_a_lost_thumbnail_is_made_again(store: MediaStore) -> None:
    kept = store.add_image(encoded(drawing((960, 540))))
    before = store.thumbnail(kept.sha256).read_bytes()
    store.thumbnail(kept.sha256).unlink()
    assert store.thumbnail(kept.sha256).read_bytes() == before


def test_a_clip_has_a_small_picture_of_its_first_frame(store: MediaStore) -> None:
    film = draw_clip(encoded(drawing((960, 540))), 0.5, (960, 540), 1)
    kept = store.add_video(film)
    with Image.open(store.thumbnail(kept.sha256)) as small:
        assert (small.format, small.size) == ("WEBP", (pictures.THUMBNAIL_WIDTH, 270))
        red, _green, blue = small.convert("RGB").getpixel((120, 130))  # type: ignore[misc]
        assert red > 200 > 100 > blue
    before = store.thumbnail(kept.sha256).read_bytes()
    store.thumbnail(kept.sha256).unlink()
    assert store.thumbnail(kept.sha256).read_bytes() == before


def test_a_clip_without_a_frame_has_no_small_picture(store: MediaStore) -> None:
    kept = store.add_video(tiny_mp4())
    with pytest.raises(NotFound, match="no picture"):
        store.thumbnail(kept.sha256)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + (b"\0\0\0\0tEXt\0\0\0\0" * 3_000_000) + b"\0\0\0\0IEND\0\0\0\0",
        b"\xff\xd8" + b"\xff\xfe\x00\x02" * 3_000_000 + b"\xff\xd9",
        b"RIFF" + (4 + 8 * 3_000_000).to_bytes(4, "little") + b"WEBP" + b"JUNK\0\0\0\0" * 3_000_000,
    ],
    ids=["png", "jpeg", "webp"],
)
def test_a_picture_of_millions_of_parts_is_refused_before_anybody_reads_them(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "decode", lambda *_: pytest.fail("it was read"))
    with pytest.raises(MediaRefused, match="more than 50000 parts"):
        pictures.verify(data)
