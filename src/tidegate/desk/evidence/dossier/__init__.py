"""The case as a whole: its page, checklist, timeline, and the sealed file."""
