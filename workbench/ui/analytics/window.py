"""Which calls are looked at: a stretch of time in the reader's zone, filters, and the one day that was clicked on.

All of it stands in the URL, so that a link, a reload and the way back show the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import streamlit as st

from workbench import periods
from workbench.db.rows.usage import JobSuccess, JobTimes, Latency, UsageCost, UsageTotals
from workbench.db.rows.waste import DayWaste
from workbench.json_types import JsonObject
from workbench.ui import budgets, filters, formats, labels, live, older
from workbench.ui.language import current, t
from workbench.ui.markup import plain

T = TypeVar("T")
D = TypeVar("D", UsageTotals, UsageCost, Latency, JobSuccess, JobTimes, DayWaste, budgets.DayCost)

#: a longer stretch has more days than a screen has points
MOST_DAYS = 3_660
#: what a click on a chart narrows the page to, beside the filters of its sidebar: parameter → filter of calls
MARKS = {"node": "node", "profile": "profile", "user": "user"}


@dataclass(frozen=True)
class Window:
    """The time that is looked at, and the one before that it is compared with; epoch ms. `scope`: filters of calls,
    with what was clicked on.
    `zone`: whose days. `whole`: the stretch that one day of was clicked on, None when no day was."""

    scope: JsonObject
    before: int
    since: int
    until: int
    zone: str
    whole: tuple[int, int] | None = None

    @property
    def key(self) -> str:
        """Another one for each other window: what was clicked on in one means nothing in the next."""
        return f"{self.since}_{self.until}_{'_'.join(str(v) for v in self.scope.values() if v is not None)}"

    def compare(self, method: Callable[..., T], *args: str) -> tuple[T, T]:
        """What a resource's method answers for the time looked at, and for the one before."""
        now = live.query(method, *args, since=self.since, until=self.until, **self.scope)
        return now, live.query(method, *args, since=self.before, until=self.since, **self.scope)

    def ask(self, method: Callable[..., list[T]], *args: str) -> list[T]:
        return live.query(method, *args, since=self.since, until=self.until, **self.scope)

    def by_day(self, method: Callable[..., list[D]], *args: str) -> list[D]:
        return live.query(method, *args, since=self.since, until=self.until, time_zone=self.zone, **self.scope)

    @property
    def days(self) -> list[int]:
        """The first moment of each day."""
        zone = ZoneInfo(self.zone)
        return periods.starts_of_days(
            periods.day_of(self.since, zone), periods.day_of(max(self.since, self.until - 1), zone), zone
        )[:-1]

    @property
    def day_labels(self) -> list[str]:
        """With the year where a day comes more than once."""
        zone, days = ZoneInfo(self.zone), self.days
        if len(days) < 360:
            return [self.label(at) for at in days]
        return [f"{self.label(at)} {periods.day_of(at, zone).year}" for at in days]

    def list_unheeded(self, *followed: str) -> list[str]:
        """The filters that a figure does not follow, by their titles; `followed`: the names of those that it does."""
        titles = {
            "project": t("Project"), "workflow": t("Workflow"), "model": t("Model"), "profile": t("Model profile"),
            "user": t("Person"), "node": t("Place"),
        }  # fmt: skip
        chosen = [name for name, value in self.scope.items() if value is not None and name not in followed]
        return [titles[name] for name in chosen]

    def say_wider(self, *followed: str) -> None:
        """Say on a figure that it is of more than the page's filters leave."""
        if unheeded := self.list_unheeded(*followed):
            told = t(
                "Of more than is chosen: this is not told apart by {filters}.", filters=plain(labels.join(unheeded))
            )
            st.caption(told)

    def label(self, at: int) -> str:
        return formats.day(at, current(), ZoneInfo(self.zone))

    def count_by_day(self, rows: Sequence[D], value: Callable[[D], float | None]) -> list[float]:
        """An amount for every day; 0 on days that have none."""
        return [amount or 0 for amount in self.rate_by_day(rows, value)]

    def rate_by_day(self, rows: Sequence[D], value: Callable[[D], float | None]) -> list[float | None]:
        """A share or a time for every day; None on days without anything that has one: that is no 0 %."""
        by_day = {r.day: value(r) for r in rows}
        return [by_day.get(d) for d in self.days]

    def pick_day(self, index: int) -> None:
        """Show one of the days alone."""
        days = self.days
        if len(days) > 1 and 0 <= index < len(days):
            older.forget()
            st.query_params["day"] = periods.day_of(days[index], ZoneInfo(self.zone)).isoformat()

    def describe(self) -> str:
        """“29 Oct – 27 Nov, against the period before”; with times where it begins or ends within a day."""
        zone = ZoneInfo(self.zone)
        if all(periods.start_of(periods.day_of(at, zone), zone) == at for at in (self.since, self.until)):
            first, last = self.label(self.since), self.label(self.until - 1)
        else:
            first, last = (formats.absolute(at, zone)[:16] for at in (self.since, self.until))
        span = first if first == last else f"{first} – {last}"
        return t("{span} ({zone}), against the period before", span=span, zone=self.zone)


def choose() -> Window:
    """The sidebar of Analytics."""
    wb = live.workbench()
    projects = {p.id: p.title for p in live.query(wb.projects.list_names, include_archived=True)}
    kinds = {w.name: t(w.title) for w in wb.workflows.list()}
    with st.sidebar:
        st.markdown(f"**{t('Scope')}**")
        days = filters.segment("days", t("Period"), {"7": t("7 d"), "30": t("30 d"), "90": t("90 d")}, "30")
        since, until = _choose_stretch(int(days))
        project = filters.project(projects)
        workflow = filters.select("kind", t("Workflow"), kinds, t("All workflows"))
        model = filters.select("model", t("Model"), {m: m for m in live.query(wb.usage.list_models)}, t("All models"))
    scope: JsonObject = {"project": project, "workflow": workflow or None, "model": model or None, **marked()}
    return _narrow(scope, since, until, zone_name())


def zone_name() -> str:
    """The browser's time zone, UTC when it does not say, or says one that nobody knows."""
    return str(labels.zone() or "UTC")


def _choose_stretch(days: int) -> tuple[int, int]:
    """From and to: whole days up to today, or as they were set, in the browser's time zone."""
    zone = ZoneInfo(zone_name())
    today = periods.day_of(live.clock_ms(), zone)
    end = periods.start_of(today + timedelta(days=1), zone)
    if not filters.switch("range", t("From – to")):
        return periods.start_of(today - timedelta(days=days - 1), zone), end
    first, last = (filters.moment(name, label) for name, label in (("from", t("From")), ("to", t("To"))))
    until = end if last is None else round(last.timestamp()) * 1000
    if first is None:
        return periods.start_of(periods.day_of(until - 1, zone) - timedelta(days=days - 1), zone), until
    since = round(first.timestamp()) * 1000
    if since >= until:
        st.warning(t("It ends before it begins. Shown is the day on which it begins."))
        since = periods.start_of(periods.day_of(since, zone), zone)
        return since, periods.start_of(periods.day_of(since, zone) + timedelta(days=1), zone)
    longest = MOST_DAYS * periods.DAY_MS
    if until - since > longest:
        st.warning(t("Shown are its last ten years."))
        since = until - longest
    return since, until


def _narrow(scope: JsonObject, since: int, until: int, name: str) -> Window:
    zone = ZoneInfo(name)
    whole = None
    with contextlib.suppress(ValueError, OverflowError):
        day = date.fromisoformat(st.query_params.get("day", ""))
        first, last = periods.start_of(day, zone), periods.start_of(day + timedelta(days=1), zone)
        if first < until and last > since:
            whole, since, until = (since, until), max(since, first), min(until, last)
    return Window(scope, periods.begin_before(since, until, zone), since, until, name, whole)


def marked() -> JsonObject:
    """What a click narrowed the page to."""
    found: JsonObject = {}
    for name, field in MARKS.items():
        value = st.query_params.get(name, "")
        if field == "user" and value:
            found[field] = value
        elif value.isdecimal() and len(value) < 19:
            found[field] = int(value)
    return found


def mark(name: str, value: object) -> None:
    """Filter by what was clicked on."""
    older.forget()
    st.query_params[name] = str(value)


def clear(*names: str) -> None:
    older.forget()
    for name in names:
        st.query_params.pop(name, None)


def show_stretch(since: int, until: int, project: int | None) -> None:
    """All calls of a stretch of time, epoch ms, in a project or everywhere: without what else was chosen."""
    clear("day", "kind", "model", "project", *MARKS)
    st.query_params.update({"range": "1", "from": filters.tell_moment(since), "to": filters.tell_moment(until)})
    if project is not None:
        st.query_params["project"] = str(project)
