"""A process that a server of the tests has forked: not this one's child, so it is asked for by its number."""

from __future__ import annotations

import contextlib
import os
import signal

from tests.conftest import PATIENCE, until


class Forked:
    """To be killed."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def gone(self, timeout: float = PATIENCE) -> None:
        until(lambda: not self.is_alive(), timeout, f"the end of process {self.pid}")
