"""Parts of the live board: metric cards and acts on many jobs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import streamlit as st

from workbench.db.rollups import HOUR_MS
from workbench.db.rows.jobs import MOST_COUNTED, JobFilters
from workbench.db.rows.usage import HourCost, HourEnds, UsageCost
from workbench.ui import charts, formats, labels, live, states
from workbench.ui.jobs import acts, selection
from workbench.ui.language import current, t
from workbench.usage import money

MINUTE_MS = 60_000


def _rate(rows: Sequence[HourEnds]) -> float | None:
    done = _count_done(rows)
    return sum(r.succeeded for r in rows) / done if done else None


def _count_done(rows: Sequence[HourEnds]) -> int:
    return sum(r.done for r in rows)


def money_of(rows: Sequence[UsageCost | HourCost]) -> str:
    """A sum per currency, with what nobody knows the price of; a dash without a call."""
    return formats.price(sums_of(rows), count_unpriced(rows), current()) if rows else formats.MISSING


def count_unpriced(rows: Sequence[UsageCost | HourCost]) -> int:
    """Calls that may have cost something that nobody knows."""
    return sum(row.unknown or 0 for row in rows)


def sums_of(rows: Sequence[UsageCost | HourCost]) -> dict[str, int]:
    """Micros by currency."""
    sums: dict[str, int] = {}
    for row in rows:
        if row.cost_micros is not None and row.currency:
            sums[row.currency] = sums.get(row.currency, 0) + row.cost_micros
    return sums


def sum_in_yuan(rows: Sequence[UsageCost | HourCost]) -> int | None:
    """The sum at the set rate, for comparisons; None where nothing is known to have cost anything."""
    rate = live.query(live.workbench().budgets.exchange_rate)
    return sum(money.convert(micros, currency, "CNY", rate) for currency, micros in sums_of(rows).items()) or None


def metrics(wanted: JobFilters, running: int) -> None:
    """Running and slots, queue wait p95, done in 24 h, success rate, cost, of the jobs that match; each beside the day
    before. `running`: how many of them run now."""
    # the newest span ends in the minute that has begun
    now = (live.clock_ms() // MINUTE_MS + 1) * MINUTE_MS
    workers = live.query(live.workbench().queues.list_workers)
    slots = sum(w.threads for w in workers if w.is_live and w.drain_at is None)
    sums = live.query(live.workbench().jobs.sum_up, now, **wanted)
    before, hour = sums.waits
    today, yesterday = sums.ended, sums.ended_before
    # the hour that has begun is the last
    hours = [(now - 1) // HOUR_MS * HOUR_MS - n * HOUR_MS for n in range(23, -1, -1)]
    by_hour = {row.hour: row for row in today}
    cards = st.columns(5, gap="small")
    with cards[0]:
        charts.metric(
            t("Running"),
            f"{int(running)} / {int(slots)}",
            t("{n} slots", n=int(slots)),
            good="none",
            history=_load(wanted, running),
        )
    with cards[1]:
        charts.metric(
            t("Queue wait p95"),
            labels.duration_text(hour),
            _versus_hour(hour, before),
            good="down",
            history=sums.recent_waits,
        )
    with cards[2]:
        charts.metric(
            t("Done in 24 h"),
            formats.count(_count_done(today)),
            _or_note(formats.delta_percent(_count_done(today), _count_done(yesterday))),
            history=[by_hour[at].done if at in by_hour else 0 for at in hours],
        )
    with cards[3]:
        charts.metric(
            t("Success rate"), formats.percent(_rate(today)),
            _or_note(formats.delta_points(_rate(today), _rate(yesterday), current())),
            history=[_rate([by_hour[at]]) if at in by_hour else None for at in hours],
        )  # fmt: skip
    with cards[4]:
        amount, note = shorten_cost(sums.costs, sums.costs_before)
        charts.metric(t("Cost in 24 h"), amount, note, good="none", history=_by_hour(sums.costs, hours))
    if sums.of_kept == "costs":
        st.caption(t("Some jobs of these two days were pruned; behind these filters the cost is of the others."))
    elif sums.of_kept == "everything":
        st.caption(t("Some jobs of these two days were pruned; behind these filters the cards tell of the others."))


def shorten_cost(
    now: Sequence[UsageCost | HourCost], before: Sequence[UsageCost | HourCost]
) -> tuple[str, formats.Delta | str]:
    """A card has room for one amount; below it stand the change, whose sign turns the arrow, and the others."""
    amount = next(iter(formats.short_amounts(sums_of(now), current())), formats.MISSING)
    others = formats.short_amounts(sums_of(now), current(), from_units=100)[1:]
    if not any(sums_of(now).values()):
        # nothing was bought, or nobody knows
        amount = money_of(now)
    elif count_unpriced(now):
        amount = f"{amount} + ?"
    delta = formats.delta_percent(sum_in_yuan(now), sum_in_yuan(before))
    if not others:
        return amount, _or_note(delta)
    more = f"+ {' + '.join(others)}"
    return amount, replace(delta, text=f"{delta.text} · {more}") if delta else more


def _by_hour(rows: Sequence[HourCost], hours: Sequence[int]) -> list[float]:
    """What each hour cost, in the currency of most; a line has no unit, and currencies are not added up."""
    sums = sums_of(rows)
    main = max(sums, key=sums.__getitem__, default=None)
    by_hour = {row.hour: row.cost_micros or 0 for row in rows if row.currency == main}
    return [by_hour.get(at, 0) for at in hours]


def _or_note(delta: formats.Delta | None) -> formats.Delta | str:
    """A comparison, or that there is nothing to compare with."""
    return delta or t("none before")


def _versus_hour(now: int | None, before: int | None) -> formats.Delta | str:
    delta = formats.delta_duration(now, before, current())
    return replace(delta, text=t("{change} vs 1 h ago", change=delta.text)) if delta else t("none before")


def _load(wanted: JobFilters, running: int) -> list[int]:
    """How many ran at the last looks of this session, with these filters."""
    question = repr({**wanted, "since": None})
    asked, seen = st.session_state.get("_running_seen", ("", []))
    seen = [*(seen if asked == question else []), running][-60:]
    st.session_state["_running_seen"] = (question, seen)
    return [0] * (12 - len(seen)) + seen


#: the board's table, and the selection in it
TABLE = "jobs_table"
RETRYABLE = ("failed", "partial", "cancelled")


def _ask_selected(name: acts.Name) -> None:
    # what is selected now: a row may have been ticked since the button was drawn
    acts.ask(name, selection.selected(TABLE))


def _ask_all(name: acts.Name, states_of: Sequence[str], filters: JobFilters) -> None:
    wanted: JobFilters = {**filters, "state": list(states_of)}
    ids = live.workbench().jobs.list_ids(**wanted) if states_of else []
    # of very many the newest are looked at
    acts.ask(name, ids[::-1] if len(ids) > acts.MOST else ids, filters=wanted)


def total_text(total: int, filters: JobFilters) -> str:
    """How many jobs match; of those that are searched by text, or more."""
    return formats.count(total) + ("+" if filters.get("text") and total >= MOST_COUNTED else "")


def bulk(total: int, filters: JobFilters) -> None:
    """Cancel, retry and priority for the selected jobs, or for all that match the filters. Each asks first."""
    chosen = selection.selected(TABLE)
    none = not chosen
    here = selection.count_shown(TABLE)
    st.caption(
        t("Select rows to act on them")
        if none
        else t("{n} selected", n=len(chosen))
        if here == len(chosen)
        else t("{n} selected, {here} of them shown here", n=len(chosen), here=here),
        width="content",
    )
    if not none:
        st.button(
            t("Clear selection"),
            key="bulk_clear",
            type="tertiary",
            icon=":material/close:",
            on_click=selection.clear,
            args=(TABLE,),
        )
    st.space("stretch")
    buttons: list[tuple[acts.Name, str]] = [("cancel", t("Cancel")), ("retry", t("Retry")), ("change", t("Priority"))]
    for name, title in buttons:
        st.button(
            title,
            key=f"bulk_{name}",
            icon=f":material/{acts.ICONS[name]}:",
            disabled=none,
            on_click=_ask_selected,
            args=(name,),
        )
    match = total_text(total, filters)
    with st.popover(t("All {n} that match", n=match), icon=":material/filter_alt:", key="bulk_all"):
        everything(total, filters)


def everything(total: int, filters: JobFilters) -> None:
    """Act on every job that matches the filters, beyond the rows shown."""
    st.caption(t("These act on all {n} jobs that match the filters, shown or not.", n=total_text(total, filters)))
    active, active_text = _count(states.ACTIVE, filters)
    failed, failed_text = _count(RETRYABLE, filters)
    buttons: list[tuple[acts.Name, str, list[str]]] = [
        ("cancel", t("Cancel {n} active", n=active_text), active),
        ("retry", t("Retry {n} that did not succeed", n=failed_text), failed),
        ("change", t("Set the priority of {n} active", n=active_text), active),
    ]
    for name, title, wanted in buttons:
        st.button(
            title,
            key=f"all_{name}",
            icon=f":material/{acts.ICONS[name]}:",
            disabled=not wanted,
            on_click=_ask_all,
            args=(name, wanted, filters),
        )


def _count(names: Collection[str], filters: JobFilters) -> tuple[list[str], str]:
    """Those of the states in which jobs match, and how many of them match."""
    given = filters.get("state")
    wanted = [s for s in names if not given or s in given]
    if not wanted:
        return [], formats.count(0)
    # of what is searched by text only the newest are counted, and those may all be in other states
    narrow: JobFilters = {**filters, "state": wanted} if filters.get("text") else filters
    counts = live.query(live.workbench().jobs.count_states, **narrow)
    found = [s for s in wanted if counts.get(s)]
    return found, total_text(sum(counts[s] for s in found), filters)
