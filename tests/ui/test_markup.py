"""Text of stories inside markup."""

import re

import pytest

from workbench.ui import markup


def test_story_text_is_never_markup():
    assert markup.plain("# *a* [b](c) $x$ :red[d]\n<b>") == r"\# \*a\* \[b\]\(c\) \$x\$ \:red\[d\] \<b\>"
    assert markup.safe("<script>") == "&lt;script&gt;"
    assert markup.in_chart("<a href='x'>") == "&lt;a href='x'&gt;"


def test_choices_of_the_same_words_are_told_apart():
    assert markup.tell_apart({1: "Open", 2: "Shut", 3: "Open"}) == {1: "Open (#1)", 2: "Shut", 3: "Open (#3)"}


@pytest.mark.parametrize(
    "text",
    [
        "see https://evil.example/a.png and www.evil.example",
        "HTTP://evil.example",
        "write to a@evil.example",
        ":material/home: :streamlit:",
        "-> <- => -- >= <= != ~=",
    ],
)
def test_what_streamlit_finds_in_plain_text_never_stands_there_whole(text):
    """It looks at what is left once escapes are undone, in pieces between nodes of Markdown."""
    pieces = re.sub(r"\\(.)", r"\1", markup.plain(text)).split(":gray[]")
    assert "".join(pieces) == text
    for piece in pieces:
        assert not re.search(r"https?://|www\.|\S@\S|:material/|:streamlit:|[-<>=!~]{2}", piece, re.IGNORECASE), piece


def test_lists_keep_their_numbers_and_sentences_their_full_stops():
    assert markup.plain("1. one") == r"1\. one"
    assert markup.plain("2023. A year.") == r"2023\. A year."
    assert markup.plain("This is 3.5 long.") == "This is 3.5 long."


def test_lines_stay_lines_and_code_stays_code():
    assert markup.paragraphs("*a*\n\n# b") == "\\*a\\*  \n  \n\\# b"
    assert markup.code("a *b*") == "`a *b*`"
    assert markup.code("a `b` ``c``") == "``` a `b` ``c`` ```"
    assert markup.code("") == ""


def test_half_a_character_is_no_reason_to_lose_a_page():
    assert markup.plain("a\ud800b") == "a?b"
    assert markup.safe("a\ud800b") == "a?b"


def test_a_preview_shows_the_words_of_half_written_json():
    streamed = '{"episodes":[{"order":1,"title":"Low tide","beats":["Mei rows","The lamp goes'
    assert markup.readable(streamed) == "1 · Low tide · Mei rows,The lamp goes"
    assert markup.readable("Plain prose, as it comes") == "Plain prose, as it comes"
