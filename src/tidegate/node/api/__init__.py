"""The node's HTTP API: raw ASGI, one table of routes, a queue that turns many requests into one commit."""
