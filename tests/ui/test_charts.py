"""What charts compute before plotly draws them."""

from workbench.ui import charts
from workbench.ui.jobs import board


def test_an_axis_has_a_few_round_values():
    assert charts.ticks(0) == [0]
    assert charts.ticks(118_000) == [0, 50_000, 100_000]
    assert charts.ticks(22_700) == [0, 5_000, 10_000, 15_000, 20_000]
    assert all(3 <= len(charts.ticks(n)) <= 6 for n in (3, 7, 99, 101, 4_999, 1_860_000))


def test_the_left_margin_grows_with_the_longest_label_and_cjk_counts_twice():
    assert charts.label_margin(["Scene anchor"]) == charts.label_margin(["场景锚点锚点"])
    assert charts.label_margin(["a" * 99]) == 220


def test_the_p95_is_the_nearest_rank():
    assert board.p95([]) is None
    assert board.p95([7]) == 7
    assert board.p95(list(range(1, 101))) == 95


def test_money_in_two_currencies_is_never_one_number():
    rows = [
        {"cost_micros": 1_000_000, "currency": "CNY"},
        {"cost_micros": 2_000_000, "currency": "USD"},
        {"cost_micros": 0, "currency": "USD"},
    ]
    assert board.money_of(rows) == "¥1.00 + $2.00"
    assert board.micros(rows) is None
    assert board.micros(rows[:1]) == 1_000_000
