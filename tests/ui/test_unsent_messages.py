"""What was not yet sent to the browser when parts of the page are drawn once more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner import ScriptRunnerEvent
from streamlit.runtime.scriptrunner_utils.run_descriptor import RunDescriptor
from streamlit.runtime.uploaded_file_manager import UploadedFileManager

from workbench.ui import unsent_messages

DRAWN, ALL_DRAWN = ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY, ForwardMsg.FINISHED_SUCCESSFULLY


class Session:
    """Streamlit's own, told what its runner does; the browser takes nothing until it is asked."""

    def __init__(self, app: Path) -> None:
        self.runner = MagicMock()
        self.session = AppSession(
            ScriptData(str(app), is_hello=False), MagicMock(spec=UploadedFileManager), MagicMock(), lambda: None, {}
        )
        self.session._scriptrunner = self.runner

    def draw(self, texts: dict[int, str], parts: list[str] | None) -> None:
        """A run from its start to its end. `texts`: place → what is drawn there, by the page itself at 0."""
        run = RunDescriptor.create(parts)
        self._tell(
            ScriptRunnerEvent.SCRIPT_STARTED, page_script_hash="", fragment_ids_this_run=parts, pages={},
            run_descriptor=run,
        )  # fmt: skip
        for place, text in texts.items():
            message = ForwardMsg()
            message.metadata.delta_path[:] = [0, place]
            message.delta.new_element.markdown.body = text
            if place:
                message.delta.fragment_id = "cell"
            self._tell(ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, forward_msg=message)
        of = "FRAGMENT" if parts else "SCRIPT"
        self._tell(ScriptRunnerEvent[f"{of}_STOPPED_WITH_SUCCESS"], run_descriptor=run)

    def _tell(self, event: ScriptRunnerEvent, **more: Any) -> None:
        self.session._handle_scriptrunner_event_on_event_loop(self.runner, event, **more)

    def sent(self) -> list[str | int]:
        """What the browser is told: texts, and how runs ended."""
        told: list[str | int] = []
        for message in self.session.flush_browser_queue():
            kind = message.WhichOneof("type")
            if kind == "delta":
                told.append(message.delta.new_element.markdown.body)
            elif kind == "script_finished":
                told.append(message.script_finished)
        return told


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    app = tmp_path / "app.py"
    app.write_text("")
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with (
        patch.object(ForwardMsgQueue, "clear", ForwardMsgQueue.clear),
        patch("streamlit.runtime.app_session.asyncio.get_running_loop", lambda: loop),
    ):
        unsent_messages.keep()
        yield Session(app)
    asyncio.set_event_loop(None)
    loop.close()


def test_a_part_that_was_drawn_ends_well_when_another_follows_at_once(session: Session):
    session.draw({1: "fresh"}, ["cell"])
    session.draw({}, ["tick"])
    assert session.sent() == ["fresh", DRAWN, DRAWN]


def test_nothing_of_a_page_that_was_drawn_is_dropped_for_a_part_of_it(session: Session):
    session.draw({0: "title", 1: "cell"}, None)
    session.draw({1: "newer"}, ["cell"])
    assert session.sent() == ["title", "cell", ALL_DRAWN, "newer", DRAWN]


def test_a_part_that_is_drawn_twice_arrives_twice_and_in_order(session: Session):
    session.draw({1: "fresh"}, ["cell"])
    session.draw({1: "stale"}, ["cell"])
    assert session.sent() == ["fresh", DRAWN, "stale", DRAWN]


def test_a_page_that_is_drawn_whole_takes_the_place_of_its_parts(session: Session):
    session.draw({1: "fresh"}, ["cell"])
    session.draw({0: "title", 1: "cell"}, None)
    assert session.sent() == [ForwardMsg.FINISHED_EARLY_FOR_RERUN, "title", "cell", ALL_DRAWN]
