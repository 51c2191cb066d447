"""Anchors and shots to draw, as the sketch would draft them."""

from __future__ import annotations

import io
import random
from typing import Any

from PIL import Image

from workbench.artifacts.storyboard import FRAMINGS
from workbench.sketch.drawing import draw_frame
from workbench.sketch.writing import anchors, shots

CAST = {"zh": ["王生", "陈氏", "道士"], "en": ["Della", "Jim", "Madame Sofronie"]}
SUMMARY = {
    "zh": "王生从窗缝里看见厉鬼描画人皮。他屏住呼吸。厉鬼披上人皮，成了女子。",
    "en": "Jim comes in and stops. He has sold the watch. They put the gifts away and laugh.",
}
CUSTOM = {"preset": "custom", "prompt": ""}


def anchor(location: str, language: str, position: str = "opening") -> dict[str, Any]:
    """The set at a place, at the hour and in the weather of that part of an episode."""
    facts = {
        "story_language": language,
        "scene": {"location": location, "summary": location, "order": 1},
        "position": position,
        "world": [],
        "cast_names": [],
    }
    return anchors.write_scene_anchor(facts, random.Random(1)).model_dump(mode="json")


def at(made: dict[str, Any], time: str, weather: str = "clear", light: str = "daylight") -> dict[str, Any]:
    """The same set at another hour."""
    lighting = dict.fromkeys(made["lighting"], light)
    return {**made, "atmosphere": {**made["atmosphere"], "time": time, "weather": weather}, "lighting": lighting}


def nine(made: dict[str, Any], language: str, people: int = 2, aspect: str = "16:9") -> list[dict[str, Any]]:
    """The nine shots of a scene there."""
    cast = [{"name": n, "description": "", "aliases": []} for n in CAST[language][:people]]
    facts = {
        "story_language": language,
        "scene": {"summary": SUMMARY[language], "location": made["location"]["name"], "order": 3},
        "position": "turn",
        "anchor": {"anchors": made["anchors"][language], "location": made["location"]["name"]},
        "cast": cast,
        "props": [],
        "aspect_ratio": aspect,
    }
    found = []
    for number, frame in enumerate(shots.write_frames(facts, random.Random(3))):
        told = frame.model_dump(mode="json")
        told |= {
            "order": number + 1,
            "framing": FRAMINGS[number],
            "camera": {"angle": "eye_level", "lens": "35 mm", "aspect": aspect},
            "visual": {"character": "", "environment": made["scene"][language], "lighting": "", "mood": ""},
        }
        found.append(told)
    return found


def drawn(
    shot: dict[str, Any], made: dict[str, Any], language: str = "zh", style: dict[str, Any] = CUSTOM,
    aspect: str = "16:9", seed: int = 7
) -> Image.Image:  # fmt: skip
    """The frame, opened."""
    return opened(draw_frame(shot, made, CAST[language], style, aspect, language, seed))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def apart(a: Image.Image, b: Image.Image) -> float:
    """How different two pictures look: the mean difference of coarse copies, captions left out, 0 to 255."""
    small = [p.crop((0, 0, p.width, round(p.height * 0.86))).resize((48, 27), Image.Resampling.BOX) for p in (a, b)]
    pairs = zip(small[0].tobytes(), small[1].tobytes(), strict=True)
    return sum(abs(x - y) for x, y in pairs) / (48 * 27 * 3)


def brightness(picture: Image.Image) -> float:
    values = (
        picture.crop((0, 0, picture.width, round(picture.height * 0.86)))
        .convert("L")
        .resize((48, 27), Image.Resampling.BOX)
        .tobytes()
    )
    return sum(values) / len(values)
