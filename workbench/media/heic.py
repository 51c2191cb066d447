"""HEIC, the pictures of phones, decoded by pillow-heif where it is installed – in a process of its own.

Its decoders have had holes that one picture was enough for (libheif before 1.23.4), and its wheel has x265 inside,
which is under the GPL: so it is an extra, is never imported here, and what it works on can end no more than its own
process, which has a limit of memory and time. See docs/adr/0037-pictures-of-peoples-own.md.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from workbench.i18n import N_
from workbench.media.pictures import Limits, refusal

#: of the still pictures in HEIF's house; AVIF, a cousin, is none of them
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1")
PATIENCE_S = 60.0


def is_heic(data: bytes) -> bool:
    """Whether a file says that it is HEIC."""
    brands = data[8 : 8 + 64]
    return data[4:8] == b"ftyp" and b"avif" not in brands and brands[:4] in _BRANDS


def is_readable() -> bool:
    """Whether pillow-heif is installed."""
    return importlib.util.find_spec("pillow_heif") is not None


def convert_to_png(data: bytes, limits: Limits) -> bytes:
    """The picture as a PNG, upright, with its colour profile. Raises MediaRefused."""
    if not is_readable():
        raise refusal(N_("it is HEIC, which is read once pillow-heif is installed; or save it as JPEG"))
    # -I: nothing from this folder or its environment runs there
    command = (sys.executable, "-I", str(Path(__file__).with_name("heic_process.py")))
    try:
        done = subprocess.run(
            (*command, str(limits.pixels), str(limits.edge)), input=data, capture_output=True, env={}, check=False,
            timeout=PATIENCE_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        done = None
    if done is not None and done.returncode == 0 and done.stdout:
        return done.stdout
    width, cross, height = done.stdout.partition(b"x") if done is not None else (b"", b"", b"")
    if done is not None and done.returncode == 1 and cross:
        raise refusal(N_("{width}×{height} pixels are too many"), width=int(width), height=int(height))
    raise refusal(N_("it cannot be read as {format}"), format="HEIC")
