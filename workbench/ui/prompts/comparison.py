"""Two texts of a prompt side by side: shipped, for all, a version, or what is typed."""

from __future__ import annotations

import streamlit as st

from workbench.api.prompts import PromptText
from workbench.ui import live
from workbench.ui.language import t
from workbench.ui.markup import safe
from workbench.ui.prompts import words
from workbench.ui.prompts.words import Chosen
from workbench.ui.studio import diff

Texts = dict[str, tuple[str, dict[str, str]]]


def draw(chosen: Chosen, text: PromptText) -> None:
    texts = _list_texts(chosen, text)
    names = list(texts)
    newest = "typed" if "typed" in texts else names[-1]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        left = st.selectbox(
            t("Older"), names, format_func=lambda n: texts[n][0], key=f"{chosen.key}_left",
            label_visibility="collapsed", width=260,
        )  # fmt: skip
        st.markdown(":material/arrow_forward:", width="content")
        right = st.selectbox(
            t("Newer"), names, index=names.index(newest), format_func=lambda n: texts[n][0],
            key=f"{chosen.key}_right_{newest}", label_visibility="collapsed", width=260,
        )  # fmt: skip
    show(texts[left][1], texts[right][1], "prompt_diff")


def _list_texts(chosen: Chosen, text: PromptText) -> Texts:
    """Where words come from → its title and them, the shipped ones first, what is typed last."""
    texts: Texts = {"shipped": (t("Shipped"), text.shipped)}
    owners = [None] if chosen.project is None else [None, chosen.project]
    for owner in owners:
        for row in reversed(live.workbench().prompts.list_versions(chosen.name, chosen.language, owner)):
            if not row.is_reset:
                whose = t("for all projects") if owner is None else t("this project")
                own = {"system": row.system_text or "", "user": row.user_text or ""}
                texts[f"{owner or 'all'}:{row.version}"] = (f"v{row.version} · {whose}", own)
    typed = words.typed_words(chosen, text)
    if typed != text.counting:
        texts["typed"] = (t("Typed, not saved"), typed)
    return texts


def show(old: dict[str, str], new: dict[str, str], key: str) -> None:
    """Both sections in two bordered columns, what is gone on red and what has come on green, each with its sign."""
    if old == new:
        st.caption(t("Both say the same."))
        return
    titles = {"system": t("System"), "user": t("User")}
    sides = {name: diff.words(old[name], new[name]) for name in titles}
    for column, place in zip(st.columns(2, gap="small"), (0, 1), strict=True):
        with column, st.container(border=True, key=f"{key}_{place}"):
            for name, title in titles.items():
                st.html(
                    f"<div class='rw-prompt'><b>{safe(title)}</b><pre tabindex='0' aria-label='{safe(title)}'>"
                    f"{_marked(sides[name][place])}</pre></div>"
                )


def _marked(pieces: list[diff.Piece]) -> str:
    shown = []
    for kind, text in pieces:
        body = safe(text)
        if kind == "same" or not text.strip():
            shown.append(body)
        else:
            tag, sign = ("del", "−") if kind == "removed" else ("ins", "+")
            shown.append(f"<{tag}><span>{sign}</span>{body}</{tag}>")
    return "".join(shown)
