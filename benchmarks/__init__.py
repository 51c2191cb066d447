"""`python -m benchmarks`: the product measured beside its targets and beside raw Dramatiq, in one run."""
