"""A place is where somebody is or goes; what no book knows is no more than inside or outside."""

from __future__ import annotations

import pytest

from workbench.sketch import books
from workbench.sketch.reading.places import find_destination, find_places, kind_of_name
from workbench.sketch.reading.things import can_hold


@pytest.mark.parametrize(
    ("text", "language", "place"),
    [
        ("She burns the boat on the beach", "en", ("the beach", "sea")),
        ("He looks at the sea from the old lighthouse", "en", ("the old lighthouse", "inside")),
        ("They meet in the court café", "en", ("the court café", "inside")),
        ("They play in the tennis court", "en", ("the tennis court", "outside")),
        ("She waits on the roof of the house", "en", ("the roof", "roof")),
        ("Ann lands on the moon", "en", ("the moon", "outside")),
        ("Ann waits in Zanzibar", "en", ("Zanzibar", "outside")),
        ("He sits at the police station", "en", ("the police station", "inside")),
        ("He comes home late", "en", ("home", "home")),
        ("她在咖啡馆里等他", "zh", ("咖啡馆", "inside")),
        ("守灯塔的老人在海边捡到瓶子", "zh", ("海边", "sea")),
        ("林晚在公寓楼顶的天台上接电话", "zh", ("天台", "roof")),
        ("王五站在屋顶上", "zh", ("屋顶", "roof")),
        ("她走进法庭", "zh", ("法庭", "inside")),
        ("他爬上山", "zh", ("山", "mountain")),
        ("她站在教堂前", "zh", ("教堂前", "outside")),
        ("In front of the church they wait", "en", ("in front of the church", "outside")),
        ("INT. DINER - NIGHT", "en", ("the diner", "inside")),
        ("内景 船舱 夜", "zh", ("船舱", "inside")),
        # a part of a place, and words that only stand before one
        ("Leaves blow through the broken window of the library", "en", ("the library", "study")),
        ("In the snow of the square the town stands armed", "en", ("the square", "outside")),
        ("She looks into the clear water of the canal", "en", ("the canal", "outside")),
        ("He hides in a can in the tool-shed", "en", ("the tool-shed", "inside")),
        ("She weeps at the moon from the veranda", "en", ("the veranda", "outside")),
        ("The camel leads him to a hidden pool", "en", ("the hidden pool", "outside")),
        ("On the steps in the sleet he weeps", "en", ("the steps", "outside")),
        ("At dinner in Richmond she shows a ring", "en", ("Richmond", "inside")),
        ("他在御膳房闻到鱼腥", "zh", ("御膳房", "kitchen")),
        ("她把兔子抱回乾清宫", "zh", ("乾清宫", "palace")),
        ("他借宿在没有人的兰若寺", "zh", ("兰若寺", "temple")),
        ("他们在排练厅里吵起来", "zh", ("排练厅", "inside")),
        ("She waits in a trench coat at the pier", "en", ("the pier", "sea")),
        ("He keeps beside her in the dark hollow", "en", ("the dark hollow", "outside")),
        ("Near midnight he rides home past the tulip tree", "en", ("the way home", "outside")),
        ("In the bath he finds a spot like lichen on a rock", "en", ("the bath", "inside")),
        ("Vera tells him that he was lost in the bog, in the kitchen", "en", None),
        ("蓝鲸在北太平洋唱歌", "zh", ("太平洋", "sea")),
        ("他撑着伞等在弄堂口", "zh", ("弄堂", "street")),
        ("公堂上他不肯跪", "zh", ("公堂", "inside")),
        ("师徒行到白虎岭", "zh", ("白虎岭", "mountain")),
        ("她在土楼的天井里贴春联", "zh", ("天井", "courtyard")),
        ("他在观音桥镇卖面", "zh", ("观音桥镇", "outside")),
    ],
)
def test_a_text_happens_at_a_place(text: str, language: str, place: tuple[str, str] | None) -> None:
    assert next(iter(find_places(text, language, ["Ann", "林晚"])), None) == place


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a bar of gold lies there", "en"),
        ("at this stage of grief", "en"),
        ("He jumps at the rope of the bell", "en"),
        ("in the end she sells the hair", "en"),
        ("They train all day", "en"),
        ("the wall clock stops", "en"),
        ("She dreams of the sea", "en"),
        ("大家都笑了", "zh"),
        ("国家队赢了", "zh"),
        ("河曲的智叟笑他", "zh"),
        ("她是个作家", "zh"),
        ("林峰说了谎", "zh"),
        ("灯挂在树上", "zh"),
        ("她现在房东那儿欠着钱", "zh"),
        ("At noon the ship sails", "en"),
        ("A ship turns towards the rocks", "en"),
    ],
)
def test_what_only_sounds_like_a_place_is_none(text: str, language: str) -> None:
    assert find_places(text, language, ["林峰"]) == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("the court", "inside"),
        ("The Rusty Anchor Inn", "tavern"),
        ("House of Usher", "home"),
        ("Harbour Street", "street"),
        ("the tool-shed", "inside"),
        ("灯塔", "inside"),
        ("太原城墙", "outside"),
        ("报馆", "inside"),
        ("the watch", None),
        ("竹简", None),
        ("a letter", None),
        ("拂尘", None),
    ],
)
def test_a_name_is_a_place_by_its_last_noun(name: str, kind: str | None) -> None:
    assert kind_of_name(name, "zh" if name[0] > "一" else "en") == kind


@pytest.mark.parametrize(
    ("text", "language", "place"),
    [
        ("Crumbs lead through the park to the pond", "en", ("the pond", "river")),
        ("He runs from the church to the bridge", "en", ("the bridge", "bridge")),
        ("She reads in the study", "en", None),
        ("她在御膳房闻到鱼腥，顺着猫毛走到冷宫", "zh", ("冷宫", "palace")),
        ("她在厨房做饭", "zh", None),
    ],
)
def test_a_story_goes_on_where_a_text_goes(text: str, language: str, place: tuple[str, str] | None) -> None:
    assert find_destination(text, language) == place


def test_every_place_word_is_a_kind_of_set() -> None:
    kinds = {kind for language in ("en", "zh") for kind in books.place_nouns(language).kinds}
    assert kinds <= set(books.sets().kinds)


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("the brass key", True),
        ("旧信", True),
        ("竹简", True),
        ("letter of marque", True),
        ("the roof", False),
        ("the court", False),
        ("咖啡馆", False),
        ("the war", False),
        ("the curse", False),
        ("诅咒", False),
        ("王国", False),
    ],
)
def test_only_what_a_hand_can_hold_is_held(name: str, held: bool) -> None:
    assert can_hold(name, "zh" if name[0] > "一" else "en") == held
