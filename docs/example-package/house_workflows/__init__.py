"""Workflows of the house. Reelwright imports every module below this package."""
