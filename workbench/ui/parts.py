"""The parts of a live page: each is drawn anew alone, by a click inside it or when what it shows has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from workbench.ui import live, shell

#: asks for another run as soon as it is there: a fragment may not draw another one anew, a widget's callback may
_AGAIN_JS = """
export default function ({ parentElement, setTriggerValue }) {
  if (parentElement.asked) return;
  parentElement.asked = true;
  setTriggerValue('due', true);
}
"""

_again = st.components.v2.component("reelwright_draw_parts", js=_AGAIN_JS)
_WATCHES = "_watches"


def draw(key: str, body: Callable[[], None]) -> None:
    """Draw a part under a key of its own. `body` asks for what it shows each time it is called.

    When a click inside it has changed something, the page's watch looks at once what else shows that.
    """

    @st.fragment(key=key)
    def part() -> None:
        # Two containers: what a click is answered with does not push the content to another place.
        with st.container():
            if live.drawn_alone():
                shell.show_refusal()
        with st.container(), shell.show_errors():
            body()
        if live.drawn_alone():
            shell.show_toast()
            if live.pop_changed():
                _draw_again(*st.session_state.get(_WATCHES, ()))

    part()


def redraw(*keys: str) -> None:
    """At the end of a callback: draw these parts anew instead of the one that was clicked in.

    A click outside all parts draws the whole page anyway.
    """
    if not live.drawn_alone():
        return
    try:
        st.rerun(list(keys))
    except StreamlitAPIException:  # the page has no such part
        st.rerun()


def watch(
    key: str, signature: Callable[[], Any], shown: Callable[[], Mapping[str, Any]], active: Callable[[], bool]
) -> None:
    """Draw those parts of the page anew whose content has changed.

    `signature` is cheap and tells that something in sight has changed, `shown` what: part → what it shows. A part that
    comes or goes draws the whole page anew. `active`: something is at work, look more often.
    """
    slot = f"_watch.{key}"
    if not live.drawn_alone():
        live.pop_changed()
        st.session_state[_WATCHES] = [key]
        # what changed while the page was being drawn is seen by the first look, which compares in any case
        st.session_state[slot] = (None, dict(shown()))

    # A part itself, so that a click which starts something makes it look more often.
    @st.fragment(key=key)
    def watched() -> None:
        @st.fragment(run_every=live.refresh_interval_s(active()))
        def tick() -> None:
            if not live.drawn_alone():
                return
            due = _changed_parts(slot, signature(), shown)
            if due is None:
                st.rerun(scope="app")
            if due:
                _draw_again(*due)

        tick()

    watched()


def _changed_parts(slot: str, now: Any, shown: Callable[[], Mapping[str, Any]]) -> list[str] | None:
    """Which parts show something else than at the last look; None when there are others."""
    before, parts = st.session_state[slot]
    if now == before:
        return []
    then = dict(shown())
    st.session_state[slot] = (now, then)
    return [name for name in then if then[name] != parts[name]] if then.keys() == parts.keys() else None


def _draw_again(*keys: str) -> None:
    """Have these parts drawn as soon as this run has ended."""
    number = st.session_state["_again"] = st.session_state.get("_again", 0) + 1
    _again(key=f"again_{number}", on_due_change=lambda: redraw(*keys))
