"""Colour, icon and word of each state, and the timeline's bars."""

import re
from pathlib import Path

import pytest

from tests.records import record
from workbench.db.rows.jobs import Attempt, Job, ModelCall, Step
from workbench.db.rows.story import Tree, TreeArtifact, TreeNode
from workbench.ui import markup, states
from workbench.ui.jobs import timeline
from workbench.ui.projects import progress as progress_of
from workbench.ui.studio import tree


def test_every_state_is_colour_icon_and_word_and_no_two_are_alike():
    looks = {(s.colour, s.icon, s.title) for s in states.STATES.values()}
    assert len(looks) == len(states.STATES)
    assert all(s.icon and s.title for s in states.STATES.values())


def test_what_needs_somebody_comes_first():
    assert states.most_urgent(["fresh", "stale", "failed"]) == "failed"
    assert states.most_urgent(["fresh", "stale", "running"]) == "running"
    assert states.most_urgent([]) == "missing"


def test_story_text_is_never_markup():
    assert markup.plain("# *a* [b](c) $x$ :red[d]\n<b>") == r"\# \*a\* \[b\]\(c\) \$x\$ \:red\[d\] \<b\>"
    assert markup.safe("<script>") == "&lt;script&gt;"


def a_job(**more):
    return record(Job, **{"id": 1, "created_at": 1_000_000, "state": "running", **more})


def test_attempts_steps_and_back_off_become_bars_and_reused_steps_are_marked():
    attempts = [
        record(Attempt, claim=1, started_at=1_002_000, ended_at=1_031_000, outcome="error", error_kind="rate_limit"),
        record(Attempt, claim=2, started_at=1_035_000, ended_at=1_073_000, outcome="ok", error_kind=None),
    ]
    calls = [
        record(ModelCall, claim=1, step="plan", started_at=1_002_100, ended_at=1_006_000, outcome="ok"),
        record(
            ModelCall, claim=1, step="shots", started_at=1_024_000, ended_at=1_031_000, outcome="error", http_status=429
        ),
        record(ModelCall, claim=2, step="shots", started_at=1_036_000, ended_at=1_062_000, outcome="ok"),
    ]
    steps = [record(Step, name="plan", state="done", updated_at=1_006_000)]
    bars = timeline.bars(a_job(), attempts, calls, steps, now=1_080_000)
    assert [(b.label, b.look, b.depth) for b in bars] == [
        ("Queued", "queued", 0),
        ("Attempt 1", "failed", 0),
        ("plan", "succeeded", 1),
        ("shots", "failed", 1),
        ("Waiting between attempts", "queued", 0),
        ("Attempt 2", "succeeded", 0),
        ("plan", "reused", 1),
        ("shots", "succeeded", 1),
    ]
    assert bars[3].note == "429"
    assert (bars[4].start, bars[4].end) == (31_000, 35_000)


def test_a_job_that_nobody_took_yet_is_one_waiting_bar():
    assert [b.look for b in timeline.bars(a_job(state="queued"), [], [], [], now=1_004_000)] == ["queued"]


def test_the_tree_marks_missing_stale_fresh_and_running_nodes():
    def node(number, kind, parent, artifacts, position=1):
        made = [TreeArtifact(k, 1, "", s) for k, s in artifacts]
        return TreeNode(number, kind, f"T{number}", position, parent, False, made)

    nodes = [
        node(1, "project", None, [("brief", False), ("episode_plan", False)]),
        node(2, "episode", 1, [("core_expression", True), ("scene_list", False)]),
        node(3, "scene", 2, []),
        node(4, "scene", 2, [("scene_anchor", False)], 2),
        node(9, "character", 1, [("character", False)]),
    ]
    story = Tree(1, "S", nodes)
    items = progress_of.items(story, {(3, "generate_scene_anchor"): "running"})
    assert [(i.id, i.state, i.depth, i.count) for i in items] == [
        (1, "fresh", 0, None),
        (2, "stale", 1, 2),
        (3, "running", 2, None),
        (4, "ready", 2, None),
    ]
    assert isinstance(items[0], tree.Item)


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    bright, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("kind", ["light", "dark"])
def test_text_has_enough_contrast_on_every_ground_it_stands_on(kind):
    import tomllib

    theme = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))["theme"][kind]
    grounds = [theme["backgroundColor"], theme["sidebar"]["backgroundColor"], theme["secondaryBackgroundColor"]]
    texts = {n: c for n, c in theme.items() if re.fullmatch(r"\w+TextColor|textColor|linkColor", n)}
    for name, colour in texts.items():
        for ground in grounds:
            assert contrast(colour, ground) >= 4.5, (name, colour, ground)
    for colour in ("red", "orange", "yellow", "blue", "green", "violet", "gray"):
        assert contrast(theme[f"{colour}TextColor"], theme[f"{colour}BackgroundColor"]) >= 4.5, colour


def test_a_preview_shows_the_words_of_half_written_json():
    streamed = '{"episodes":[{"order":1,"title":"Low tide","beats":["Mei rows","The lamp goes'
    assert markup.readable(streamed) == "1 · Low tide · Mei rows,The lamp goes"
    assert markup.readable("Plain prose, as it comes") == "Plain prose, as it comes"
