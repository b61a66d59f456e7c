"""Adapters: one folder per messenger, events in, actions out."""
