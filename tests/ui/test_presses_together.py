"""What is pressed while the page is busy is done, be it asked for together with other parts of the page."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime import Runtime
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

APP = """
    import json, pathlib
    import streamlit as st
    from workbench.ui import live, parts

    told = pathlib.Path(__file__).with_name("told.json")
    state = st.session_state
    for name in ("saved", "called", "form", "list"):
        state.setdefault(name, 0)

    def count(name):
        state[name] += 1

    @st.fragment(key="ticker")
    def ticker():
        st.button("draw", key="draw", on_click=parts.redraw, args=("list",))
        if st.button("look", key="look"):
            state["known"] = live.redraw_next(["list"]), live.redraw_next(["no such part"])
        st.button("gone", key="gone", on_click=parts.redraw, args=("no such part",))
        if st.button("changed", key="changed"):
            live.redraw_page()

    @st.fragment(key="form")
    def form():
        count("form")
        if st.button("save", key="save"):
            count("saved")
        st.button("call", key="call", on_click=count, args=("called",))
        if st.button("store it", key="store_it"):
            count("saved")
            live.redraw_page()
        st.button("draw here", key="draw_here", on_click=parts.redraw, args=("list",))

    @st.fragment(key="list")
    def listed():
        count("list")
        if st.button("store", key="store"):
            count("saved")
            live.redraw_page()

    ticker()
    form()
    listed()
    told.write_text(json.dumps({w: str(i) for w, i in parts_of().items()}))
"""

Press = Callable[..., dict[str, int]]


@pytest.fixture
def press(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Press:
    """Presses buttons of a page while it is busy, so that one run answers them; tells what has changed since."""
    monkeypatch.setattr(Runtime, "_instance", MagicMock(spec=Runtime))
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)
    script = tmp_path / "page.py"
    ids = """
    def parts_of():
        from streamlit.runtime.scriptrunner import get_script_run_ctx
        context = get_script_run_ctx()
        ids = {k: context.fragment_storage.resolve_target(k)[0] for k in ("ticker", "form", "list")}
        return ids | context.session_state._state._key_id_mapper._key_id_mapping
    """
    script.write_text(textwrap.dedent(ids) + textwrap.dedent(APP))
    state, storage = SessionState(), MemoryFragmentStorage()
    pages = PagesManager(str(script), None, setup_watcher=False)

    def run(*requests: RerunData) -> dict[str, int]:
        before = {**state.filtered_state}
        runner = LocalScriptRunner(str(script), SafeSessionState(state, lambda: None), pages, fragment_storage=storage)
        # it would begin with the whole page
        runner._requests = ScriptRequests()
        for request in requests:
            runner.request_rerun(request)
        runner.start()
        runner.join()
        now = state.filtered_state
        return {name: now[name] - before.get(name, 0) for name in ("saved", "called", "form", "list")}

    assert run(RerunData()) == {"saved": 0, "called": 0, "form": 1, "list": 1}
    ids_of: dict[str, str] = json.loads((tmp_path / "told.json").read_text())

    def press_together(*buttons: tuple[str, str]) -> dict[str, int]:
        """`buttons`: (part, button)."""
        requests = []
        for part, button in buttons:
            pressed = WidgetStates()
            pressed.widgets.add(id=ids_of[button], trigger_value=True)
            requests.append(RerunData(fragment_id=ids_of[part], widget_states=pressed))
        return run(*requests)

    return press_together


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("button", "done"), [("save", {"saved": 1, "called": 0}), ("call", {"saved": 0, "called": 1})])
def test_a_press_is_done_together_with_parts_that_are_drawn_anew(
    press: Press, button: str, done: dict[str, int], reverse: bool
) -> None:
    both = [("ticker", "draw"), ("form", button)]
    assert press(*(both[::-1] if reverse else both)) == {**done, "form": 1, "list": 1}


@pytest.mark.parametrize("reverse", [False, True])
def test_a_press_is_done_together_with_a_look_that_finds_a_part_changed(press: Press, reverse: bool) -> None:
    both = [("ticker", "look"), ("form", "save")]
    assert press(*(both[::-1] if reverse else both)) == {"saved": 1, "called": 0, "form": 1, "list": 1}


def test_a_look_has_the_changed_part_alone_drawn_in_a_run_of_its_own(press: Press) -> None:
    assert press(("ticker", "look")) == {"saved": 0, "called": 0, "form": 0, "list": 1}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("button", ["changed", "gone"])
def test_a_press_is_done_together_with_a_page_that_is_drawn_anew(press: Press, button: str, reverse: bool) -> None:
    both = [("ticker", button), ("form", "save")]
    assert press(*(both[::-1] if reverse else both))["saved"] == 1


def test_only_the_wanted_part_is_drawn_by_a_press_alone(press: Press) -> None:
    assert press(("form", "draw_here")) == {"saved": 0, "called": 0, "form": 0, "list": 1}
    assert press(("ticker", "draw")) == {"saved": 0, "called": 0, "form": 0, "list": 1}


def test_two_parts_that_ask_for_another_leave_each_other_out(press: Press) -> None:
    assert press(("ticker", "draw"), ("form", "draw_here"))["list"] == 1


def test_what_draws_the_page_anew_is_done_once(press: Press) -> None:
    assert press(("form", "store_it")) == {"saved": 1, "called": 0, "form": 2, "list": 1}
    assert press(("form", "store_it"), ("list", "store"))["saved"] == 2
    assert press(("list", "store"), ("form", "store_it"))["saved"] == 2
