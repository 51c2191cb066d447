"""JSON and YAML that people write: what was written is what is read; what cannot be meant is refused with its line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.test_plain_text import has_chinese
from workbench.documents import Repeated, Unreadable, parse_json, parse_yaml
from workbench.i18n import translate

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{now}: &{now} [{', '.join([f'*{before}'] * 10)}]\n" for before, now in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1984", "1984"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("off", "off"),
        ("true", "true"),
        ("9:16", "9:16"),
        ("21:9", "21:9"),
        ("12:30:45", "12:30:45"),
        ("2024-05-01", "2024-05-01"),
        ("2024-05-01 10:00:00", "2024-05-01 10:00:00"),
        ("007", "007"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("1.50", "1.50"),
        ("null", "null"),
        ("=", "="),
        ("'1984'", "1984"),
        ('"no"', "no"),
        ("", ""),
        ("|-\n  a\n   b", "a\n b"),
        (">-\n  a\n  b", "a b"),
        ("盐灯塔：一个故事", "盐灯塔：一个故事"),
        ("!!str 1984", "1984"),
        ("!!int 3", "3"),
        ("!!bool maybe", "maybe"),
        ("!!int ''", ""),
        ("!!float x", "x"),
        ("C#", "C#"),
        ("'Room #9'", "Room #9"),
        ("Room  # the third one", "Room"),
    ],
)
def test_a_value_in_yaml_is_the_text_that_was_written(written: str, value: str) -> None:
    assert parse_yaml(f"title: {written}\n") == {"title": value}


def test_a_mapping_may_still_bring_another_one_in() -> None:
    assert parse_yaml("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n")["b"] == {"x": "1", "y": "3"}


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("title: a\ngenre: b\ntitle: c\n", 3, "“title” is there twice, first in line 1"),
        ("characters:\n  - name: a\n    name: b\n", 3, "“name” is there twice"),
        ("{title: a, title: b}", 1, "“title” is there twice"),
        ("title: He said: go", 1, "with a colon in it stands in quotation marks"),
        ("title: a\n\tsummary: b", 2, "a tab stands here"),
        ("title: *whisper*", 1, "stands in quotation marks"),
        ("title: @home", 1, "stands in quotation marks"),
        ("title: `a`", 1, "stands in quotation marks"),
        ("title: !wow", 1, "begins with ! stands in quotation marks"),
        ("title: !!python/object:os.system x", 1, "begins with ! stands in quotation marks"),
        ("title: !!timestamp 2001-01-01", 1, "begins with ! stands in quotation marks"),
        ("title: !!binary aGk=", 1, "begins with ! stands in quotation marks"),
        ("title: - a", 1, "begins with - stands in quotation marks"),
        ("title: [a", 1, "begins with a bracket stands in quotation marks"),
        ('title: "a', 1, "is not closed"),
        ("title: 'it's'", 1, "a quotation mark stands inside a text"),
        ('title: "C:\\d"', 1, "written twice"),
        ("title: a\nsummary： b\n", 2, "with a half-width colon"),
        ("title: a\n---\ntitle: b", 2, "one file holds one story"),
        ("? [a, b]\n: c", 1, "the name of a field is a text"),
        ("a: &x [1, *x]", 1, "cannot hold itself"),
        ("title: a\x07", 1, "U+0007"),
        ("title: Room #9", 1, "“#9” would be left out as a comment"),
        ("title: a\ngenre: #horror\n", 2, "“#horror” would be left out"),
        ("style: a palette of #ff0000 and salt", 1, "“#ff0000 and salt” would be left out"),
        ("characters:\n  - Number #6\n", 2, "“#6” would be left out"),
        (BOMB, 5, "more than 100000 values"),
    ],
)
def test_yaml_that_cannot_be_meant_is_refused_with_its_line_in_both_languages(text: str, line: int, told: str) -> None:
    refused = _refused(parse_yaml, text)
    assert refused.line == line
    assert told in translate(refused.problem, "en")
    assert has_chinese(translate(refused.problem, "zh"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"title": "a", "title": "b"}', "“title” is there twice"),
        ('{"characters": [{"name": "a", "name": "b"}]}', "“name” is there twice"),
        ('{"title": "a",}', "no comma stands behind the last one"),
        ("{'title': 'a'}", "in straight double quotation marks"),
        ("{“title”: “a”}", "in straight double quotation marks"),
        ("{title: 1}", "in straight double quotation marks"),
        ('{"title": // a\n1}', "a value is missing here"),
        ('{"title": True}', "a value is missing here"),
        ('{"title": "a\nb"}', "a line end within a text"),
        ('{"title": "C:\\d"}', "a backslash within a text"),
        ('{"title": "He said "go""}', "a comma is missing here"),
        ('{"title" "a"}', "a colon is missing"),
        ('{"title": "a"} {"title": "b"}', "something follows behind the end"),
        ('{"title": "a', "no quotation mark at its end"),
        ('{"episodes": NaN}', "NaN is no number"),
        ('{"episodes": -Infinity}', "-Infinity is no number"),
        ("", "a value is missing here"),
        ("[" * 100_000, "nested too deeply"),
        ('{"episodes": ' + "9" * 5_000 + "}", "a number is too long"),
    ],
)
def test_json_that_cannot_be_meant_is_refused_in_both_languages(text: str, told: str) -> None:
    refused = _refused(parse_json, text)
    assert told in translate(refused.problem, "en")
    assert has_chinese(translate(refused.problem, "zh"))


def test_a_field_that_is_there_twice_is_named() -> None:
    with pytest.raises(Repeated) as refused:
        parse_json('{"genre": 1, "genre": 1}')
    assert refused.value.field == "genre"


def _refused(parse: Any, text: str) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        parse(text)
    return refused.value
