"""The settings and the broker of a worker process. Nothing else sets Dramatiq's global broker."""

from __future__ import annotations

import dramatiq

from workbench.broker.consumer import make_broker
from workbench.settings import Settings

settings = Settings.load()
broker = make_broker(settings)
dramatiq.set_broker(broker)
