"""Editing, testing and putting policies into force."""
