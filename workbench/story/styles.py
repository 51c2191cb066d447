"""Visual styles: eight presets with a text of their own, and the one text that prompts get."""

from __future__ import annotations

from workbench.json_types import JsonObject

#: preset → story language → medium, light, palette
PRESETS: dict[str, dict[str, str]] = {
    "anime": {
        "zh": "赛璐璐动画，线条干净，高饱和色彩，明快的光影",
        "en": "cel animation, clean line art, saturated colour, crisp light and shadow",
    },
    "ink_wash": {
        "zh": "水墨淡彩，留白，宣纸肌理，浓淡干湿的墨色层次",
        "en": "ink wash with pale tints, open paper, rice-paper grain, layered wet and dry ink",
    },
    "comic": {
        "zh": "美式漫画，粗黑勾线，网点阴影，强烈对比色",
        "en": "American comic, bold black outlines, halftone shadows, strong contrast",
    },
    "cyberpunk": {
        "zh": "赛博朋克，雨夜霓虹，青紫与品红，潮湿反光的街面",
        "en": "cyberpunk, rainy neon night, cyan and magenta, wet reflecting streets",
    },
    "cinematic": {
        "zh": "电影写实，自然光，浅景深，克制的色彩分级",
        "en": "cinematic realism, natural light, shallow depth of field, restrained grading",
    },
    "fantasy": {
        "zh": "史诗奇幻，恢宏远景，金色逆光，细密的服饰与建筑",
        "en": "epic fantasy, vast vistas, golden backlight, intricate costume and architecture",
    },
    "watercolor": {
        "zh": "水彩动画，柔和晕染，纸面颗粒，温润的低对比色",
        "en": "watercolour animation, soft bleeds, paper grain, warm low-contrast colour",
    },
    "pixel": {
        "zh": "像素画，有限调色板，清晰的像素边缘，复古游戏光影",
        "en": "pixel art, limited palette, hard pixel edges, retro game lighting",
    },
}


def style_text(style: JsonObject | None, language: str) -> str:
    """The style's own text, else its preset's; empty when there is neither."""
    own = str((style or {}).get("prompt") or "").strip()
    return own or PRESETS.get(str((style or {}).get("preset")), {}).get(language, "")
