"""The people's side of Tidegate: reviewers rule, account holders appeal, the public is told. One Django project.

It reads the node's ledger and hands in commands through :mod:`tidegate.desk.node_link`; it never looks inside the engine.
"""
