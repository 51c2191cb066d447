"""Light by time, weather and place: what it makes of a colour near or far, lit or turned away."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.sketch.drawing.colour import RGB, mix, rgb, times
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.space import Point
from workbench.sketch.drawing.style import StylePreset

#: sky above, sky at the horizon, what the light does to red, green and blue
_HOURS: dict[str, tuple[str, str, tuple[float, float, float]]] = {
    "": ("#BFC7CB", "#E2E5E3", (0.98, 0.98, 0.97)),
    "dawn": ("#6C7FB2", "#F6C396", (0.93, 0.82, 0.78)),
    "day": ("#7DB6DE", "#E4EFF0", (1.0, 1.0, 0.99)),
    "noon": ("#5BA5DB", "#D9ECF2", (1.06, 1.04, 0.98)),
    "dusk": ("#3D4478", "#EE9A68", (0.84, 0.67, 0.64)),
    "night": ("#0F1733", "#334472", (0.40, 0.46, 0.68)),
}
_GREY = (rgb("#97A3AE"), rgb("#CDD3D4"))
_LAMPLIGHT = rgb("#FFCF87")


@dataclass
class Light:
    """`top` and `low` are the sky; `glow` the colour of lamps; `towards` where the light comes from."""

    setting: Setting
    preset: StylePreset
    top: RGB = field(init=False)
    low: RGB = field(init=False)
    air: RGB = field(init=False)
    glow: RGB = field(init=False)
    towards: Point = field(init=False)
    haze: float = field(init=False)
    _tint: tuple[float, float, float] = field(init=False)
    _on_people: tuple[float, float, float] = field(init=False)
    _known: dict[tuple[RGB, int, int], RGB] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where, preset = self.setting, self.preset
        top, low, tint = _HOURS[where.time]
        self.top, self.low = rgb(top), rgb(low)
        if where.weather not in ("", "clear"):
            dull = {"cloudy": 0.45, "rain": 0.7, "snow": 0.6, "fog": 0.65}[where.weather]
            dark = {"night": 0.28, "dusk": 0.62, "dawn": 0.85}.get(where.time, 1.0)
            self.top = mix(self.top, times(_GREY[0], dark), dull)
            self.low = mix(self.low, times(_GREY[1], dark), dull)
            flat = 0.9 - 0.1 * (where.weather == "rain")
            tint = (tint[0] * flat, tint[1] * flat, tint[2] * (flat + 0.03))
        share = preset.sky_share * (0.55 if where.time == "night" else 1.0)
        self.top, self.low = mix(self.top, preset.sky[0], share), mix(self.low, preset.sky[1], share)
        if where.time == "night":
            self.top, self.low = times(self.top, 0.8), times(self.low, 0.8)
        if where.inside:
            # Walls keep the hour out, the more so by lamplight.
            keep = 0.72 if where.time == "night" else 0.5
            tint = (
                tint[0] * keep + (1 - keep) * 0.9,
                tint[1] * keep + (1 - keep) * 0.84,
                tint[2] * keep + (1 - keep) * 0.8,
            )
            if where.time == "night":
                tint = (tint[0] * 0.86, tint[1] * 0.82, tint[2] * 0.86)
        self._tint = tint
        # Faces are lit a little more than walls, or a night would hide what they say.
        keep = 0.62 if where.time == "night" else 0.8
        warm = 0.1 if where.lamp and where.time in ("night", "dusk") else 0.02
        self._on_people = (
            tint[0] * keep + (1 - keep) * 0.98 + warm,
            tint[1] * keep + (1 - keep) * 0.94 + warm * 0.35,
            tint[2] * keep + (1 - keep) * 0.94 - warm * 0.4,
        )
        self.air = mix(self.low, self.top, 0.12)
        self.haze = {"fog": 0.085, "snow": 0.04, "rain": 0.045}.get(where.weather, 0.016) * (
            0.25 if where.inside else 1
        )
        self.glow = mix(_LAMPLIGHT, preset.light, 0.45)
        # A lens in front of the stage, the light a little behind it.
        self.towards = (0.62 * (where.side or (-1 if where.number % 2 else 1)), 0.62, -0.48)

    @property
    def dark(self) -> bool:
        return self.setting.time == "night"

    def shine_on(self, colour: RGB, shade: float = 1.0, depth: float = 0.0, share: float | None = None) -> RGB:
        """A thing's colour in this light. `shade` below 1 is turned away; `share` says how much of the style's tint
        it takes."""
        key = (colour, round(shade * 40), min(400, round(depth * 2)) + (1000 if share is not None else 0))
        lit = self._known.get(key)
        if lit is None:
            lit_colour = times(times(colour, self._tint if share is None else self._on_people), shade)
            if depth > 4:
                lit_colour = mix(lit_colour, self.air, min(0.62, (depth - 4) * self.haze))
            lit = self._known[key] = self.preset.grade(lit_colour, share)
        return lit

    def shade(self, normal: Point) -> float:
        """How bright a side is that faces this way."""
        facing = sum(a * b for a, b in zip(normal, self.towards, strict=True))
        return 0.84 + 0.2 * facing

    def skies(self) -> tuple[RGB, RGB]:
        return self.preset.grade(self.top, None), self.preset.grade(self.low, None)
