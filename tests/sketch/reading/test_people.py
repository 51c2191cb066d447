"""Who somebody is, by the words of their own clause; what is not told stays open."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.sketch.reading.people import Person, read_people, read_person


def told(person: Person) -> dict[str, Any]:
    own = {**person.__dict__, "being": person.being.shape}
    return {k: v for k, v in own.items() if v not in ("", None, "person") and not (v is False and k != "beard")}


@pytest.mark.parametrize(
    ("name", "description", "expected"),
    [
        ("Tom", "her son, nine", {"sex": "m", "age": "child"}),
        ("Anna", "twenty-eight, loves her son", {"sex": "f", "age": "adult"}),
        (
            "Ben",
            "lost his wife, sixty-one, no beard, bare feet",
            {"sex": "m", "age": "old", "beard": False, "barefoot": True},
        ),
        ("Ida", "mother of three boys, red coat", {"sex": "f", "garment": "coat", "coat_colour": "red"}),
        ("Sam", "a boy of ten", {"sex": "m", "age": "child"}),
        ("Ann", "a woman of sixty", {"sex": "f", "age": "old"}),
        ("Lee", "thirty, quiet", {"age": "adult"}),
        ("Ada", "a sculptor whose father has a white beard", {}),
        ("Hugo", "forty-eight years old, has a seven-year-old daughter", {"age": "adult"}),
        ("Kai", "short red hair, a soldier's widow", {"sex": "f", "hair": "short", "hair_colour": "red"}),
        ("Vera", "the king's daughter, eighteen", {"sex": "f", "age": "young"}),
        ("Duncan King", "a baker", {}),
        ("Uncle Wu", "tall, stout", {"sex": "m", "height": "tall", "build": "stout"}),
        (
            "Mr Grey",
            "grey beard, bald, black suit",
            {"sex": "m", "hair": "bald", "beard": True, "garment": "suit", "coat_colour": "black"},
        ),
        (
            "Noor",
            "girl, 7, braids, green dress",
            {"sex": "f", "age": "child", "hair": "braid", "garment": "dress", "coat_colour": "green"},
        ),
        ("Priya", "nurse in her fifties, dark-skinned", {"sex": "f", "age": "adult", "skin": "dark"}),
        ("王生", "二十七岁的书生，青布长衫", {"sex": "m", "age": "adult", "garment": "robe", "coat_colour": "teal"}),
        ("陈氏", "王生之妻，二十五岁", {"sex": "f", "age": "adult"}),
        ("阿强", "母亲早逝，与父亲相依为命，十三岁", {"age": "child"}),
        ("老周", "六旬老汉，长须，光脚", {"sex": "m", "age": "old", "beard": True, "barefoot": True}),
        ("李医生", "必须准时，没有胡子", {"beard": False}),
        ("Rui", "年过六旬的女教师，花白短发", {"sex": "f", "age": "old", "hair": "short", "hair_colour": "grey"}),
        ("阿花", "奶奶带大的女孩，十岁", {"sex": "f", "age": "child"}),
        ("小禾", "十二岁，短辫", {"age": "child", "hair": "braid"}),
        ("周朴", "一百零二岁", {"age": "old"}),
    ],
)
def test_only_their_own_clause_counts(name: str, description: str, expected: dict[str, Any]) -> None:
    assert told(read_person(name, description)) == expected


@pytest.mark.parametrize(
    ("name", "description", "shape"),
    [
        ("the Fox", "clever", "beast"),
        ("Kite", "a young otter who cannot swim", "beast"),
        ("Buck", "a large sled dog, half St. Bernard", "beast"),
        ("Old Tom", "a ship's cat", "beast"),
        ("Moby", "a white whale", "fish"),
        ("Polly", "a parrot", "bird"),
        ("R-7", "a rusty cleaning robot, lonely", "robot"),
        ("Unit 12", "delivery drone, tired", "craft"),
        ("HAL", "the ship's computer", "screen"),
        ("The North Wind", "proud", "spirit"),
        ("小白", "一只会说话的白猫", "beast"),
        ("老马", "拉车的老马，跛了一条腿", "beast"),
        ("铁蛋", "机器人，话多", "robot"),
        ("灯", "一盏会走路的路灯", "thing"),
        ("卡罗", "一头年迈的大象", "beast"),
        # somebody's mother may be a rabbit
        ("Mrs Rabbit", "A widowed rabbit, his mother.", "beast"),
        ("Akela", "a grey wolf, leader, father of many", "beast"),
        # people after all
        ("Mr Fox", "a lawyer", "person"),
        ("Ichabod Crane", "A tall, lank schoolmaster with huge ears.", "person"),
        ("Grey Wolf", "cunning", "beast"),
        ("Wolf", "tall, grey beard", "person"),
        ("Robin", "thirty, archer", "person"),
        ("Bran", "horse trader, fat", "person"),
        ("Ms Bird", "teacher", "person"),
        ("Ishmael", "a sailor on a whaling ship", "person"),
        ("马超", "将军", "person"),
        ("铁牛", "黑脸大汉", "person"),
        ("小熊", "七岁，爱哭的男孩", "person"),
        ("大壮", "养狗的老人", "person"),
        ("阿狸", "狐妖，化作女子", "person"),
    ],
)
def test_animals_machines_and_things_are_told_from_people(name: str, description: str, shape: str) -> None:
    assert read_person(name, description).being.shape == shape


@pytest.mark.parametrize(
    ("summary", "sexes"),
    [
        ("Mara keeps the lamp. She burns her father's boat.", {"Mara": "f"}),
        ("Her husband Jim comes in and stops.", {"Jim": "m"}),
        ("Jo, a girl of ten, waits at the gate.", {"Jo": "f"}),
        ("渔夫的女儿小梅在海边捡到一只瓶子。", {"小梅": "f"}),
        ("阿明推开门，他看见桌上的信。", {"阿明": "m"}),
        ("Alex meets Kim. She laughs.", {"Alex": "", "Kim": ""}),
    ],
)
def test_the_story_tells_what_a_description_leaves_open(summary: str, sexes: dict[str, str]) -> None:
    facts = {"summary": summary, "characters": [{"name": n, "description": ""} for n in sexes]}
    assert {name: person.sex for name, person in read_people(facts).items()} == sexes
