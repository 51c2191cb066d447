"""A clip from one frame: a slow move of the camera over the picture, as H.264 in an MP4. The caption stands still.

Bytes follow from the frame, the seconds, the size and the seed: one thread, no dates, no encoder's name.
"""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from PIL import Image, UnidentifiedImageError

from workbench.errors import JobError
from workbench.i18n import N_, Text
from workbench.sketch.drawing.caption import strip_height

FPS = 24
#: how much of the picture a move takes in at its closest
CLOSEST = 0.88
#: a clip that takes longer than this has hung
PATIENCE_S = 240.0
_ENCODE = (
    "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-tune", "animation", "-pix_fmt", "yuv420p",
    "-threads", "1",
    "-x264-params", "cpu-independent=1", "-bsf:v", "filter_units=remove_types=6", "-map_metadata", "-1",
    "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
    "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart", "-f", "mp4",
)  # fmt: skip

Box = tuple[float, float, float, float]


def draw_clip(frame: bytes, seconds: float, size: tuple[int, int], seed: int) -> bytes:
    """An MP4 of `seconds` in `size` (odd sides lose a pixel). Raises JobError when the frame or ffmpeg fails."""
    width, height = (max(2, side - side % 2) for side in size)
    try:
        with Image.open(io.BytesIO(frame)) as opened:
            picture = _cover(opened.convert("RGB"), width, height)
    except (UnidentifiedImageError, OSError) as error:
        raise JobError(Text(N_("The first frame of the clip cannot be read ({problem})"), problem=str(error)),
            kind="bad_request") from None  # fmt: skip
    count = max(1, round(seconds * FPS))
    return _encode(_frames(picture, count, seed), width, height)


def _cover(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture without what does not fit the size's shape."""
    scale = min(picture.width / width, picture.height / height)
    left, top = (picture.width - width * scale) / 2, (picture.height - height * scale) / 2
    box = (left, top, left + width * scale, top + height * scale)
    return (
        picture if picture.size == (width, height) else picture.resize((width, height), Image.Resampling.LANCZOS, box)
    )


def _frames(picture: Image.Image, count: int, seed: int) -> Iterator[bytes]:
    """Every frame's pixels: the window moves over what is above the caption."""
    strip = strip_height(picture)
    height = picture.height - strip
    seen = picture.crop((0, 0, picture.width, height))
    below = picture.crop((0, height, *picture.size)).tobytes()
    first, last = _move(picture.width, height, seed)
    for number in range(count):
        at = number / max(1, count - 1)
        eased = at * at * (3 - 2 * at)
        left, top, right, bottom = (a + (b - a) * eased for a, b in zip(first, last, strict=True))
        yield seen.resize(seen.size, Image.Resampling.BILINEAR, (left, top, right, bottom)).tobytes() + below


def _move(width: int, height: int, seed: int) -> tuple[Box, Box]:
    """The window at the start and at the end."""
    draw = Random(f"move/{seed}")
    kind = draw.choice(("push", "push", "pull", "right", "left", "up", "down"))
    room_x, room_y = width * (1 - CLOSEST), height * (1 - CLOSEST)
    x, y = draw.uniform(0.3, 0.7), draw.uniform(0.3, 0.6)
    whole: Box = (0.0, 0.0, float(width), float(height))

    def window(at_x: float, at_y: float) -> Box:
        return (room_x * at_x, room_y * at_y, room_x * at_x + width * CLOSEST, room_y * at_y + height * CLOSEST)

    return {
        "push": (whole, window(x, y)),
        "pull": (window(x, y), whole),
        "right": (window(0, y), window(1, y)),
        "left": (window(1, y), window(0, y)),
        "up": (window(x, 1), window(x, 0)),
        "down": (window(x, 0), window(x, 1)),
    }[kind]


def _encode(frames: Iterator[bytes], width: int, height: int) -> bytes:
    # Loaded here: finding the program asks the file system, and a frame needs none of it.
    import imageio_ffmpeg

    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise _clip_error(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="reelwright-clip-") as folder:
        target, log_path = Path(folder) / "clip.mp4", Path(folder) / "ffmpeg.log"
        command = [
            program, "-hide_banner", "-nostdin", "-loglevel", "error", "-y",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(FPS), "-i", "pipe:0",
            "-vf", "scale=flags=accurate_rnd+bitexact:out_color_matrix=bt709:out_range=tv", *_ENCODE, str(target),
        ]  # fmt: skip
        with (
            log_path.open("wb") as log,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log) as process,
        ):
            try:
                assert process.stdin is not None
                for frame in frames:
                    process.stdin.write(frame)
                process.stdin.close()
                code = process.wait(PATIENCE_S)
            except BrokenPipeError:
                # It ended before the last frame and has said why.
                code = process.wait(PATIENCE_S) or 1
            except BaseException:
                process.kill()
                raise
        if code or not target.is_file():
            message = log_path.read_text("utf-8", "replace").strip().splitlines()
            # The first line is the cause, the others what came of it.
            reason = message[0][:300] if message else f"exit {code}"
            raise _clip_error(reason)
        return target.read_bytes()


def _clip_error(reason: str) -> JobError:
    return JobError(Text(N_("ffmpeg could not make the clip ({problem})"), problem=reason), kind="internal")
