from __future__ import annotations

from tests.engine.conftest import engine, project, provider

__all__ = ["engine", "project", "provider"]
