"""A colour profile that is easily told from sRGB."""

from __future__ import annotations

from PIL import ImageCms


def swapped_profile() -> bytes:
    """A colour profile that means blue by red, and red by blue."""
    raw = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, other in ((b"rXYZ", b"----"), (b"bXYZ", b"rXYZ"), (b"----", b"bXYZ")):
        raw = raw.replace(name, other, 1)
    return bytes(raw.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be")))
