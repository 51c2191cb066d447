"""Panels into Chinese and edited ones back: what is sent comes back, and nothing that a person wrote is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import SAMPLES, Change, run
from tests.workflows.storyboard.scenes import content, edit, planned, service, stale
from workbench.artifacts.panels import GROUP_KEYS
from workbench.errors import GuardUnmet, ProviderError
from workbench.i18n import Text, translate
from workbench.story import board

Start = Callable[..., Engine]
GROUP, TRANSLATE, BACK = (
    "generate_storyboard_group", "translate_storyboard_panels", "back_translate_storyboard_panels",
)  # fmt: skip
ZH, EN = "storyboard_translation", "storyboard_back_translation"


def written(engine: Engine, sample: str = "gift-of-the-magi.en", **params: Any) -> int:
    """A scene with all its panels."""
    scene = planned(engine, sample)
    assert run(engine, GROUP, scene, params).state == "succeeded"
    return scene


def laid_out(engine: Engine, scene: int) -> list[board.BoardGroup]:
    kinds = ("storyboard_plan", "storyboard_groups", ZH, EN)
    heads = [engine.wb.artifact(scene, kind) for kind in kinds]
    return board.lay_out(*(head.content if head else None for head in heads))


def put(panel: int, zh: str, group: int = 2) -> Callable[[dict[str, Any]], Any]:
    return lambda made: made["groups"][group]["panels"][panel].update(zh=zh)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("mode", ["A", "B"])
def test_all_81_panels_are_in_chinese_with_their_cameras_untouched(start: Start, sample: str, mode: str) -> None:
    engine = start()
    scene = written(engine, sample, camera_mode=mode)
    job = run(engine, TRANSLATE, scene)
    assert job.state == "succeeded", job.error
    groups = laid_out(engine, scene)
    assert [len(g.panels) for g in groups] == [9] * 9
    assert [p.shot for g in groups for p in g.panels] == list(range(1, 82))
    assert all(p.zh and not p.edited_zh for g in groups for p in g.panels)
    if mode == "A":
        assert all(p.zh.split("]")[0] == p.en.split("]")[0] for g in groups for p in g.panels)
    since = len(service(engine).requests)
    again = run(engine, BACK, scene)
    # nobody has edited anything: it succeeds without a call
    assert (again.state, again.result["succeeded"]) == ("succeeded", [])
    assert len(service(engine).requests) == since
    assert content(engine, scene, EN) == {"groups": []}


def lose_one(made: dict[str, Any]) -> None:
    made["panels"].pop(4)


def renumber(made: dict[str, Any]) -> None:
    made["panels"][0]["index"] = 2


def translate_camera(made: dict[str, Any]) -> None:
    made["panels"][3]["zh"] = "[中景，平视] 她站着。"


def leave_english(made: dict[str, Any]) -> None:
    made["panels"][3]["zh"] = made["panels"][3]["zh"].split("]")[0] + "] She stands."


def say_one_thing(made: dict[str, Any]) -> None:
    for panel in made["panels"]:
        panel["zh"] = panel["zh"].split("]")[0] + "] 她走。"


def add_a_character(made: dict[str, Any]) -> None:
    made["panels"][3]["zh"] = made["panels"][3]["zh"].split("]")[0] + "] She stands by the window. 了"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (say_one_thing, "她走。” stands here twice"),
        (add_a_character, "panels.3: is not Chinese"),
        (lose_one, "panels: must be numbered 1, 2, 3, 4, 5, 6, 7, 8, 9, got 1, 2, 3, 4, 6, 7, 8, 9"),
        (renumber, "panels: must be numbered"),
        (translate_camera, "panels.3: must begin with ["),
        (leave_english, "panels.3: is not Chinese"),
    ],
)
def test_a_translation_that_lost_something_is_repaired(start: Start, change: Change, named: str) -> None:
    engine = start()
    scene = written(engine, camera_mode="A")
    since = len(service(engine).requests)
    service(engine).changes = [change]
    assert run(engine, TRANSLATE, scene, {"group_id": "KF0"}).state == "succeeded"
    assert named in service(engine).requests[since + 1].messages[-1].content


def begin(number: int, **text: str) -> Change:
    """A panel's text with something before it."""
    [(side, words)] = text.items()
    return lambda made: made["panels"][number].update({side: f"{words} {made['panels'][number][side]}"})


@pytest.mark.parametrize("bracket", ["[Flashback]", "[闪回]"])
def test_a_bracket_of_the_source_that_is_no_camera_stands_in_the_chinese_too(start: Start, bracket: str) -> None:
    engine = start()
    scene = written(engine)
    edit(engine, scene, lambda made: begin(0, en="[Flashback]")(made["groups"][0]))

    def keep(made: dict[str, Any]) -> None:
        bare = made["panels"][0]["zh"].removeprefix("[Flashback]").strip()
        made["panels"][0]["zh"] = f"{bracket} {bare}"

    since = len(service(engine).requests)
    service(engine).changes = [keep]
    assert run(engine, TRANSLATE, scene, {"group_id": "KF0"}).state == "succeeded"
    assert len(service(engine).requests) == since + 1
    assert content(engine, scene, ZH)["groups"][0]["panels"][0]["zh"].startswith(bracket)


def test_a_bracket_of_edited_chinese_that_is_no_camera_stands_in_its_english(start: Start) -> None:
    engine = start()
    scene = written(engine)
    run(engine, TRANSLATE, scene)
    edit(engine, scene, put(3, "[闪回] Della数着钱。"), ZH)
    since = len(service(engine).requests)
    service(engine).changes = [lambda made: made["panels"][0].update(en="[Flashback] Della counts the money.")]
    assert run(engine, BACK, scene).state == "succeeded"
    assert len(service(engine).requests) == since + 1
    assert content(engine, scene, EN)["groups"][0]["panels"][0]["en"] == "[Flashback] Della counts the money."


def test_what_cannot_be_translated_is_partial_and_named_and_done_later_alone(start: Start) -> None:
    engine = start()
    scene = written(engine)
    since = len(service(engine).requests)
    texts = iter(range(9))

    def english(made: dict[str, Any]) -> None:
        made["panels"][next(texts)]["zh"] = "No"

    service(engine).changes = [lambda made: None, *[english] * 4]
    job = run(engine, TRANSLATE, scene)
    assert job.state == "partial"
    assert [f["item"] for f in job.result["failed"]] == ["KF1"]
    assert [g["group"] for g in content(engine, scene, ZH)["groups"]] == [k for k in GROUP_KEYS if k != "KF1"]
    assert len(service(engine).requests) == since + 1 + 4 + 7
    assert run(engine, TRANSLATE, scene).state == "succeeded"
    assert len(service(engine).requests) == since + 1 + 4 + 7 + 1
    assert len(content(engine, scene, ZH)["groups"]) == 9


def test_groups_without_panels_are_named_and_without_any_nothing_starts(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    with pytest.raises(GuardUnmet, match="no storyboard panels yet"):
        engine.wb.submit(TRANSLATE, scene)
    run(engine, GROUP, scene, {"group_id": "KF0"})
    job = run(engine, TRANSLATE, scene)
    assert job.state == "partial"
    assert [f["item"] for f in job.result["failed"]] == list(GROUP_KEYS[1:])
    with pytest.raises(GuardUnmet, match="no Chinese yet"):
        engine.wb.submit(BACK, planned(engine, "painted-skin.zh"))


def test_a_refused_key_stops_the_translation_and_keeps_what_is_there(start: Start) -> None:
    engine = start()
    scene = written(engine)
    since = len(service(engine).requests)

    def refuse(made: dict[str, Any]) -> None:
        raise ProviderError("auth", Text("no such key"), http_status=401)

    service(engine).changes = [lambda made: None, refuse]
    job = run(engine, TRANSLATE, scene)
    assert job.state == "partial"
    assert len(service(engine).requests) == since + 2
    assert [g["group"] for g in content(engine, scene, ZH)["groups"]] == ["KF0"]
    # every group that is missing is named, those too that were not begun
    failed = job.result["failed"]
    assert [f["item"] for f in failed] == list(GROUP_KEYS[1:])
    assert [f.get("state") for f in failed] == [None, *["not_started"] * 7]
    assert translate(Text.from_json(failed[1]["error_i18n"]), "zh") == "未开始：前面的 KF1 失败了"
    assert "7 never began" in str(job.error)


def test_only_the_edited_panel_goes_back_and_its_picture_prompt_follows(start: Start) -> None:
    engine = start()
    scene = written(engine)
    run(engine, TRANSLATE, scene)
    before = laid_out(engine, scene)
    anchors = content(engine, scene, "scene_anchor")["anchors"]
    thing, thing_en = (anchors[code][2].split(comma)[0] for code, comma in (("zh", "，"), ("en", ",")))
    edit(engine, scene, put(3, f"Della在{thing}前面坐着。"), ZH)
    marked = laid_out(engine, scene)
    assert [(p.shot, p.pending) for g in marked for p in g.panels if p.edited_zh] == [(22, True)]
    since = len(service(engine).requests)
    job = run(engine, BACK, scene)
    assert job.state == "succeeded", job.error
    [request] = service(engine).requests[since:]
    asked = request.messages[-1].content
    assert f"Della在{thing}前面坐着" in asked
    assert "edited panels" in asked
    after = laid_out(engine, scene)
    changed = [(b, a) for g, h in zip(before, after, strict=True) for b, a in zip(g.panels, h.panels, strict=True)
               if b.en != a.en]  # fmt: skip
    assert [a.en for _, a in changed] == [f"Della sits before {thing_en}."]
    assert not changed[0][1].pending
    assert changed[0][1].translated_back
    prompts = [g["image_prompt"] for g in content(engine, scene, EN)["groups"]]
    assert prompts == [after[2].image_prompt]
    assert changed[0][1].en in prompts[0]
    assert changed[0][0].en not in prompts[0]
    # once more: nothing is edited that has not come back
    assert run(engine, BACK, scene).state == "succeeded"
    assert len(service(engine).requests) == since + 1
    # the next edit sends the other panel alone
    edit(engine, scene, put(5, f"Jim在{thing}前面站着。"), ZH)
    assert run(engine, BACK, scene).state == "succeeded"
    assert f"Della在{thing}前面坐着" not in service(engine).requests[-1].messages[-1].content
    assert len([p for p in laid_out(engine, scene)[2].panels if p.translated_back]) == 2
    # a crew gets what counts
    table = csv.DictReader(io.StringIO(engine.wb.handoffs.make(scene, "csv").data.decode("utf-8-sig")))
    handed = {row["Panel"]: row for row in table}
    assert handed["22"]["English"] == changed[0][1].en
    assert handed["24"]["Chinese"] == f"Jim在{thing}前面站着。"
    # back to what it said: the English of before counts again
    edit(engine, scene, lambda made: made["groups"][2]["panels"][3].update(zh=before[2].panels[3].zh), ZH)
    assert laid_out(engine, scene)[2].panels[3].en == before[2].panels[3].en


def lose_the_edited(made: dict[str, Any]) -> None:
    made["panels"][0]["index"] = 5


def one_more(made: dict[str, Any]) -> None:
    made["panels"].append({"index": 9, "en": "A door opens."})


def stay_chinese(made: dict[str, Any]) -> None:
    made["panels"][0]["en"] = "Della 坐着."


def drop_camera(made: dict[str, Any]) -> None:
    made["panels"][0]["en"] = made["panels"][0]["en"].split("] ")[-1]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lose_the_edited, "must be numbered 4, got 5"),
        (one_more, "must be numbered 4, got 4, 9"),
        (stay_chinese, "is not English: “坐着”"),
        (drop_camera, "must begin with ["),
    ],
)
def test_what_comes_back_is_what_was_sent(start: Start, change: Change, named: str) -> None:
    engine = start()
    scene = written(engine, camera_mode="A")
    run(engine, TRANSLATE, scene)
    edit(engine, scene, put(3, "Della在一盏黄铜油灯前面坐着。"), ZH)
    since = len(service(engine).requests)
    service(engine).changes = [change]
    assert run(engine, BACK, scene).state == "succeeded"
    assert named in service(engine).requests[since + 1].messages[-1].content


def test_a_panel_that_would_repeat_another_is_checked_with_its_group(start: Start) -> None:
    engine = start()
    scene = written(engine)
    run(engine, TRANSLATE, scene)
    edit(engine, scene, put(3, "Della在一盏黄铜油灯前面坐着。"), ZH)
    twin = laid_out(engine, scene)[2].panels[0].en
    since = len(service(engine).requests)
    service(engine).changes = [lambda made: made["panels"][0].update(en=twin)]
    assert run(engine, BACK, scene).state == "succeeded"
    assert "stands here twice" in service(engine).requests[since + 1].messages[-1].content


def edited_twice(engine: Engine) -> tuple[int, str]:
    """A scene whose first panel of KF2 was edited and came back, and whose second now has the Chinese that the first
    had before. Returns the scene, and the first one's own English."""
    scene = written(engine)
    run(engine, TRANSLATE, scene)
    first = laid_out(engine, scene)[2].panels[0]
    edit(engine, scene, put(0, "Della把信烧了。"), ZH)
    assert run(engine, BACK, scene).state == "succeeded"
    edit(engine, scene, put(1, first.zh), ZH)
    return scene, first.en


def test_a_panel_may_say_what_another_said_before_its_own_edit(start: Start) -> None:
    engine = start()
    scene, en = edited_twice(engine)
    since = len(service(engine).requests)
    service(engine).changes = [lambda made: made["panels"][0].update(en=en)]
    job = run(engine, BACK, scene)
    assert (job.state, len(service(engine).requests)) == ("succeeded", since + 1), job.error
    first, second = laid_out(engine, scene)[2].panels[:2]
    assert second.en == en
    # the others are told as they count
    asked = service(engine).requests[-1].messages[-1].content.partition("only to read along")[2]
    others = asked.partition("</data>")[0]
    assert first.en in others
    assert en not in others


def test_the_same_chinese_may_lead_to_the_same_english(start: Start) -> None:
    engine = start()
    scene = written(engine)
    run(engine, TRANSLATE, scene)
    twin = laid_out(engine, scene)[2].panels[0]
    # of one that is there already, and of two that were written together
    edit(engine, scene, put(3, twin.zh), ZH)
    service(engine).changes = [lambda made: made["panels"][0].update(en=twin.en)]
    since = len(service(engine).requests)
    assert run(engine, BACK, scene).state == "succeeded"
    for panel in (5, 6):
        edit(engine, scene, put(panel, "Della把信烧了。"), ZH)
    service(engine).changes = [lambda made: [p.update(en="Della burns the letter.") for p in made["panels"]] and None]
    assert run(engine, BACK, scene).state == "succeeded"
    assert len(service(engine).requests) == since + 2
    texts = [p.en for p in laid_out(engine, scene)[2].panels]
    assert (texts[3], texts[5:7]) == (twin.en, ["Della burns the letter."] * 2)


def test_a_panel_that_says_what_another_says_is_named_and_the_others_of_its_group_are_kept(start: Start) -> None:
    engine = start()
    scene = written(engine)
    run(engine, TRANSLATE, scene)
    twin = laid_out(engine, scene)[2].panels[0].en
    for panel, zh in ((3, "Della把信烧了。"), (5, "Jim笑了。"), (7, "雪落下来。")):
        edit(engine, scene, put(panel, zh), ZH)

    def repeat(made: dict[str, Any]) -> None:
        for panel, text in zip(made["panels"], ("Della burns the letter.", twin, "Snow falls."), strict=True):
            panel["en"] = text

    service(engine).changes = [repeat] * 4
    job = run(engine, BACK, scene)
    assert (job.state, job.result["succeeded"]) == ("partial", ["KF2"])
    [missing] = job.result["failed"]
    assert (missing["item"], missing["error_kind"]) == ("KF2 (6)", "invalid_output")
    assert "stands here twice" in missing["error"]
    panels = laid_out(engine, scene)[2].panels
    assert [p.index for p in panels if p.translated_back] == [4, 8]
    assert [p.index for p in panels if p.pending] == [6]
    # it alone is asked for again
    since = len(service(engine).requests)
    service(engine).changes = [lambda made: made["panels"][0].update(en="Jim laughs.")]
    again = engine.finish(engine.wb.jobs.retry(job.id).id)
    assert (again.state, len(service(engine).requests)) == ("succeeded", since + 1)
    assert [p.en for p in laid_out(engine, scene)[2].panels if p.translated_back] == [
        "Della burns the letter.", "Jim laughs.", "Snow falls.",
    ]  # fmt: skip


def test_panels_of_a_group_that_repeat_each_other_by_hand_keep_none_from_coming_back(start: Start) -> None:
    engine = start()
    scene = written(engine)
    run(engine, TRANSLATE, scene)
    for panel in (0, 1):
        edit(engine, scene, lambda made, n=panel: made["groups"][2]["panels"][n].update(en="A door."),
             "storyboard_groups")  # fmt: skip
    edit(engine, scene, put(3, "Della把信烧了。"), ZH)
    since = len(service(engine).requests)
    assert run(engine, BACK, scene).state == "succeeded"
    assert len(service(engine).requests) == since + 1


def test_a_panel_that_came_back_twice_or_not_at_all_is_missing_and_the_others_are_kept(start: Start) -> None:
    engine = start()
    scene = written(engine)
    run(engine, TRANSLATE, scene)
    for panel, zh in ((3, "Della把信烧了。"), (5, "Jim笑了。")):
        edit(engine, scene, put(panel, zh), ZH)
    service(engine).changes = [lambda made: made["panels"].remove(made["panels"][1])] * 4
    job = run(engine, BACK, scene)
    assert (job.state, [f["item"] for f in job.result["failed"]]) == ("partial", ["KF2 (6)"])
    assert [p.index for p in laid_out(engine, scene)[2].panels if p.translated_back] == [4]
    service(engine).changes = [lambda made: made["panels"].append(dict(made["panels"][0]))] * 4
    failed = run(engine, BACK, scene)
    assert (failed.state, failed.error_kind) == ("failed", "invalid_output")
    assert "must be numbered 6, got 6, 6" in str(failed.error)


def test_an_edited_panel_keeps_its_chinese_when_its_group_is_written_and_translated_anew(start: Start) -> None:
    engine = start()
    scene = written(engine)
    run(engine, TRANSLATE, scene)
    edit(engine, scene, put(3, "Della把信烧了。"), ZH)
    run(engine, BACK, scene)
    edit(engine, scene, lambda made: made["groups"][2]["panels"][3].update(en="Jim laughs."), "storyboard_groups")
    assert stale(engine, scene, ZH) == {"KF2"}
    # the English before it is gone: what was made of it counts no more, and what a person wrote is not still to come
    shown = laid_out(engine, scene)[2].panels[3]
    assert (shown.en, shown.zh, shown.pending, shown.edited_en) == ("Jim laughs.", "Della把信烧了。", False, True)
    since = len(service(engine).requests)
    assert run(engine, TRANSLATE, scene).state == "succeeded"
    assert len(service(engine).requests) == since + 1
    assert laid_out(engine, scene)[2].panels[3].zh == "Della把信烧了。"
    assert stale(engine, scene, ZH) == set()
    assert run(engine, TRANSLATE, scene, {"group_id": "KF2", "rewrite": True}).state == "succeeded"
    assert not laid_out(engine, scene)[2].panels[3].edited_zh


def test_english_written_by_hand_counts_until_its_chinese_is_edited_again_and_then_asks(start: Start) -> None:
    engine = start()
    scene = written(engine)
    run(engine, TRANSLATE, scene)
    edit(engine, scene, put(3, "Della把信烧了。"), ZH)
    run(engine, BACK, scene)
    edit(engine, scene, lambda made: made["groups"][2]["panels"][3].update(en="Jim laughs."), "storyboard_groups")
    since = len(service(engine).requests)

    def panel() -> board.BoardPanel:
        return laid_out(engine, scene)[2].panels[3]

    # neither a run of all groups nor one of its own finds anything to do
    for params in ({}, {"group_id": "KF2"}):
        assert run(engine, BACK, scene, params).state == "succeeded"
    assert len(service(engine).requests) == since
    assert (panel().en, panel().pending) == ("Jim laughs.", False)
    # saving other panels leaves it what it was
    edit(engine, scene, lambda made: made["groups"][0]["panels"][0].update(en="A door."), "storyboard_groups")
    assert not panel().pending

    edit(engine, scene, put(3, "Della把灯点亮。"), ZH)
    assert (panel().en, panel().pending, panel().asks) == ("Jim laughs.", True, True)
    job = run(engine, BACK, scene)
    assert (job.state, len(service(engine).requests)) == ("succeeded", since)
    assert panel().en == "Jim laughs."
    # who asks for its group means it
    assert run(engine, BACK, scene, {"group_id": "KF2"}).state == "succeeded"
    assert len(service(engine).requests) == since + 1
    assert (panel().translated_back, panel().pending, panel().asks) == (True, False, False)
    # back to the Chinese that it was written for: the person's English counts again
    edit(engine, scene, put(3, "Della把信烧了。"), ZH)
    assert (panel().en, panel().pending) == ("Jim laughs.", False)


def test_english_is_only_a_persons_where_they_changed_its_words(start: Start) -> None:
    engine = start()
    scene = written(engine)
    run(engine, TRANSLATE, scene)
    edit(engine, scene, lambda made: made["groups"][2]["panels"][3].update(people=[]), "storyboard_groups")
    edit(engine, scene, put(3, "Della把信烧了。"), ZH)
    shown = laid_out(engine, scene)[2].panels[3]
    assert (shown.pending, shown.asks) == (True, False)
    run(engine, BACK, scene)
    assert laid_out(engine, scene)[2].panels[3].translated_back
