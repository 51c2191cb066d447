"""Each visual preset's sky, tint, lines and captions. What it does to the finished picture is in `finish`."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.sketch.drawing.colour import RGB, mix, rgb, saturate


@dataclass(frozen=True)
class StylePreset:
    """`sky` is mixed into the hour's by `sky_share`; `tint` into everything by `tint_share`, into people by less."""

    name: str
    sky: tuple[RGB, RGB]
    sky_share: float
    tint: RGB
    tint_share: float
    colour: float
    light: RGB
    #: outlines of people and of things, in thousandths of the picture's height; 0 for none
    line: float = 0.0
    set_line: float = 0.0
    ink: RGB = (30, 28, 40)
    contrast: float = 1.0
    ground: RGB = (21, 22, 29)
    words: RGB = (240, 238, 232)

    def grade(self, colour: RGB, share: float | None = None) -> RGB:
        """A colour as this style mixes it; `share` of its tint where that is not the set's."""
        tinted = self.tint_share if share is None else self.tint_share * share
        # People keep more of their colours, or nobody could tell who is who.
        strength = (
            self.colour if share is None else self.colour + (1 - self.colour) * 0.6 if self.colour < 1 else self.colour
        )
        seen = mix(saturate(colour, strength), self.tint, tinted)
        if self.contrast != 1.0:
            seen = (
                min(255, max(0, round(118 + (seen[0] - 118) * self.contrast))),
                min(255, max(0, round(118 + (seen[1] - 118) * self.contrast))),
                min(255, max(0, round(118 + (seen[2] - 118) * self.contrast))),
            )
        return seen


_PAPER, _DARK_WORDS = rgb("#F4F0E6"), rgb("#2A2C31")


def _preset(
    name: str, top: str, low: str, share: float, tint: str, tinted: float, colour: float, light: str, **more: object
) -> StylePreset:
    return StylePreset(name, (rgb(top), rgb(low)), share, rgb(tint), tinted, colour, rgb(light), **more)  # type: ignore[arg-type]


STYLE_PRESETS: dict[str, StylePreset] = {
    h.name: h
    for h in (
        _preset("anime", "#5FB4F0", "#FBE9C9", 0.35, "#FFE3C4", 0.05, 1.22, "#FFF4C2", line=2.6, ink=rgb("#3B2A3A")),
        _preset("ink_wash", "#C2CBCD", "#F1EEE4", 0.72, "#DEDDD4", 0.34, 0.18, "#C8472F", line=3.2, set_line=1.6,
            ink=rgb("#24282B"), ground=_PAPER, words=_DARK_WORDS),
        _preset("comic", "#3C62C4", "#F2C35B", 0.4, "#F2B84B", 0.05, 1.4, "#FFE9A8", line=5.0, set_line=3.2,
            ink=rgb("#15131F"), contrast=1.12),
        _preset("cyberpunk", "#1A1037", "#C4318F", 0.66, "#4A1E7A", 0.3, 1.3, "#6FF0F2", contrast=1.1),
        _preset("cinematic", "#1C3147", "#DDA06A", 0.26, "#22505C", 0.08, 0.94, "#FBE3B5", contrast=1.12),
        _preset("fantasy", "#4A4390", "#F3B878", 0.5, "#8A5BA8", 0.16, 1.12, "#FFF1CC"),
        _preset("watercolor", "#BAD3E6", "#FBEBDA", 0.55, "#FBF3E4", 0.26, 1.2, "#FFE9BE", line=1.7, set_line=1.0,
            ink=rgb("#5A4B50"), ground=_PAPER, words=_DARK_WORDS),
        _preset("pixel", "#2C5C96", "#86C6C0", 0.4, "#2E6B6F", 0.08, 1.25, "#FFE27A", line=5.5, ink=rgb("#1B1F33")),
        _preset("custom", "#4D5591", "#D9CDEB", 0.24, "#5A4F8C", 0.09, 1.0, "#F7E7C4"),
    )
}  # fmt: skip
ACCENTS: dict[str, str] = {"anime": "#F28C6A", "ink_wash": "#B6402C", "comic": "#F2B84B", "cyberpunk": "#FF4FC3",
    "cinematic": "#D9964E", "fantasy": "#E7B35A", "watercolor": "#B4694A", "pixel": "#6FD0B8",
    "custom": "#A79CFF"}  # fmt: skip


def style_preset(name: object) -> StylePreset:
    """The hand of a preset; an unknown one is drawn as “custom”."""
    return STYLE_PRESETS.get(str(name), STYLE_PRESETS["custom"])
