"""A file that somebody brings: read as it was meant, or refused in their language with what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.story.test_screenplay import CHINESE, FOUNTAIN
from tests.test_plain_text import has_chinese
from workbench import samples
from workbench.artifacts.models import Character, Style
from workbench.errors import InvalidInput
from workbench.i18n import translate
from workbench.story import brief_files
from workbench.story.briefs import BriefFile, parse

CHAPTER = "The Lamp\n\nMara climbs the rocks. She lights the lamp, and the boat comes in.\n" * 40


def read(text: str | bytes, name: str) -> BriefFile:
    data = text.encode() if isinstance(text, str) else text
    return parse(brief_files.read(data, name).fields)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gbk", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("name", ["brief.json", "brief.yaml"])
def test_a_brief_is_the_same_in_every_encoding_and_format(codec: str, name: str) -> None:
    brief = samples.load("painted-skin.zh")
    assert read(json.dumps(brief, ensure_ascii=False).encode(codec), name) == parse(brief)


def test_what_yaml_would_make_of_a_text_is_the_text_that_was_written() -> None:
    text = """
title: 1984
summary: no
genre: 2024-05-01
protagonist: 007
aspect_ratio: 9:16
episodes: 3
audience: ~
language:
characters:
  - name: No
    description: 12:30
  - 42
  - Mara
world:
  the lamp: brass
"""
    brief = read(text, "brief.yaml")
    assert (brief.title, brief.summary, brief.genre, brief.protagonist) == ("1984", "no", "2024-05-01", "007")
    assert (brief.aspect_ratio, brief.episodes, brief.audience) == ("9:16", 3, "")
    assert [(c.name, c.description) for c in brief.characters] == [("No", "12:30"), ("42", ""), ("Mara", "")]
    assert [(w.name, w.description) for w in brief.world] == [("the lamp", "brass")]


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        ({"title": 1984}, "title", "1984"),
        ({"title": "a", "genre": None}, "genre", ""),
        ({"title": "a", "episodes": ""}, "episodes", None),
        ({"title": "a", "episodes": "null"}, "episodes", None),
        ({"title": "a", "episodes": "12"}, "episodes", 12),
        ({"title": "a", "aspect_ratio": ""}, "aspect_ratio", "16:9"),
        ({"title": "a", "characters": None}, "characters", []),
        ({"Title": "a"}, "title", "a"),
        ({"title": "a", "Aspect Ratio": "9:16"}, "aspect_ratio", "9:16"),
        ({"title": "a", "　genre": "noir"}, "genre", "noir"),
        ({"title": "a", "﻿aspect-ratio": "1:1"}, "aspect_ratio", "1:1"),
        ({"title": "Null"}, "title", "Null"),
        ({"title": "a", "style": "anime"}, "style", Style(preset="anime")),
        ({"title": "a", "style": "Ink wash"}, "style", Style(preset="ink_wash")),
        ({"title": "a", "style": "brass and salt"}, "style", Style(preset="custom", prompt="brass and salt")),
        ({"title": "a", "characters": {"name": "b"}}, "characters", [Character(name="b")]),
    ],
)
def test_what_is_meant_in_one_way_alone_is_taken(raw: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(parse(raw), field) == value


def test_one_alias_may_stand_without_a_list() -> None:
    assert parse({"title": "a", "characters": [{"name": "b", "aliases": "c"}]}).characters[0].aliases == ["c"]
    assert parse({"title": "a", "characters": [{"name": "b", "aliases": ["c", 7]}]}).characters[0].aliases == ["c", "7"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.json", "", "is empty"),
        ("a.yaml", "  \n\n", "is empty"),
        ("a.json", "[1, 2]", "a mapping of fields"),
        ("a.yaml", "title： 灯塔", "a half-width colon"),
        ("a.yaml", "Once upon a time there was a lamp.", "is brought as .txt"),
        ("a.json", '{"title": "a", "title": "b"}', "“title” is there twice"),
        ("a.txt", "title: a\nsummary: b\ntitle: c\n", "“title” is there twice"),
        ("a.yaml", "title: a\nsummary: he said: go\n", "line 2, column"),
        ("a.fountain", "Rain on the roof.\n\nNobody comes.\n", "no scene that begins with a heading"),
        ("a.txt", "x" * 300_001, "300001 characters"),
        ("a.json", '{"\\ud83d": 1, "\\ud83d": 2}', "is there twice"),
        ("a.yaml", "title: Room #9\n", "would be left out as a comment"),
        ("a.toml", 'title = "The Lamp"\n', "a .toml file is neither a brief nor a story"),
        ("a.fdx", "<FinalDraft/>", "a .fdx file is neither"),
        ("a.CSV", "title,summary\na,b\n", "a .csv file is neither"),
        ("a.md", "---\ntitle: a\ntitle: b\n---\nOnce.\n", "“title” is there twice"),
    ],
)
def test_a_file_that_is_no_brief_is_refused_in_both_languages(name: str, text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        brief_files.read(text.encode(), name)
    assert told in translate(refused.value.text, "en")
    assert has_chinese(translate(refused.value.text, "zh"))


@pytest.mark.parametrize(
    ("raw", "path", "en"),
    [
        ({"summary": "a"}, "title", "This is needed."),
        ({"title": True}, "title", "Must be text: put it in quotation marks."),
        ({"title": "a", "sumary": "b"}, "sumary", "is not a field of a brief; known: title"),
        ({"title": "a", "summary": "b" * 2_001}, "summary", "Bring a longer text as “source”"),
        ({"title": None}, "title", "This is needed."),
        ({"title": "~"}, "title", "This is needed."),
        ({"title": "a", "Title": "b"}, "title", "“title” is there twice"),
        ({"title": "a", "episodes": True}, "episodes", "Must be a whole number."),
        ({"title": 19.84}, "title", "put it in quotation marks"),
        ({"title": ["Untitled"]}, "title", "begins with a bracket"),
        ({"title": "a", "summary": ["b", "c"]}, "summary", "Must be one text"),
        ({"title": "\ud83d"}, "title", "half of a character"),
        ({"title": "a", "summary": "b\0c"}, "brief.summary", "a zero character (NUL)"),
        ({"title": "a", "characters": [{"name": "b\0"}]}, "brief.characters.0.name", "a zero character (NUL)"),
        ({"title": "a", "\ud83d": "b"}, "", "half of a character"),
        ({"title": "a", "characters": "Mara, Tom"}, "characters", "Must be a list."),
        ({"title": "a", "characters": [["Mara"]]}, "characters.0", "Must be an object."),
        ({"title": "a", "episodes": "many"}, "episodes", "Must be a whole number."),
        ({"title": "a", "characters": ["Mara", "mara"]}, "characters.1.name", "mara is there twice"),
    ],
)
def test_a_field_that_is_wrong_is_named_in_both_languages(raw: dict[str, Any], path: str, en: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(raw)
    (issue,) = refused.value.issues
    assert issue.path == path
    assert en in translate(issue.message, "en")
    assert has_chinese(translate(issue.message, "zh"))


@pytest.mark.parametrize("raw", ["a text", ["a"], None, 3])
def test_a_brief_that_is_no_mapping_says_what_it_is(raw: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(raw)
    assert has_chinese(translate(refused.value.text, "zh"))
    assert "NoneType" not in translate(refused.value.text, "en")


@pytest.mark.parametrize(
    ("name", "title"), [("lamp.txt", "The Lamp"), ("lamp.md", "The Lamp"), ("灯.text", "The Lamp")]
)
def test_a_text_is_the_source_of_a_story(name: str, title: str) -> None:
    brief = read(CHAPTER, name)
    assert (brief.title, brief.source, brief.summary) == (title, CHAPTER.strip(), "")
    assert brief.language == "en"


def test_a_text_brings_its_title_and_the_fields_before_it() -> None:
    assert read("Title: 1984\n\n" + CHAPTER, "lamp.txt").title == "1984"
    assert read("标题：《盐灯塔》\n天快亮的时候，灯灭了。\n", "lamp.txt").title == "盐灯塔"
    brief = read("---\ntitle: No\ngenre: fable\nstyle: anime\n---\n\n" + CHAPTER, "lamp.md")
    assert (brief.title, brief.genre, brief.style.preset, brief.source) == ("No", "fable", "anime", CHAPTER.strip())
    script = read("---\ntitle: Salt\n---\n" + FOUNTAIN, "lamp.txt")
    assert (script.title, script.characters[0].name) == ("Salt", "Mara")
    ruled = "---\n\nThe lamp goes out. She walks home.\n\n---\n\nThe boat comes in.\n"
    assert read(ruled, "lamp.md").source == ruled.strip()


def test_a_text_that_begins_with_a_sentence_is_called_like_its_file() -> None:
    brief = read("天快亮的时候，灯灭了。\n" * 30, "第三章.txt")
    assert (brief.title, brief.language) == ("第三章", "zh")


@pytest.mark.parametrize("name", ["salt.fountain", "salt.txt"])
def test_a_screenplay_brings_people_places_and_summary(name: str) -> None:
    brief = read(FOUNTAIN, name)
    assert (brief.title, brief.language) == ("Salt Light", "en")
    assert [c.name for c in brief.characters] == ["Mara", "Dr. O'Neil", "McCLANE"]
    assert brief.characters[0].description.startswith("Mara (50), in a salt-grey coat")
    assert [w.name for w in brief.world] == ["Lighthouse", "Lamp room", "The stair", "Beach"]
    assert brief.summary.startswith("At the lighthouse at night: Wind.")
    assert brief.source == FOUNTAIN.strip()


def test_a_screenplay_in_a_field_is_read_as_one_and_what_is_given_stays() -> None:
    brief = parse({"title": "归途", "summary": CHINESE, "characters": [{"name": "王五", "description": "四十"}]})
    assert (brief.summary[:4], brief.source, brief.language) == ("夜里，客", CHINESE.strip(), "zh")
    assert [(c.name, c.description) for c in brief.characters] == [("王五", "四十")]
    assert [w.name for w in brief.world] == ["客栈大堂", "客栈后院", "武当山玄岳门"]
    own = parse({"title": "归途", "summary": "我自己的梗概。", "source": CHINESE})
    assert own.summary == "我自己的梗概。"
    assert [c.name for c in own.characters] == ["王五", "李四", "张颖", "王静"]


def test_what_was_read_and_cut_is_told() -> None:
    action = "A lamp falls on the floor of the room and goes out. " * 3
    long = "".join(f"INT. ROOM {n} - DAY\n\n{action}\n\n" for n in range(40))
    reading = brief_files.read(long.encode("utf-16"), "long.txt")
    notes = [*reading.notes, *parse(reading.fields).remarks]
    told = [translate(note, "en") for note in notes]
    assert told[0] == "long.txt is read as UTF-16."
    assert told[2] == "Read as a screenplay: 40 scenes, 0 people, 40 places."
    assert "of 120 sentences of action" in told[3]
    assert all(has_chinese(translate(note, "zh")) for note in notes)


@pytest.mark.parametrize(
    "text",
    [
        "INT. ROOM - DAY\n\nHe sits.\n\nTOM\nHi.\n\n" * 5_000,
        "title: " + "他走进客栈，把门关上。\n" * 20_000,
        "\n" * 250_000 + "x",
        "(" * 250_000,
        "[[" * 120_000,
        "_a" * 120_000,
        "第一场 客厅 日 内\n王五：好。\n" * 8_000,
    ],
    ids=lambda text: repr(text[:12]),
)
@pytest.mark.timeout(60)
def test_a_long_text_of_any_form_is_read_at_once(text: str) -> None:
    # each took from minutes to for ever
    assert read(text, "long.txt").source == text.strip()


def test_of_a_long_screenplay_the_summary_tells_the_first_and_the_last_scene() -> None:
    long = "".join(f"INT. ROOM {n} - DAY\n\nLamp {n} falls on the floor of the room.\n\n" for n in range(200))
    summary = read(long, "long.fountain").summary
    assert "Lamp 0 falls" in summary
    assert "Lamp 199 falls" in summary
    assert len(summary) <= 2_000
