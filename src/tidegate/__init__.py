"""Tidegate keeps bulk and automated senders off a private messenger without reading a message."""

__version__ = "0.1.0"
