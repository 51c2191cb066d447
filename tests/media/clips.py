"""The smallest MP4 that is one: boxes without a decodable frame."""

from __future__ import annotations

import struct


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def tiny_mp4(width: int = 640, height: int = 360, seconds: float = 2.0, note: bytes = b"made at home") -> bytes:
    """An MP4 with one picture track of this size and length, and metadata that tells `note`."""
    movie = box(b"mvhd", bytes(12) + struct.pack(">II", 1000, round(seconds * 1000)) + bytes(80))
    head = box(b"tkhd", bytes(76) + struct.pack(">II", width << 16, height << 16))
    handler = box(b"hdlr", bytes(8) + b"vide" + bytes(13))
    told = box(b"udta", box(b"name", note))
    track = box(b"trak", head, box(b"mdia", handler))
    return box(b"ftyp", b"isom", bytes(4), b"isom") + box(b"moov", movie, track, told) + box(b"mdat", b"\1" * 64)
