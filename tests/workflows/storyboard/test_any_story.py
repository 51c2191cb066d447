"""The long storyboard of stories that nothing was fitted to: large casts, strange names, traditional Chinese."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import run
from tests.workflows.storyboard.scenes import content, edit, ready
from workbench.story.board import lay_out

Start = Callable[..., Engine]
MAKERS = (
    "generate_storyboard_scene_bible", "generate_storyboard_plan", "generate_storyboard_group",
    "translate_storyboard_panels", "back_translate_storyboard_panels",
)  # fmt: skip
SUMMARY = {
    "en": "{a} waits at the crossing for {b}. {b} brings the key, and {a} hides it. At dawn {a} opens the gate, uses "
    "up the last match and finds the garden empty. {b} leaves without a word; {a} stays.",
    "zh": "{a}在渡口等著{b}。{b}帶來了鑰匙，{a}把它藏了起來。天亮時{a}打開了門，用完最後一根火柴，發現花園是空的。"
    "{b}一句話也沒說就走了，{a}留了下來。後來{a}把鑰匙還給了{b}，兩個人在門前站了很久，誰也沒有先開口，"
    "直到風把燈吹滅，遠處傳來鐘聲，他們才轉身離去，各自走向不同的方向，再也沒有回頭看那扇門一眼。",
}


def brief(language: str, *names: str) -> dict[str, Any]:
    a, b = names[0], names[-1]
    return {
        "title": "The Gate" if language == "en" else "門與鑰匙", "language": language,
        "summary": SUMMARY[language].format(a=a, b=b), "style": {"preset": "ink_wash", "prompt": "ink"},
        "characters": [{"name": n, "description": f"{n} of the gate"} for n in names],
        "world": [{"name": "the key" if language == "en" else "鑰匙", "description": "-"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ("Mr. {K}", "[Old] O'Brien")),
        ("en", tuple(f"Guard {n}" for n in range(1, 15))),
        ("en", ("A", "Ab")),
        ("zh", ("趙雲飛", "錢小樓")),
        ("zh", ("K-7（機器人）", "阿Q")),
    ],
)
def test_any_cast_gets_its_panels_in_both_languages(start: Start, language: str, names: tuple[str, ...]) -> None:
    engine = start()
    scene = ready(engine, **brief(language, *names))
    node = engine.wb.projects.get_node(scene)
    assert node.parent_id is not None
    edit(engine, node.parent_id, lambda made: made["scenes"][node.position - 1].update(cast=list(names)), "scene_list")
    for kind in MAKERS:
        job = run(engine, kind, scene)
        assert job.state == "succeeded", (kind, job.error)
    kinds = ("storyboard_plan", "storyboard_groups", "storyboard_translation", "storyboard_back_translation")
    panels = [p for g in lay_out(*(content(engine, scene, kind) for kind in kinds)) for p in g.panels]
    assert len(panels) == 81
    # what a model wrote is nobody's edit, whatever script it was brought into
    assert not any(p.edited_en or p.edited_zh or p.pending for p in panels)
    assert all(p.zh for p in panels)
    assert {n for p in panels for n in p.people} <= set(names)
    if language == "zh":
        assert not any("站着" in p.zh or "画面" in p.zh for p in panels)
