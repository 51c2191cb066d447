"""The text each visual preset stands for, and the sample stories as a menu offers them."""

from __future__ import annotations

from workbench import samples

#: what a preset means to a model, in the language of the story
PRESET_TEXTS: dict[str, dict[str, str]] = {
    "anime": {
        "en": "bright cel animation, clean outlines, saturated skies, crisp two-tone shadows, expressive faces",
        "zh": "明亮的赛璐璐动画，清晰描线，高饱和天空，干净的两段式阴影，表情鲜明",
    },
    "ink_wash": {
        "en": "ink wash on rice paper, restrained cold palette with one warm accent, wet edges, generous empty space",
        "zh": "水墨淡彩，冷色为主、一点暖色点睛，墨迹洇染，大片留白",
    },
    "comic": {
        "en": "American comic, bold inks, halftone shading, strong primary colours, dramatic low angles",
        "zh": "美式漫画，粗黑勾线，网点阴影，强烈原色，戏剧化低角度",
    },
    "cyberpunk": {
        "en": "cyberpunk night, neon magenta and cyan on wet asphalt, dense signage, haze, hard rim light",
        "zh": "赛博朋克夜景，湿地面映着洋红与青色霓虹，招牌密集，薄雾，硬朗轮廓光",
    },
    "cinematic": {
        "en": "cinematic live-action look, natural light, 35 mm, shallow depth of field, muted teal and amber",
        "zh": "电影质感实拍风格，自然光，35 毫米镜头，浅景深，低饱和青橙色调",
    },
    "fantasy": {
        "en": "epic fantasy matte painting, golden hour, vast landscapes, weathered stone and metal, volumetric light",
        "zh": "史诗奇幻概念绘景，金色时刻，辽阔地貌，风化的石与金属，体积光",
    },
    "watercolor": {
        "en": "soft watercolour animation, paper grain, bleeding pigments, pastel light, gentle contours",
        "zh": "柔和水彩动画，纸纹，颜料晕染，粉彩光线，轮廓温和",
    },
    "pixel": {
        "en": "16-bit pixel art, limited palette, dithered skies, tile-based sets, readable silhouettes",
        "zh": "16 位像素画，有限色板，抖动渐变天空，图块式场景，剪影清晰",
    },
}


def preset_text(preset: str, language: str) -> str:
    return PRESET_TEXTS.get(preset, {}).get(language, "")


def titles() -> dict[str, str]:
    """Name of a shipped sample → what the menu says."""
    briefs = {name: samples.load(name) for name in samples.names()}
    return {name: f"{brief['title']} · {brief.get('genre', '')}".rstrip(" ·") for name, brief in briefs.items()}


def first(language: str) -> str:
    """The sample that a newcomer sees first, in the reader's language."""
    return samples.FIRST.get(language, samples.names()[0])
