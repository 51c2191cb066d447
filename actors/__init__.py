"""Dramatiq entry points: what a worker process loads. Nothing else sets the global broker.

`reelwright worker` runs this package in its own process; ``dramatiq actors`` works too, for those who prefer it.
"""

import dramatiq

from workbench.broker.sender import make_broker
from workbench.settings import Settings

settings = Settings.load()
broker = make_broker(settings)
dramatiq.set_broker(broker)

from actors import lifecycle, run_job  # noqa: E402  they declare themselves on the broker set above

__all__ = ["broker", "lifecycle", "run_job", "settings"]
