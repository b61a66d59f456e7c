"""Statements of reasons: a decision of the engine in words, for people and for files."""
