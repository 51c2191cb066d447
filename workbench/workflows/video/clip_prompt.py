"""The prompt of a clip, in the story's language: style and set as they stand, then what moves, third by third.

Written by code from the motion prompt, never by a model. Nothing that stays as it is in the first frame is told again.
"""

from __future__ import annotations

from workbench.json_types import JsonObject

#: what each line is opened by: (Chinese, English)
LABELS = {
    "style": ("风格", "Style"),
    "set": ("场景", "Set"),
    "motion": ("动作", "Motion"),
    "camera": ("镜头运动", "Camera"),
    "subject": ("人物变化", "Subject"),
    "environment": ("环境变化", "Environment"),
    "keep": ("保持不变", "Keep"),
}
FROM_FRAME = (
    "从给出的首帧开始，人物、服装、布景与画风不变。",
    "Begin from the given first frame; people, clothes, set and style stay as they are.",
)


def clip_prompt(
    motion: JsonObject, anchor: JsonObject, style: str, seconds: float, language: str, *, from_frame: bool
) -> str:
    """All that a video model needs. The motion's thirds are stretched to the clip's length (seconds)."""
    at = 0 if language == "zh" else 1
    code = ("zh", "en")[at]
    colon, comma, stop = (("：", "；", "。"), (": ", "; ", "."))[at]

    def line(label: str, parts: list[str]) -> str:
        text = comma.join(p.strip().rstrip("。.") for p in parts if p and p.strip())
        return f"{LABELS[label][at]}{colon}{text}{stop}" if text else ""

    stretch = seconds / motion["seconds"]
    beats = [f"{_s(b['from_s'] * stretch)}–{_s(b['to_s'] * stretch)} s {b[code]}" for b in motion["beats"]]
    scene = (anchor.get("scene") or {}).get(code) or ""
    lines = [
        FROM_FRAME[at] if from_frame else "",
        line("style", [style]),
        "" if from_frame else line("set", [str(scene)]),
        line("motion", beats),
        *(line(part, motion["changes"].get(part) or []) for part in ("subject", "camera", "environment")),
        line("keep", motion["constraints"]),
    ]
    return "\n".join(x for x in lines if x)


def _s(seconds: float) -> str:
    return f"{seconds:.1f}".removesuffix(".0")
