"""Bundles: a job as a file, run again offline."""
