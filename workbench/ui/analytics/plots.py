"""The charts of Analytics; each can be read as a table, and a click on a mark filters by what it stands for."""

from __future__ import annotations

from typing import Any

from workbench.db.rows.usage import UsageTotals
from workbench.plain_text import cell
from workbench.ui import charts, formats, labels, live
from workbench.ui.analytics.cards import tokens
from workbench.ui.analytics.window import Window, mark
from workbench.ui.language import current, t

#: bars that one can read beside each other; the table has all
MOST_BARS = 8


def draw_tokens(window: Window, colours: charts.Palette) -> None:
    rows = {r.day: r for r in window.by_day(live.workbench().usage.totals_by, "day")}
    names = {"input": t("Input"), "cached": t("Cached"), "output": t("Output"), "reasoning": t("Reasoning")}
    series: dict[str, list[float]] = {n: [] for n in names.values()}
    for at in window.days:
        row = rows.get(at)
        cached, reasoning = (row.cached_tokens or 0, row.reasoning_tokens or 0) if row else (0, 0)
        # Cached is a part of input and reasoning a part of output: stacked, each token is counted once.
        series[names["input"]].append(((row.input_tokens or 0) if row else 0) - cached)
        series[names["cached"]].append(cached)
        series[names["output"]].append(((row.output_tokens or 0) if row else 0) - reasoning)
        series[names["reasoning"]].append(reasoning)
    shown = {n: v for n, v in series.items() if any(v)} or {names["input"]: series[names["input"]]}
    charts.panel(
        t("Tokens by type"),
        t("per day"),
        "tokens",
        lambda: charts.stack(window.day_labels, shown, colours),
        lambda: _by_day(window, shown),
        window.pick_day,
        window.key,
    )


def _by_day(window: Window, series: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [
        {t("Day"): label, **{name: values[index] for name, values in series.items()}}
        for index, label in enumerate(window.day_labels)
    ]


def draw_latency(window: Window, colours: charts.Palette) -> None:
    rows = {r.day: r for r in window.by_day(live.workbench().usage.latencies, "day")}
    names = {"p99": "p99", "p95": "p95", "p50": "p50", "ttft_p50": t("First token")}
    series: dict[str, list[float | None]] = {
        n: [_ms(getattr(rows.get(d), k, None)) for d in window.days] for k, n in names.items()
    }
    charts.panel(
        t("Latency of text calls"),
        t("per day"),
        "latency",
        lambda: charts.lines(window.day_labels, series, colours),
        lambda: _by_day(window, {n: [labels.duration_text(ms) for ms in values] for n, values in series.items()}),
        window.pick_day,
        window.key,
    )


def _ms(ms: float | None) -> int | None:
    return None if ms is None else round(ms)


def draw_group(window: Window, group: str, title: str, colours: charts.Palette) -> None:
    """Tokens by model or workflow; those of answers that were of no use are hatched."""
    rows = sorted(window.ask(live.workbench().usage.totals_by, group), key=lambda r: -(tokens(r) or 0))
    shown = rows[:MOST_BARS]

    def draw() -> Any:
        lost = [float(r.wasted_tokens or 0) for r in shown]
        useful = [(tokens(r) or 0) - wasted for r, wasted in zip(shown, lost, strict=True)]
        series = {
            t("Used"): (useful, colours.primary, ""),
            t("In answers that were not valid"): (lost, colours.orange, charts.HATCH),
        }
        ends = [formats.number(tokens(r), current()) for r in shown]
        return charts.bars([_title(r, group) for r in shown], series, ends, colours, 250)

    def list_rows() -> list[dict[str, Any]]:
        return [
            {
                t("Workflow") if group == "workflow" else t("Model"): cell(_title(r, group)),
                t("Calls"): r.calls,
                t("Tokens"): tokens(r),
                t("In answers that were not valid"): r.wasted_tokens,
            }
            for r in rows
        ]

    def pick(index: int) -> None:
        if index < len(shown) and (value := getattr(shown[index], group)):
            mark("kind" if group == "workflow" else "model", value)

    charts.panel(title, t("tokens, hatched = not valid"), group, draw, list_rows, pick, window.key)


def _title(row: UsageTotals, group: str) -> str:
    value = getattr(row, group)
    return labels.workflow_title(value) if group == "workflow" and value else str(value or "—")
