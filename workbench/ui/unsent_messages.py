"""What a finished run of parts has told the browser still arrives whole when the next run begins before it is sent.

Streamlit calls such a run broken off then, and drops what it drew in parts that are drawn again. The browser takes away
what parts no longer show only after a run that was not broken off: a bar of progress, a button to cancel would stay,
next to what has become of them, until the whole page is drawn.
"""

from __future__ import annotations

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue


def keep() -> None:
    """Make Streamlit send them from now on, in this process."""
    # Streamlit has no door for this. tests/ui/test_unsent_messages.py notices when it no longer calls this.
    clear = ForwardMsgQueue.clear

    def clear_unless_parts_follow(
        self: ForwardMsgQueue, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
    ) -> None:
        if not (retain_lifecycle_msgs and fragment_ids_this_run is not None):
            clear(self, retain_lifecycle_msgs, fragment_ids_this_run)
        # what comes next is of another run: it takes no message's place
        self._delta_index_map = {}

    ForwardMsgQueue.clear = clear_unless_parts_follow  # type: ignore[method-assign]
