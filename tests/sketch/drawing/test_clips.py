"""Clips, looked at with ffmpeg itself."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image, ImageChops

from tests.sketch.drawing.scenes import CAST, CUSTOM, anchor, nine, opened
from workbench.errors import JobError
from workbench.media import clips
from workbench.sketch.drawing import clip, draw_clip, draw_frame
from workbench.sketch.drawing.caption import strip_height


@pytest.fixture(scope="module")
def frame() -> bytes:
    made = anchor("书斋", "zh")
    return draw_frame(nine(made, "zh")[2], made, CAST["zh"], CUSTOM, "16:9", "zh", 1)


def told(path: Path) -> str:
    """What ffmpeg says of a file."""
    return subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)], capture_output=True, text=True, check=False
    ).stderr


def frames(path: Path, size: tuple[int, int]) -> list[Image.Image]:
    raw = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True,
        check=True,
    ).stdout
    step = size[0] * size[1] * 3
    return [Image.frombytes("RGB", size, raw[at : at + step]) for at in range(0, len(raw), step)]


def difference(a: Image.Image, b: Image.Image) -> float:
    data = ImageChops.difference(a, b).convert("L").tobytes()
    return sum(data) / len(data)


def test_a_clip_is_h264_of_this_size_and_length_and_moves(frame: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(draw_clip(frame, 2.0, (480, 270), 3))
    said = told(path)
    assert re.search(r"Video: h264.*yuv420p.*480x270", said)
    assert "24 fps" in said
    assert "Duration: 00:00:02.00" in said
    shown = frames(path, (480, 270))
    assert len(shown) == 48
    assert difference(shown[0], shown[-1]) > 2
    assert difference(shown[0], shown[1]) < difference(shown[0], shown[24]) <= difference(shown[0], shown[-1]) + 4
    # Fast start: the index comes before the pictures.
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert clips.verify(data).seconds == pytest.approx(2.0, abs=0.05)


def test_the_caption_stands_still_while_the_picture_moves(frame: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(draw_clip(frame, 2.0, (960, 540), 3))
    strip = strip_height(opened(frame))
    assert strip > 24
    shown = frames(path, (960, 540))
    first, last = (f.crop((0, 540 - strip + 6, 960, 540)) for f in (shown[0], shown[-1]))
    assert difference(first, last) < 1.5
    assert difference(first, opened(frame).crop((0, 540 - strip + 6, 960, 540))) < 6


def test_the_same_clip_has_the_same_bytes_here_and_in_another_process(frame: bytes) -> None:
    first = draw_clip(frame, 1.0, (480, 270), 5)
    assert draw_clip(frame, 1.0, (480, 270), 5) == first
    script = (
        "import sys,hashlib;from workbench.sketch.drawing import "
        "draw_clip;print(hashlib.sha256(draw_clip(sys.stdin.buffer.read(),1.0,(480,270),5)).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", script], input=frame, capture_output=True, check=True)
    assert other.stdout.decode().strip() == hashlib.sha256(first).hexdigest()


def test_seeds_move_the_camera_in_different_ways(frame: bytes) -> None:
    assert len({draw_clip(frame, 0.5, (240, 134), seed) for seed in range(8)}) >= 5


def test_a_clip_tells_nothing_but_its_pictures(frame: bytes) -> None:
    data = draw_clip(frame, 0.5, (240, 134), 1)
    assert b"Lavf" not in data
    assert b"x264 - core" not in data
    assert len(clips.verify(data).data) == len(data)


def test_other_shapes_and_odd_sides_are_covered(tmp_path: Path) -> None:
    made = io.BytesIO()
    Image.effect_noise((300, 500), 60).convert("RGB").save(made, format="WEBP")
    path = tmp_path / "clip.mp4"
    path.write_bytes(draw_clip(made.getvalue(), 0.5, (321, 181), 2))
    assert "320x180" in told(path)
    assert len(frames(path, (320, 180))) == 12


def test_a_frame_that_is_none_is_refused_with_the_reason() -> None:
    with pytest.raises(JobError, match="cannot be read") as caught:
        draw_clip(b"no picture", 1.0, (480, 270), 1)
    assert caught.value.kind == "bad_request"


def test_what_ffmpeg_says_when_it_fails_is_passed_on(frame: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "_ENCODE", ("-c:v", "no_such_encoder"))
    with pytest.raises(JobError, match="no_such_encoder"):
        draw_clip(frame, 0.5, (240, 134), 1)


def test_a_missing_program_is_told(frame: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", nowhere)
    with pytest.raises(JobError, match="No ffmpeg exe"):
        draw_clip(frame, 0.5, (240, 134), 1)
