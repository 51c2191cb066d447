"""What pydantic found wrong, as issues: one for each field, at its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.errors import Issue
from workbench.i18n import Text

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


def path_of(detail: ErrorDetails) -> str:
    """Where it is, like ``episodes.3.title``."""
    return ".".join(str(part) for part in detail["loc"])


def message_of(detail: ErrorDetails) -> Text:
    """What is wrong, in pydantic's words."""
    return Text("{message}", message=detail["msg"])


def issues_of(error: ValidationError, message: Callable[[ErrorDetails], Text] = message_of) -> list[Issue]:
    """One issue for each wrong field. `message` words it for those who read it."""
    return [Issue(path_of(detail), message(detail)) for detail in error.errors(include_url=False)]
