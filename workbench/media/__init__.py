"""Pictures and clips: checked by their content, kept once under their hash, never as a link or base64 in a row."""

from workbench.media.store import Media, MediaStore

__all__ = ["Media", "MediaStore"]
