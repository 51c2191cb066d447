"""The prompt of one frame, in the story's language: style, then the set, then the shot. Written by code, never by a
model."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.json_types import JsonObject

#: a code of the shot → (Chinese, English)
WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "framing": {
        "ELS": ("大远景", "extreme long shot"),
        "LS": ("远景", "long shot"),
        "MLS": ("中远景", "medium long shot"),
        "MS": ("中景", "medium shot"),
        "MCU": ("中近景", "medium close-up"),
        "CU": ("特写", "close-up"),
        "ECU": ("大特写", "extreme close-up"),
        "LOW": ("仰拍", "low-angle shot"),
        "HIGH": ("俯拍", "high-angle shot"),
    },
    "angle": {
        "eye_level": ("平视", "eye level"),
        "low": ("低机位仰视", "camera low, looking up"),
        "high": ("高机位俯视", "camera high, looking down"),
    },
    "position": {
        "far_left": ("画面最左侧", "far left of the frame"),
        "left": ("画面左侧", "left of the frame"),
        "centre": ("画面中央", "centre of the frame"),
        "right": ("画面右侧", "right of the frame"),
        "far_right": ("画面最右侧", "far right of the frame"),
    },
    "facing": {
        "camera": ("面向镜头", "facing the camera"),
        "away": ("背对镜头", "facing away"),
        "left": ("面朝左", "facing left"),
        "right": ("面朝右", "facing right"),
    },
    "pose": {
        "standing": ("站立", "standing"),
        "walking": ("行走", "walking"),
        "running": ("奔跑", "running"),
        "sitting": ("坐着", "sitting"),
        "kneeling": ("跪着", "kneeling"),
        "crouching": ("蹲伏", "crouching"),
        "leaning": ("倚靠", "leaning"),
        "lying": ("躺卧", "lying"),
    },
    "expression": {
        "neutral": ("神情平静", "neutral expression"),
        "happy": ("喜悦", "happy expression"),
        "sad": ("悲伤", "sad expression"),
        "angry": ("愤怒", "angry expression"),
        "afraid": ("恐惧", "frightened expression"),
        "surprised": ("惊讶", "surprised expression"),
        "determined": ("坚决", "determined expression"),
        "tender": ("温柔", "tender expression"),
    },
}
#: what each line is opened by
LABELS = {
    "style": ("风格", "Style"),
    "set": ("场景", "Set"),
    "light": ("光线", "Light"),
    "air": ("氛围", "Atmosphere"),
    "anchors": ("必须保持一致的景物", "Must look the same in every picture"),
    "shot": ("镜头", "Shot"),
    "seen": ("画面内容", "What is seen"),
    "composition": ("构图", "Composition"),
    "people": ("人物", "People"),
    "nobody": ("画面中没有人物", "Nobody is in the picture"),
    "looks": ("人物造型", "How they look"),
    "left": ("左手", "left hand"),
    "right": ("右手", "right hand"),
    "gaze": ("看向", "looking at"),
    "space": ("留白", "Leave empty"),
    "quality": ("画面要求", "Picture"),
    "given": ("参考图", "Given pictures"),
    "aspect": ("画面比例", "Aspect ratio"),
    "avoid": ("避免", "Avoid"),
}
SHEET_OF = ("图{number}为{name}的设定图", "picture {number} is the reference sheet of {name}")
KEEP_TO_SHEETS = (
    "相貌、发型、服装与地点须与设定图一致；构图、姿势与光线以本提示为准，只画一个画面，不画设定图",
    "faces, hair, clothes and places are the same as there; composition, poses and light are those told here; one "
    "single picture, no sheet",
)
NO_LETTERS = ("画面中不出现文字、字幕、对话气泡、水印", "lettering, captions, speech bubbles, watermarks")


def frame_prompt(shot: JsonObject, anchor: JsonObject, style: str, aspect_ratio: str, language: str) -> str:
    """All that a picture model needs to draw a shot. `anchor` may be empty; nothing else is read."""
    at = 0 if language == "zh" else 1
    colon, comma, semicolon, stop = (("：", "，", "；", "。"), (": ", ", ", "; ", "."))[at]

    def line(label: str, *parts: str, between: str = comma) -> str:
        text = between.join(p.strip().rstrip("。.") for p in parts if p and p.strip())
        return f"{LABELS[label][at]}{colon}{text}{stop}" if text else ""

    subjects = [_subject(s, at, comma) for s in shot["subjects"]]
    camera, visual, technical = shot["camera"], shot["visual"], shot["technical"]
    avoid = [*shot["avoid"], _in(anchor.get("avoid"), language), NO_LETTERS[at]]
    lines = [
        line("style", style),
        line("set", _in(anchor.get("scene"), language) or visual["environment"]),
        line("light", *(anchor.get("lighting") or {"": visual["lighting"]}).values()),
        line("air", *(anchor.get("atmosphere") or {"": visual["mood"]}).values()),
        line("anchors", *((anchor.get("anchors") or {}).get(language) or shot["anchors"]), between=semicolon),
        line("shot", WORDS["framing"][shot["framing"]][at], WORDS["angle"][camera["angle"]][at], camera["lens"]),
        line("seen", shot["caption"]),
        line("composition", shot["composition"]),
        line("people", *subjects, between=semicolon) if subjects else LABELS["nobody"][at] + stop,
        line("looks", visual["character"]) if subjects else "",
        line("space", shot["bubble_space"]),
        line("quality", technical["quality"], technical["consistency"], technical["composition"], between=semicolon),
        line("aspect", aspect_ratio),
        line("avoid", *avoid, between=semicolon),
    ]
    return "\n".join(x for x in lines if x)


def tell_references(prompt: str, names: Sequence[str], language: str) -> list[str]:
    """The prompt for a service that takes none, one, two … of the reference sheets of these people and places."""
    at = 0 if language == "zh" else 1
    colon, semicolon, stop = (("：", "；", "。"), (": ", "; ", "."))[at]
    told = [SHEET_OF[at].format(number=n, name=name.replace("{", "(")) for n, name in enumerate(names, start=1)]
    lines = [
        f"{LABELS['given'][at]}{colon}{semicolon.join([*told[:most], KEEP_TO_SHEETS[at]])}{stop}"
        for most in range(1, len(told) + 1)
    ]
    return [prompt, *(f"{prompt}\n{line}" for line in lines)]


def _subject(subject: JsonObject, at: int, comma: str) -> str:
    hands = [
        f"{LABELS[side][at]}{'拿着' if at == 0 else ' holds '}{subject['hands'][side]}"
        for side in ("left", "right")
        if subject["hands"][side]
    ]
    gaze = f"{LABELS['gaze'][at]}{'' if at == 0 else ' '}{subject['gaze']}"
    parts = [
        subject["name"],
        WORDS["position"][subject["position"]][at],
        WORDS["facing"][subject["orientation"]][at],
        WORDS["pose"][subject["pose"]][at],
        subject["action"],
        WORDS["expression"][subject["expression"]][at],
        gaze,
        *hands,
    ]
    return comma.join(parts)


def _in(pair: JsonObject | None, language: str) -> str:
    return str((pair or {}).get("zh" if language == "zh" else "en") or "")
