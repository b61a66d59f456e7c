"""Capturing from outside, politely and safely. Pure: no Django, no database; only :mod:`.fetching` opens a connection.

What is captured is hostile until shown otherwise: every address is checked before and at the connection, everything has
a bound in bytes and seconds, and nothing that was captured is ever run.
"""
