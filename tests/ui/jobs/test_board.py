"""What the board counts."""

from workbench.db.rows.usage import UsageCost
from workbench.ui.jobs import board


def test_money_in_two_currencies_is_never_one_number():
    rows = [
        UsageCost(None, None, None, currency, micros, None, 0)
        for currency, micros in (("CNY", 1_000_000), ("USD", 2_000_000), ("USD", 0))
    ]
    assert board.money_of(rows) == "¥1.00 + $2.00"
    assert board.sums_of(rows) == {"CNY": 1_000_000, "USD": 2_000_000}
