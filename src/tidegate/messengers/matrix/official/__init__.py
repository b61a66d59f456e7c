"""Guarding a homeserver through official interfaces only: an application service, the admin API, and polling.

For operators who want no module in their homeserver. Nothing here imports Synapse or reads its database.
"""
