"""Python runs this first in a process that a test starts with this folder in its PYTHONPATH (`drawings.spawned`) and
in those that such a process starts: what they ask of the offline provider is drawn once a run, too."""

import os
import sys

if "DRAWINGS_OF_TESTS" in os.environ:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path.append(root)
    from tests import drawings

    sys.path.remove(root)
    drawings.share()
