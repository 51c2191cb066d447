"""Reelwright: from a brief to scenes, on jobs that cannot be lost. The public door is `Workbench`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.api.client import Workbench
    from workbench.settings import Settings

__version__ = "0.6.0"
__all__ = ["Settings", "Workbench", "__version__"]


def __getattr__(name: str) -> Any:
    # loaded on first use: the guard and the doctor must start without SQLAlchemy
    if name == "Workbench":
        from workbench.api.client import Workbench

        return Workbench
    if name == "Settings":
        from workbench.settings import Settings

        return Settings
    raise AttributeError(name)
