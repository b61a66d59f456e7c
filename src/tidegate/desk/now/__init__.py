"""How things are at this moment."""
