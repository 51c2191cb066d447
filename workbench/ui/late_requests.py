"""What a page asks for after another one has taken its place is dropped.

A part's own timer, or a text typed just before a link is followed, may reach the server when the next page is being
drawn. Streamlit runs such a request under the page that it came from: the browser then takes it for a change of pages
and empties the one that is shown, for good. And where it meets the request for the next page before that one has
begun, it takes it back to the page that was left.
"""

from __future__ import annotations

from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, ScriptRequestType

#: Streamlit has no door for this. tests/browser/words/test_late_requests.py notices when it no longer calls these two.
_REPLACED: dict[type, str] = {ScriptRunner: "_run_script", ScriptRequests: "_request_rerun_locked"}


def drop() -> None:
    """Make Streamlit drop them from now on, in this process."""
    run, take = ScriptRunner._run_script, ScriptRequests._request_rerun_locked

    def run_unless_late(self: ScriptRunner, rerun_data: RerunData) -> None:
        page = self._pages_manager.current_page_script_hash
        if not (_is_of_a_part(rerun_data) and _differ(rerun_data.page_script_hash, page)):
            run(self, rerun_data)

    def take_unless_late(self: ScriptRequests, new_data: RerunData) -> bool:
        waiting = self._rerun_data
        if (
            self._state == ScriptRequestType.RERUN
            and not _is_of_a_part(waiting)
            and _is_of_a_part(new_data)
            and _differ(new_data.page_script_hash, waiting.page_script_hash)
        ):
            return True
        return take(self, new_data)

    for owner, method in ((ScriptRunner, run_unless_late), (ScriptRequests, take_unless_late)):
        setattr(owner, _REPLACED[owner], method)


def _is_of_a_part(data: RerunData) -> bool:
    return bool(data.fragment_id or data.fragment_id_queue)


def _differ(page: str, other: str) -> bool:
    """Whether both are known and are two pages."""
    return bool(page and other) and page != other
