"""Exhibits: captured, kept as they came, seen again on a schedule, and shown where they can do no harm."""
