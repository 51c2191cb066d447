from tests.engine.conftest import nursery

__all__ = ["nursery"]
