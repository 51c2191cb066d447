"""A log file that is rotated, and what keeps a copy of a stream in one. Standard library only: guards read this file.

Lines look like ``2026-11-28T08:19:54.123Z text``; the time is UTC. The folder and its files are their owner's alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sys
import threading
import time
from typing import Any, TextIO, cast

#: the variable that tells a process that its guard keeps what it prints
KEPT_BY_GUARD = "REELWRIGHT_LOG_KEPT"
#: a log file that has grown to this size becomes FILE.1, and FILE.1 FILE.2, as far as FILE.KEPT
LOG_BYTES = 4_000_000
LOGS_KEPT = 4
#: a line that does not end is cut here
LONGEST_LINE = 16_000
#: colours and the like, then any other character that could steer a terminal
_CONTROL = re.compile(
    r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]"
)


def clean(line: str) -> str:
    """A line without what could steer a terminal."""
    return _CONTROL.sub("", line.rstrip())


class LogFile:
    """Appends lines to a file for this user alone, each behind its time (UTC); rotates it. Never raises for the disk.

    Several processes may write one file: a line is one write, and who finds that another has rotated follows.
    """

    def __init__(self, path: str, limit: int = LOG_BYTES, kept: int = LOGS_KEPT) -> None:
        self._path, self._limit, self._kept = path, limit, kept
        self._file = -1
        self._rest = b""

    def feed(self, output: bytes) -> list[str]:
        """Take what came out of a process and return its lines as they are kept; one that has not ended waits."""
        *lines, self._rest = (self._rest + output).split(b"\n")
        while len(self._rest) > LONGEST_LINE:
            lines.append(self._rest[:LONGEST_LINE])
            self._rest = self._rest[LONGEST_LINE:]
        return [self.write(line.decode("utf-8", "replace")) for line in lines]

    def close(self) -> list[str]:
        """Write, and return, what is left without an end of line."""
        lines = self.feed(b"\n") if self._rest else []
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        return lines

    def write(self, line: str) -> str:
        """Append a line and return it without what could steer a terminal."""
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
        line = clean(line)
        # a full disk, a folder that is gone: what it is about matters more than its log
        with contextlib.suppress(OSError):
            self._open()
            os.write(self._file, f"{stamp} {line}\n".encode("utf-8", "replace"))
        return line

    def _open(self) -> None:
        if self._file >= 0:
            state = os.fstat(self._file)
            with contextlib.suppress(FileNotFoundError):
                if os.stat(self._path).st_ino == state.st_ino and state.st_size < self._limit:
                    return
            if state.st_size >= self._limit:
                self._rotate(state.st_ino)
            os.close(self._file)
            self._file = -1
        os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        os.fchmod(self._file, 0o600)

    def _rotate(self, full: int) -> None:
        """Move the files one place on, unless another process does so now: nobody waits for one that stands still."""
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.stat(self._path).st_ino != full:
                return
            for number in range(self._kept, 0, -1):
                older = self._path if number == 1 else f"{self._path}.{number - 1}"
                with contextlib.suppress(FileNotFoundError):
                    os.replace(older, f"{self._path}.{number}")


class StreamWithLog:
    """A text stream whose lines also go to a log; in everything else it is the stream."""

    def __init__(self, stream: TextIO, log: LogFile) -> None:
        self._stream = stream
        self._log = log
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        with self._lock:
            self._log.feed(text.encode("utf-8", "replace"))
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def keep_stderr(folder: str, part: str) -> None:
    """From here on this process's stderr is also kept as the log of a part, unless its guard does that already."""
    if not os.environ.get(KEPT_BY_GUARD):
        log = LogFile(os.path.join(folder, f"{part}.log"))
        log.write(f"started as process {os.getpid()}")
        sys.stderr = cast(TextIO, StreamWithLog(sys.stderr, log))
