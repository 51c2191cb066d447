"""Dramatiq entry points: what a worker process loads.

`reelwright worker` runs this package in its own process; ``dramatiq actors`` works too, for those who prefer it.
"""

from actors import lifecycle, run_job  # they declare themselves on the broker that `setup` has set
from actors.lifecycle import engine
from actors.setup import broker, settings

__all__ = ["broker", "engine", "lifecycle", "run_job", "settings"]
