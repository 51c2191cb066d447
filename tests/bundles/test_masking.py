"""A masked story cannot be read, and keeps the shape that its faults depend on."""

from __future__ import annotations

import json

from workbench.bundles.cassette import Tape
from workbench.bundles.masking import Mask

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
