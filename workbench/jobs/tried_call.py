"""A call of the past that a prompt in other words is tried on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from workbench import prompts
from workbench.db.rows.prompts import PastCall
from workbench.errors import Issue
from workbench.prompts import PromptFile


@dataclass(frozen=True)
class TriedCall:
    """A call of the past with what its answer has to be: the model that it is read with, and the checks."""

    call: PastCall
    schema: type[BaseModel]
    checks: Sequence[Callable[[Any], list[Issue]]]
    draft: Callable[[], str] | None
    #: SHA-256 of what the model is shown beside the words
    pictures: Sequence[str] = ()

    def fill(self, file: PromptFile) -> prompts.Prompt:
        """What the call was filled in with, in these words. Raises ProgrammingError when they ask for more."""
        return prompts.refill(file, self.call.template)
