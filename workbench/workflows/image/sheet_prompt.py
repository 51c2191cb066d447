"""The prompt of a reference sheet, in the story's language. Written by code, never by a model."""

from __future__ import annotations

from typing import Literal

Of = Literal["character", "place"]

#: (Chinese, English)
LABELS = {
    "style": ("风格", "Style"),
    "views": ("画面内容", "What is seen"),
    "who": ("人物造型", "How they look"),
    "where": ("地点样貌", "How it looks"),
    "look": ("本造型", "In this look"),
    "keep": ("参考图", "Given picture"),
    "pose": ("姿态", "Pose"),
    "light": ("光线", "Light"),
    "avoid": ("避免", "Avoid"),
}
VIEWS = {
    "character": (
        "一张人物设定图，同一人物“{name}”从左到右四个视图：全身正面、全身四分之三侧面、全身背面、脸部特写；"
        "四个视图中的相貌、发型、服装与身材比例完全一致",
        "One reference sheet with four views of the same person, {name}, from left to right: full body from the front, "
        "full body three-quarter, full body from behind, and the face large; face, hair, clothes and proportions are "
        "the same in all four",
    ),
    "place": (
        "一张场景设定图，同一地点“{name}”的三个视图：上方为全景，下方左侧为反方向，下方右侧为最能辨认此地的细节；"
        "三个视图中的布局、材质与颜色完全一致",
        "One reference sheet with three views of the same place, {name}: above, the whole of it; below left, the other "
        "way; below right, what it is known by; layout, materials and colours are the same in all three",
    ),
}
KEEP = {
    "character": (
        "给出的图片就是此人：相貌与身材保持不变，只有本造型所述的内容不同",
        "The given picture shows this very person: face and build stay, only what this look tells is different",
    ),
    "place": (
        "给出的图片就是此地：布局保持不变，只有本造型所述的内容不同",
        "The given picture shows this very place: its layout stays, only what this look tells is different",
    ),
}
POSE = (
    "自然站立，双臂下垂，两手空着，神情平静",
    "standing at ease, arms at the sides, hands empty, neutral expression",
)
LIGHT = {
    "character": (
        "均匀柔和的中性光，纯浅灰背景，无投影",
        "even, neutral, soft light; plain light grey ground; no cast shadow",
    ),
    "place": ("阴天般均匀的中性光，无人物", "even, neutral light as under an overcast sky; nobody is there"),
}
AVOID = {
    "character": (
        "其他人物、布景、道具、文字、标注、边框、水印",
        "other people, a set, props, lettering, labels, frames, watermarks",
    ),
    "place": ("人物、动物、文字、标注、水印", "people, animals, lettering, labels, watermarks"),
}


def sheet_prompt(of: Of, name: str, words: str, look: str, style: str, language: str, *, given: bool) -> str:
    """All that a picture model needs. `words`: what the library tells of it, `look`: what this look has otherwise;
    `given`: a picture of it goes along."""
    at = 0 if language == "zh" else 1
    colon, stop = (("：", "。"), (": ", "."))[at]

    def line(label: str, text: str) -> str:
        told = " ".join(text.split()).rstrip("。.")
        return f"{LABELS[label][at]}{colon}{told}{stop}" if told else ""

    lines = [
        line("style", style),
        line("views", VIEWS[of][at].format(name=name.replace("{", "(").replace("}", ")"))),
        line("keep", KEEP[of][at] if given else ""),
        line("who" if of == "character" else "where", words),
        line("look", look),
        line("pose", POSE[at] if of == "character" else ""),
        line("light", LIGHT[of][at]),
        line("avoid", AVOID[of][at]),
    ]
    return "\n".join(text for text in lines if text)
