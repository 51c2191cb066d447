"""Streamlit's theme is read from its options once, not again for each run of a page or a part.

It belongs to the message that each run begins with: six sections of some fifty options, looked up one by one, were a
seventh of what a tick costs that finds nothing new.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session


def read_once() -> Callable[[], None]:
    """Make Streamlit do so from now on, in this process, and again whenever its file of options has changed; what is
    returned ends the listening to such a change."""
    # Streamlit has no door for this. tests/ui/test_theme_options.py notices when it no longer calls this.
    read: Callable[[CustomThemeConfig, str], None] = app_session._populate_theme_msg
    known: dict[str, CustomThemeConfig] = {}

    @wraps(read)
    def copy_theme(msg: CustomThemeConfig, section: str = "theme") -> None:
        theme = known.get(section)
        if theme is None:
            theme = CustomThemeConfig()
            read(theme, section)
            known[section] = theme
        if theme.ListFields():
            msg.MergeFrom(theme)

    app_session._populate_theme_msg = copy_theme
    return config.on_config_parsed(known.clear, force_connect=True)
