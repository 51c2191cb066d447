"""Model calls as a table; the chosen row opens its prompt, raw output and request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from workbench.db.rows.jobs import CallSummary, ModelCall
from workbench.json_types import Json, parse_json
from workbench.plain_text import cell
from workbench.ui import formats, labels, older, states
from workbench.ui.jobs import selection
from workbench.ui.language import current, t
from workbench.ui.markup import hide_keys, plain

C = TypeVar("C", bound=CallSummary)

#: everything of a call but the two large texts that have tabs of their own
_TEXTS = ("prompt", "raw_output")


#: calls on a page of those behind a number
PAGE = 200


def tell_page(name: str, listed: Sequence[CallSummary]) -> str:
    """How many of a list's calls stand on the page that is shown."""
    n = min(len(listed), PAGE)
    return t("newest {n}", n=n) if older.before(name) is None else t("{n} older ones", n=n)


def find_look(call: CallSummary) -> str:
    """A call that was answered with something unusable counts as failed."""
    return "partial" if call.outcome == "ok" and call.valid is False else call.outcome


def to_dataframe(calls: Sequence[CallSummary]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "state": [states.find(find_look(c)).word],
                "step": cell(hide_keys(c.step or "—")),
                "model": cell(hide_keys(c.model)),
                "in": formats.count(c.input_tokens),
                "out": formats.count(c.output_tokens),
                "latency": labels.duration_text(c.latency_ms),
                "cost": t("unknown") if c.unpriced else formats.cost(c.cost_micros, c.currency, current()),
                "when": labels.age_text(c.started_at),
                "workflow": labels.workflow_title(c.workflow) if c.workflow else "—",
            }
            for c in calls
        ],
        columns=["state", "step", "model", "in", "out", "latency", "cost", "when", "workflow"],
    )


def columns() -> dict[str, Any]:
    config = st.column_config
    shown = list(
        {
            s.word: s for s in (states.find(n) for n in ("succeeded", "failed", "partial", "running", "cancelled"))
        }.values()
    )
    return {
        "state": config.MultiselectColumn(
            t("State"), width=104, options=[s.word for s in shown], color=[s.colour for s in shown]
        ),
        "step": config.TextColumn(t("Step"), width=110),
        "model": config.TextColumn(t("Model"), width=130),
        "in": config.TextColumn(t("In"), width=66, alignment="right", help=t("Input tokens")),
        "out": config.TextColumn(t("Out"), width=66, alignment="right", help=t("Output tokens")),
        "latency": config.TextColumn(t("Latency"), width=80, alignment="right"),
        "cost": config.TextColumn(t("Cost"), width=76, alignment="right"),
        "when": config.TextColumn(t("When"), width=110),
        "workflow": config.TextColumn(t("Workflow"), width=150),
    }


def draw(calls: Sequence[C], key: str, order: Sequence[str], height: int) -> C | None:
    """The table; the call that is chosen."""
    ids = [call.id for call in calls]
    st.dataframe(
        to_dataframe(calls), hide_index=True, column_order=order, column_config=columns(), height=height,
        row_height=34, key=selection.element(key, ids), on_select=partial(selection.keep, key, ids),
        selection_default={"selection": {"rows": selection.rows(key, ids)}}, selection_mode="single-row",
        alt=t("Model calls"),
    )  # fmt: skip
    return next((call for call in calls if call.id in selection.selected(key)), None)


def section(calls: Sequence[ModelCall], key: str) -> None:
    """The calls of a job, with the chosen one opened below."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t('Model calls')}**", width="content")
        st.space("stretch")
        st.caption(t("select one to read it") if calls else "", width="content")
    if not calls:
        st.caption(t("This job has made no model call of its own."))
        return
    chosen = draw(
        calls, key, ("state", "step", "model", "in", "out", "latency", "cost"), min(360, 40 + 35 * len(calls))
    )
    if chosen is not None:
        read(chosen, key)


def read(call: ModelCall, key: str) -> None:
    """One call's prompt, raw output and request."""
    if call.error:
        st.error(f"**{plain(labels.error_title(call.error_kind))}** {plain(call.error)}", icon=":material/error:")
    prompt, raw, request = st.tabs([t("Prompt"), t("Raw output"), t("Request")], key=f"{key}_tabs")
    with prompt:
        for role, said in _messages(call.prompt):
            st.caption(plain(role))
            st.code(hide_keys(said), language=None, wrap_lines=True, height=260 if len(said) > 900 else "content")
        if isinstance(call.prompt, dict):
            st.json(hide_keys({k: v for k, v in call.prompt.items() if k != "prompt"}))
        if not call.prompt:
            st.caption(t("Not kept: raw model input and output are removed after the set number of days."))
    with raw:
        st.code(hide_keys(_pretty(call.raw_output)), language="json", wrap_lines=True, height=380)
    with request:
        st.json(
            hide_keys({k: v for k, v in call.as_json().items() if k not in _TEXTS and v is not None}), expanded=True
        )


def _messages(prompt: Json) -> list[tuple[str, str]]:
    """Who said what; a picture or a clip is asked for in one text, with its size and what it is drawn from beside."""
    if isinstance(prompt, dict):
        return [("", str(prompt.get("prompt", "")))]
    return [(message.get("role", ""), str(message.get("content", ""))) for message in prompt or []]


def _pretty(raw: str | None) -> str:
    """JSON with line breaks; anything else as it came."""
    try:
        return json.dumps(parse_json(raw or ""), ensure_ascii=False, indent=2)
    except ValueError:
        return raw or "—"
