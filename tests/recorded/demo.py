"""What a demo left in its home, as hashes: the same on any machine, in any order of the jobs. `demo.json` is of
0.3.0."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "demo.json"

_HEADS = """
    SELECT node.kind AS node, coalesce(parent.position, 0) AS above, node.position AS place, artifact.kind,
    artifact.content
    FROM artifact_head JOIN artifact ON artifact.id = artifact_head.artifact_id
    JOIN node ON node.id = artifact.node_id LEFT JOIN node AS parent ON parent.id = node.parent_id"""


def recorded(lang: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8"))[lang]
    return found


def hashes(home: Path) -> dict[str, Any]:
    """Of each artifact's canonical JSON by its place, and of each frame's bytes in the order of its scene."""
    artifacts: dict[str, str] = {}
    frames: dict[str, list[str]] = {}
    with contextlib.closing(sqlite3.connect(home / "reelwright.db", timeout=30)) as base:
        for node, above, place, kind, content in base.execute(_HEADS):
            made = json.loads(content)
            canonical = json.dumps(made, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            where = f"{node} {above}.{place}"
            artifacts[f"{where} {kind}"] = hashlib.sha256(canonical.encode()).hexdigest()
            if kind == "keyframe_images":
                frames[where] = [_bytes_of(home, shot["chosen"]) for shot in made["frames"]]
    return {"artifacts": dict(sorted(artifacts.items())), "frames": dict(sorted(frames.items()))}


def _bytes_of(home: Path, media: str) -> str:
    """The hash of the file's own bytes, which its name says too."""
    [file] = (home / "media" / media[:2] / media[2:4]).glob(f"{media}.*")
    return hashlib.sha256(file.read_bytes()).hexdigest()
