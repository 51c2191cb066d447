"""What each hand does to the finished picture: paper, grain, dots, scan lines, fewer pixels."""

from __future__ import annotations

import functools
from collections.abc import Callable
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from workbench.sketch.drawing.colour import RGB, rgb
from workbench.sketch.drawing.stage import smooth
from workbench.sketch.drawing.style import StylePreset

Size = tuple[int, int]


def apply_style(picture: Image.Image, preset: StylePreset, seed: int) -> Image.Image:
    """The picture in this style."""
    return _FINISH[preset.name](picture, preset, seed)


def _plain(picture: Image.Image, preset: StylePreset, seed: int) -> Image.Image:
    return picture


def _anime(picture: Image.Image, preset: StylePreset, seed: int) -> Image.Image:
    """Light that spills over bright edges."""
    small = picture.reduce(4).point(_brights()).filter(ImageFilter.BoxBlur(5))
    return ImageChops.screen(picture, small.resize(picture.size, Image.Resampling.BILINEAR))


def _ink(picture: Image.Image, preset: StylePreset, seed: int) -> Image.Image:
    """Washes that pool, on rice paper with an unpainted edge and a seal."""
    pale = picture.point([255 - round((255 - v) * 0.84) for v in range(256)] * 3)
    washed = ImageChops.multiply(pale, _mottle(picture.size, 34, 17))
    image = _onto_paper(washed, rgb("#F1ECDF"), 0.075)
    side = round(picture.height * 0.06)
    x, y = round(picture.width * 0.94) - side, round(picture.height * 0.07)
    draw = ImageDraw.Draw(image)
    draw.rectangle((x, y, x + side, y + side), fill=(178, 54, 40))
    inner = side // 5
    draw.line((x + inner, y + inner, x + side - inner, y + inner), fill=(244, 236, 222), width=max(1, side // 11))
    draw.line(
        (x + side // 2, y + inner, x + side // 2, y + side - inner), fill=(244, 236, 222), width=max(1, side // 11)
    )
    draw.line(
        (x + inner, y + side - inner, x + side - inner, y + side - inner),
        fill=(244, 236, 222),
        width=max(1, side // 11),
    )
    return image


def _comic(picture: Image.Image, preset: StylePreset, seed: int) -> Image.Image:
    """Dots of ink where it is dark, and a black edge as of a panel."""
    tones = (
        picture.convert("L").filter(ImageFilter.BoxBlur(3)).point([max(0, min(255, (118 - v) * 4)) for v in range(256)])
    )
    shade = ImageChops.multiply(tones, _dots(picture.size))
    image = Image.composite(
        Image.new("RGB", picture.size, preset.ink), picture, shade.point([round(v * 0.5) for v in range(256)])
    )
    draw = ImageDraw.Draw(image)
    for i in range(4):
        draw.rectangle((i, i, image.width - 1 - i, image.height - 1 - i), outline=preset.ink)
    return image


def _neon(picture: Image.Image, preset: StylePreset, seed: int) -> Image.Image:
    """Glow, colours that part at the edges, and scan lines."""
    small = picture.reduce(4).point(_brights(150)).filter(ImageFilter.BoxBlur(6))
    image = ImageChops.screen(picture, small.resize(picture.size, Image.Resampling.BILINEAR))
    red, green, blue = image.split()
    image = Image.merge("RGB", (ImageChops.offset(red, 2, 0), green, ImageChops.offset(blue, -2, 0)))
    return ImageChops.multiply(image, _lines(picture.size))


def _film(picture: Image.Image, preset: StylePreset, seed: int) -> Image.Image:
    """Darker corners and a little grain."""
    return ImageChops.multiply(picture, _corners(picture.size, 0.4))


def _tale(picture: Image.Image, preset: StylePreset, seed: int) -> Image.Image:
    """Motes of light in the air, a glow over everything bright."""
    small = picture.reduce(4).point(_brights(140)).filter(ImageFilter.BoxBlur(7))
    image = ImageChops.screen(picture, small.resize(picture.size, Image.Resampling.BILINEAR))
    draw = ImageDraw.Draw(image, "RGBA")
    rng = Random(f"motes/{seed}")
    for _ in range(38):
        x, y, r = (
            rng.random() * image.width,
            rng.random() * image.height,
            image.height * rng.choice((0.002, 0.003, 0.0045)),
        )
        draw.ellipse((x - 3 * r, y - 3 * r, x + 3 * r, y + 3 * r), fill=(*preset.light, 34))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(*preset.light, 190))
    return ImageChops.multiply(image, _corners(image.size, 0.3))


def _watercolour(picture: Image.Image, preset: StylePreset, seed: int) -> Image.Image:
    """Pigment that dries unevenly, on white paper that shows at the edges."""
    pale = picture.point([255 - round((255 - v) * 0.9) for v in range(256)] * 3)
    washed = ImageChops.multiply(pale, _mottle(picture.size, 30, 23))
    return _onto_paper(washed, rgb("#FBF7EC"), 0.06)


def _pixels(picture: Image.Image, preset: StylePreset, seed: int) -> Image.Image:
    """Squares of few colours."""
    step = 5
    small = picture.resize((picture.width // step, picture.height // step), Image.Resampling.BOX)
    few = small.point([round(round(v / 255 * 9) / 9 * 255) for v in range(256)] * 3)
    return few.resize((few.width * step, few.height * step), Image.Resampling.NEAREST).resize(
        picture.size, Image.Resampling.NEAREST
    )


@functools.cache
def _brights(from_: int = 190) -> list[int]:
    """A table that keeps what is brighter than `from_`, for each of three colours."""
    return [max(0, round((v - from_) * 0.55)) for v in range(256)] * 3


@functools.lru_cache(maxsize=16)
def _mottle(size: Size, depth: int, salt: int) -> Image.Image:
    """A grey that varies in soft spots of two sizes, 255 - depth to 255."""
    rng = Random(f"mottle/{salt}/{size}")
    image: Image.Image | None = None
    for cells, share in ((9, 0.62), (42, 0.38)):
        w, h = cells, max(2, round(cells * size[1] / size[0]))
        low = Image.new("L", (w, h))
        low.putdata([rng.randrange(256) for _ in range(w * h)])
        layer = low.resize(size, Image.Resampling.BICUBIC).point(
            [round(255 - depth * share * (255 - v) / 255) for v in range(256)]
        )
        image = layer if image is None else ImageChops.multiply(image, layer)
    assert image is not None
    # Few steps: paper that changes from pixel to pixel would swell the file.
    return Image.merge("RGB", (image.point([v - v % 3 for v in range(256)]),) * 3)


@functools.lru_cache(maxsize=16)
def _edge(size: Size, share: float) -> Image.Image:
    """White inside, black at a ragged margin."""
    rng = Random(f"edge/{size}")
    width, height = size
    margin = share * min(size)
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    steps = 12

    def margin_depth() -> float:
        return margin * rng.uniform(0.3, 0.72)

    along = [margin + (width - 2 * margin) * i / steps for i in range(steps)]
    down = [margin + (height - 2 * margin) * i / steps for i in range(steps)]
    points = [(x, margin_depth()) for x in along] + [(width - margin_depth(), y) for y in down]
    points += [(width - x, height - margin_depth()) for x in along] + [(margin_depth(), height - y) for y in down]
    draw.polygon(smooth(points, 6), fill=255)
    return mask.filter(ImageFilter.GaussianBlur(3.2))


def _onto_paper(picture: Image.Image, paper: RGB, share: float) -> Image.Image:
    ground = Image.new("RGB", picture.size, paper)
    ground.paste(picture, (0, 0), _edge(picture.size, share))
    return ground


@functools.lru_cache(maxsize=16)
def _dots(size: Size) -> Image.Image:
    """A screen of round dots."""
    step = 6
    tile = Image.new("L", (step, step), 0)
    tile.putdata([255 if (x - 2.5) ** 2 + (y - 2.5) ** 2 < 4.2 else 0 for y in range(step) for x in range(step)])
    image = Image.new("L", size, 0)
    for row, y in enumerate(range(0, size[1], step)):
        for x in range(-step if row % 2 else 0, size[0], step):
            image.paste(tile, (x + (step // 2 if row % 2 else 0), y))
    return image


@functools.lru_cache(maxsize=16)
def _lines(size: Size) -> Image.Image:
    """Every third line a little darker."""
    column = Image.new("L", (1, size[1]))
    column.putdata([222 if y % 3 == 0 else 255 for y in range(size[1])])
    return Image.merge("RGB", (column.resize(size, Image.Resampling.NEAREST),) * 3)


@functools.lru_cache(maxsize=16)
def _corners(size: Size, depth: float) -> Image.Image:
    """Darker away from the middle."""
    side = 64
    small = Image.new("L", (side, side))
    values = []
    for y in range(side):
        for x in range(side):
            d = ((x / (side - 1) - 0.5) ** 2 + (y / (side - 1) - 0.5) ** 2) * 2
            values.append(round(255 * (1 - depth * max(0.0, d - 0.18))))
    small.putdata(values)
    return Image.merge("RGB", (small.resize(size, Image.Resampling.BICUBIC),) * 3)


_FINISH: dict[str, Callable[[Image.Image, StylePreset, int], Image.Image]] = {
    "anime": _anime,
    "ink_wash": _ink,
    "comic": _comic,
    "cyberpunk": _neon,
    "cinematic": _film,
    "fantasy": _tale,
    "watercolor": _watercolour,
    "pixel": _pixels,
    "custom": _plain,
}
