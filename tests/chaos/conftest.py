from tests.engine.conftest import nursery, provider, wb, workers

__all__ = ["nursery", "provider", "wb", "workers"]
