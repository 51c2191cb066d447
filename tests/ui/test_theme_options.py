"""What each run tells the browser of the theme."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import MagicMock, patch

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner_utils.run_descriptor import RunDescriptor
from streamlit.runtime.uploaded_file_manager import UploadedFileManager

from workbench.ui import theme_options

READER, DARK = "_populate_theme_msg", "theme.dark.backgroundColor"
#: Streamlit's own, whatever was done to it in this process before
STREAMLITS = getattr(getattr(app_session, READER), "__wrapped__", getattr(app_session, READER))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[AppSession]:
    """Streamlit's own, in a process that reads its theme once."""
    before = config.get_option(DARK)
    config.set_option(DARK, "#101014")
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with (
        patch.object(app_session, READER, STREAMLITS),
        patch("streamlit.runtime.app_session.asyncio.get_running_loop", lambda: loop),
    ):
        forget = theme_options.read_once()
        yield AppSession(
            ScriptData(str(tmp_path / "app.py"), is_hello=False),
            MagicMock(spec=UploadedFileManager), MagicMock(), lambda: None, {},
        )  # fmt: skip
    forget()
    asyncio.set_event_loop(None)
    loop.close()
    config.set_option(DARK, before)


def read_theme(session: AppSession) -> CustomThemeConfig:
    """The theme in the message that a run begins with."""
    message = session._create_new_session_message("", RunDescriptor.create(None), pages={})
    return message.new_session.custom_theme


def test_each_run_tells_the_theme_that_streamlit_would(session: AppSession) -> None:
    with patch.object(app_session, READER, STREAMLITS):
        expected = read_theme(session)
    assert expected.dark.background_color == "#101014"
    assert [read_theme(session) for _ in range(2)] == [expected, expected]


def test_the_options_are_looked_up_once(session: AppSession) -> None:
    read_theme(session)
    with patch.object(config, "get_options_for_section", side_effect=AssertionError("looked up again")):
        assert read_theme(session).dark.background_color == "#101014"


def test_a_file_of_options_that_is_read_again_counts(session: AppSession) -> None:
    read_theme(session)
    config.set_option(DARK, "#202024")
    config._on_config_parsed.send()
    assert read_theme(session).dark.background_color == "#202024"
