"""A group of failures as a card: what went wrong, how often and since when, of what, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import streamlit as st

from workbench.db.rows.jobs import FailureGroup, GroupFilters
from workbench.errors import find_kind
from workbench.i18n import N_
from workbench.ui import charts, formats, labels, live, older, shell, states
from workbench.ui.jobs import acts
from workbench.ui.language import t
from workbench.ui.markup import plain, safe, shorten

Said = Literal["open", "resolved", "ignored"]


class Scope(TypedDict):
    """Which failures: of a project, from a moment on (epoch ms); None is no filter."""

    project: int | None
    since: int | None


@dataclass(frozen=True)
class View:
    """What a group is shown as: what is said of it, and that nothing is left to make good."""

    title: str
    icon: str
    colour: states.Colour
    help: str


VIEWS: dict[str, View] = {
    "regressed": View(N_("Regressed"), "trending_up", "red", N_("It was resolved, and has failed again since.")),
    "open": View(N_("Open"), "radio_button_unchecked", "orange", N_("Nobody has said anything of it yet.")),
    "good": View(N_("Made good"), "task_alt", "green", N_("Every failure was made good: by a replay, or a later run.")),
    "resolved": View(N_("Resolved"), "check_circle", "green", N_("The next failure brings it back and is told.")),
    "ignored": View(
        N_("Ignored"), "notifications_off", "gray", N_("It stays out of the list, however often it fails.")
    ),
}
#: whether the same request can simply be sent again, by kind
AGAIN: dict[str, tuple[str, str, states.Colour]] = {
    "safe": (N_("Safe to retry"), "replay", "green"),
    "change": (N_("Change something first"), "edit_note", "orange"),
    "charged": (N_("May be charged twice"), "payments", "red"),
}


def view_of(group: FailureGroup) -> str:
    return "good" if group.state == "open" and group.replayed == group.count else group.state


def title_of(group: FailureGroup) -> str:
    return labels.error_title(group.error_kind) or t("Unknown failure")


def open_group(fingerprint: str) -> None:
    older.forget()
    st.query_params["group"] = fingerprint


def close_group() -> None:
    older.forget()
    st.query_params.pop("group", None)


def say(fingerprint: str, state: Said) -> None:
    with shell.show_refusals():
        live.workbench().jobs.set_group_state(fingerprint, state, user=shell.user())
        live.invalidate()


def retry_all(group: FailureGroup, wanted: Scope) -> None:
    """Ask first: those of the group that the page's filters show and nothing has made good, and no other."""
    acts.ask("retry", list_left(group, wanted), group=shown(group, wanted))


def shown(group: FailureGroup, wanted: Scope) -> GroupFilters:
    """The failures that a card has counted, none that came after it was drawn."""
    return {"fingerprint": group.fingerprint, **wanted, "until": group.last_at}


def list_left(group: FailureGroup, wanted: Scope, limit: int | None = None) -> list[int]:
    """Those that nothing has made good, among the newest `limit` when given; all of them when there is none left, each
    then says why."""
    listed = live.workbench().jobs.list_group(**shown(group, wanted), limit=limit)
    return [job_id for job_id, repair in listed if repair is None] or [job_id for job_id, _ in listed]


def card(
    group: FailureGroup,
    names: dict[str, dict[int, str]],
    wanted: Scope,
    remedies: Callable[[], None],
    inspect: Callable[[], None] | None,
) -> None:
    """`names`: titles of projects and names of profiles, by id; `remedies` draws their buttons; `inspect` what is below
    an open card."""
    key = group.fingerprint
    with st.container(border=True, gap="xsmall", key=f"group_{key}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(title_of(group))}**", width="content")
            states.badge("failed", group.count)
            _badges(group)
            st.space("stretch")
            _trend(group)
            seen = t(
                "first {first} · last {last}",
                first=labels.age_text(group.first_at),
                last=labels.age_text(group.last_at),
            )
            shell.small(seen, f"{labels.time_text(group.first_at)} – {labels.time_text(group.last_at)}")
        st.markdown(plain(shorten(labels.translate_stored(group, "error"), 260)))
        title, icon, colour = AGAIN[find_kind(group.error_kind).again]
        st.markdown(
            f":{colour}-badge[:material/{icon}: {t(title)}] :material/build: **{labels.remedy(group.error_kind)}**"
        )
        st.caption(plain(_affected(group, names)))
        _actions(group, wanted, inspect is not None, remedies)
        if inspect is not None:
            inspect()


def _badges(group: FailureGroup) -> None:
    view = VIEWS[view_of(group)]
    if view_of(group) != "open":
        st.badge(t(view.title), icon=f":material/{view.icon}:", color=view.colour, help=_said(group))
    if 0 < group.replayed < group.count or (group.replayed and view_of(group) != "good"):
        st.badge(t("made good {n}", n=group.replayed), icon=":material/check_circle:", color="green")


def _said(group: FailureGroup) -> str:
    """Who has said so and when; of what has come back, by which job."""
    view = VIEWS[view_of(group)]
    if group.state_by is not None and group.state_at is not None:
        return t("{what} By {who}, {when}.", what=plain(t(view.help)), who=plain(group.state_by),
                 when=labels.age_text(group.state_at))  # fmt: skip
    if group.regressed_by is not None and group.state_at is not None:
        return t("{what} By job {job}, {when}.", what=plain(t(view.help)), job=int(group.regressed_by),
                 when=labels.age_text(group.state_at))  # fmt: skip
    return plain(t(view.help))


def _trend(group: FailureGroup) -> None:
    if len(group.trend) < 2:
        return
    unit = t("failures per hour") if group.span_ms <= 3_600_000 else t("failures per day")
    said = t("{unit}, most {most}, since {since}", unit=unit, most=max(group.trend),
             since=labels.time_text(group.trend_from))  # fmt: skip
    line = charts.sparkline(group.trend, charts.palette(), 22)
    st.html(f"<div role='img' title='{safe(said)}' aria-label='{safe(said)}' style='width:110px'>{line}</div>",
            width="content")  # fmt: skip


def _affected(group: FailureGroup, names: dict[str, dict[int, str]]) -> str:
    """Of which workflows, projects, models, profiles and versions its failures are."""
    lists: list[tuple[str, Sequence[str]]] = [
        ("", [labels.workflow_title(kind) for kind in group.kinds]),
        ("", [names["project"].get(i, str(i)) for i in group.projects] or [t("no project")]),
        (t("model"), group.models),
        (t("profile"), [names["profile"].get(i, str(i)) for i in group.profiles]),
        (t("version"), group.versions),
    ]
    return " · ".join(f"{title} {_list(items)}".strip() for title, items in lists if items)


def _list(items: Sequence[str], most: int = 4) -> str:
    shown = labels.join(shorten(item, 40) for item in items[:most])
    return shown if len(items) <= most else t("{items} and {n} more", items=shown, n=len(items) - most)


def _actions(group: FailureGroup, wanted: Scope, is_open: bool, remedies: Callable[[], None]) -> None:
    key, left = group.fingerprint, group.count - group.replayed
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"acts_{key}"):
        if is_open:
            st.button(t("Close"), key=f"close_{key}", icon=":material/expand_less:", on_click=close_group)
        else:
            st.button(
                t("Inspect"), key=f"inspect_{key}", icon=":material/expand_more:", on_click=open_group, args=(key,)
            )
        st.button(
            t("Replay all {n}", n=formats.count(left)) if left else t("Replay all"),
            key=f"all_{key}",
            type="primary" if is_open and left else "secondary",
            icon=":material/restart_alt:",
            on_click=retry_all,
            args=(group, wanted),
        )
        remedies()
        st.space("stretch")
        if group.state in ("open", "regressed"):
            _say(group, "resolved", t("Resolve"), "check_circle")
            _say(group, "ignored", t("Ignore"), "notifications_off")
        else:
            _say(group, "open", t("Open again"), "radio_button_unchecked")


def _say(group: FailureGroup, state: Said, label: str, icon: str) -> None:
    st.button(
        label, key=f"{state}_{group.fingerprint}", type="tertiary", icon=f":material/{icon}:", on_click=say,
        args=(group.fingerprint, state), help=plain(t(VIEWS[state].help)) if state != "open" else None,
    )  # fmt: skip
