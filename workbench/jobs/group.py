"""What one thread holds of several short jobs: claims that were not begun, and ends that are not written (ADR 22)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from workbench.db.writes.claims import Claim
from workbench.db.writes.groups import Success

#: how long the jobs of a group may take together, and how many they may be
GROUP_S = 0.02
LARGEST = 64
#: the weight of the newest run in a kind's pace
WEIGHT = 0.2


class Group:
    """The thread that runs the jobs adds and begins; the heartbeat may take away what was not begun."""

    def __init__(self, queue: str, carry_until: float) -> None:
        self.queue = queue
        #: monotonic time after which nothing more is claimed without a message
        self.carry_until = carry_until
        #: False: a dispatch pass is due before anything more is claimed
        self.may_go_on = True
        #: whether it has gone on without a message already
        self.carries = False
        self.began_at = time.monotonic()
        #: since when others wait for this thread: for a claim that is not begun, or an end that is not written
        self.shared_since = self.began_at
        self.waiting: deque[Claim] = deque()
        self.ended: list[Success] = []
        self._current: Claim | None = None
        self._lock = threading.Lock()

    def add(self, claims: Iterable[Claim]) -> None:
        with self._lock:
            self.carries = self._current is not None
            if not self.is_shared():
                self.shared_since = time.monotonic()
            self.waiting.extend(claims)

    def add_ended(self, success: Success) -> None:
        """Keep an end until it is written with others."""
        with self._lock:
            if not self.is_shared():
                self.shared_since = time.monotonic()
            self.ended.append(success)

    def begin(self) -> Claim | None:
        """The next claim to run; None when there is none left."""
        with self._lock:
            self._current = self.waiting.popleft() if self.waiting else None
            self.began_at = time.monotonic()
            return self._current

    def is_shared(self) -> bool:
        """Whether others wait for the job that runs now."""
        return bool(self.waiting or self.ended)

    def is_pending(self, claim: Claim) -> bool:
        """Whether the end of this claim, the one that ran last, is still to be written."""
        return bool(self.ended) and self.ended[-1].claim is claim

    def take_waiting(self) -> list[Claim]:
        with self._lock:
            taken, self.waiting = list(self.waiting), deque()
            return taken

    def take_ended(self) -> list[Success]:
        with self._lock:
            taken, self.ended = self.ended, []
            return taken

    def withdraw(self, keys: set[tuple[int, int]]) -> list[Claim]:
        """Take away those of the claims not begun that have one of these keys."""
        with self._lock:
            taken = [c for c in self.waiting if c.key in keys]
            if taken:
                self.waiting = deque(c for c in self.waiting if c.key not in keys)
            return taken

    def all(self) -> list[Claim]:
        with self._lock:
            current = [self._current] if self._current is not None else []
            return [*self.waiting, *(s.claim for s in self.ended), *current]


class Paces:
    """How long a run of each kind takes in this process, so that only short ones are claimed several at a time."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def note(self, kind: str, seconds: float) -> None:
        before = self._seconds.get(kind, seconds)
        # one long run ends the grouping of its kind at once; it begins again when several were short
        self._seconds[kind] = max(seconds, before) if seconds > GROUP_S else before + WEIGHT * (seconds - before)

    def at_once(self, kind: str) -> int:
        """How many jobs of this kind may be claimed together; 1 while it is not known to be short."""
        seconds = self._seconds.get(kind)
        return 1 if seconds is None else max(1, min(LARGEST, int(GROUP_S / max(seconds, 1e-6))))


#: ends in one transaction: the threads whose jobs ended first do not wait for the writing of all
SHARED = 8


class SharedEnds:
    """Ends of threads that come at the same moment, written together: who comes first writes for some of those who wait
    meanwhile. The others follow, and so their next jobs do not end at one moment again."""

    def __init__(self, write: Callable[[list[Success]], object]) -> None:
        self._write = write
        self._waiting: list[list[Success]] = []
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def add(self, ended: list[Success]) -> None:
        """Returns when they are written, by this thread or by another."""
        with self._lock:
            self._waiting.append(ended)
        with self._turn:
            with self._lock:
                if not any(own is ended for own in self._waiting):
                    return
                taken = [ended, *(own for own in self._waiting if own is not ended)][:SHARED]
                self._waiting = [own for own in self._waiting if not any(own is one for one in taken)]
            self._write([success for own in taken for success in own])
