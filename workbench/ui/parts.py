"""The parts of a live page: each is drawn anew alone, by a click inside it or when what it shows has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
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
_WATCHES, _DRAWN = "_watches", "_drawn"
#: so many looks after parts were asked for, and are not there, they are asked for once more
_PATIENCE = 4


@dataclass
class _Look:
    """What a watch saw when it looked last."""

    #: None: it has not looked yet
    signature: Any
    #: part → what it shows
    shown: dict[str, Any]
    #: part that shows something else by now → how often it had been drawn when that was seen
    due: dict[str, int] = field(default_factory=dict)
    #: the number under which they were asked for, and how many looks ago
    number: int = 0
    looks: int = 0


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
                _ask_for(_next_number(), st.session_state.get(_WATCHES, ()))
        st.session_state.setdefault(_DRAWN, Counter())[key] += 1

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
    key: str,
    signature: Callable[[], Any],
    shown: Callable[[], Mapping[str, Any]],
    active: Callable[[], bool],
    drawn: Mapping[str, Any],
) -> None:
    """Draw those parts of the page anew whose content has changed.

    `signature` is cheap and tells that something in sight has changed, `shown` what: part → what it shows. A part that
    comes or goes draws the whole page anew. `active`: something is at work, look more often. `drawn`: what `shown` told
    before this page was drawn, so that nothing is missed meanwhile.
    """
    slot = f"_watch.{key}"
    if not live.drawn_alone():
        live.pop_changed()
        st.session_state[_WATCHES] = [key]
        st.session_state[slot] = _Look(None, dict(drawn))

    # A part itself, so that a click which starts something makes it look more often.
    @st.fragment(key=key)
    def watched() -> None:
        @st.fragment(run_every=live.refresh_interval_s(active()))
        def tick() -> None:
            if not live.drawn_alone():
                return
            look: _Look = st.session_state[slot]
            if not _look_again(look, signature(), shown, st.session_state.get(_DRAWN, Counter())):
                st.rerun(scope="app")
            if look.due:
                _ask_for(look.number, look.due)

        tick()

    watched()


def _look_again(look: _Look, now: Any, shown: Callable[[], Mapping[str, Any]], drawn: Mapping[str, int]) -> bool:
    """Which parts show something else than at the last look, or were to be drawn and are not yet: a slow browser may
    never have seen that it should ask for them. False: there are other parts."""
    waiting = {name for name, times in look.due.items() if drawn.get(name, 0) == times}
    changed: set[str] = set()
    if now != look.signature:
        then = dict(shown())
        if then.keys() != look.shown.keys():
            return False
        changed = {name for name in then if then[name] != look.shown[name]}
        look.signature, look.shown = now, then
    look.looks += 1
    if changed or (waiting and look.looks > _PATIENCE):
        look.number, look.looks = _next_number(), 0
    look.due = {name: drawn.get(name, 0) for name in look.shown if name in waiting | changed}
    return True


def _next_number() -> int:
    number: int = st.session_state.get("_again", 0) + 1
    st.session_state["_again"] = number
    return number


def _ask_for(number: int, keys: Iterable[str]) -> None:
    """Have these parts drawn as soon as this run has ended; the browser asks for them once for each number."""
    wanted = tuple(keys)
    _again(key=f"again_{number}", on_due_change=lambda: redraw(*wanted))
