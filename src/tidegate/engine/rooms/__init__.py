"""The four rooms an event passes, in this order: network, device, recipient, sender.

A room's functions change one record, given that record, the event, and what earlier rooms handed on; nothing else.
That is what lets each room become a keyed stage on a cluster with the same decisions.
"""
