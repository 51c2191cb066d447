"""Webhooks as people set them up: who is told of what, how it went, once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from workbench.db.rows.webhooks import Delivery, ListedWebhook
from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_
from workbench.ui import labels, live, once, shell
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.webhooks.events import EVENTS, TEST, USUAL
from workbench.webhooks.formats import FORMS

SHOWN = 8
#: state of a delivery → colour, icon, word
STATES: dict[str, tuple[Any, str, str]] = {
    "delivered": ("green", "check_circle", N_("Delivered")),
    "pending": ("gray", "schedule", N_("Under way")),
    "failed": ("red", "error", N_("Not delivered")),
}


def card(projects: Mapping[int, str]) -> None:
    """What is inside the card: the webhooks there are, and a way to add one."""
    wb = live.workbench()
    hooks = wb.webhooks.list()
    _new_secret()
    for hook in hooks:
        _line(hook, projects)
    if not hooks:
        st.caption(t("Nobody is told. A team's chat or a program can hear of failures, decisions and budgets."))
    # Another one after each webhook, so that it closes and holds nothing typed any more.
    turn = str(st.session_state.get("_webhooks_put", ""))
    with st.popover(t("Add a webhook"), icon=":material/add:", key=f"add_webhook{turn}"):
        _adder(projects, turn)


def _new_secret() -> None:
    """A new program's signing secret: there is no other moment to see it."""
    if secret := st.session_state.get("webhook_secret"):
        with st.container(border=True, key="webhook_secret_box"):
            st.markdown(f"**{t('Signing secret')}** :gray[{t('Copy it now; it is not shown again.')}]")
            st.code(secret, language=None)
            st.button(t("I have it"), key="webhook_secret_seen", on_click=_forget_secret)


def _forget_secret() -> None:
    del st.session_state["webhook_secret"]


def _line(hook: ListedWebhook, projects: Mapping[int, str]) -> None:
    number = hook.id
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"webhook_{number}"):
        st.markdown(f"{t(FORMS[hook.form].title)} · {plain(hook.host)}", width="content")
        if not hook.enabled:
            st.badge(t("Off"), color="gray", icon=":material/notifications_off:")
        elif hook.last:
            colour, icon, word = STATES[hook.last]
            st.badge(t(word), color=colour, icon=f":material/{icon}:")
        st.space("stretch")
        with shell.icon_popover("edit", t("Change"), f"webhook_edit_{number}"):
            _editor(hook)
    whose = t("all projects") if hook.project_id is None else plain(projects.get(hook.project_id, ""))
    st.caption(" · ".join([whose, *(t(EVENTS[e]) for e in hook.events)]))


def _editor(hook: ListedWebhook) -> None:
    number, webhooks = hook.id, live.workbench().webhooks
    events = st.multiselect(
        t("Tell of"), list(EVENTS), hook.events, format_func=_events().__getitem__, key=f"webhook_events_{number}",
        on_change="ignore",
    )  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        if st.button(t("Save"), key=f"webhook_save_{number}", type="primary"):
            with shell.show_refusals():
                webhooks.subscribe(number, events)
                shell.toast(t("Saved."))
            live.redraw_page()
        if st.button(t("Try it"), key=f"webhook_try_{number}", icon=":material/send:", disabled=not hook.enabled):
            _try(number)
        if st.button(t("Switch off") if hook.enabled else t("Switch on"), key=f"webhook_switch_{number}"):
            with shell.show_refusals():
                webhooks.enable(number, not hook.enabled)
            live.redraw_page()
        if st.button(t("Remove"), key=f"webhook_remove_{number}", icon=":material/delete:"):
            with shell.show_refusals():
                webhooks.remove(number)
                shell.toast(t("The webhook is gone."))
            live.redraw_page()
    for delivery in webhooks.list_deliveries(number, most=SHOWN):
        _delivery(delivery)


def _events() -> dict[str, str]:
    return {TEST: t("A greeting"), **{name: t(title) for name, title in EVENTS.items()}}


def _try(number: int) -> None:
    with shell.show_refusals():
        delivery = live.workbench().webhooks.send_test(number)
        if delivery.state == "delivered":
            shell.toast(t("It was delivered."))
        else:
            st.session_state["_refused"] = labels.translate_stored(delivery, "error")
    live.redraw_page()


def _delivery(delivery: Delivery) -> None:
    colour, icon, word = STATES[delivery.state]
    event = f"{_events()[delivery.event]} :gray[{labels.age_text(delivery.created_at)}]"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"delivery_{delivery.id}"):
        st.markdown(
            f":{colour}[:material/{icon}: {t(word)}] {event}",
            width="content",
        )
        st.space("stretch")
        if delivery.state == "failed":
            st.button(
                "", icon=":material/refresh:", type="tertiary", key=f"delivery_again_{delivery.id}",
                help=t("Send it again"), on_click=_again, args=(delivery.id,),
            )  # fmt: skip
    if delivery.error and delivery.state != "delivered":
        st.caption(plain(labels.translate_stored(delivery, "error")))


def _again(delivery_id: int) -> None:
    with shell.show_refusals():
        live.workbench().webhooks.send_again(delivery_id)


def _adder(projects: Mapping[int, str], turn: str) -> None:
    issues: Sequence[Issue] = st.session_state.get("webhook_issues", [])
    titles = {name: t(form.title) for name, form in FORMS.items()}
    form = str(st.selectbox(t("For"), list(titles), format_func=titles.__getitem__, key=f"new_webhook_form{turn}"))
    url = st.text_input(
        t("Address"), type="password", key=f"new_webhook_url{turn}", autocomplete="off", placeholder="https://…",
        live="0s",
        help=t("Whoever has it can write there: it is sealed like a key and not shown again."), on_change="ignore",
    )  # fmt: skip
    _wrong(issues, "url")
    events = st.multiselect(
        t("Tell of"),
        list(EVENTS),
        list(USUAL),
        format_func=_events().__getitem__,
        key=f"new_webhook_events{turn}",
        on_change="ignore",
    )
    _wrong(issues, "events")
    project = st.selectbox(
        t("Of"), [None, *projects], key=f"new_webhook_project{turn}", on_change="ignore",
        format_func=lambda i: t("all projects") if i is None else projects[i], placeholder=t("all projects"),
    )  # fmt: skip
    private = st.checkbox(
        t("The address is in my own network"), key=f"new_webhook_private{turn}", on_change="ignore",
        help=t("Without this, addresses of this machine and of private networks are refused."),
    )  # fmt: skip
    if st.button(t("Add"), key=f"new_webhook_go{turn}", type="primary"):
        _add(url, form=form, events=events, project_id=project, allow_private=private)


def _wrong(issues: Sequence[Issue], field: str) -> None:
    for issue in (i for i in issues if i.path == field):
        st.markdown(f":red[:material/error: {plain(labels.issue_text(issue))}]")


def _add(url: str, **options: Any) -> None:
    try:
        add = partial(
            live.workbench().webhooks.add, url, lang=current(), page_url=_pages(), user=shell.user(), **options
        )
        webhook = once.do("add webhook", [url, options], add)
    except InvalidInput as error:
        st.session_state["webhook_issues"] = error.issues
    else:
        st.session_state.pop("webhook_issues", None)
        st.session_state["_webhooks_put"] = st.session_state.get("_webhooks_put", 0) + 1
        if webhook.secret:
            st.session_state["webhook_secret"] = webhook.secret
        shell.toast(t("The webhook is set. Try it."))
    live.redraw_page()


def _pages() -> str | None:
    """Where this browser reaches the pages: links in what is told lead there."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else None
