"""Streamlit's server behind our door, however it is started: `reelwright up`, `reelwright web`, `streamlit run app.py`
or another ASGI server."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route
from streamlit import logger as streamlit_logging
from streamlit.runtime.pages_manager import PagesManager

from workbench import log_file
from workbench.errors import ReelwrightError
from workbench.health import prepare_home
from workbench.i18n import Text, terminal_language, translate
from workbench.security import door
from workbench.security.redact import protect_logging, redactor
from workbench.settings import Settings
from workbench.ui import files, outgoing

#: who started this process prints the address; without it, this process does
_given = os.environ.pop(door.TOKEN_VARIABLE, "")
if len(_given) < door.SHORTEST_TOKEN:
    _given = ""
_token = _given or door.new_token()


def middleware() -> Middleware:
    """The door, with the keys of the environment's home. Ends the process with one line when there is no such home."""
    try:
        settings = Settings.load()
        door.refuse_other_machines(st.get_option("server.address") or "127.0.0.1")
        prepare_home(settings)
        keys = door.Keys.of_home(settings.home, _token)
    except ReelwrightError as error:
        raise SystemExit(f"reelwright: {translate(error.text, terminal_language())}") from error
    log_file.keep_stderr(str(settings.log_folder), "web")
    # its handlers hold the stream that was there before
    streamlit_logging.update_formatter()
    protect_logging()
    # it writes tracebacks past every handler, and so past the redactor
    st.set_option("logger.enableRich", False)
    # each visit would be a line in the terminal of `reelwright up`
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    redactor.remember(_token)
    return Middleware(door.Door, keys=keys, script_hashes=_inline_scripts(), lang=settings.lang)


def enter_through_app() -> None:
    """Have each page drawn through app.py, also by a visit that comes before any page was drawn.

    Until st.navigation has run once in a process, Streamlit serves a folder named ``pages`` by its old rules: the page
    alone, without navigation, language or layout.
    """
    PagesManager.uses_pages_directory = False


def assets() -> Middleware:
    """Streamlit's own files for the browser, behind the door."""
    return files.assets_of_streamlit(Path(st.__file__).parent)


def media_route() -> Route:
    """The stored pictures and clips, behind the door."""
    return files.media_route(_find_media)


def incoming_route() -> Route:
    """Large files that a browser brings, behind the door."""
    return files.incoming_route(_find_home)


def outgoing_route() -> Route:
    """Whole projects that a browser fetches, behind the door."""
    return outgoing.route(_find_home, _pack)


def _pack(project: int, path: Path) -> str:
    from workbench.handoff.forms import safe_name
    from workbench.ui import live

    wb = live.workbench()
    wb.projects.export(project, path)
    return f"{safe_name(wb.projects.get_node(project).title)}.zip"


def _find_home() -> Path:
    from workbench.ui import live

    return live.settings().home


def _find_media(sha: str, small: bool) -> Path:
    from workbench.ui import live  # what pages need; the server starts without it

    return live.workbench().media.path(sha, thumbnail=small)


@asynccontextmanager
async def print_address(app: Any) -> AsyncIterator[None]:
    """Tell the address with the token, unless somebody else does."""
    # by now the server has set up its own logging: a page's hundred requests would drown what matters
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    logging.getLogger("websockets").setLevel(logging.WARNING)
    if not _given:
        host, port = st.get_option("server.address") or "127.0.0.1", st.get_option("server.port")
        address = door.address(host, port, _token)
        print(translate(Text("Reelwright runs at {url}", url=address), terminal_language()), flush=True)
    yield


def show_fault(error: Exception) -> bool:
    """What a reader is told instead of a traceback, which Streamlit has written to the log by now."""
    # here, so that the server starts without what pages need
    from workbench.ui import shell

    shell.show_fault(error)
    return True


def _inline_scripts() -> list[str]:
    """The hashes of the scripts inside Streamlit's own page."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    return [f"sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}" for s in scripts]
