"""The semantic checks as pure functions, each with an answer that fails it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from workbench.artifacts.models import CoreExpression, EpisodeOutline, EpisodePlan, SceneAnchor, SceneList
from workbench.sketch import books
from workbench.workflows import briefing
from workbench.workflows.agents import llm_chat
from workbench.workflows.episode import generate_episode_core_expression as core
from workbench.workflows.episode import generate_episode_scene_list as scene_list
from workbench.workflows.planning import plan_episodes as plan
from workbench.workflows.scene import generate_scene_anchor as anchor

LIBRARY = [{"name": "王生", "aliases": ["王公子"]}, {"name": "Rose", "aliases": []}]
PLOTS = [
    ("门", "老人在雪夜听见敲门声", "灯塔里只有一盏灯"),
    ("船", "妹妹偷偷划走了最后一条船", "清晨的码头空无一人"),
    ("信", "一封四十年前的信被海水冲上岸", "礁石间的漂流瓶"),
]


def outline(order: int, plot: int | None = None, people: tuple[str, ...] = ()) -> EpisodeOutline:
    title, logline, scope = PLOTS[(order - 1 if plot is None else plot) % len(PLOTS)]
    return EpisodeOutline(
        order=order, title=title, logline=logline, main_characters=list(people), beats=[logline], scene_scope=scope
    )


def planned(*episodes: EpisodeOutline) -> EpisodePlan:
    return EpisodePlan(episode_count=len(episodes), episodes=list(episodes))


def scenes(*summaries: str, cast: tuple[str, ...] = ()) -> SceneList:
    return SceneList.model_validate(
        {
            "scenes": [
                {"order": i, "summary": s, "location": "码头", "cast": list(cast), "beat": f"第{i}场"}
                for i, s in enumerate(summaries, 1)
            ]
        }
    )


# --- plan_episodes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (13, [(1, 8), (9, 5)]),
        (16, [(1, 8), (9, 8)]),
        (17, [(1, 10), (11, 7)]),
        (60, [(n, 10) for n in range(1, 61, 10)]),
        (61, [(1, 12), (13, 12), (25, 12), (37, 12), (49, 12), (61, 1)]),
    ],
)
def test_a_long_plan_is_cut_into_chunks(target: int, expected: list[tuple[int, int]]) -> None:
    assert plan.chunks(target) == expected


def test_the_count_must_be_the_target_and_no_target_leaves_it_free() -> None:
    two = planned(outline(1), outline(2))

    assert plan.count_issues(two, 2) == []
    assert plan.count_issues(two, None) == []
    (issue,) = plan.count_issues(two, 3)
    assert (issue.path, issue.message.params) == ("episode_count", {"have": 2, "want": 3})


def test_a_chunk_must_have_the_start_the_count_and_the_orders_that_were_asked_for() -> None:
    good = plan.PlanChunk(start_order=9, episode_count=2, episodes=[outline(9), outline(10)])
    assert plan.chunk_issues(good, 9, 2) == []

    bad = plan.PlanChunk(start_order=1, episode_count=2, episodes=[outline(9), outline(11)])
    assert [i.path for i in plan.chunk_issues(bad, 9, 2)] == ["start_order", "episodes"]
    assert "9, 10" in str(plan.chunk_issues(bad, 9, 2)[1])
    assert plan.chunk_issues(good, 9, 3) != []


def test_near_duplicates_are_found_across_the_whole_plan() -> None:
    assert plan.duplicates(planned(outline(1), outline(2), outline(3))) == []

    (pair,) = plan.duplicates(planned(outline(1), outline(2), outline(3, plot=0)))
    assert (pair.first, pair.second) == (0, 2)
    assert pair.similarity >= 0.58


def test_episodes_of_one_title_are_a_pair_whatever_they_tell() -> None:
    same = outline(3).model_copy(update={"title": f" {outline(1).title.upper()}"})
    (pair,) = plan.duplicates(planned(outline(1), outline(2), same))
    assert (pair.first, pair.second) == (0, 2)
    # told once, although they tell the same, too
    twice = outline(3, plot=0).model_copy(update={"title": outline(1).title})
    assert len(plan.duplicates(planned(outline(1), outline(2), twice))) == 1


def test_a_plan_is_in_the_storys_language() -> None:
    assert plan.language_issues([outline(1)], "zh") == []
    assert [i.path for i in plan.language_issues([outline(1)], "en")] == [
        "episodes.0.title", "episodes.0.logline", "episodes.0.scene_scope", "episodes.0.beats.0",
    ]  # fmt: skip


def test_a_rewrite_returns_exactly_the_episodes_it_was_asked_for() -> None:
    assert plan.rewrite_issues(plan.Rewrites(episodes=[outline(3)]), [3]) == []
    for returned in ([outline(2)], [outline(3), outline(3)], [outline(2), outline(3)]):
        assert plan.rewrite_issues(plan.Rewrites(episodes=returned), [3]) != []


def test_a_rewrite_leaves_every_other_episode_as_it_was() -> None:
    before = planned(outline(1), outline(2), outline(3, plot=0))

    after = plan.merge(before, [outline(3, plot=2)])

    assert after.episodes[:2] == before.episodes[:2]
    assert after.episodes[2].title == "信"


def test_main_characters_outside_the_library_are_named_once_and_aliases_are_known() -> None:
    made = planned(outline(1, people=("王生", "王公子", "rose", "陌生人")), outline(2, people=("陌生人",)))

    assert plan.strangers(made, LIBRARY) == ["陌生人"]


# --- core expression -------------------------------------------------------------------------------------------


def expression(*motifs: str) -> CoreExpression:
    return CoreExpression(
        theme="t",
        emotional_arc=["a", "b", "c", "d"],
        core_conflict="c",
        payoff=["p"],
        visual_motifs=list(motifs),
        ending_beat="e",
    )


def test_one_motif_may_come_back_two_may_not() -> None:
    previous = ["半开的门", "水面的倒影", "歪斜的火苗"]

    assert core.motif_issues(expression("半开的门", "远山", "扣子"), previous) == []
    (issue,) = core.motif_issues(expression("半开的门", "水面的倒影", "扣子"), previous)
    assert issue.path == "visual_motifs"
    assert "半开的门; 水面的倒影" in str(issue.message)


def test_a_motif_in_nearly_the_same_words_is_the_same() -> None:
    assert core.find_shared_motifs(["A Half-open  door", "水面上的倒影"], ["a half-open door", "水面的倒影"]) != []
    assert core.find_shared_motifs(["a half-open door", "embers"], []) == []


def test_the_arc_moves_and_no_motif_or_payoff_stands_twice() -> None:
    made = expression("a comb", "a watch")
    assert core.find_repetitions(made) == []
    made.emotional_arc = ["calm", "fear", "calm", "relief"]
    assert core.find_repetitions(made) == []

    made = expression("a comb", "A comb")
    made.emotional_arc, made.payoff = ["calm"] * 4, ["x", "x"]
    found = [i.path for i in core.find_repetitions(made)]
    assert found == ["emotional_arc.1", "emotional_arc.2", "emotional_arc.3", "payoff.1", "visual_motifs.1"]


def test_a_core_expression_is_in_the_storys_language_and_names_may_stay() -> None:
    made = expression("王生的折扇", "a fan")
    made.theme, made.next_hook = "爱与牺牲", "王生 comes back"

    found = [i.path for i in core.language_issues(made, "en", ["王生"])]
    assert found == ["theme", "visual_motifs.0"]
    assert core.language_issues(expression("王生 and 陈氏", "a fan"), "en", ["王生", "陈氏"]) == []


# --- scene list ------------------------------------------------------------------------------------------------


def test_the_number_of_scenes_is_exact() -> None:
    made = scenes("老人点灯", "妹妹划船")

    assert scene_list.count_issues(made, 2) == []
    assert "2 scenes, but 3" in str(scene_list.count_issues(made, 3)[0])


def test_two_scenes_that_tell_the_same_are_an_issue_at_the_later_one() -> None:
    made = scenes("老人在雪夜里点亮了灯塔", "妹妹划走了船", "老人在雪夜里又点亮了灯塔")

    (issue,) = scene_list.repetition_issues(made, [])
    assert issue.path == "scenes.2.summary"
    assert "scene 1" in str(issue.message)


def test_a_scene_of_the_previous_episode_must_not_come_again() -> None:
    made = scenes("老人点灯", "妹妹划走了最后一条船")

    assert scene_list.repetition_issues(made, ["礁石间的漂流瓶"]) == []
    (issue,) = scene_list.repetition_issues(made, ["别的事", "妹妹划走了最后一条船"])
    assert issue.path == "scenes.1.summary"
    assert "scene 2 of the previous episode" in str(issue.message)


def test_each_scene_is_for_something_of_its_own_in_the_storys_language() -> None:
    made = scenes("老人点灯", "妹妹划船")
    assert scene_list.beat_issues(made) == []
    assert scene_list.language_issues(made, "zh") == []
    made.scenes[1].beat = made.scenes[0].beat
    assert [i.path for i in scene_list.beat_issues(made)] == ["scenes.1.beat"]
    made.scenes[1].summary, made.scenes[1].location = "She rows away.", "the pier"
    assert [i.path for i in scene_list.language_issues(made, "zh")] == ["scenes.1.summary", "scenes.1.location"]
    assert [i.path for i in scene_list.language_issues(made, "zh", ["the pier"])] == ["scenes.1.summary"]


def test_the_cast_is_in_the_library_and_empty_without_one() -> None:
    assert scene_list.cast_issues(scenes("a", cast=("王生", "王公子", "ROSE")), LIBRARY) == []
    (issue,) = scene_list.cast_issues(scenes("a", cast=("王生", "路人")), LIBRARY)
    assert (issue.path, issue.message.params["names"]) == ("scenes.0.cast", "路人")
    assert scene_list.cast_issues(scenes("a", cast=("王生",)), []) != []
    assert scene_list.cast_issues(scenes("a"), []) == []


# --- scene anchor ----------------------------------------------------------------------------------------------


def empty_set(
    zh: list[str] | None = None, en: list[str] | None = None, place: str = "码头", details: str = "木栈伸进海里"
) -> SceneAnchor:
    harbour = books.sets().kinds["sea"]
    light, air = books.sets().lights["opening"][0], books.sets().airs["opening"][0]
    return SceneAnchor.model_validate(
        {
            "scene": {"zh": harbour.base.zh + light.sentence.zh + air.sentence.zh, "en": harbour.base.en},
            "location": {"type": "室外", "name": place, "details": details},
            "lighting": {"type": "自然光", "direction": "左", "colour": "金", "intensity": "弱"},
            "atmosphere": {"mood": "静", "weather": "晴", "time": "晨"},
            "anchors": {"zh": zh or ["一", "二", "三", "四"], "en": en or ["one", "two", "three", "four"]},
            "avoid": {"zh": "人物", "en": "people"},
        }
    )


def test_each_anchor_exists_in_both_languages() -> None:
    assert anchor.count_issues(empty_set()) == []
    assert anchor.count_issues(empty_set(en=["one", "two", "three", "four", "five"])) != []


def test_each_text_of_a_set_is_in_its_own_language() -> None:
    def paths(made: SceneAnchor, language: str = "zh", **more: Any) -> list[str]:
        return [i.path for i in anchor.language_issues(made, language, **more)]

    assert paths(empty_set()) == []
    assert paths(empty_set(details="wooden planks run into the sea")) == ["location.details"]
    assert paths(empty_set(zh=["木桌", "window", "钢琴", "椅"])) == ["anchors.zh.1"]
    assert paths(empty_set(en=["木桌", "窗", "钢琴", "椅"])) == [f"anchors.en.{n}" for n in range(4)]
    swapped = empty_set()
    swapped.scene.zh, swapped.avoid.zh = swapped.scene.en, "no people"
    assert paths(swapped) == ["scene.zh", "avoid.zh"]


def test_a_brand_is_an_anchor_in_both_languages_but_not_every_anchor_is_one() -> None:
    brands = ["Steinway", "Singer", "Kodak", "Leica"]

    assert anchor.language_issues(empty_set(zh=[*brands[:3], "木桌"]), "zh") == []
    assert [i.path for i in anchor.language_issues(empty_set(zh=brands), "zh")] == ["anchors.zh"]


def test_no_anchor_stands_twice_in_a_language() -> None:
    assert anchor.find_repetitions(empty_set()) == []
    twice = empty_set(zh=["窗", "门", "窗", "灯"], en=["window", "door", "pane", "lamp"])
    assert [i.path for i in anchor.find_repetitions(twice)] == ["anchors.zh.2"]


def test_anchors_that_must_stay_are_not_asked_for_in_other_words() -> None:
    made = empty_set(zh=["window", "门", "灯", "椅"])
    kept = {"zh": ["window"], "en": ["one"]}

    assert anchor.language_issues(made, "zh", (), kept) == []
    assert anchor.language_issues(made, "zh") != []


def test_a_cast_name_is_an_issue_where_it_stands_but_not_in_the_name_of_the_place() -> None:
    assert anchor.name_issues(empty_set(place="王生的书斋"), ["王生"]) == []
    (issue,) = anchor.name_issues(empty_set(details="王生坐过的椅子"), ["王生"])
    assert issue.path == "location.details"
    (issue,) = anchor.name_issues(empty_set(en=["one", "Rose's chair", "three", "four"]), ["Rose"])
    assert issue.path == "anchors.en.1"


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("Jim's watch", "Jim", True),
        ("桌上是Jim的怀表", "Jim", True),
        ("Noémie", "No", False),
        ("a gym and jimmy", "Jim", False),
        ("a rose in a glass", "Rose", False),
        ("王生的榻", "王生", True),
        ("木门", "门", False),
        ("anything", " ", False),
    ],
)
def test_names_are_told_from_the_words_around_them(text: str, name: str, found: bool) -> None:
    assert anchor.mentions(text, name) is found


def test_kept_anchors_must_come_back_word_for_word_as_the_same_pairs() -> None:
    kept = {"zh": ["一", "二"], "en": ["one", "two"]}

    assert anchor.find_lost_anchors(empty_set(), kept) == []
    assert anchor.find_lost_anchors(empty_set(), {}) == []
    assert "二" in str(anchor.find_lost_anchors(empty_set(en=["one", "TWO", "three", "four"]), kept)[0])
    assert anchor.find_lost_anchors(empty_set(zh=["二", "一", "三", "四"]), kept) != []


@pytest.mark.parametrize(
    ("order", "total", "position"),
    [
        (1, 4, "opening"),
        (2, 4, "development"),
        (3, 4, "turn"),
        (4, 4, "resolution"),
        (1, 1, "resolution"),
        (7, 12, "turn"),
    ],
)
def test_a_scene_stands_somewhere_in_the_arc(order: int, total: int, position: str) -> None:
    assert anchor.narrative_position(order, total) == position


def test_the_scenes_own_cast_counts_beside_the_library() -> None:
    assert anchor.cast_names(LIBRARY, {"cast": ["陈氏", "王生"]}) == ["王生", "王公子", "Rose", "陈氏"]


# --- llm_chat --------------------------------------------------------------------------------------------------


def message(content: str = "hello", role: str = "user") -> dict[str, str]:
    return {"role": role, "content": content}


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [message()] * 51,
        [message("")],
        [message("  \n")],
        [message("x" * 20_001)],
        [message(role="robot")],
        [{"content": 1}],
    ],
)
def test_messages_that_cannot_be_sent_are_refused_not_dropped(messages: list[dict[str, str]]) -> None:
    with pytest.raises(ValidationError):
        llm_chat.Params.model_validate({"messages": messages})


def test_fifty_messages_of_twenty_thousand_characters_are_taken() -> None:
    assert len(llm_chat.Params.model_validate({"messages": [message("x" * 20_000)] * 50}).messages) == 50


# --- what models are told --------------------------------------------------------------------------------------


class Clips:
    def __init__(self) -> None:
        self.said: list[tuple[str, int, int]] = []

    def report_shortened(self, what: str, kept: int, of: int) -> None:
        self.said.append((what, kept, of))


def test_a_cut_is_made_visible_and_a_text_that_fits_is_left_alone() -> None:
    clips = Clips()

    assert briefing.clip(clips, "灯塔", "短", 400) == "短"
    assert clips.said == []
    cut = briefing.clip(clips, "灯塔", "长" * 500, 400)
    assert (len(cut), cut[-1]) == (400, "…")
    assert clips.said == [("灯塔", 400, 500)]
