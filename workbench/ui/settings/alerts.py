"""Rules as people set them up, and what they noticed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

import streamlit as st

from workbench.db.rows.alerts import Alert, AlertRule
from workbench.i18n import translate
from workbench.ui import formats, labels, live, older, shell
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.usage.alerts import KINDS, Kind, describe

_TURN = "_alert_rules_put"
#: alerts on a page, and at the top of one
PAGE, MOST_BANNERS = 6, 3
LIST = "alerts"


def card(projects: Mapping[int, str]) -> None:
    """What is inside the card: the rules there are, a way to add one, and what they noticed."""
    wb = live.workbench()
    rules = wb.alerts.list_rules()
    for rule in rules:
        _line(rule, projects)
    if not rules:
        st.caption(t("Nothing is watched. A rule notices a costly day, many failures, a queue that stands still."))
    turn = str(st.session_state.get(_TURN, ""))
    with st.popover(t("Add a rule"), icon=":material/add:", key=f"add_alert_rule{turn}"):
        _adder(projects, turn)
    for alert in older.turn(LIST, wb.alerts.list(PAGE + 1, older.before(LIST)), PAGE):
        colour, icon = ("orange", "notifications_active") if alert.ended_at is None else ("gray", "history")
        told = plain(translate(describe(alert), current()))
        st.markdown(f":{colour}[:material/{icon}:] {told} :gray[{labels.age_text(alert.raised_at)}]")


def _line(rule: AlertRule, projects: Mapping[int, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"alert_rule_{rule.id}"):
        whose = t("all projects") if rule.project_id is None else projects.get(rule.project_id, "")
        st.markdown(f"{t(KINDS[_kind(rule)])} :gray[{plain(whose)}]", width="content")
        if not rule.enabled:
            st.badge(t("Off"), color="gray", icon=":material/notifications_off:")
        st.space("stretch")
        if limit := _limit(rule):
            st.markdown(f"**{limit}**", width="content")
        with shell.icon_popover("edit", t("Change"), f"alert_rule_edit_{rule.id}"):
            if st.button(t("Switch off") if rule.enabled else t("Switch on"), key=f"alert_switch_{rule.id}"):
                with shell.show_refusals():
                    live.workbench().alerts.enable_rule(rule.id, not rule.enabled)
                live.redraw_page()
            if st.button(t("Remove"), key=f"alert_remove_{rule.id}", icon=":material/delete:"):
                with shell.show_refusals():
                    live.workbench().alerts.remove_rule(rule.id)
                    shell.toast(t("The rule is gone."))
                live.redraw_page()


def _kind(rule: AlertRule) -> Kind:
    return next(kind for kind in KINDS if kind == rule.kind)


def _limit(rule: AlertRule) -> str:
    if rule.kind == "spend_day":
        return formats.money(rule.threshold, rule.currency)
    if rule.kind == "failure_share":
        return plain(f"{rule.threshold} %")
    return plain(t("{n} min", n=rule.threshold)) if rule.kind == "stuck_queue" else ""


def _adder(projects: Mapping[int, str], turn: str) -> None:
    kinds = {kind: t(title) for kind, title in KINDS.items()}
    kind: Kind = st.selectbox(t("Watch"), list(kinds), format_func=kinds.__getitem__, key=f"new_alert_kind{turn}")
    threshold, currency, project = "0", None, None
    if kind != "worker_gone":
        left, right = st.columns(2)
        label = {
            "spend_day": t("More than, a day"),
            "failure_share": t("Percent, or more"),
            "stuck_queue": t("Minutes, or more"),
        }[kind]
        usual = {"spend_day": "50", "failure_share": "20", "stuck_queue": "15"}[kind]
        threshold = left.text_input(label, usual, key=f"new_alert_{kind}{turn}", on_change="ignore")
        if kind == "spend_day":
            currency = str(right.selectbox(t("Currency"), ["CNY", "USD"], key=f"new_alert_currency{turn}"))
        project = st.selectbox(
            t("For"), [None, *projects], key=f"new_alert_project{turn}",
            format_func=lambda i: t("all projects") if i is None else projects[i],
        )  # fmt: skip
    if st.button(t("Add"), key=f"new_alert_go{turn}", type="primary"):
        _add(kind, threshold, currency, project)
        live.redraw_page()


def _add(kind: Kind, typed: str, currency: str | None, project: int | None) -> None:
    try:
        number = Decimal(typed.strip())
        value = int(number * 1_000_000 if kind == "spend_day" else number)
    except (InvalidOperation, ValueError, OverflowError):
        st.session_state["_refused"] = t("{typed} is no number.", typed=plain(typed))
        return
    with shell.show_refusals():
        live.workbench().alerts.add_rule(
            kind, value, currency=currency, project_id=project, time_zone=st.context.timezone or "UTC",
            user=shell.user(),
        )  # fmt: skip
        st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
        shell.toast(t("The rule is set."))


def show_holding() -> None:
    """At the top of a page: what holds now, until somebody has seen it. A host that is gone may have had many
    workers: beyond a few they are counted."""
    shown = live.query(live.workbench().alerts.list_shown)
    for alert in shown[:MOST_BANNERS]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"alert_{alert.id}"):
            st.warning(plain(translate(describe(alert), current())), icon=":material/notifications_active:")
            _seen([alert])
    if rest := shown[MOST_BANNERS:]:
        with st.container(horizontal=True, vertical_alignment="center", key="alerts_more"):
            st.markdown(f":orange[{t('and {n} more', n=len(rest))}]", width="content")
            _seen(rest)


def _seen(alerts: Sequence[Alert]) -> None:
    st.button(
        t("Seen"), key=f"alert_seen_{alerts[0].id}", icon=":material/check:", type="tertiary", on_click=_dismiss,
        args=([alert.id for alert in alerts],), width="content",
    )  # fmt: skip


def _dismiss(alert_ids: Sequence[int]) -> None:
    with shell.show_refusals():
        for alert_id in alert_ids:
            live.workbench().alerts.dismiss(alert_id)
        live.invalidate()
