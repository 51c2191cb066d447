"""Whom a text only speaks of, seeks or misses is not there; whom it tells of as doing something is."""

from __future__ import annotations

import pytest

from workbench.sketch.reading.absences import find_absent
from workbench.story.names import NameIndex

NAMES = [("Anna",), ("Old Ned", "Ned"), ("王生",), ("小梅",)]
INDEX = NameIndex({"name": own[0], "aliases": list(own[1:])} for own in NAMES)


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("The clerk says that Ned was caught in the machinery", {"Old Ned"}),
        ("Anna learns that poor Ned has sold the boat", {"Old Ned"}),
        ("Anna searches for Ned in the snow", {"Old Ned"}),
        ("Ned dreams of Anna", {"Anna"}),
        ("Ned writes to Anna", {"Anna"}),
        ("Anna squeezes under the gate of Ned's garden", {"Old Ned"}),
        ("Anna kneels at Ned's grave", {"Old Ned"}),
        ("Ned carries a portrait of Anna", {"Anna"}),
        ("Anna has flown away, and Ned is blue with cold", {"Anna"}),
        ("Anna is nowhere to be seen", {"Anna"}),
        ("Ned never comes back", {"Old Ned"}),
        ("Ned waits in the drawing room of Anna", {"Anna"}),
        ("Ned sets a table that is kept for Anna", {"Anna"}),
        ("小梅摆好一张给王生留的桌子", {"王生"}),
        ("小梅说王生还欠十九个钱", {"王生"}),
        ("小梅忽然想念王生", {"王生"}),
        ("皇后命小梅三日内找到王生", {"王生"}),
        ("小梅提起王生", {"王生"}),
        ("船到了王生门前", {"王生"}),
        ("小梅把信收好，没有说出王生", {"王生"}),
        ("王生再没有来过", {"王生"}),
        ("小梅跪在王生的坟前", {"王生"}),
        # who does or suffers something is there, also when somebody owns a jacket
        ("Anna buttons Ned's blue jacket", set()),
        ("Anna finds Ned in the barn", set()),
        ("Anna says to Ned that the boat is gone", set()),
        ("Ned searches for Anna, and Anna waves", set()),
        ("Anna weeps on Ned's breast", set()),
        ("Ned ties his sledge to the sleigh and is gone", set()),
        ("小梅对王生说天晚了", set()),
        ("王生说自己没有带钱", set()),
        ("小梅找到王生的时候，王生睡着了", set()),
        ("小说家王生走进来", set()),
    ],
)
def test_who_is_only_spoken_of_sought_or_gone_is_not_there(text: str, absent: set[str]) -> None:
    spots = [(m.name, m.start, m.end) for m in INDEX.mentions(text)]

    assert {name for name, _, _ in spots} >= absent
    assert find_absent(text, spots) == absent
