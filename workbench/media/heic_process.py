"""The process that decodes a HEIC: from stdin to a PNG on stdout. It imports nothing of Reelwright.

Ends with 0 and the PNG; with 1 and its size when it is too large; with anything else when it cannot be read.
"""

from __future__ import annotations

import contextlib
import io
import sys

#: of 64 million pixels there are up to three copies
MEMORY = 2 * 1024**3
SECONDS = 50


def main() -> int:
    most_pixels, most_edge = (int(word) for word in sys.argv[1:3])
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener(thumbnails=False)
    with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=["HEIF"]) as image:
        width, height = image.size
        if width * height > most_pixels or max(width, height) > most_edge:
            sys.stdout.write(f"{width}x{height}")
            return 1
        image.load()
        made = io.BytesIO()
        profile = image.info.get("icc_profile")
        image.convert("RGBA" if "A" in image.getbands() else "RGB").save(
            made, "PNG", compress_level=1, icc_profile=profile
        )
    sys.stdout.buffer.write(made.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
