"""What of a description still holds of somebody who wears a look."""

from __future__ import annotations

import pytest

from workbench.story.appearance import keep_what_stays, tell_look

DELLA = "twenty-two, slight, brown hair below the knee until she sells it, old brown jacket, quick and warm"
SCHOLAR = "二十出头，身形瘦小，长发及腰，灰布衣裙"


@pytest.mark.parametrize(
    ("description", "words", "stays"),
    [
        (DELLA, "hair cropped short, a green coat", "twenty-two, slight, quick and warm"),
        (DELLA, "hair cropped short", "twenty-two, slight, old brown jacket, quick and warm"),
        (DELLA, "soaked through", DELLA),
        (DELLA, None, "twenty-two, slight, quick and warm"),
        ("a young woman with brown hair in a green dress", "cropped hair, an oilskin", "a young woman"),
        ("a woman in her twenties with grey eyes, in rags", "a red gown", "a woman in her twenties with grey eyes"),
        ("a bearded man, tall", "clean-shaven", "a bearded man, tall"),
        ("large, chilly hair-goods dealer", "hair cut short", "large, chilly hair-goods dealer"),
        ("穿青布长衫的年轻书生，眉清目秀", "一身红衣", "年轻书生，眉清目秀"),
        ("穿着一件旧棕色的外套，二十二岁", "一身红衣", "二十二岁"),
        (SCHOLAR, "头髮剪短，綠色外套", "二十出头，身形瘦小"),
        ("二十出头，眼睛发亮，長髮及腰", "短发", "二十出头，眼睛发亮"),
        ("", "short hair", ""),
    ],
)
def test_hair_beside_hair_and_clothes_beside_clothes_are_told_once(
    description: str, words: str | None, stays: str
) -> None:
    assert keep_what_stays(description, words) == stays


def test_the_look_is_said_to_count() -> None:
    assert tell_look("slight", "hair cropped", "en") == (
        "slight; in this scene, whatever else is told of them: hair cropped"
    )
    assert tell_look("身形瘦小", "短发", "zh") == "身形瘦小；本场造型以此为准：短发"
    assert tell_look("", "短发", "zh") == "短发"
    assert tell_look("slight", "", "en") == "slight"
