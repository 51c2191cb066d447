"""Text of stories inside markup."""

from workbench.ui import markup


def test_story_text_is_never_markup():
    assert markup.plain("# *a* [b](c) $x$ :red[d]\n<b>") == r"\# \*a\* \[b\]\(c\) \$x\$ \:red\[d\] \<b\>"
    assert markup.safe("<script>") == "&lt;script&gt;"


def test_a_preview_shows_the_words_of_half_written_json():
    streamed = '{"episodes":[{"order":1,"title":"Low tide","beats":["Mei rows","The lamp goes'
    assert markup.readable(streamed) == "1 · Low tide · Mei rows,The lamp goes"
    assert markup.readable("Plain prose, as it comes") == "Plain prose, as it comes"
