"""One job as a file that can be run again anywhere: what it asked, what it was answered, and what it was made from.

`export` writes a bundle, without keys and, if wished, with every word of the story replaced. `run` runs the job of a
bundle in an empty home of its own, offline: a cassette answers in the place of each model service.
"""

from __future__ import annotations

from workbench.bundles.export import BundleReport, export
from workbench.bundles.run import Ending, Rerun, describe, run

__all__ = ["BundleReport", "Ending", "Rerun", "describe", "export", "run"]
