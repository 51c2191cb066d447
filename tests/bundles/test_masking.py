"""A masked story cannot be read, and keeps the shape that its faults depend on."""

from __future__ import annotations

import json
import re

import pytest

from workbench.bundles.cassette import Tape
from workbench.bundles.masking import Mask
from workbench.i18n import Text

SHA = "c265cca22b719670" * 4


def test_words_change_alike_everywhere_and_what_is_no_word_stays() -> None:
    mask = Mask({"title", "close_up", "特写", "episodes"})
    text = mask.text("Marguerite saw MARGUERITE; Marguerite's lamp, 42 times. 王生看见王生的灯,特写。")
    first, second, third = (text.split(" ")[n] for n in (0, 2, 3))
    assert first != "Marguerite"
    assert (len(first), first.upper() + ";", third[: len(first)]) == (10, second, first)
    assert "42" in text
    assert text.endswith("特写。")
    name = text.split("times. " if "times. " in text else ". ")[1][:2]
    assert name != "王生"
    assert text.count(name) == 2, "the same name is the same everywhere"


STORY = (
    "Jo and Al met I. नमस्ते दुनिया, ไทยแลนด์, 𠮷野 々人, שָׁלוֹם, ਸਤਿ ਸ੍ਰੀ, நன்றி, Ré 𐌲𐌿𐍄, 㐂 鿦, Зоя, ёж, ǅ, e\u0301t, ㄅㄆ, "
    "マリーさん, 김민수 ᄀᆞ, ﺳﻼم سلام, 'k"
)


def test_no_word_can_be_read_in_any_script_and_however_short() -> None:
    mask = Mask({"title", "of"})
    masked = mask.text(STORY)
    assert len(masked) == len(STORY)
    words = re.findall(r"[^\s,.']+", STORY)
    for word, other in zip(words, re.findall(r"[^\s,.']+", masked), strict=True):
        assert word.lower() != other.lower()
        # what repeats or lengthens the letter before it says nothing by itself
        kept = [a for a, b in zip(word, other, strict=True) if a == b and a not in "々ー"]
        # by chance another letter of a-z may be the same one
        assert all(a.isascii() for a in kept), (word, other)
    assert [mask.text(word) for word in words] == re.findall(r"[^\s,.']+", masked), "alone as among others"
    assert len({mask.text(word.lower()) for word in words}) == len({word.lower() for word in words})
    assert mask.text("❤️ 1️⃣ title of OF 42") == "❤️ 1️⃣ title of OF 42"
    assert "\u3400" <= mask.text("㐂") <= "\u4dbf", "rare letters are put in the place of rare ones"
    assert "\U00020000" <= mask.text("𠮷") <= "\U0002a6df"


def test_as_many_short_words_as_there_are_stay_apart() -> None:
    mask = Mask({"a", "i", "no"})
    words = [a + b for a in "abcdefghijklmnopqrstuvwxyz" for b in ("", *"abcdefghijklmnopqrstuvwxyz")]
    others = [mask.text(word) for word in words]
    assert len(set(others)) == len(words)
    assert not {"a", "i", "no"} & {o for w, o in zip(words, others, strict=True) if w != o}


@pytest.mark.parametrize("times", [1, 2])
def test_a_word_in_escapes_is_the_same_word(times: int) -> None:
    mask = Mask({"title"})
    said = {"title": "René met 𠮷野, नमस्ते\nand Зоя"}
    written = json.dumps(said)
    for _ in range(times - 1):
        written = json.dumps(written)
    masked = mask.text(written)
    for _ in range(times - 1):
        masked = json.loads(masked)
    assert json.loads(masked) == mask.value(said)
    # also what is broken
    assert mask.text('{"title": "\\u0416\\ud8')[:12] == '{"title": "\\'


def test_names_in_the_place_of_fields_are_masked_and_stored_sentences_still_say_the_same() -> None:
    mask = Mask({"title", "KF0"})
    value = {"title": "Jo", "Jo": 1, "नमस्ते": {"id": "jo_waits", "KF0": SHA, "kind": "plan", "node_id": 3}}
    masked = mask.value(value)
    jo, plain = mask.text("Jo"), json.dumps(masked, ensure_ascii=False)
    assert masked["title"] == jo
    assert masked[jo] == 1
    assert ("नमस्ते" in plain, "jo" in plain.lower().replace(jo.lower(), "")) == (False, False)
    assert masked[mask.text("नमस्ते")] | {"id": ""} == {"id": "", "KF0": SHA, "kind": "plan", "node_id": 3}
    error = Text("The service answered {status}: {message}", status=401, message="Jo is away")
    kept = mask.value({"error_i18n": error.to_json()})["error_i18n"]
    assert str(Text.from_json(kept)) == "The service answered 401: " + mask.text("Jo is away")


def test_an_answer_keeps_its_fields_its_faults_and_what_names_a_picture() -> None:
    mask = Mask({"title", "episodes", "shot", "close_up"})
    broken = '{"episodes": [{"title": "The \\u706f\\n lamp", "shot": "close_up", "media": "SHA"}, {"title": 17'
    broken = broken.replace("SHA", SHA)
    masked = mask.text(broken)
    assert "lamp" not in masked
    assert masked.startswith('{"episodes": [{"title": "')
    assert '"shot": "close_up"' in masked
    assert SHA in masked
    assert masked.endswith('{"title": 17')
    assert len(masked) == len(broken)
    json.loads(masked.rpartition(",")[0] + "]}")
    assert Mask(set()).text("lantern") != Mask(set()).text("lantern"), "each has letters of its own"


def test_a_step_about_a_picture_that_is_drawn_anew_finds_its_answer() -> None:
    job = {"id": 1, "kind": "rank", "node_id": 2, "params": {"a": 1, "b": 2}, "error_kind": None, "error": None}
    calls = [{"id": n, "job_id": 1, "step": f"KF0:{sha}", "outcome": "ok"} for n, sha in enumerate((SHA, SHA[::-1]))]
    tape = Tape({"job": [job], "step": [], "model_call": calls}, lambda sha: None)
    taken = [tape.take("rank", 2, {"b": 2, "a": 1}, f"KF0:{other * 64}")[0]["id"] for other in "ab"]
    assert (taken, tape.count_left()) == ([0, 1], 0)
