"""Text files in every encoding: read as they were meant, or refused with what to do."""

from __future__ import annotations

import json

import pytest

from tests.test_plain_text import has_chinese
from workbench import samples, text_files
from workbench.errors import InvalidInput
from workbench.i18n import translate

SIMPLIFIED = json.dumps(samples.load("painted-skin.zh"), ensure_ascii=False)
TRADITIONAL = "title: 鹽燈塔\nsummary: 燈滅了，守燈人把信都燒了，只為了讓弟弟的船看見岸。\n"
PROSE = "第一章\n一天，他一个人在一条路上走着，一直走到一座城里。\n" * 3


@pytest.mark.parametrize(
    ("text", "codec", "title"),
    [
        (SIMPLIFIED, "utf-8", "UTF-8"),
        (SIMPLIFIED, "utf-8-sig", "UTF-8"),
        (SIMPLIFIED, "gbk", "GBK"),
        (SIMPLIFIED, "gb18030", "GBK"),
        (SIMPLIFIED, "utf-16", "UTF-16"),
        (SIMPLIFIED, "utf-16-le", "UTF-16"),
        (SIMPLIFIED, "utf-16-be", "UTF-16"),
        (SIMPLIFIED, "utf-32", "UTF-32"),
        (TRADITIONAL, "big5", "Big5"),
        (TRADITIONAL, "cp950", "Big5"),
        (TRADITIONAL, "gbk", "GBK"),
        (PROSE, "utf-16-le", "UTF-16"),
        (PROSE, "utf-16-be", "UTF-16"),
        ("title: 盐灯塔\nsummary: 灯灭了。\n", "gbk", "GBK"),
        ("title: It’s a café – “open”\nsummary: " + "She waits at the door. " * 8, "cp1252", "Windows-1252"),
        ("title: Straße\nsummary: " + "Müller öffnet die Tür und geht. " * 8, "cp1252", "Windows-1252"),
        ("title: 海辺のカフカ\nsummary: 少年は家を出て、図書館に住むことにした。\n", "shift_jis", "Shift_JIS"),
        ("title: 海辺のカフカ\nsummary: 少年は家を出た。\n", "iso2022_jp", "ISO-2022-JP"),
        (TRADITIONAL, "utf-32-le", "UTF-32"),
        (TRADITIONAL, "utf-32-be", "UTF-32"),
        ("title: 盐灯塔\nsummary: 灯灭了，他不在家。\n", "hz", "HZ"),
        ("title: 盐灯塔\nsummary: 灯灭了，他不在家。\n", "utf-7", "UTF-7"),
        ("title: C++ and ~{curly~} rock+roll\n", "ascii", "UTF-8"),
        ("title: 소나기\nsummary: 소년은 개울가에서 소녀를 보았다. 그리고 기다렸다.\n", "euc_kr", "EUC-KR"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "text",
)
def test_a_text_is_read_in_the_encoding_that_it_is_in(text: str, codec: str, title: str) -> None:
    assert text_files.decode(text.encode(codec), "a.txt") == (text, title)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("title: Привет\nsummary: Она жила у моря и ждала его.\n".encode("cp1251"), "Save it as UTF-8"),
        ("title: Zażółć gęślą jaźń\n".encode("cp1250"), "Save it as UTF-8"),
        ("title: Příliš žluťoučký kůň\n".encode("cp1250"), "Save it as UTF-8"),
        (b"title: lamp\n\xff\xb5\n", "line 2 is no UTF-8"),
        ("title: 盐灯塔\n".encode() + b"summary: \xe7\x81\n", "line 2 is no UTF-8"),
        (b"title: a\nsummary: b\x00c\n", "line 2: there is a zero character"),
        ("title: 灯�塔\n".encode(), "line 1: characters were lost there (“�”)"),
        ("title: a\nsummary: 锟斤拷锟斤拷\n".encode(), "line 2: characters were lost there"),
        (b"title: \x1b[31mred\n", "line 1: the character U+001B is in no text"),
        (b"a\nb\x07\n", "line 2: the character U+0007 is in no text"),
        (b"\xff\xfea", "broken: it says that it is UTF-16"),
        (b"PK\x03\x04\x14\x00\x06\x00", "a document of a word processor, or an archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of a word processor"),
        (b"{\\rtf1\\ansi", "RTF"),
        (b"%PDF-1.7", "PDF"),
        (b"  <!DOCTYPE html><html>", "a web page"),
        (b'<?xml version="1.0"?><FinalDraft>', "XML"),
        (b"\x89PNG\r\n", "a picture"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do_in_both_languages(data: bytes, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        text_files.decode(data, "故事.txt")
    assert told in translate(refused.value.text, "en")
    assert "故事.txt" in translate(refused.value.text, "en")
    assert has_chinese(translate(refused.value.text, "zh").replace("故事.txt", ""))


def test_line_ends_and_page_breaks_are_those_of_a_text() -> None:
    assert text_files.decode(b"a\r\nb\rc\x0cd\n", "a.txt")[0] == "a\nb\nc\n\nd\n"
    assert text_files.decode("a﻿b\r\n\x1a".encode(), "a.txt")[0] == "ab\n"


def test_a_file_larger_than_any_story_is_refused() -> None:
    with pytest.raises(InvalidInput, match="4 MB"):
        text_files.decode(b"a" * (text_files.MOST_BYTES + 1), "a.txt")
