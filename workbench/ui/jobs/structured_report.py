"""What a structured answer was worth, as a job's result shows it: each way of reading it with what was wrong."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.json_types import JsonObject
from workbench.ui import formats
from workbench.ui.language import current, t
from workbench.ui.markup import plain

MODES = {"json_schema": "JSON Schema", "json_object": "JSON object"}
#: errors beyond these are counted alone
SHOWN = 12
#: a longer answer is scrolled
LONG = 1_200


def is_report(result: Any) -> bool:
    return isinstance(result, dict) and {"json", "schema", "recovered"} <= result.keys()


def draw(result: JsonObject) -> None:
    with st.container(border=True, key="structured_report"):
        with st.container(horizontal=True, gap="medium", key="structured_facts"):
            st.metric(t("Asked for"), _mode(result["asked_for"]), width="content")
            st.metric(t("Answered in"), _mode(result["mode"]), width="content")
            took = result.get("duration_ms")
            for name, title in (("input", t("Input tokens")), ("output", t("Output tokens"))):
                count = (result.get("tokens") or {}).get(name)
                st.metric(title, formats.number(count, current()), width="content")
            st.metric(t("Time"), "—" if took is None else formats.duration(took, current()), width="content")
        strict = {key: result[key] for key in ("json", "schema")}
        _verdict(t("As it came"), strict)
        if strict["json"] != result["recovered"]["json"] or strict["schema"] != result["recovered"]["schema"]:
            _verdict(t("As Reelwright reads it"), result["recovered"])
        if result["finish_reason"] == "length":
            st.markdown(f":orange[:material/content_cut: {t('The answer was cut off at its longest length.')}]")
        text = str(result["content"])
        st.code(text or " ", language="json", wrap_lines=True, height=320 if len(text) > LONG else "content")


def _mode(name: str) -> str:
    return MODES.get(name, t("plain text"))


def _verdict(title: str, verdict: JsonObject) -> None:
    read, fits = verdict["json"], verdict["schema"]
    lines = [_line(read["ok"], t("is JSON"), t("is no JSON: {why}", why=read["error"] or ""))]
    if read["ok"]:
        if fits["compile_error"]:
            lines.append(_line(False, "", t("the schema cannot be applied: {why}", why=fits["compile_error"])))
        else:
            count = len(fits["errors"])
            lines.append(_line(fits["ok"], t("fits the schema"), t("does not fit the schema in {n} places", n=count)))
    st.markdown(f"**{plain(title)}**  \n" + "  \n".join(lines))
    for error in fits["errors"][:SHOWN]:
        st.markdown(f":gray[{plain(error['path'] or t('the whole'))}:] {plain(error['message'])}")
    if len(fits["errors"]) > SHOWN:
        st.caption(t("and {n} more", n=len(fits["errors"]) - SHOWN))


def _line(ok: bool, good: str, bad: str) -> str:
    if ok:
        return f":green[:material/check_circle: {plain(good)}]"
    return f":red[:material/error: {plain(bad)}]"
