"""What charts compute before plotly draws them."""

import base64
import re

import pytest

from workbench.ui import charts, formats


def test_an_axis_has_a_few_round_values():
    assert charts.ticks(0) == [0]
    assert charts.ticks(118_000) == [0, 50_000, 100_000]
    assert charts.ticks(22_700) == [0, 5_000, 10_000, 15_000, 20_000]
    assert all(3 <= len(charts.ticks(n)) <= 6 for n in (3, 7, 99, 101, 4_999, 1_860_000))


@pytest.mark.parametrize(
    ("highest", "texts"),
    [
        (0, ["0"]),
        (780, ["0", "200 ms", "400 ms", "600 ms"]),
        (2_400, ["0", "500 ms", "1 s", "1.5 s", "2 s"]),
        (140_000, ["0", "30 s", "1 min", "1.5 min", "2 min"]),
        (9_000_000, ["0", "30 min", "1 h", "1.5 h", "2 h", "2.5 h"]),
        (200_000_000, ["0", "12 h", "24 h", "36 h", "2 days"]),
        (2_000_000_000, ["0", "5 days", "10 days", "15 days", "20 days"]),
    ],
)
def test_an_axis_of_durations_has_round_ones_in_the_unit_that_suits_them(highest, texts):
    axis = charts.durations(highest)
    assert axis["ticktext"] == texts
    assert all(0 <= value <= highest for value in axis["tickvals"])


def test_an_axis_of_durations_is_in_the_readers_language():
    assert [formats.tick_duration(ms, "zh") for ms in (30_000, 5_400_000, 864_000_000)] == [
        "30 秒",
        "1.5 小时",
        "10 天",
    ]


def test_the_left_margin_grows_with_the_longest_label_and_cjk_counts_twice():
    assert charts.label_margin(["Scene anchor"]) == charts.label_margin(["场景锚点锚点"])
    assert charts.label_margin(["a" * 99]) == 220


def test_a_sparkline_goes_up_and_down_and_a_flat_one_lies_where_its_value_is():
    def places(*values: float | None) -> list[tuple[float, ...]]:
        html = charts.sparkline(values, charts.Palette())
        svg = base64.b64decode(html.partition("base64,")[2].partition("'")[0]).decode()
        points = re.search(r"<polyline points='([^']+)'", svg)
        assert points is not None
        return [tuple(map(float, point.split(","))) for point in points[1].split()]

    def heights(*values: float) -> list[float]:
        return [y for _, y in places(*values)]

    # 38 is the ground, 2 the top
    assert heights(1, 3, 2) == [38, 2, 20]
    assert heights(0, 0) == [38, 38]
    assert heights(7, 7) == [20, 20]
    assert heights(-2, 0) == [38, 2]
    # a time without a value is no 0, and the others stay where they are
    assert places(None, 1, None, 3, None) == [(25, 38), (75, 2)]


def test_a_day_without_neighbours_is_a_dot_on_a_line_of_any_length():
    def dots(*values: float | None) -> list[int]:
        [line] = charts.lines([str(n) for n in range(len(values))], {"p50": values}, charts.Palette()).data
        assert line.mode == "lines+markers"
        return [place for place, size in enumerate(line.marker.size) if size]

    assert dots(1, 2, None, 3, None, 4, 5) == [3]
    assert dots(3) == [0]
    assert dots(None, None, 3, None, 1) == [2, 4]
    assert dots(1, 2, 3) == []
