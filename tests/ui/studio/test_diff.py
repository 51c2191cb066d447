"""What the side-by-side view says has changed."""

from workbench.artifacts import kinds
from workbench.ui.studio import diff

SCENES = {
    "scenes": [
        {"order": n, "summary": f"Scene {n} begins.", "location": "pier", "cast": ["Mei"], "beat": f"beat {n}"}
        for n in range(1, 10)
    ]
}


def schema(kind):
    return kinds.find(kind).model.model_json_schema()


def test_words_that_went_and_words_that_came_are_marked_and_the_rest_is_the_same():
    left, right = diff.words("Mei's hand on the lamp glass, cold.", "The empty lamp room; the lamp glass, still warm.")
    assert "".join(text for _, text in left) == "Mei's hand on the lamp glass, cold."
    assert "".join(text for _, text in right) == "The empty lamp room; the lamp glass, still warm."
    assert ("removed", "cold") in left
    assert ("added", "still warm") in right


def test_chinese_is_compared_by_character():
    left, right = diff.words("黄色雨衣", "赭色雨衣")
    assert left == [("removed", "黄"), ("same", "色雨衣")]
    assert right == [("added", "赭"), ("same", "色雨衣")]


def test_items_are_counted_as_changed_or_the_same():
    changed = {"scenes": [dict(s) for s in SCENES["scenes"]]}
    changed["scenes"][3]["summary"] = "The lamp goes out."
    changed["scenes"][8]["location"] = "tower"
    compared = diff.compare(SCENES, changed, schema("scene_list"))
    assert (compared.changed, compared.same) == (2, 7)
    assert [r.label for r in compared.rows] == ["Scene 4 · Summary", "Scene 9 · Location"]


def test_equal_versions_have_no_rows():
    assert diff.compare(SCENES, SCENES, schema("scene_list")).rows == []
