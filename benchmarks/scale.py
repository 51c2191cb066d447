"""How much of everything is measured: enough for figures, or just enough to see that it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    rounds: int = 3
    jobs: int = 2_000
    idle_starts: int = 8
    submits: int = 1_000
    waiting_rounds: int = 6
    idle_s: float = 12.0
    starts: int = 5
    fragments: int = 15
    #: visits and ticks of a page, and seconds between them: an answer is shared for one
    visits: int = 5
    apart_s: float = 1.3
    #: that are opened in a browser
    pages: int = 10
    #: runs of the Jobs page ahead of those that count
    warm_up: int = 3
    cancels: int = 24
    terminations: int = 3
    #: the large story that the Studio is opened on
    episodes: int = 100
    scenes: int = 24
    #: scenes of the episode it is copied from that are drawn, at most; whether it has one of every kind that no plan
    #: makes
    drawn: int = 12
    everything: bool = True
    #: calls of a service by each contender; how long a picture takes there; calls against a minute's limit
    calls: int = 300
    picture_ms: int = 1_000
    limited: int = 180
    #: worker processes that share such a limit
    sharing: int = 3
    #: commits by which the disk is judged
    commits: int = 200
    #: who look at the board, for how long, and jobs that are asked for meanwhile
    sessions: int = 20
    watched_s: float = 600.0
    changes_per_s: int = 50


FULL = Scale()
QUICK = Scale(
    rounds=1,
    jobs=20,
    idle_starts=1,
    submits=5,
    waiting_rounds=1,
    idle_s=1.0,
    starts=1,
    fragments=2,
    visits=1,
    apart_s=0.1,
    pages=2,
    warm_up=1,
    cancels=4,
    terminations=1,
    episodes=1,
    scenes=2,
    drawn=1,
    everything=False,
    calls=5,
    picture_ms=50,
    limited=6,
    sharing=2,
    commits=20,
    sessions=2,
    watched_s=4.0,
    changes_per_s=5,
)
