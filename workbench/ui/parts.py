"""The parts of a live page: each is drawn anew alone, by a click inside it or when what it shows has changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner import RerunException

from workbench.ui import live, shell

_WATCHES = "_watches"
#: since when the watch has seen what it saw last, and the parts that were drawn from older answers
_SINCE, _OUTDATED = "_watched_since", "_outdated_parts"
_EVER = live.Since(0)
#: stands for all of the page that is no part
PAGE = ""


@dataclass
class _Seen:
    """What a watch saw when it looked last."""

    #: None: it has not looked yet, or has to look once more
    signature: Any
    #: part → what it shows
    shown: dict[str, Any]


def draw(key: str, body: Callable[[], None]) -> None:
    """Draw a part under a key of its own. `body` asks for what it shows each time it is called.

    When a click inside it has changed something, the page's watch looks at once what else shows that.
    """

    @shell.fragment(key=key)
    def part() -> None:
        alone = live.drawn_alone()
        if alone:
            live.forget_answers()
        # A container: what a click is answered with does not push the content to another place.
        with st.container():
            if alone:
                shell.show_refusal()
        with shell.show_errors():
            body()
        if alone:
            if not live.know_of(st.session_state.get(_SINCE, _EVER)):
                st.session_state.setdefault(_OUTDATED, set()).add(key)
            shell.show_toast()
            if live.pop_changed() and not live.redraw_next(st.session_state.get(_WATCHES, ())):
                live.redraw_page()

    part()


def redraw(*keys: str) -> None:
    """At the end of a callback: draw these parts anew instead of the one that was clicked in.

    A click outside all parts draws the whole page anyway.
    """
    if not live.drawn_alone():
        return
    try:
        st.rerun(list(keys))  # noqa: TID251
    except RerunException as request:
        wanted = request.rerun_data.fragment_id_queue
        # Streamlit draws these instead of all that it was asked for at the same time, while it was busy: a button that
        # was pressed in another part would have been pressed in vain.
        wanted = [*wanted, *live.parts_asked_for_beside()]
        raise RerunException(replace(request.rerun_data, fragment_id_queue=wanted)) from None
    except StreamlitAPIException:  # the page has no such part
        live.redraw_page()


def ticker(drawn: live.Look, active: bool) -> None:
    """Rerun the page when its signature has changed. It draws nothing, so a run that finds no change costs next to
    nothing. `drawn`: the look from before the page was drawn, so that nothing is missed meanwhile. A page that was
    drawn from older answers is drawn once more."""
    slot, is_new = f"_ticker.{drawn.key}", live.know_of(drawn.since)
    st.session_state[slot] = drawn.value if is_new else None

    @shell.fragment(run_every=live.refresh_interval_s(active or not is_new), key=f"ticker_{drawn.key}")
    def tick() -> None:
        # not while the whole page is drawn: on a busy board that would never end
        if live.drawn_alone() and drawn.again().value != st.session_state[slot]:
            live.redraw_page()

    tick()


def watch(
    key: str,
    before: live.Look,
    shown: Callable[[], Mapping[str, Any]],
    active: Callable[[], bool],
    drawn: Mapping[str, Any],
) -> None:
    """Draw those parts of the page anew whose content has changed.

    `before`: the look from before this page was drawn, at a cheap signature that tells that something in sight has
    changed. `shown` tells what: part → what it shows; `drawn`: what it told before the page was drawn, so that nothing
    is missed meanwhile. A part that comes or goes, and another `PAGE`, draws the whole page anew. `active`: something
    is at work, look more often.
    """
    slot = f"_watch.{key}"
    if not live.drawn_alone():
        live.pop_changed()
        st.session_state[_WATCHES] = [key]
        is_new = live.know_of(before.since)
        st.session_state[slot] = _Seen(before.value if is_new else None, dict(drawn))
        st.session_state[_SINCE] = before.since
        st.session_state[_OUTDATED] = set() if is_new else {*drawn} - {PAGE}

    # A part itself, so that a click which starts something makes it look more often.
    @shell.fragment(key=key)
    def watched() -> None:
        @shell.fragment(run_every=live.refresh_interval_s(active()))
        def tick() -> None:
            if not live.drawn_alone():
                return
            seen: _Seen = st.session_state[slot]
            outdated: set[str] = st.session_state[_OUTDATED]
            now = before.again()
            st.session_state[_OUTDATED], st.session_state[_SINCE] = set(), now.since
            due = _look_again(seen, now.value, shown, outdated)
            if not live.know_of(now.since):
                seen.signature = None
            if due is None or (due and not live.redraw_next(due)):
                live.redraw_page()

        tick()

    watched()


def _look_again(
    seen: _Seen, now: Any, shown: Callable[[], Mapping[str, Any]], outdated: Collection[str]
) -> list[str] | None:
    """The parts that show something else than at the last look, or were `outdated` when they were drawn. None: the page
    is another one."""
    changed = {*outdated}
    if now != seen.signature:
        then = dict(shown())
        if then.keys() != seen.shown.keys() or then.get(PAGE) != seen.shown.get(PAGE):
            return None
        changed |= {name for name in then if then[name] != seen.shown[name]}
        seen.signature, seen.shown = now, then
    return [name for name in seen.shown if name in changed]
