"""How a supervisor sees that a part lives: alive is not enough, a process that is stopped or hangs is alive, too."""

from __future__ import annotations

import contextlib
import http.client
from pathlib import Path


class FileSign:
    """A file that a worker touches every second as long as its heart beats."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._touched_at: int | None = None

    def clear(self) -> None:
        """Before a process starts: what an earlier one has touched says nothing of it."""
        self.path.unlink(missing_ok=True)
        self._touched_at = None

    def has_changed(self) -> bool:
        """Whether it was touched since the last look; not by any clock, since clocks are set."""
        before = self._touched_at
        with contextlib.suppress(OSError):
            self._touched_at = self.path.stat().st_mtime_ns
        return self._touched_at != before

    def show(self) -> None:
        with contextlib.suppress(OSError):
            self.path.touch(mode=0o600)


def page_answers(host: str, port: int) -> bool:
    """Whether a Streamlit server answers here that is ready to serve."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
