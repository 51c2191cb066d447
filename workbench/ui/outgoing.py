"""Large files that a browser fetches: made on the home's disk when they are asked for, sent from there in pieces.

Streamlit's own button keeps a file in the memory of this process.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from workbench.errors import NotFound, ReelwrightError
from workbench.ui import files

#: below the folder that Streamlit leaves to the app; the door asks for a cookie, as everywhere
OUTGOING = "/app/static/outgoing"
#: number of the project, the path to write to → the file's name for the browser; raises ReelwrightError
Pack = Callable[[int, Path], str]

_HTML = "<a class='fetch'><span class='icon' aria-hidden='true'></span><span class='say'></span></a>"
_CSS = """
.fetch { display: inline-flex; align-items: center; gap: 0.5rem; min-height: 2.5rem; padding: 0.25rem 0.75rem;
  box-sizing: border-box; border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius);
  background: var(--st-background-color); color: var(--st-text-color); font-family: var(--st-font); font-size: 0.875rem;
  text-decoration: none; cursor: pointer; }
.fetch:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
.fetch:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
.icon { font-family: "Material Symbols Rounded"; font-size: 1.1rem; line-height: 1; user-select: none; }
"""
_JS = """
export default function ({ data, parentElement }) {
  const link = parentElement.querySelector('.fetch');
  link.href = data.address;
  // stays on this page whatever the answer is
  link.download = data.name;
  link.title = data.help;
  parentElement.querySelector('.icon').textContent = data.icon;
  parentElement.querySelector('.say').textContent = data.label;
}
"""
_component = st.components.v2.component("reelwright_outgoing", html=_HTML, css=_CSS, js=_JS)


def link(key: str, project: int, name: str, label: str, icon: str, tip: str) -> None:
    """A link that looks like a button and fetches a project's file. `name`: what the browser calls it."""
    data = {"address": f"{OUTGOING}/{project}.zip", "name": name, "label": label, "icon": icon, "help": tip}
    _component(data=data, key=key, height="content")


def route(home: Callable[[], Path], pack: Pack) -> Route:
    """The route that packs a project on the disk of the home, sends it and removes it."""

    async def answer(request: Request) -> Response:
        path = await run_in_threadpool(_place_of, home)
        try:
            name = await run_in_threadpool(pack, int(request.path_params["project"]), path)
        except ReelwrightError as error:
            path.unlink(missing_ok=True)
            return PlainTextResponse(str(error), 404 if isinstance(error, NotFound) else 409)
        except OSError:
            path.unlink(missing_ok=True)
            return PlainTextResponse("No room", 507)
        return _Passing(path, name)

    return Route(OUTGOING + "/{project:int}.zip", answer, methods=["GET"])


class _Passing(FileResponse):
    """A file that is removed when it was sent, and when the browser went away before that."""

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(path, filename=name, media_type="application/zip", headers={"cache-control": "no-store"})

    async def __call__(self, *asgi: object) -> None:
        try:
            await super().__call__(*asgi)  # type: ignore[arg-type]
        finally:
            self._remove()

    def _remove(self) -> None:
        Path(self.path).unlink(missing_ok=True)


def _place_of(home: Callable[[], Path]) -> Path:
    folder = home() / "outgoing"
    files.make_room(folder)
    return folder / f"{secrets.token_hex(16)}.zip"
