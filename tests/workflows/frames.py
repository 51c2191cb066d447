"""A scene with a nine-shot plan, and a drawing that takes no time, for tests of what is drawn from it."""

from __future__ import annotations

import io
import sys
import types
from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image

from tests.engine.conftest import Engine
from workbench.artifacts.storyboard import FRAMINGS
from workbench.db.writes import story
from workbench.errors import ProviderError
from workbench.providers.base import GeneratedMedia, ImageReply, ImageRequest, Usage
from workbench.sketch.drawing import places
from workbench.sketch.provider import Sketch

BRIEF = {
    "title": "The Salt Lighthouse",
    "language": "en",
    "summary": "A lamp goes out on the one night it must burn, and the keeper's daughter rows out to find out why "
    "it did.",
    "style": {"preset": "ink_wash"},
    "characters": [{"name": "Mara"}, {"name": "Old Fen"}],
    "world": [],
}

MOTION = {
    "seconds": 6,
    "short": {"zh": "灯光扫过", "en": "the light sweeps"},
    "beats": [
        {"from_s": 2 * n, "to_s": 2 * n + 2, "zh": f"第{n}段，灯转动",
            "en": f"third {n}, the lamp turns"} for n in range(3)
    ],
    "changes": {"subject": ["Mara turns"], "camera": ["slow push in"], "environment": []},
    "constraints": ["same coat"],
}  # fmt: skip


def scene_of(engine: Engine, brief: dict[str, Any] = BRIEF) -> int:
    """The node of a scene whose shots are planned."""
    wb = engine.wb
    project = wb.create_project(brief)
    with wb.database.write() as conn:
        episode = story.add_node(
            conn, "episode", "One", parent_id=project, project_id=project, position=1, user="local"
        )
        scene = story.add_node(conn, "scene", "Pier", parent_id=episode, project_id=project, position=1, user="local")
    wb.artifacts.save(scene, "keyframe_prompt", {"shots": [shot(n) for n in range(1, 10)]}, None)
    return scene


def shot(order: int, caption: str = "") -> dict[str, Any]:
    """A valid shot; the same number gives the same shot."""
    return {
        "order": order,
        "framing": FRAMINGS[order - 1],
        "caption": caption or f"Moment {order} on the pier",
        "anchors": ["a rope coiled thrice"],
        "subjects": [
            {
                "name": "Mara",
                "position": "left",
                "orientation": "right",
                "pose": "standing",
                "action": f"holds up lamp {order}",
                "expression": "afraid",
                "gaze": "the dark water",
                "hands": {"left": "a lamp", "right": ""},
            }
        ],
        "composition": f"the pier runs to the left, version {order}",
        "bubble_space": "upper right",
        "camera": {"angle": "eye_level", "lens": "35 mm", "aspect": "16:9"},
        "visual": {
            "character": "a girl in oilskins",
            "environment": "a wet pier at night",
            "lighting": "one lamp",
            "mood": "tense",
        },
        "technical": {"consistency": "same coat", "composition": "thirds", "quality": "clean lines"},
        "avoid": ["sunlight"],
    }


def edit_shot(engine: Engine, scene: int, order: int, caption: str, composition: str) -> None:
    """Change one shot by hand."""
    head = engine.wb.artifact(scene, "keyframe_prompt")
    assert head is not None
    content = head.content
    content["shots"][order - 1] |= {"caption": caption, "composition": composition}
    engine.wb.artifacts.save(scene, "keyframe_prompt", content, head.version)


def quick_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace workbench.sketch.drawing: a picture whose colour tells shot and seed, in the size of the ratio."""

    def draw_frame(
        shot: dict[str, Any],
        anchor: dict[str, Any],
        cast: Sequence[str],
        style: dict[str, Any],
        aspect_ratio: str,
        language: str,
        seed: int,
        shown: str | None = None,
    ) -> bytes:
        made = io.BytesIO()
        colour = (shot["order"] * 25, seed % 251, len(shot["composition"]) % 251)
        Image.new("RGB", frame_size(aspect_ratio), colour).save(made, format="PNG")
        return made.getvalue()

    def frame_size(aspect_ratio: str) -> tuple[int, int]:
        return (96, 54) if aspect_ratio == "16:9" else (54, 96)

    stand_in = types.ModuleType("workbench.sketch.drawing")
    stand_in.draw_frame, stand_in.frame_size = draw_frame, frame_size  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "workbench.sketch.drawing", stand_in)
    sheet = types.ModuleType("workbench.sketch.drawing.sheet")
    sheet.read_sheet = lambda data, worn: types.SimpleNamespace(coat=None, under=None)  # type: ignore[attr-defined]
    colours = places.PlaceColours((9, 9, 9), (9, 9, 9), (9, 9, 9))
    sheet.read_place = lambda data: colours  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "workbench.sketch.drawing.sheet", sheet)


class Painter(Sketch):
    """A paid picture service that fails as told: `failures` by a word of the prompt, one per call."""

    name = "painter"
    free = False

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[ImageRequest] = []
        self.failures: dict[str, list[ProviderError | bytes]] = {}

    def drawn(self, order: int) -> int:
        """How many calls there were for a shot."""
        return sum(f"holds up lamp {order}" in r.prompt for r in self.requests)

    async def images(self, request: ImageRequest) -> ImageReply:
        self.requests.append(request)
        answer: bytes | None = None
        for word, failures in self.failures.items():
            if word in request.prompt and failures:
                failure = failures.pop(0)
                if isinstance(failure, ProviderError):
                    raise failure
                answer = failure
        assert request.draw is not None
        return ImageReply((GeneratedMedia(answer or request.draw()),), Usage(10, None, 20), "painter-1", count=1)
