"""Webhooks are told by a worker: its engine, a project and a scripted provider, as in the tests of the engine."""

from tests.engine.conftest import engine, project, provider

__all__ = ["engine", "project", "provider"]
