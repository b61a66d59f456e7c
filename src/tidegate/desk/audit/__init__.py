"""The record of who did what: a chain in which nothing can be changed unseen."""
