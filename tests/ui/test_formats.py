"""Amounts, durations and times in both languages."""

from datetime import UTC, datetime

import pytest

from workbench.ui import formats


@pytest.mark.parametrize(
    ("micros", "currency", "said"),
    [
        (31_000, "CNY", "¥0.031"),
        (3_670_000, "CNY", "¥3.67"),
        (1_200_000, "USD", "$1.20"),
        (0, "CNY", "¥0.00"),
        (1_400, "CNY", "¥0.001"),
        (499, "CNY", "¥0.000499"),
        (40, "USD", "$0.00004"),
        (-1, "CNY", "-¥0.000001"),
        (1_234_500_000, "CNY", "¥1,234.50"),
        (None, "CNY", "—"),
    ],
)
def test_money_has_three_decimals_below_ten_cents(micros, currency, said):
    assert formats.money(micros, currency) == said


@pytest.mark.parametrize(
    ("ms", "en", "zh"),
    [
        (800, "800 ms", "800 毫秒"),
        (4_200, "4.2 s", "4.2 秒"),
        (133_000, "2 min 13 s", "2 分 13 秒"),
        (65_000, "1 min 05 s", "1 分 05 秒"),
        (3_900_000, "1 h 05 min", "1 小时 05 分"),
        (None, "—", "—"),
    ],
)
def test_durations_take_the_unit_that_fits(ms, en, zh):
    assert formats.duration(ms, "en") == en
    assert formats.duration(ms, "zh") == zh


@pytest.mark.parametrize(
    ("n", "en", "zh"),
    [
        (980, "980", "980"),
        (22_700, "22.7k", "2.3 万"),
        (118_000, "118k", "11.8 万"),
        (18_600_000, "18.6M", "1,860 万"),
        (120_000_000, "120M", "1.2 亿"),
        (None, "—", "—"),
    ],
)
def test_large_numbers_are_short(n, en, zh):
    assert formats.number(n, "en") == en
    assert formats.number(n, "zh") == zh


def test_amounts_differ_in_percent_and_rates_in_points():
    assert formats.delta_percent(108, 100) == formats.Delta("+8.0%", 8.0)
    assert formats.delta_percent(1, 0) is None
    assert formats.delta_points(0.983, 0.986, "en") == formats.Delta("-0.3 pt", -0.3)
    assert formats.delta_points(0.961, 0.969, "zh") == formats.Delta("-0.8 个百分点", -0.8)
    assert formats.delta_duration(900, 2100, "en") == formats.Delta("-1.2 s", -1200)
    assert formats.delta_percent(100_001, 100_000) == formats.Delta("+0.0%", 0)  # too small to show is no change


def test_a_time_is_relative_and_its_absolute_is_whole():
    now = int(datetime(2026, 11, 24, 14, 30, tzinfo=UTC).timestamp() * 1000)

    def said(seconds_ago, language="en"):
        return formats.relative(now - seconds_ago * 1000, now, language, UTC)

    assert [said(s) for s in (0, 12, 185)] == ["just now", "12 s ago", "3 min ago"]
    assert said(4 * 3600) == "today 10:30"
    assert said(20 * 3600) == "yesterday 18:30"
    assert said(20 * 3600, "zh") == "昨天 18:30"
    assert said(5 * 86_400) == "19 Nov 14:30"
    assert said(5 * 86_400, "zh") == "11月19日 14:30"
    assert formats.relative(None, now) == "—"
    assert formats.absolute(now, UTC) == "2026-11-24 14:30:00"


def test_a_share_is_a_percentage():
    assert [formats.percent(s) for s in (0.986, 1.0, None)] == ["98.6%", "100%", "—"]


def test_sums_keep_currencies_apart_and_leave_out_what_is_free():
    assert formats.sums({"CNY": 3_670_000, "USD": 0}) == "¥3.67"
    assert formats.sums({"CNY": 1_000_000, "USD": 2_000_000}) == "¥1.00 + $2.00"
    assert formats.sums({"USD": 0}) == "$0.00"
    assert formats.sums({}) == "—"
    assert formats.cost(0, "USD", "en") == "free"
