"""The line below a picture: real glyphs, both languages, nothing that the font lacks."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageChops

from tests.sketch.drawing.scenes import anchor, drawn, nine
from workbench.sketch.drawing import caption
from workbench.sketch.drawing.caption import FONT, font, has_glyph, lay_out, replace_missing, strip_height, write


def glyph(character: str) -> tuple[tuple[int, int], bytes]:
    mask = font(40).getmask(character, mode="L")
    return mask.size, bytes(mask)


def test_the_font_and_its_licence_come_with_the_package() -> None:
    assert FONT.stat().st_size < 2_500_000
    assert "SIL OPEN FONT LICENSE" in (FONT.parent / "OFL.txt").read_text("utf-8")


def test_known_characters_are_glyphs_and_not_boxes() -> None:
    box = glyph("\uffff")
    told = "画皮愚公移山的一是了我人有书斋厉鬼拂尘竹简，。？！「」《》—…ABCabc019ÉéñüΩ"
    shapes = {c: glyph(c) for c in told if c != "Ω"}
    assert box not in shapes.values()
    assert len(set(shapes.values())) == len(shapes)
    assert all(any(pixels) for _, pixels in shapes.values())
    assert glyph("\U0001f600") == box


def test_all_of_gb_2312_is_there() -> None:
    han = [bytes((row, cell)).decode("gb2312", "ignore") for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)]
    assert [c for c in han if c and not has_glyph(c)] == []


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("Ｄｅｌｌａ", "Ｄｅｌｌａ"),
        ("ﬁne", "fine"),
        ("ế", "e"),
        ("好😀👍🏽的", "好的"),
        ("a\u200db\ufe0f", "ab"),
        ("林\U00020000\U00020001生", "林·生"),
        ("two\n\n lines", "two lines"),
        ("non\u2011breaking", "non-breaking"),
        ("Привет, мир", "Privet, mir"),
        ("Ωμέγα", "Omega"),
        ("한국", "HanGug"),
        ("नमस्ते", "nmste"),
        ("สวัสดี", "swasdi"),
        ("龘", "Da"),
    ],
)
def test_what_the_font_lacks_is_said_otherwise(told: str, read: str) -> None:
    assert replace_missing(told) == read
    assert all(has_glyph(c) for c in replace_missing(told))


@pytest.mark.parametrize("told", ["مرحبا بالعالم", "שלום עולם", "გამარჯობა", "Ἀχιλλεύς", "ສະບາຍດີ"])
def test_every_script_is_spelled_and_none_becomes_dots(told: str) -> None:
    spelled = replace_missing(told)
    assert sum(c.isalpha() for c in spelled) >= len(told) // 3
    assert caption.STAND_IN not in spelled


@pytest.mark.parametrize(("language", "place"), [("zh", "书斋"), ("en", "the flat")])
def test_the_caption_is_written_on_a_clean_strip(language: str, place: str) -> None:
    made = anchor(place, language)
    shot = nine(made, language)[0]
    said, silent = drawn(shot, made, language), drawn({**shot, "caption": ""}, made, language)
    strip = strip_height(said)
    assert strip == lay_out(shot["caption"], 1, "ELS", said.size).height
    lower = [p.crop((0, p.height - strip + 2, p.width, p.height)) for p in (said, silent)]
    assert ImageChops.difference(*lower).getbbox() is not None
    corner = said.getpixel((said.width - 2, said.height - 2))
    assert said.getpixel((2, said.height - strip + 4)) == corner


def test_long_captions_wrap_and_never_leave_the_picture() -> None:
    for text in ("她把最后一筐土倒进渤海，" * 9, "They put the gifts away and laugh, " * 9, "x" * 300):
        for size in ((960, 540), (540, 960), (1120, 480)):
            made = lay_out(text, 9, "HIGH", size)
            letters = font(made.size)
            assert 2 <= len(made.lines) <= caption.MOST_LINES
            assert all(made.indent + letters.getlength(line) <= size[0] for line in made.lines)
            assert not any(line[0] in "，。；" for line in made.lines)
            assert made.lines[-1].endswith("…")
            assert made.height < size[1] * 0.3


def test_text_shows_on_either_ground() -> None:
    strip = lay_out("画皮", 1, "LS", (960, 540))
    for ground, ink in (((20, 20, 24), (240, 240, 236)), ((244, 240, 230), (42, 44, 49))):
        image = Image.new("RGB", (960, 540), (90, 120, 90))
        write(image, strip, ground, ink, (200, 90, 60))
        seen = image.crop((strip.indent, 540 - strip.height + 3, 960, 540)).getextrema()
        assert all(high - low > 100 for low, high in seen)


def test_a_picture_without_a_strip_has_none() -> None:
    assert strip_height(Image.new("RGB", (960, 540), (200, 30, 30))) == 0
    noise = Image.effect_noise((960, 540), 90).convert("RGB")
    assert strip_height(noise) == 0


def test_the_font_is_package_data() -> None:
    import tomllib

    root = Path(__file__).parents[3]
    told = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]["*"]
    assert {"*.otf", "*.txt"} <= set(told)
