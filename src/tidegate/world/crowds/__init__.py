"""Honest crowds: people who look as if they acted together, and do, for good reasons."""
