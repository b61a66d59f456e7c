"""Accounts that act together."""
