"""How running code says that its job has to wait: the runner catches it, and the worker's thread is free."""

from __future__ import annotations

from workbench.i18n import Text


class Suspend(BaseException):
    """The job waits; its worker is free. Not an Exception, so that a workflow's own handlers let it through."""

    def __init__(
        self, waiting_for: str, *, resume_in_s: float | None = None, message: Text | None = None, asks: bool = False
    ) -> None:
        """`message`: what the job shows meanwhile. `asks`: it goes on only when somebody does something."""
        super().__init__(waiting_for)
        self.asks = asks
        self.waiting_for = waiting_for
        self.resume_in_s = resume_in_s
        self.message = message


class NoRoom(Suspend):
    """The call had to wait when it was about to be opened; nothing was sent."""
