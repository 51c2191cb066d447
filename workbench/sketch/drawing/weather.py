"""What lies over the set: the sky behind it, what falls from it, and the glow of lamps."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from random import Random

from PIL import Image, ImageChops

from workbench.sketch.drawing.colour import RGB, mix, times
from workbench.sketch.drawing.light import Light
from workbench.sketch.drawing.space import Camera
from workbench.sketch.drawing.stage import Glow, Painter, Stage, ellipse, smooth


def sky(width: int, height: int, light: Light, stage: Stage, camera: Camera, fine: float) -> Image.Image:
    """The picture's ground: sky down to the horizon, or the dark of a room."""
    top, low = light.skies()
    if stage.inside:
        dark = light.shine_on(times(stage.floor, 0.45), 0.8)
        return Image.new("RGB", (width, height), dark)
    probe = Image.new("RGB", (1, 1))
    horizon = Painter(probe, camera, light, 1.0).horizon() * fine
    return gradient(width, height, top, low, max(height * 0.25, min(height * 1.3, horizon)))


def gradient(width: int, height: int, top: RGB, low: RGB, until: float) -> Image.Image:
    """From one colour at the upper edge to another `until` this far down."""
    column = Image.new("RGB", (1, height))
    column.putdata([mix(top, low, min(1.0, y / until) ** 1.15) for y in range(height)])
    return column.resize((width, height), Image.Resampling.NEAREST)


def stars(painter: Painter, rng: Random) -> None:
    if not painter.light.dark or painter.light.setting.weather in ("", "cloudy", "rain", "snow"):
        return
    horizon = painter.horizon()
    width = painter.image.width / painter.fine
    colour = mix(painter.light.preset.light, (255, 255, 255), 0.5)
    for _ in range(70):
        x, y, size = rng.random() * width, rng.random(), rng.choice((0.7, 0.9, 1.3))
        painter.flat(
            ellipse(x, (y**1.3) * max(40.0, horizon) * 0.92, size, size, 6), colour, rng.choice((110, 170, 230))
        )


def sun(painter: Painter, bearing: float, height: float, size: float) -> None:
    """Sun or moon where the light comes from; nothing behind cloud."""
    where = painter.light.setting
    if where.weather in ("", "rain", "snow") or not where.time:
        return
    horizon = painter.horizon()
    x = painter.bearing(bearing)
    up = painter.camera.focal * height
    y, r = horizon - up, painter.height * size
    light = painter.light
    if where.time == "night":
        disc = mix(light.preset.light, (250, 246, 232), 0.55)
        for grow, alpha in ((3.2, 14), (2.2, 20), (1.5, 30)):
            painter.flat(ellipse(x, y, r * grow, r * grow, 40), disc, alpha)
        painter.flat(ellipse(x, y, r, r, 40), disc)
        for dx, dy, s in ((-0.3, -0.2, 0.22), (0.25, 0.3, 0.16), (0.35, -0.3, 0.12)):
            painter.flat(ellipse(x + dx * r, y + dy * r, r * s, r * s, 16), times(disc, 0.9))
        return
    warm = (
        mix((255, 250, 228), light.preset.light, 0.3)
        if where.time in ("day", "noon")
        else mix((255, 214, 150), light.preset.light, 0.25)
    )
    if light.preset.name == "ink_wash":
        painter.flat(ellipse(x, y, r * 1.1, r * 1.1, 40), light.preset.light, 210)
        return
    veil = 0.4 if where.weather in ("cloudy", "fog") else 1.0
    for grow, alpha in ((4.2, 16), (2.8, 24), (1.8, 36)):
        painter.flat(ellipse(x, y, r * grow, r * grow, 44), warm, round(alpha * veil))
    painter.flat(ellipse(x, y, r, r, 40), mix(warm, (255, 255, 255), 0.35), round(255 * veil))


def clouds(painter: Painter, rng: Random, count: int) -> None:
    """Flat-bottomed clouds, smaller towards the horizon."""
    light = painter.light
    horizon, width = painter.horizon(), painter.image.width / painter.fine
    top, low = light.skies()
    white = {
        "night": mix(top, low, 0.7),
        "dusk": mix(low, (255, 190, 150), 0.35),
        "dawn": mix(low, (255, 236, 214), 0.5),
    }.get(light.setting.time, (255, 255, 255))
    if light.setting.weather in ("rain", "cloudy", "snow"):
        white = mix(white, top, 0.45)
    for _ in range(count):
        share = rng.random()
        y = horizon * (0.12 + 0.62 * share)
        x, w = rng.random() * width * 1.2 - width * 0.1, painter.height * (0.42 - 0.24 * share) * rng.uniform(0.7, 1.2)
        h = w * rng.uniform(0.16, 0.24)
        bumps = [(x - w, y)]
        steps = rng.randint(4, 6)
        for i in range(steps):
            bumps.append(
                (
                    x - w + 2 * w * (i + 0.5) / steps,
                    y - h * math.sin(math.pi * (i + 0.5) / steps) * rng.uniform(0.8, 1.3),
                )
            )
        bumps.append((x + w, y))
        bumps.append((x, y + h * 0.12))
        painter.flat(smooth(bumps, 5), white, 70 if light.dark else 150)


def fall(painter: Painter, light: Light, size: tuple[int, int], seed: int, inside: bool) -> None:
    """Rain and snow in front of everything; inside they stay behind the windows."""
    kind = light.setting.weather
    if inside or kind not in ("rain", "snow", "fog"):
        return
    rng = Random(f"fall/{seed}")
    width, height = size
    if kind == "fog":
        low = light.skies()[1]
        veil = mix(low, (255, 255, 255), 0.25 if not light.dark else 0.05)
        for _ in range(5):
            y, x = height * rng.uniform(0.35, 0.95), width * rng.random()
            w, h = width * rng.uniform(0.5, 0.9), height * rng.uniform(0.03, 0.07)
            painter.flat(ellipse(x, y, w, h, 30), veil, 44)
            painter.flat(ellipse(x, y, w * 0.8, h * 0.6, 30), veil, 44)
        return
    pale = mix(light.skies()[1], (255, 255, 255), 0.55)
    if kind == "rain":
        for _ in range(150):
            x, y = rng.random() * width * 1.1 - 10, rng.random() * height
            long = height * rng.uniform(0.03, 0.085)
            thick = rng.uniform(0.35, 0.75)
            painter.flat(
                [(x, y), (x + thick * 2, y), (x + thick * 2 - long * 0.22, y + long), (x - long * 0.22, y + long)],
                pale,
                rng.choice((60, 90, 130)),
            )
        return
    for _ in range(170):
        x, y = rng.random() * width, rng.random() * height
        r = height * rng.choice((0.0022, 0.003, 0.0042, 0.0065))
        painter.flat(ellipse(x, y, r, r, 8), pale, rng.choice((140, 190, 235)))


@functools.lru_cache(maxsize=4)
def halo(side: int = 160) -> Image.Image:
    """A round light that fades to nothing."""
    middle = (side - 1) / 2
    mask = Image.new("L", (side, side))
    values = []
    for y in range(side):
        for x in range(side):
            d = min(1.0, math.sqrt((x - middle) ** 2 + (y - middle) ** 2) / middle)
            values.append(round(255 * (1 - d) ** 2 * (1 + d * 0.6)))
    mask.putdata(values)
    return mask


def glow(
    picture: Image.Image, camera: Camera, light: Light, glows: Sequence[Glow], inside: bool, people: Image.Image,
    nearest: float
) -> Image.Image:  # fmt: skip
    """Lamps lighten what is around them, the more so in the dark; of `people`, who are `nearest`, only what is
    behind."""
    time = light.setting.time
    power = (
        {"night": 0.85, "dusk": 0.5, "dawn": 0.3}.get(time, 0.16)
        if not inside
        else {"night": 0.8, "dusk": 0.5}.get(time, 0.26)
    )
    shy = people.point([255 - round(v * 0.8) for v in range(256)])
    for lamp in glows:
        spot = camera.spot(lamp.at)
        if spot is None:
            continue
        r = min(1400.0, camera.scale(lamp.at) * lamp.radius)
        if r < 4 or not (-r < spot[0] < picture.width + r and -r < spot[1] < picture.height + r):
            continue
        colour = times(lamp.colour or light.glow, power * lamp.strength)
        box = (round(spot[0] - r), round(spot[1] - r), round(spot[0] + r), round(spot[1] + r))
        seen = (max(0, box[0]), max(0, box[1]), min(picture.width, box[2]), min(picture.height, box[3]))
        if seen[2] <= seen[0] or seen[3] <= seen[1]:
            continue
        side = halo().width
        at = [(seen[k] - box[k % 2]) * side / (box[2 + k % 2] - box[k % 2]) for k in range(4)]
        part = (at[0], at[1], min(side, at[2]), min(side, at[3]))
        mask = halo().resize((seen[2] - seen[0], seen[3] - seen[1]), Image.Resampling.BILINEAR, part)
        if camera.depth(lamp.at) > nearest + 0.3:
            mask = ImageChops.multiply(mask, shy.crop(seen))
        patch = picture.crop(seen)
        lit = ImageChops.screen(patch, Image.new("RGB", patch.size, colour))
        patch.paste(lit, (0, 0), mask)
        picture.paste(patch, seen[:2])
    return picture
