"""`reelwright …` for the worker of a stack: what another process of the same run has drawn, it reads."""

from tests import drawings
from workbench.cli import main

if __name__ == "__main__":
    drawings.share()
    main()
