"""Things in hands, recognised by the words for them; what no word tells is a small parcel in a colour of its own."""

from __future__ import annotations

import re
from collections.abc import Callable

from workbench.sketch.drawing.colour import RGB, digest, mix, rgb, times
from workbench.sketch.drawing.space import Spot
from workbench.sketch.drawing.stage import Shape, arc, ellipse, limb, smooth

_GOLD, _WOOD, _PAPER, _STEEL, _DARK = rgb("#D9A840"), rgb("#8A5A34"), rgb("#F3ECD9"), rgb("#B8C0C8"), rgb("#3A3138")


def _letter(x: float, y: float) -> list[Shape]:
    return [
        ([(x - 0.1, y - 0.03), (x + 0.07, y - 0.05), (x + 0.1, y + 0.09), (x - 0.07, y + 0.11)], _PAPER, 1.06, 255),
        ([(x - 0.07, y + 0.11), (x + 0.1, y + 0.09), (x + 0.012, y + 0.03)], times(_PAPER, 0.86), 1.0, 255),
        (ellipse(x + 0.014, y + 0.034, 0.014, 0.014, 12), (182, 54, 48), 1.0, 255),
    ]


def _lamp(x: float, y: float) -> list[Shape]:
    return [
        (arc(x, y + 0.0, 0.05, 0.06, 0, 180, 9) + arc(x, y + 0.0, 0.043, 0.052, 180, 0, 9), _DARK, 1.0, 255),
        (ellipse(x, y - 0.11, 0.082, 0.105, 20), rgb("#FFCE7A"), -1, 255),
        (ellipse(x, y - 0.11, 0.042, 0.066, 16), rgb("#FFF3C9"), -1, 255),
        (
            [(x - 0.045, y - 0.015), (x + 0.045, y - 0.015), (x + 0.035, y + 0.008), (x - 0.035, y + 0.008)],
            _DARK,
            1.0,
            255,
        ),
        (
            [(x - 0.045, y - 0.215), (x + 0.045, y - 0.215), (x + 0.05, y - 0.195), (x - 0.05, y - 0.195)],
            _DARK,
            1.0,
            255,
        ),
    ]


def _key(x: float, y: float) -> list[Shape]:
    return [
        (ellipse(x + 0.01, y + 0.05, 0.034, 0.034, 16), _GOLD, 1.0, 255),
        (ellipse(x + 0.01, y + 0.05, 0.016, 0.016, 12), times(_GOLD, 0.5), 1.0, 255),
        (limb([(x + 0.03, y + 0.03), (x + 0.12, y - 0.05)], [0.016, 0.016]), _GOLD, 0.95, 255),
        (limb([(x + 0.1, y - 0.032), (x + 0.082, y - 0.054)], [0.016, 0.014]), _GOLD, 0.9, 255),
        (limb([(x + 0.118, y - 0.048), (x + 0.1, y - 0.07)], [0.016, 0.014]), _GOLD, 0.9, 255),
    ]


def _cup(x: float, y: float) -> list[Shape]:
    glaze = rgb("#DDE6DC")
    return [
        (
            smooth(
                [
                    (x - 0.055, y + 0.07),
                    (x + 0.055, y + 0.07),
                    (x + 0.045, y - 0.02),
                    (x, y - 0.045),
                    (x - 0.045, y - 0.02),
                ],
                4,
            ),
            glaze,
            0.98,
            255,
        ),
        (ellipse(x, y + 0.068, 0.056, 0.014, 16), rgb("#8C6A48"), 0.9, 255),
        (limb([(x - 0.05, y + 0.03), (x + 0.05, y + 0.03)], [0.009, 0.009]), rgb("#4B7C8C"), 1.0, 255),
    ]


def _book(x: float, y: float) -> list[Shape]:
    cover = rgb("#7A3F3A")
    return [
        ([(x - 0.1, y - 0.07), (x + 0.1, y - 0.08), (x + 0.1, y + 0.08), (x - 0.1, y + 0.09)], cover, 0.9, 255),
        ([(x - 0.088, y - 0.06), (x + 0.0, y - 0.048), (x + 0.0, y + 0.1), (x - 0.088, y + 0.092)], _PAPER, 0.96, 255),
        ([(x + 0.09, y - 0.066), (x + 0.0, y - 0.048), (x + 0.0, y + 0.1), (x + 0.09, y + 0.084)], _PAPER, 1.06, 255),
        *[(limb([(x + 0.016, y + dy), (x + 0.076, y + dy - 0.008)], [0.004, 0.004]), times(_PAPER, 0.7), 1.0,
            255) for dy in (0.07, 0.045, 0.02, -0.005)],
    ]  # fmt: skip


def _slips(x: float, y: float) -> list[Shape]:
    bamboo = rgb("#C9A25E")
    shapes: list[Shape] = [
        (
            [
                (x - 0.11 + i * 0.028, y - 0.1),
                (x - 0.087 + i * 0.028, y - 0.1),
                (x - 0.087 + i * 0.028, y + 0.12),
                (x - 0.11 + i * 0.028, y + 0.12),
            ],
            bamboo,
            0.88 + 0.06 * (i % 3),
            255,
        )
        for i in range(8)
    ]
    return [
        *shapes,
        *[(limb([(x - 0.11, y + dy), (x + 0.112, y + dy)], [0.008, 0.008]), _DARK, 1.0, 255) for dy in (0.07, -0.05)],
    ]


def _parcel(x: float, y: float, colour: RGB) -> list[Shape]:
    return [
        (
            smooth(
                [
                    (x - 0.09, y - 0.03),
                    (x - 0.075, y - 0.11),
                    (x + 0.075, y - 0.11),
                    (x + 0.09, y - 0.03),
                    (x + 0.04, y + 0.045),
                    (x - 0.04, y + 0.045),
                ],
                4,
            ),
            colour,
            0.95,
            255,
        ),
        (limb([(x - 0.045, y + 0.085), (x, y + 0.04), (x + 0.05, y + 0.09)], [0.014, 0.036, 0.014]), colour, 1.12, 255),
        (limb([(x - 0.06, y - 0.02), (x + 0.02, y - 0.1)], [0.006, 0.006]), times(colour, 0.7), 1.0, 255),
    ]


def _blade(x: float, y: float) -> list[Shape]:
    return [
        (
            [
                (x + 0.0, y + 0.05),
                (x + 0.03, y + 0.04),
                (x + 0.3, y + 0.62),
                (x + 0.29, y + 0.645),
                (x + 0.265, y + 0.63),
            ],
            _STEEL,
            1.1,
            255,
        ),
        (limb([(x - 0.045, y + 0.075), (x + 0.07, y + 0.02)], [0.02, 0.02]), _GOLD, 0.9, 255),
        (limb([(x + 0.01, y + 0.04), (x - 0.04, y - 0.07)], [0.026, 0.026]), _DARK, 1.0, 255),
    ]


def _whisk(x: float, y: float) -> list[Shape]:
    return [
        (smooth([(x + 0.05, y + 0.12), (x + 0.14, y + 0.06), (x + 0.22, y - 0.16), (x + 0.16, y - 0.24),
            (x + 0.11, y - 0.14), (x + 0.06, y + 0.02)], 4), (240, 238, 230), 1.0, 255),
        *[(limb([(x + 0.08, y + 0.08), (x + 0.13 + i * 0.02, y - 0.06), (x + 0.13 + i * 0.026, y - 0.2)], [0.004] * 3),
            (196, 194, 188), 1.0, 255) for i in range(3)],
        (limb([(x - 0.05, y - 0.14), (x + 0.07, y + 0.12)], [0.02, 0.024]), _WOOD, 1.0, 255),
    ]  # fmt: skip


def _umbrella(x: float, y: float) -> list[Shape]:
    oil = rgb("#B5502F")
    top = y + 0.62
    return [
        (limb([(x, y - 0.1), (x, top)], [0.016, 0.016]), _DARK, 1.0, 255),
        ([*arc(x, top - 0.22, 0.6, 0.3, 0, 180, 15),
            *[(x - 0.6 + 0.15 * i, top - 0.22 + (0.04 if i % 2 else 0.0)) for i in range(9)]], oil, 1.0, 255),
        *[([(x, top + 0.08), (x - 0.6 + 0.3 * i, top - 0.22), (x - 0.45 + 0.3 * i, top - 0.18)], times(oil, 0.82), 1.0,
            255) for i in range(4)],
    ]  # fmt: skip


def _watch(x: float, y: float) -> list[Shape]:
    return [
        (limb([(x, y + 0.03), (x + 0.02, y - 0.03), (x + 0.03, y - 0.09)], [0.008] * 3), _GOLD, 0.8, 255),
        (ellipse(x + 0.032, y - 0.14, 0.06, 0.06, 22), _GOLD, 1.0, 255),
        (ellipse(x + 0.032, y - 0.14, 0.047, 0.047, 20), _PAPER, 1.05, 255),
        (limb([(x + 0.032, y - 0.14), (x + 0.032, y - 0.105)], [0.007, 0.005]), _DARK, 1.0, 255),
        (limb([(x + 0.032, y - 0.14), (x + 0.058, y - 0.15)], [0.007, 0.005]), _DARK, 1.0, 255),
    ]


def _flower(x: float, y: float) -> list[Shape]:
    petals: list[Shape] = [
        (ellipse(x + 0.03 + 0.032 * dx, y + 0.17 + 0.032 * dy, 0.028, 0.028, 12), rgb("#D9627A"), 1.0, 255)
        for dx, dy in ((0, 1), (1, 0.2), (0.6, -0.8), (-0.6, -0.8), (-1, 0.2))
    ]
    return [
        (limb([(x, y - 0.12), (x + 0.01, y + 0.04), (x + 0.03, y + 0.16)], [0.012] * 3), rgb("#5B8A55"), 1.0, 255),
        *petals,
        (ellipse(x + 0.03, y + 0.17, 0.02, 0.02, 12), _GOLD, 1.1, 255),
    ]


def _fan(x: float, y: float) -> list[Shape]:
    shapes: list[Shape] = [([(x, y - 0.02), *arc(x, y - 0.02, 0.2, 0.2, 20, 160, 11)], _PAPER, 1.0, 255)]
    return [
        *shapes,
        *[
            (limb([(x, y - 0.02), arc(x, y - 0.02, 0.2, 0.2, 20, 160, 8)[i]], [0.006, 0.004]), _WOOD, 0.9, 255)
            for i in range(8)
        ],
    ]


def _basket(x: float, y: float) -> list[Shape]:
    straw = rgb("#B98B4E")
    return [
        (smooth([(x - 0.11, y - 0.01), (x - 0.03, y + 0.07), (x + 0.05, y + 0.075), (x + 0.12, y - 0.01),
            (x, y - 0.03)], 4), rgb("#6E5138"), 1.0, 255),
        (smooth([(x - 0.145, y - 0.01), (x + 0.145, y - 0.01), (x + 0.11, y - 0.2), (x - 0.11, y - 0.2)], 3), straw,
            0.95, 255),
        *[(limb([(x - 0.135 + 0.008 * i, y - 0.05 - 0.05 * i), (x + 0.135 - 0.008 * i, y - 0.05 - 0.05 * i)],
            [0.012, 0.012]), times(straw, 0.78), 1.0, 255) for i in range(3)],
        (limb([(x - 0.15, y - 0.01), (x + 0.15, y - 0.01)], [0.024, 0.024]), straw, 1.12, 255),
    ]  # fmt: skip


def _staff(x: float, y: float) -> list[Shape]:
    return [(limb([(x + 0.0, y - 0.95), (x + 0.02, y), (x + 0.03, y + 0.5)], [0.032, 0.034, 0.04]), _WOOD, 1.0, 255)]


def _pick(x: float, y: float) -> list[Shape]:
    return [
        (limb([(x - 0.16, y - 0.42), (x + 0.1, y + 0.34)], [0.034, 0.034]), _WOOD, 1.0, 255),
        (
            smooth([(x - 0.12, y + 0.3), (x + 0.08, y + 0.4), (x + 0.32, y + 0.26), (x + 0.1, y + 0.33)], 4),
            _STEEL,
            0.75,
            255,
        ),
    ]


def _phone(x: float, y: float) -> list[Shape]:
    return [
        ([(x - 0.035, y - 0.04), (x + 0.045, y - 0.04), (x + 0.045, y + 0.12), (x - 0.035, y + 0.12)], _DARK, 1.0, 255),
        (
            [(x - 0.028, y - 0.025), (x + 0.038, y - 0.025), (x + 0.038, y + 0.108), (x - 0.028, y + 0.108)],
            rgb("#9BD6F2"),
            -1,
            255,
        ),
    ]


def _comb(x: float, y: float) -> list[Shape]:
    shell = rgb("#9A5B2C")
    return [
        (smooth([(x - 0.09, y + 0.03), (x, y + 0.085), (x + 0.09, y + 0.03), (x, y + 0.03)], 4), shell, 1.0, 255),
        *[(limb([(x - 0.075 + 0.025 * i, y + 0.035), (x - 0.075 + 0.025 * i, y - 0.05)], [0.011, 0.007]), shell, 0.92,
            255) for i in range(7)],
        *[(ellipse(x + dx, y + 0.055, 0.009, 0.009, 10), rgb("#6FC3D9"), 1.1, 255) for dx in (-0.035, 0.0, 0.035)],
    ]  # fmt: skip


def _chain(x: float, y: float) -> list[Shape]:
    return [
        (ellipse(x + 0.012 * (i % 2), y - 0.03 * i, 0.015, 0.02, 12), _STEEL, 1.1 if i % 2 else 0.85, 255)
        for i in range(8)
    ]


def _bottle(x: float, y: float) -> list[Shape]:
    glass = rgb("#5E8F7A")
    return [
        (smooth([(x - 0.02, y + 0.15), (x + 0.02, y + 0.15), (x + 0.022, y + 0.07), (x + 0.05, y + 0.03),
            (x + 0.05, y - 0.1), (x - 0.05, y - 0.1), (x - 0.05, y + 0.03), (x - 0.022, y + 0.07)], 4), glass, 0.95,
            255),
        ([(x - 0.045, y + 0.01), (x + 0.045, y + 0.01), (x + 0.045, y - 0.06), (x - 0.045, y - 0.06)], _PAPER, 0.95,
            255),
    ]  # fmt: skip


def _brush(x: float, y: float) -> list[Shape]:
    return [
        (limb([(x - 0.02, y + 0.17), (x + 0.03, y - 0.07)], [0.014, 0.016]), rgb("#A5772F"), 1.0, 255),
        (limb([(x + 0.03, y - 0.07), (x + 0.045, y - 0.13)], [0.024, 0.004]), _DARK, 1.0, 255),
    ]


#: words → drawing; earlier ones win
_DRAWN: tuple[tuple[str, Callable[[float, float], list[Shape]]], ...] = (
    ("竹简|slips", _slips), ("拂尘|whisk", _whisk), ("雨伞|伞|umbrella|parasol", _umbrella),
    ("信|纸|letter|note|paper|envelope|card|photo|map|地图|照片|票|ticket|画", _letter),
    ("灯笼|灯|烛|火把|lamp|lantern|candle|torch|light", _lamp), ("钥匙|key", _key),
    ("酒|瓶|bottle|flask|vial|药", _bottle), ("茶|杯|碗|cup|bowl|mug|glass|tea", _cup),
    ("账|书|册|簿|卷|book|ledger|journal|diary|scroll", _book), ("剑|刀|匕|sword|knife|blade|dagger", _blade),
    ("怀表|表|watch|clock|compass", _watch),
    ("花|枝|flower|rose|branch", _flower), ("扇|fan", _fan), ("筐|篓|篮|basket|bucket|桶", _basket),
    ("镐|锄|斧|pick|hoe|axe|shovel|spade|hammer", _pick),
    ("杖|棍|桨|竿|staff|stick|cane|oar|pole|spear|broom", _staff), ("手机|phone|device|tablet|控制", _phone),
    ("梳|comb", _comb), ("链|chain|necklace|rope|绳", _chain), ("笔|brush|pen", _brush),
)  # fmt: skip
_CLOTHS = tuple(rgb(c) for c in ("#8C6A8F", "#5E7F9C", "#A8663F", "#6F8A5A", "#9C4F4F", "#7A6A52"))


def draw_held(words: str, hand: Spot, close: float) -> list[Shape]:
    """What the words tell, in a hand at this spot."""
    for pattern, draw in _DRAWN:
        if _says(pattern, words):
            return draw(*hand)
    colour = _CLOTHS[digest("held", words) % len(_CLOTHS)]
    return _parcel(hand[0], hand[1], mix(colour, (255, 250, 240), 0.05 if close > 60 else 0.0))


def shines(words: str) -> bool:
    """Whether it gives light."""
    return _says("灯笼|灯|烛|火把|lamp|lantern|candle|torch", words)


def hangs(words: str) -> bool:
    """Whether it is seen below the hand."""
    return shines(words) or _says("怀表|表|watch|链|chain|necklace|筐|篓|篮|桶|basket|bucket", words)


def _says(pattern: str, words: str) -> bool:
    return any(
        re.search(rf"(?<![a-z]){word}s?(?![a-z])", words, re.IGNORECASE) if word.isascii() else word in words
        for word in pattern.split("|")
    )
