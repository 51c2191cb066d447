"""Every page is reached through app.py, also by a link that is the first thing a fresh server is asked for.

Until st.navigation has run once in a process, Streamlit serves a folder named ``pages`` by its old rules: a deep link
would run the page alone, without navigation, language or layout, and so would every later one.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def require_app_entry() -> None:
    """Turn the old rules off; if they were on, this run was one of theirs and starts again through app.py."""
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()  # noqa: TID251
