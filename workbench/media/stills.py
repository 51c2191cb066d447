"""The first frame of a clip that is kept, by the ffmpeg that draws clips: for its small copy."""

from __future__ import annotations

import subprocess
from pathlib import Path

from workbench.errors import NotFound
from workbench.i18n import N_, Text
from workbench.media.pictures import THUMBNAIL_WIDTH

#: a frame that takes longer than this is none
PATIENCE_S = 20.0


def first_frame(clip: Path) -> bytes:
    """A WebP, `THUMBNAIL_WIDTH` wide at most. Raises NotFound for a clip that shows none."""
    # Loaded here: finding the program asks the file system, and pictures need none of it.
    import imageio_ffmpeg

    # a service made it: one kind of file, from here alone, and no more than a frame
    command = (
        "-hide_banner", "-nostdin", "-loglevel", "error", "-protocol_whitelist", "file,pipe", "-threads", "1", "-f",
        "mov",
        "-i", f"file:{clip}", "-an", "-frames:v", "1", "-vf", f"scale='min({THUMBNAIL_WIDTH},iw)':-1",
        "-c:v", "libwebp", "-quality", "80", "-f", "image2pipe", "pipe:1",
    )  # fmt: skip
    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
        done = subprocess.run((program, *command), capture_output=True, check=False, timeout=PATIENCE_S)
    except (RuntimeError, OSError, subprocess.TimeoutExpired):
        done = None
    if done is None or done.returncode or not done.stdout:
        raise NotFound(Text(N_("The clip shows no picture to make a small one of.")))
    return done.stdout
