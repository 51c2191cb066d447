"""Links to a job that know the way back: the page with its filters, over reloads and on to other jobs.

/job?id=42&back=jobs%3Fstate%3Dfailed
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

import streamlit as st

from workbench.i18n import N_
from workbench.ui.language import t

PAGE = "pages/job.py"
#: the pages that can be gone back to, as they are in the address
TITLES = {
    "jobs": N_("All jobs"), "debug": N_("Debug"), "studio": N_("Studio"), "gallery": N_("Gallery"),
    "launch": N_("Launch"), "analytics": N_("Analytics"), "cast": N_("Cast and world"),
    "lineage": N_("Lineage"), "compare": N_("Compare"),
}  # fmt: skip
#: a longer way back is not carried along: 400 characters of a search in Chinese are 3,600, and twice as many in an
#: address, of which proxies take 8,000
LONGEST = 4_000
#: which page is drawn, for links made in parts that many pages draw
_DRAWN = "_page_drawn"


@dataclass(frozen=True)
class Way:
    """Where a reader has come from."""

    title: str
    page: str
    query: dict[str, str]


def begin_page(url_path: str) -> None:
    """Tell which page is about to be drawn, as it is in the address."""
    st.session_state[_DRAWN] = url_path


def drawn_page() -> str:
    """The page that is drawn now, as it is in the address."""
    return str(st.session_state.get(_DRAWN, ""))


def query(job_id: int) -> dict[str, str]:
    """The query of a job's page, with the way back to what is on the screen now."""
    back = _here()
    return {"id": str(job_id), **({"back": back} if back else {})}


def href(job_id: int) -> str:
    """The same as an address, for a link inside a sentence."""
    return f"/job?{urlencode(query(job_id), quote_via=quote)}"


def _here() -> str:
    page = drawn_page()
    if page == "job":
        # from one job to another: still back to where it began
        return str(st.query_params.get("back", ""))[:LONGEST]
    if page not in TITLES:
        return ""
    own = urlencode({k: v for k, v in st.query_params.items() if k != "lang"})
    back = f"{page}?{own}" if own else page
    return back if len(back) <= LONGEST else page


def way_back() -> Way:
    """Where the reader of a job has come from, else the board: only ever a page of ours."""
    page, _, own = str(st.query_params.get("back", "")).partition("?")
    if page not in TITLES:
        page, own = "jobs", ""
    return Way(t(TITLES[page]), f"pages/{page}.py", dict(parse_qsl(own)))
