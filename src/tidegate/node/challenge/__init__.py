"""Challenges: links that an account holder opens, a page that makes the device work, and proof that it was passed."""
