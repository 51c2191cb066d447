"""How alike two pictures of somebody are, by colours and shape; and by a model of one's own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageEnhance

from workbench.errors import Unavailable
from workbench.media.embedding import Embedder
from workbench.media.likeness import Box, distance, fingerprint

MIDDLE: Box = (0.3, 0.0, 0.7, 1.0)


def person(coat: str = "firebrick", behind: str = "lightgrey", size: tuple[int, int] = (240, 180)) -> Image.Image:
    """Somebody in the middle of a picture: hair, face, coat, legs."""
    made = Image.new("RGB", size, behind)
    pen = ImageDraw.Draw(made)
    wide, high = size
    pen.rectangle((wide * 0.38, high * 0.3, wide * 0.62, high * 0.8), fill=coat)
    pen.rectangle((wide * 0.42, high * 0.8, wide * 0.58, high * 0.98), fill="#3a2f2a")
    pen.ellipse((wide * 0.43, high * 0.06, wide * 0.57, high * 0.3), fill="#e2b48c")
    pen.rectangle((wide * 0.42, high * 0.02, wide * 0.58, high * 0.1), fill="#5a3018")
    return made


SHEET = [fingerprint(person(), on_ground=True)]


def far(image: Image.Image, box: Box = MIDDLE) -> float:
    return distance(fingerprint(image, box), SHEET)


def test_the_same_somebody_is_near_before_any_wall_and_in_any_light() -> None:
    near = [
        far(person()),
        far(person(behind="#55623f")),
        far(person(size=(960, 720))),
        far(ImageEnhance.Brightness(person(behind="#444a55")).enhance(0.7)),
        far(person().transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    ]
    assert max(near) < 0.35
    unlike = [far(person(coat=coat)) for coat in ("royalblue", "darkgreen", "gold", "white")]
    assert min(unlike) > max(near) + 0.1


def test_a_picture_is_no_distance_from_itself_and_never_more_than_one_from_any() -> None:
    whole = fingerprint(person())
    assert distance(whole, [whole]) == pytest.approx(0, abs=0.01)
    for other in ("black", "white", "lime"):
        assert 0 <= distance(fingerprint(Image.new("RGB", (3, 3), other)), SHEET) <= 1


def test_the_nearest_of_several_views_counts() -> None:
    back = fingerprint(person(coat="#5a3018"), on_ground=True)
    seen = fingerprint(person(coat="#5a3018"), MIDDLE)
    assert distance(seen, [*SHEET, back]) == distance(seen, [back]) < distance(seen, SHEET)


# -- an ONNX file, written by hand: the mean of each channel ----------------------------------------------------------


def _field(number: int, value: bytes | int) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return _number(number << 3) + _number(value)
    return _number(number << 3 | 2) + _number(len(value)) + value


def _number(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes((value & 0x7F | 0x80,)), value >> 7
    return out + bytes((value,))


def _tensor(name: str, *shape: int | str) -> bytes:
    dims = b"".join(_field(1, _field(1, n) if isinstance(n, int) else _field(2, n.encode())) for n in shape)
    return _field(1, name.encode()) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))


def model(*shape: int | str, op: bytes = b"GlobalAveragePool") -> bytes:
    node = _field(1, b"x") + _field(2, b"y") + _field(4, op)
    graph = (
        _field(1, node)
        + _field(2, b"g")
        + _field(11, _tensor("x", *shape))
        + _field(12, _tensor("y", "a", "b", "c", "d"))
    )
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _field(2, 13))


def test_a_model_says_how_alike_two_pictures_are(tmp_path: Path) -> None:
    path = tmp_path / "mean colours.onnx"
    path.write_bytes(model("batch", 3, 8, 8))
    (tmp_path / "preprocessor_config.json").write_text('{"image_mean": [0, 0, 0], "image_std": [1, 1, 1]}')
    embedder = Embedder(path)
    assert embedder.name == "mean colours"
    red = embedder.embed(Image.new("RGB", (40, 30), "red"))
    assert red == pytest.approx([1, 0, 0])
    assert embedder.embed(Image.new("RGB", (4, 300), "#800000")) == pytest.approx([1, 0, 0])
    assert float(red @ embedder.embed(Image.new("RGB", (9, 9), "lime"))) == pytest.approx(0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no model at all", "cannot be used"),
        (b"", "cannot be used"),
        (model("batch", 128), "takes no single picture, but x"),
        (model("batch", 4, 8, 8), "takes no single picture"),
        (model("batch", 3, 8, 8, op=b"NoSuchThing"), "cannot be used"),
    ],
    ids=["text", "empty", "words", "four channels", "unknown"],
)
def test_a_file_that_is_no_model_of_pictures_says_so(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(data)
    with pytest.raises(Unavailable, match=f"mine.onnx {said}"):
        Embedder(path).embed(Image.new("RGB", (8, 8)))


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(Unavailable, match="pip install onnxruntime"):
        Embedder(tmp_path / "mine.onnx").embed(Image.new("RGB", (8, 8)))
