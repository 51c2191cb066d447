"""What charts compute before plotly draws them."""

from workbench.ui import charts


def test_an_axis_has_a_few_round_values():
    assert charts.ticks(0) == [0]
    assert charts.ticks(118_000) == [0, 50_000, 100_000]
    assert charts.ticks(22_700) == [0, 5_000, 10_000, 15_000, 20_000]
    assert all(3 <= len(charts.ticks(n)) <= 6 for n in (3, 7, 99, 101, 4_999, 1_860_000))


def test_the_left_margin_grows_with_the_longest_label_and_cjk_counts_twice():
    assert charts.label_margin(["Scene anchor"]) == charts.label_margin(["场景锚点锚点"])
    assert charts.label_margin(["a" * 99]) == 220
