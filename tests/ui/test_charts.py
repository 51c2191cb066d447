"""What charts compute before plotly draws them."""

from workbench.db.rows.usage import UsageCost
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


def test_money_in_two_currencies_is_never_one_number():
    rows = [
        UsageCost(None, None, None, currency, micros, None, 0)
        for currency, micros in (("CNY", 1_000_000), ("USD", 2_000_000), ("USD", 0))
    ]
    assert board.money_of(rows) == "¥1.00 + $2.00"
    assert board.micros(rows) is None
    assert board.micros(rows[:1]) == 1_000_000
