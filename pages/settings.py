"""Settings: budgets, exchange rate, how long things are kept, where they are, and whether all is well."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import streamlit as st

from workbench import health
from workbench.errors import InvalidInput, ReelwrightError
from workbench.i18n import translate
from workbench.settings import variable
from workbench.ui import budgets, formats, labels, live, shell
from workbench.ui.charts import palette
from workbench.ui.language import current, t
from workbench.ui.markup import code, hide_keys, plain, tell_apart
from workbench.ui.settings import alerts, webhooks
from workbench.usage.budgets import State

wb = live.workbench()
MICROS = 1_000_000
MARKS: dict[int, Literal["green", "orange", "red"]] = {0: "green", 80: "orange", 95: "orange", 100: "red"}


def card(title: str, icon: str, key: str, tip: str | None = None) -> Any:
    box = st.container(border=True, key=f"settings_{key}")
    box.markdown(f"**:material/{icon}: {title}**", help=tip)
    return box


# -- money -------------------------------------------------------------------------------------------------------------


def money() -> None:
    with card(
        t("Budgets"),
        "savings",
        "budgets",
        t("Warned of at 80 and 95 %; at 100 % nothing paid begins until it is raised."),
    ):
        states = wb.budgets.list(everything=True)
        titles = tell_apart({p.id: p.title for p in wb.projects.list_names(include_archived=True)})
        for state in states:
            budget(state, titles)
        if not states:
            st.caption(t("There is no budget: jobs spend what they need."))
        adder(titles, states)
    with (
        card(t("Exchange rate"), "currency_exchange", "rate"),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        now = wb.budgets.exchange_rate()
        typed = st.number_input(
            t("Yuan for one dollar"), value=float(now), step=0.01, format="%.4f", key="usd_cny", width=220
        )
        if st.button(t("Set"), key="usd_cny_set", disabled=Decimal(str(typed)) == now):
            with shell.show_refusals():
                wb.budgets.set_exchange_rate(str(typed or 0))
                shell.toast(t("The exchange rate is set."))
            live.redraw_page()
        st.caption(t("Calls keep the currency of their price; budgets and sums of both use this rate."))


def budget(state: State, titles: dict[int, str]) -> None:
    whose = plain(budgets.whose_in_words(state, titles))
    with st.container(key=f"budget_{state.key.replace(':', '_')}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{whose}", width="content")
            if state.mark:
                st.badge(f"{state.percent:.0f} %", color=MARKS[state.mark], icon=":material/warning:")
            st.space("stretch")
            amounts = " / ".join(formats.money(m, state.currency) for m in (state.spent_micros, state.amount_micros))
            st.markdown(f"**{amounts}**", width="content")
            edit = f"edit_{state.key}{st.session_state.get('_budgets_put', '')}"
            with shell.icon_popover("edit", t("Change"), edit):
                # Without bounds, here and below: the browser would keep an amount outside them and the old one be
                # saved.
                amount = st.number_input(
                    t("Amount"), value=state.amount_micros / MICROS, step=10.0, key=f"amount_{state.key}",
                    on_change="ignore",
                )  # fmt: skip
                if st.button(t("Save"), key=f"save_{state.key}", type="primary"):
                    put(amount or 0, state.currency, state.project_id, state.period)
                if st.button(t("Take the budget away"), key=f"drop_{state.key}", icon=":material/delete:"):
                    put(None, state.currency, state.project_id, state.period)
        bar(state)
        if state.unpriced:
            st.caption(t("{n} calls have no known price and are not in it.", n=state.unpriced))


def bar(state: State) -> None:
    """How much is used, with the marks at which people are warned."""
    colours = palette()
    fill = {"green": colours.green, "orange": colours.orange, "red": colours.red}[MARKS[state.mark]]
    marks = "".join(
        f"<i style='position:absolute;left:{m}%;top:-2px;height:10px;width:1px;background:{colours.muted}'></i>"
        for m in (80, 95)
    )
    st.html(
        f"<div style='position:relative;height:6px;border-radius:3px;background:{colours.panel}'>"
        f"<div style='height:6px;border-radius:3px;width:{min(state.percent, 100):.1f}%;background:{fill}'></div>"
        f"{marks}</div>"
    )


def adder(titles: dict[int, str], states: list[State]) -> None:
    # Another one after each budget, so that it closes.
    with st.popover(
        t("Add a budget"), icon=":material/add:", key=f"add_budget{st.session_state.get('_budgets_put', '')}"
    ):
        options = [None, *titles]
        project = st.selectbox(
            t("For"), options, key="new_budget_project", placeholder=t("All projects, each month"),
            format_func=lambda i: t("All projects, each month") if i is None else titles[i],
        )  # fmt: skip
        period = "month"
        if project is not None:
            named = {"month": t("each month"), "all": t("in all")}
            period = str(
                st.radio(
                    t("Period"), list(named), format_func=named.__getitem__, key="new_budget_period", horizontal=True
                )
            )
        left, right = st.columns(2)
        amount = left.number_input(t("Amount"), value=100.0, step=10.0, key="new_budget_amount", on_change="ignore")
        currency = str(right.selectbox(t("Currency"), ["CNY", "USD"], key="new_budget_currency"))
        there = next((s for s in states if (s.project_id, s.period) == (project, period)), None)
        if there:
            st.caption(t("Takes the place of {amount}.", amount=formats.money(there.amount_micros, there.currency)))
        if st.button(t("Replace") if there else t("Add"), key="new_budget_go", type="primary"):
            put(amount or 0, currency, project, period)


def put(amount: float | None, currency: str, project: int | None, period: Any) -> None:
    """None takes it away."""
    try:
        micros = None if amount is None else int(Decimal(str(amount)) * MICROS)
        wb.budgets.set(micros, currency=currency, project_id=project, period=period, user=shell.user())
    except (InvalidInput, InvalidOperation) as error:
        st.session_state["_refused"] = labels.error_text(error) if isinstance(error, ReelwrightError) else str(error)
    else:
        st.session_state["_budgets_put"] = st.session_state.get("_budgets_put", 0) + 1
        shell.toast(t("The budget is set.") if amount is not None else t("The budget is gone."))
    live.redraw_page()


# -- keeping -----------------------------------------------------------------------------------------------------------


def retention() -> None:
    with card(
        t("How long things are kept"),
        "history",
        "retention",
        t("Versions, pictures that one uses, tokens and costs are kept for ever."),
    ):
        now = wb.settings.retention()
        # Without bounds, as above.
        left, right = st.columns(2)
        raw = left.number_input(
            t("Prompts and raw answers, days"), value=now.raw_io_days, step=1, key="raw_io_days",
            help=t("They are what Debug replays and re-parses from."),
        )  # fmt: skip
        keep = right.number_input(
            t("Finished jobs, days"), value=now.job_keep_days, step=1, key="job_keep_days", placeholder=t("for ever"),
            help=t("Then their events, steps and tracebacks are forgotten; the jobs stay."),
        )  # fmt: skip
        left, right = st.columns(2)
        days = left.number_input(
            t("Remove whole jobs after, days"), value=now.prune_days, step=1, key="prune_days", placeholder=t("never"),
            help=t("With their attempts, steps, events, prompts and answers. What they made and cost stays."),
        )  # fmt: skip
        last = right.number_input(
            t("But keep the newest"), value=now.prune_last, step=1, key="prune_last", placeholder=t("none"),
            help=t("So many that succeeded and as many that did not. Without days: only these are kept."),
        )  # fmt: skip
        wanted = (raw, keep, days, last)
        changed = wanted != (now.raw_io_days, now.job_keep_days, now.prune_days, now.prune_last)
        if st.button(t("Save"), key="retention_save", disabled=not changed, type="primary"):
            save_retention(*wanted)
            live.redraw_page()


def save_retention(raw: int, *others: int | None) -> None:
    try:
        wb.settings.set_retention(int(raw), *(None if n is None else int(n) for n in others))
        shell.toast(t("Saved."))
    except InvalidInput as error:
        titles = {
            "raw_io_days": t("Prompts and raw answers, days"),
            "job_keep_days": t("Finished jobs, days"),
            "prune_days": t("Remove whole jobs after, days"),
            "prune_last": t("But keep the newest"),
        }
        sentences = [f"{titles[issue.path]} – {labels.issue_text(issue)}" for issue in error.issues]
        st.session_state["_refused"] = " ".join(sentences)


def notifications() -> None:
    with card(
        t("Webhooks"), "campaign", "webhooks", t("Told by the workers, tried again for a day when nobody answers.")
    ):
        webhooks.card({p.id: hide_keys(p.title) for p in wb.projects.list_names()})


def alert_rules() -> None:
    with card(t("Alerts"), "notifications_active", "alerts", t("Shown on pages and told to webhooks, each once.")):
        alerts.card({p.id: hide_keys(p.title) for p in wb.projects.list_names()})


def language_choice() -> None:
    languages = {"zh": "中文", "en": "English"}
    elsewhere = languages.get(wb.settings.environment.lang or "")
    named = {
        "": t("that of {variable}: {language}", variable=variable("lang"), language=elsewhere)
        if elsewhere
        else t("that of their browser")
    }
    with card(t("Language"), "translate", "language", t("The switch at the top is each reader's own choice.")):
        st.segmented_control(
            t("Pages speak to who has not chosen one"), [*named, *languages], key="default_language", required=True,
            format_func=(named | languages).__getitem__, default=wb.settings.language() or "", on_change=save_language,
        )  # fmt: skip


def save_language() -> None:
    with shell.show_refusals():
        wb.settings.set_language(st.session_state["default_language"] or None)
        live.invalidate()
        shell.toast(t("Saved."))


# -- this installation -------------------------------------------------------------------------------------------------


def installation() -> None:
    settings = wb.settings.environment
    with card(t("This installation"), "dns", "installation"):
        rows = [
            (t("Data folder"), code(settings.home), variable("home")),
            (t("Database"), "SQLite" if settings.is_sqlite else "PostgreSQL", variable("database_url")),
            (t("Broker"), t("embedded Valkey") if settings.redis_url is None else "Redis", variable("redis_url")),
            (t("Pictures and clips"), code(media_place()), "REELWRIGHT_MEDIA_URL"),
            (t("Master key"), master_key(), variable("master_key")),
            (t("Logs"), code(settings.log_folder), "reelwright logs -f"),
        ]  # fmt: skip
        for label, value, name in rows:
            left, right = st.columns([1, 2.6])
            left.markdown(f":gray[{label}]")
            right.markdown(f"{value}  \n:gray[:small[`{name}`]]")


def media_place() -> str:
    return wb.settings.environment.media_url or str(wb.settings.environment.home / "media")


def master_key() -> str:
    return (
        t("from the environment") if wb.settings.environment.master_key is not None else t("a file in the data folder")
    )


def installation_checks() -> None:
    with card(t("Health"), "monitor_heart", "health", t("What `reelwright doctor` says.")):
        for finding in health.examine(wb.settings.environment):
            if finding.ok:
                st.markdown(f":green[:material/check_circle:] {plain(part(finding.part))}")
            else:
                sentence = translate(finding.problem or "", current())
                remedy = translate(finding.remedy or "", current())
                st.markdown(
                    f":red[:material/error:] **{plain(part(finding.part))}** {plain(sentence)}  "
                    f"\n:violet[:material/arrow_forward: {plain(remedy)}]"
                )


def part(name: str) -> str:
    return {
        "home": t("Data folder"), "disk": t("Disk"), "database": t("Database"), "migrations": t("Database version"),
        "redis": t("Broker"), "media": t("Pictures and clips"), "workers": t("Workers"), "master key": t("Master key"),
    }.get(name, name)  # fmt: skip


def main() -> None:
    with shell.title(t("Settings")):
        st.space("stretch")
    shell.show_refusal()
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        money()
        retention()
        alert_rules()
        notifications()
        language_choice()
    with right:
        installation()
        installation_checks()


main()
