"""Accounts that act together, found from the log alone: who wrote to whom first, from where, and how alike."""
