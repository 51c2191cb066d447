"""Parts of the live board: metric cards, bulk actions, pause switches, workers with heartbeat ages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import streamlit as st

from workbench.db.rows.jobs import MOST_COUNTED, JobFilters
from workbench.db.rows.usage import JobSuccess, UsageCost
from workbench.ui import budgets, charts, formats, labels, live, shell, states
from workbench.ui.jobs import acts, selection
from workbench.ui.language import current, t
from workbench.ui.markup import plain, tell_apart

D = TypeVar("D", JobSuccess, budgets.DayCost)

DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000


def _minute(ms: int) -> int:
    """Times rounded down to a minute make one question of many."""
    return ms // 60_000 * 60_000


def _rate(rows: Sequence[JobSuccess]) -> float | None:
    done = sum(r.done or 0 for r in rows)
    return sum(r.succeeded or 0 for r in rows) / done if done else None


def _count_done(rows: Sequence[JobSuccess]) -> int:
    return sum(r.done or 0 for r in rows)


def money_of(rows: Sequence[UsageCost]) -> str:
    """A sum per currency, with what nobody knows the price of; a dash without a call."""
    return formats.price(sums_of(rows), count_unpriced(rows), current()) if rows else formats.MISSING


def count_unpriced(rows: Sequence[UsageCost]) -> int:
    """Calls that may have cost something that nobody knows."""
    return sum(row.unknown or 0 for row in rows)


def sums_of(rows: Sequence[UsageCost]) -> dict[str, int]:
    """Micros by currency."""
    sums: dict[str, int] = {}
    for row in rows:
        if row.cost_micros is not None and row.currency:
            sums[row.currency] = sums.get(row.currency, 0) + row.cost_micros
    return sums


def sum_in_one_currency(rows: Sequence[UsageCost]) -> int | None:
    """The sum when all of it is in one currency, for comparisons."""
    known = [(r.currency, r.cost_micros) for r in rows if r.cost_micros and r.currency]
    return sum(cost for _, cost in known) if len({currency for currency, _ in known}) == 1 else None


def metrics(project: int | None) -> None:
    """Running and slots, queue wait p95, done in 24 h, success rate, cost; each beside the day before."""
    now = _minute(live.clock_ms())
    counts = live.query(live.workbench().jobs.count_by_state, project=project, since=now - DAY_MS)
    slots = sum(w.threads for w in live.query(live.workbench().queues.list_workers) if w.is_live)
    usage = live.workbench().usage
    # the newest span ends in the minute that has begun
    before, hour = live.query(usage.queue_waits, since=now + MINUTE_MS - 2 * HOUR_MS, span_ms=HOUR_MS, spans=2)
    spans = live.query(usage.queue_waits, since=now + MINUTE_MS - HOUR_MS, span_ms=HOUR_MS // 12, spans=12)
    today = live.query(live.workbench().usage.job_success, since=now - DAY_MS, project=project)
    yesterday = live.query(
        live.workbench().usage.job_success, since=now - 2 * DAY_MS, until=now - DAY_MS, project=project
    )
    week = live.query(live.workbench().usage.job_success, since=now - 14 * DAY_MS, project=project, by_day=True)
    cost = live.query(live.workbench().usage.cost_totals_by, since=now - DAY_MS, project=project)
    cost_before = live.query(
        live.workbench().usage.cost_totals_by, since=now - 2 * DAY_MS, until=now - DAY_MS, project=project
    )
    cost_days = budgets.by_day(
        live.query(live.workbench().usage.cost_totals_by, "day", since=now - 14 * DAY_MS, project=project)
    )
    cards = st.columns(5, gap="small")
    with cards[0]:
        charts.metric(
            t("Running"),
            f"{int(counts['running'])} / {slots}",
            t("{n} slots", n=slots),
            good="none",
            history=_load(counts["running"]),
        )
    with cards[1]:
        charts.metric(
            t("Queue wait p95"),
            labels.duration_text(hour),
            _versus_hour(hour, before),
            good="down",
            history=[wait or 0 for wait in spans],
        )
    with cards[2]:
        charts.metric(
            t("Done in 24 h"),
            formats.count(_count_done(today)),
            _or_note(formats.delta_percent(_count_done(today), _count_done(yesterday))),
            history=_days(week, now, lambda r: r.done),
        )
    with cards[3]:
        charts.metric(
            t("Success rate"), formats.percent(_rate(today)),
            _or_note(formats.delta_points(_rate(today), _rate(yesterday), current())),
            history=_days(week, now, lambda r: _rate([r])),
        )  # fmt: skip
    with cards[4]:
        charts.metric(
            t("Cost in 24 h"), money_of(cost),
            _or_note(formats.delta_percent(sum_in_one_currency(cost), sum_in_one_currency(cost_before))),
            good="none",
            history=_days(cost_days, now, lambda r: r.cost_micros),
        )  # fmt: skip


def _days(rows: Sequence[D], now: int, value: Callable[[D], float | None]) -> list[float]:
    """A value for each of the last fourteen days; days without anything are 0."""
    last = now // DAY_MS * DAY_MS
    by_day = {r.day: value(r) or 0 for r in rows}
    return [by_day.get(last - i * DAY_MS, 0) for i in reversed(range(14))]


def _or_note(delta: formats.Delta | None) -> formats.Delta | str:
    """A comparison, or that there is nothing to compare with."""
    return delta or t("none before")


def _versus_hour(now: int | None, before: int | None) -> formats.Delta | str:
    delta = formats.delta_duration(now, before, current())
    return replace(delta, text=t("{change} vs 1 h ago", change=delta.text)) if delta else t("none before")


def _load(running: int) -> list[int]:
    """How many ran at the last looks of this session."""
    seen: list[int] = st.session_state.setdefault("_running_seen", [])
    seen.append(running)
    del seen[:-60]
    return [0] * (12 - len(seen)) + list(seen)


#: the board's table, and the selection in it
TABLE = "jobs_table"
RETRYABLE = ("failed", "partial", "cancelled")


def _ask_selected(name: acts.Name) -> None:
    # what is selected now: a row may have been ticked since the button was drawn
    acts.ask(name, selection.selected(TABLE))


def _ask_all(name: acts.Name, states_of: Sequence[str], filters: JobFilters) -> None:
    wanted: JobFilters = {**filters, "state": list(states_of)}
    acts.ask(name, live.workbench().jobs.list_ids(**wanted) if states_of else [])


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
    counts = live.query(live.workbench().jobs.count_states, **filters)
    active = [s for s in states.ACTIVE if counts.get(s)]
    failed = [s for s in RETRYABLE if counts.get(s)]
    buttons: list[tuple[acts.Name, str, list[str]]] = [
        ("cancel", t("Cancel {n} active", n=formats.count(sum(counts[s] for s in active))), active),
        ("retry", t("Retry {n} that did not succeed", n=formats.count(sum(counts[s] for s in failed))), failed),
        ("change", t("Set the priority of {n} active", n=formats.count(sum(counts[s] for s in active))), active),
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


def _gate(key: str, state_key: str) -> None:
    with shell.show_refusals():
        (live.workbench().queues.resume if st.session_state[state_key] else live.workbench().queues.pause)(key)


#: projects that have a switch at once; the others are chosen from a list
SWITCHES = 12


def _switched(projects: dict[str, str], closed: set[str]) -> dict[str, str]:
    """The newest projects, those that are paused, and whichever is chosen from the list of the others."""
    shown = {k: title for place, (k, title) in enumerate(projects.items()) if place < SWITCHES or k in closed}
    others = tell_apart({k: title for k, title in projects.items() if k not in shown})
    if others:
        chosen = st.selectbox(
            t("Another project"),
            list(others),
            index=None,
            format_func=others.__getitem__,
            placeholder=t("{n} more projects", n=len(others)),
            key="gate_other",
        )
        if chosen:
            shown[chosen] = projects[chosen]
    return shown


def pause_switches(closed: set[str]) -> None:
    """A switch each for the text queue, every workflow and every project: on means it runs."""
    wb = live.workbench()
    projects = {f"project:{p.id}": p.title for p in wb.projects.list_names()}
    groups = {
        t("Queues"): {"queue:text": t("Text")},
        t("Projects"): _switched(projects, closed),
        t("Workflows"): {f"kind:{w.name}": t(w.title) for w in wb.workflows.list()},
    }
    st.caption(t("Off: nothing new of it starts; what runs goes on."))
    for title, gates in groups.items():
        if gates:
            st.markdown(f":gray[{plain(title)}]")
        for key, name in gates.items():
            st.toggle(plain(name), key not in closed, key=f"gate_{key}", on_change=_gate, args=(key, f"gate_{key}"))


def workers() -> None:
    """Each worker with its load and the age of its last heartbeat."""
    rows = live.query(live.workbench().queues.list_workers)
    st.markdown(f"**{t('Workers')}**")
    if not rows:
        st.caption(t("No worker runs. Start one with `reelwright worker`."))
    for row in rows:
        silent = not row.is_live
        mark = ":red[:material/heart_broken:]" if silent else ":green[:material/check_circle:]"
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"worker_{row.name}"):
            st.markdown(f"{mark} {plain(row.name[-18:])}", width="content")
            st.space("stretch")
            age = t("just now") if row.age_ms < 2000 else t("{n} s ago", n=row.age_ms // 1000)
            shell.small(
                f"{row.busy}/{row.threads} · {age}",
                t("process {pid} on {host}", pid=row.pid, host=row.host),
            )
