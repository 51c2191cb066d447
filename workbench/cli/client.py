"""The workbench as commands open it, and secrets that are handed over in variables."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from workbench.api.client import Workbench


#: words in capitals: what a variable of the environment is called, and no service a key
_A_NAME = re.compile(r"[A-Z]{2,20}(_[A-Z]{1,20}){1,6}")


def open_workbench() -> Workbench:
    """The workbench of the environment's settings; a context manager."""
    from workbench.api.client import Workbench

    return Workbench.open()


def open_reading() -> Workbench:
    """The same for commands that only ask: without the way to Redis, the engine and the migrations."""
    from workbench.api.client import Workbench

    return Workbench.open_reading()


def read_secret(name: str, option: str) -> str:
    """What a secret is handed over in: the command line of a process can be read by others. Raises InvalidInput."""
    value = os.environ.get(name, "")
    if not value.strip():
        if name not in os.environ and not _A_NAME.fullmatch(name):
            # perhaps the secret itself: it is not repeated
            text = Text(
                N_(
                    "There is no such variable, or this is no variable's name. Put the secret into a variable and "
                    "name that one here."
                )
            )
            raise InvalidInput(text, [Issue(option, text)])
        text = Text(N_("The variable {name} is empty."), name=name)
        raise InvalidInput(text, [Issue(option, text)])
    return value
