from tests.engine.conftest import engine, project, provider
from tests.providers.conftest import make, scripted, server

__all__ = ["engine", "make", "project", "provider", "scripted", "server"]
