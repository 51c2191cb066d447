"""How a prompt does: first answers by prompt version and model, from the ledger."""

from __future__ import annotations

import streamlit as st

from workbench.api.prompts import PromptText
from workbench.db.rows.prompts import MOST_ANSWERS, PromptRule, PromptUse
from workbench.plain_text import cell
from workbench.ui import charts, formats, labels, live
from workbench.ui.language import current, t
from workbench.ui.prompts import outcome
from workbench.ui.prompts.words import Chosen


def draw(chosen: Chosen, text: PromptText) -> None:
    uses = live.workbench().trials.list_uses(chosen.name, chosen.language, chosen.project)
    if not uses:
        st.caption(t("No model was asked with this prompt yet."))
        return
    titles = _version_titles(chosen, text)
    rows = [_row(use, titles) for use in uses]
    is_cut = sum(use.calls for use in uses) >= MOST_ANSWERS
    note = t("the newest {n}, trials too", n=formats.count(MOST_ANSWERS)) if is_cut else t("trials count too")
    with charts.card(t("First answers by prompt version and model"), note, "prompt_uses"):
        st.dataframe(rows, hide_index=True, key="uses_table", row_height=34)
        st.caption(t("Valid: passed schema and checks at once, without a repair."))
    rules = live.workbench().trials.list_rules(chosen.name, chosen.language, chosen.project)
    if rules:
        with charts.card(
            t("Checks that first answers failed"),
            t("each of an answer counts once, of the newest 500 that were not valid"),
            "prompt_rules",
        ):
            st.dataframe([_failed(rule, titles) for rule in rules], hide_index=True, key="rules_table", row_height=34)


def _version_titles(chosen: Chosen, text: PromptText) -> dict[str, str]:
    """Prompt version → whose words they are."""
    titles: dict[str, str] = {}
    for owner in dict.fromkeys((None, chosen.project)):
        for row in live.workbench().prompts.list_versions(chosen.name, chosen.language, owner):
            if row.fingerprint:
                whose = t("for all projects") if owner is None else t("this project")
                titles.setdefault(row.fingerprint, f"v{row.version} · {whose}")
    return {**titles, text.shipped_fingerprint: t("Shipped")}


def _failed(rule: PromptRule, titles: dict[str, str]) -> dict[str, object]:
    version = str(rule.prompt_version or "—")
    return {
        t("Prompt"): cell(titles.get(version, t("other words"))),
        t("Version"): cell(version),
        t("Model"): cell(rule.model),
        t("Check"): cell(outcome.bare(rule.rule)),
        t("Place"): cell(rule.place or "—"),
        t("Answers"): rule.answers,
    }


def _row(use: PromptUse, titles: dict[str, str]) -> dict[str, object]:
    version = str(use.prompt_version or "—")
    tokens = None if use.input_tokens is None else (use.input_tokens or 0) + (use.output_tokens or 0)
    return {
        t("Prompt"): cell(titles.get(version, t("other words"))),
        t("Version"): cell(version),
        t("Model"): cell(use.model),
        t("Calls"): use.calls,
        t("Valid"): formats.percent(use.valid / use.judged) if use.judged else formats.MISSING,
        t("Tokens each"): formats.number(None if tokens is None else tokens / use.calls, current()),
        t("Cost each"): formats.cost(
            None if use.micros is None else round(use.micros / use.calls), use.currency, current()
        ),
        t("Time each"): labels.duration_text(use.latency_ms),
        t("Last"): labels.age_text(use.last_at),
    }
