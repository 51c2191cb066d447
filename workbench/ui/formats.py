"""How amounts, durations and times are written. Missing is a dash, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from workbench.db.rows.usage import Spending
from workbench.i18n import N_, translate

MISSING = "—"
SYMBOLS = {"CNY": "¥", "USD": "$"}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def money(micros: int | None, currency: str | None = "CNY") -> str:
    """``¥0.031``, ``$1.20``: three decimals below 0.1, else two; ``¥0.00004``: all there are below a thousandth."""
    if micros is None:
        return MISSING
    amount = micros / 1_000_000
    symbol = SYMBOLS.get(currency or "CNY", f"{currency} ")
    sign = "-" if amount < 0 else ""
    if 0 < abs(micros) < 1_000:
        return f"{sign}{symbol}{f'{abs(amount):.6f}'.rstrip('0')}"
    digits = 3 if 0 < abs(amount) < 0.1 else 2
    return f"{sign}{symbol}{abs(amount):,.{digits}f}"


def cost(micros: int | None, currency: str | None, language: str = "en") -> str:
    """What one job or call cost; ``free`` when it is known to have cost nothing."""
    return translate(N_("free"), language) if micros == 0 else money(micros, currency)


def spent(spending: Spending, language: str = "en") -> str:
    """What jobs cost together: “¥1.20”, “¥1.20 + ?” beside calls whose price nobody knows, “unknown” when it is known
    of none; a dash before the first call."""
    if not spending.calls:
        return MISSING
    if spending.free:
        return translate(N_("free"), language)
    return price(spending.cost, spending.unpriced, language)


def price(by_currency: Mapping[str, int], unpriced: int, language: str = "en") -> str:
    """Amounts of which some may not be known; unknown is never free."""
    if not unpriced:
        return sums(by_currency) if any(by_currency.values()) else translate(N_("free"), language)
    return f"{sums(by_currency)} + ?" if any(by_currency.values()) else translate(N_("unknown"), language)


def sums(by_currency: Mapping[str, int]) -> str:
    """A sum per currency, never added up; what is free is not named beside what costs. A dash when nothing is known."""
    return " + ".join(amounts(by_currency)) or MISSING


def amounts(by_currency: Mapping[str, int]) -> list[str]:
    """The same one by one; empty when nothing is known."""
    paid = {c: m for c, m in by_currency.items() if m} or dict(list(by_currency.items())[:1])
    return [money(m, c) for c, m in sorted(paid.items())]


def short_money(micros: int, currency: str, language: str = "en", *, from_units: int = 10_000) -> str:
    """For where there is little room: ``¥70.4k``, ``¥7.0 万`` from so many yuan or dollars on."""
    if abs(micros) < from_units * 1_000_000:
        return money(micros, currency)
    sign = "-" if micros < 0 else ""
    return f"{sign}{SYMBOLS.get(currency, f'{currency} ')}{number(abs(micros) / 1_000_000, language)}"


def short_amounts(by_currency: Mapping[str, int], language: str = "en", *, from_units: int = 10_000) -> list[str]:
    """`amounts` where there is little room."""
    paid = {c: m for c, m in by_currency.items() if m} or dict(list(by_currency.items())[:1])
    return [short_money(m, c, language, from_units=from_units) for c, m in sorted(paid.items())]


def duration(ms: float | None, language: str = "en") -> str:
    """``800 ms``, ``4.2 s``, ``2 min 13 s``, ``1 h 05 min``; in Chinese ``4.2 秒``."""
    if ms is None:
        return MISSING
    if ms < 999.5:
        return translate(N_("{n} ms"), language, n=round(ms))
    if ms < 59_950:
        return translate(N_("{n} s"), language, n=f"{ms / 1000:.1f}")
    minutes, seconds = divmod(round(ms / 1000), 60)
    if minutes < 60:
        return translate(N_("{minutes} min {seconds} s"), language, minutes=minutes, seconds=f"{seconds:02d}")
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return translate(N_("{hours} h {minutes} min"), language, hours=hours, minutes=f"{minutes:02d}")
    return translate(N_("{n} days"), language, n=hours // 24)


def tick_duration(ms: float, language: str = "en") -> str:
    """A round duration, as axes have them: ``0``, ``500 ms``, ``30 s``, ``1.5 h``, ``10 days``."""
    if not ms:
        return "0"
    units = {
        86_400_000: N_("{n} days"), 3_600_000: N_("{n} h"), 60_000: N_("{n} min"), 1_000: N_("{n} s"), 1: N_("{n} ms"),
    }  # fmt: skip
    # hours up to two days, as everywhere
    size = next((size for size in units if ms >= (2 * size if size == 86_400_000 else size)), 1)
    return translate(units[size], language, n=f"{ms / size:g}")


def count(n: float | None) -> str:
    """A whole number with thousands separated."""
    return MISSING if n is None else f"{n:,.0f}"


def number(n: float | None, language: str = "en") -> str:
    """A large number made short: ``22.7k``, ``18.6M``; in Chinese ``1,860 万``, ``1.2 亿``."""
    if n is None:
        return MISSING
    steps = [(1e8, " 亿"), (1e4, " 万")] if language == "zh" else [(1e9, "B"), (1e6, "M"), (1e3, "k")]
    for size, unit in steps:
        if abs(n) >= size:
            short = n / size
            return f"{short:,.0f}{unit}" if abs(short) >= 100 else f"{short:.1f}{unit}"
    return f"{n:,.0f}"


def percent(share: float | None) -> str:
    """A share of 1 as ``98.6%``."""
    if share is None:
        return MISSING
    return "100%" if share >= 0.9995 else f"{share * 100:.1f}%"


@dataclass(frozen=True)
class Delta:
    """A change as it is shown, and the number behind it, rounded as the text is: 0 when nothing shows."""

    text: str
    change: float


def delta_percent(now: float | None, before: float | None) -> Delta | None:
    """Change of an amount against the period before; None when there is nothing to compare with."""
    if now is None or not before:
        return None
    change = (now - before) / before * 100
    return Delta(f"{change:+.1f}%", round(change, 1))


def delta_points(now: float | None, before: float | None, language: str = "en") -> Delta | None:
    """Change of a rate in percentage points."""
    if now is None or before is None:
        return None
    change = (now - before) * 100
    return Delta(translate(N_("{n} pt"), language, n=f"{change:+.1f}"), round(change, 1))


def delta_duration(now: float | None, before: float | None, language: str = "en") -> Delta | None:
    """Change of a duration, with its sign."""
    if now is None or before is None:
        return None
    change = now - before
    return Delta(("-" if change < 0 else "+") + duration(abs(change), language), round(change))


def absolute(at_ms: int | None, zone: tzinfo | None = None) -> str:
    """The full local time, for tooltips and exports."""
    return MISSING if at_ms is None else datetime.fromtimestamp(at_ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")


def clock(at_ms: int | None, zone: tzinfo | None = None) -> str:
    return MISSING if at_ms is None else datetime.fromtimestamp(at_ms / 1000, zone).strftime("%H:%M:%S")


def day(at_ms: int, language: str = "en", zone: tzinfo | None = None) -> str:
    """``24 Nov`` or ``11月24日``."""
    at = datetime.fromtimestamp(at_ms / 1000, zone)
    return f"{at.month}月{at.day}日" if language == "zh" else f"{at.day} {_MONTHS[at.month - 1]}"


def relative(at_ms: int | None, now_ms: int, language: str = "en", zone: tzinfo | None = None) -> str:
    """``just now``, ``12 s ago``, ``3 min ago``, ``today 14:20``, ``yesterday 14:20``, ``24 Nov 14:20``."""
    if at_ms is None:
        return MISSING
    seconds = max(0, (now_ms - at_ms) // 1000)
    if seconds < 2:
        return translate(N_("just now"), language)
    if seconds < 60:
        return translate(N_("{n} s ago"), language, n=seconds)
    if seconds < 3600:
        return translate(N_("{n} min ago"), language, n=seconds // 60)
    at, today = (datetime.fromtimestamp(ms / 1000, zone) for ms in (at_ms, now_ms))
    days = (today.date() - at.date()).days
    if days == 0:
        return translate(N_("today {time}"), language, time=f"{at:%H:%M}")
    if days == 1:
        return translate(N_("yesterday {time}"), language, time=f"{at:%H:%M}")
    year = "" if at.year == today.year else f"{at.year}-"
    return f"{year}{day(at_ms, language, zone)} {at:%H:%M}"
