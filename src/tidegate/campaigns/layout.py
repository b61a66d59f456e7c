"""What the search remembers: one record for each account, each pair that has written, and each complaint.

Everything is fixed in size. Times in records are whole seconds since ``CLOCK_ZERO_S`` of the engine, 0 for *never*.
"""

import numpy as np

NETWORKS, DEVICES, CHATS, PEERS = 4, 2, 4, 4
"""The latest different ones that are remembered of an account."""
LATENCY_BINS = 32
"""Of the time to a first answer: bin ``b`` holds answers after 2**(b/2) to 2**((b+1)/2) seconds."""

F4, F8, U1, U2, U4, U8 = np.float32, np.float64, np.uint8, np.uint16, np.uint32, np.uint64

PERSON = np.dtype(
    [
        ("key", U8),
        ("last_s", F8),  # its last own event, Unix seconds
        ("networks", U8, (NETWORKS,)),
        ("devices", U8, (DEVICES,)),
        ("chats", U8, (CHATS,)),  # groups it joined or spoke in
        ("peers", U4, (PEERS,)),  # slot + 1 of people it exchanged messages with
        ("registered", U4),  # 0: the sign-up was never seen
        ("first_seen", U4),
        ("first_active", U4),  # 0: never did anything itself
        ("last_typing", U4),
        ("started", U4),  # when it opened its first contact
        ("phone_range", U4),
        ("client", U4),
        ("contact_head", U4),  # slot + 1 of the contact it opened last
        ("opened", U4),  # contacts it opened
        ("approached", U4),  # contacts that others opened with it
        ("sent", U4),
        ("network_at", U1),
        ("device_at", U1),
        ("chat_at", U1),
        ("peer_at", U1),
        ("changed", U1),  # since the last pass
        ("cleared", U1),  # a person found it legitimate
        ("padding", U1, (6,)),
    ]
)
"""One account."""

CONTACT = np.dtype(
    [
        ("key", U8),  # of the pair
        ("last_s", F8),  # their last message, Unix seconds
        ("opener", U4),  # slot
        ("other", U4),  # slot
        ("began", U4),
        ("answered", U4),  # 0: never
        ("before", U4),  # slot + 1 of the contact that the opener opened before this one
        ("size", np.int32),  # of the first message, -1 unknown
        ("complained", U1),  # the other side blocked or reported the opener
        ("typed", U1),  # 1 the first message was typed, 0 it was not
        ("padding", U1, (6,)),
    ]
)
"""Two accounts that have written to each other."""

COMPLAINT = np.dtype(
    [
        ("time_s", F8),
        ("by", U4),  # slot
        ("about", U4),  # slot
        ("by_key", U8),
        ("about_key", U8),
        ("solicited", U1),  # who is complained about wrote first, or both are in one group
        ("padding", U1, (7,)),
    ]
)
"""A block or report. Kept in a ring; the oldest give way."""

TOKEN = np.dtype([("key", U8), ("last_s", F8), ("accounts", U4), ("padding", U4)])
"""How many accounts a network, device, number range, client or group has."""

TARGETS = 48
"""The latest people an account began to write to, as far as they are compared."""
HOURS, REGION = 8, 8

OUTREACH = np.dtype(
    [
        ("key", U8),
        ("networks", U8, (NETWORKS,)),
        ("devices", U8, (DEVICES,)),
        ("chats", U8, (CHATS,)),
        ("slot", U4),
        ("registered", U4),
        ("started", U4),
        ("phone_range", U4),
        ("client", U4),
        ("opened", U4),
        ("cleared", U4),  # a person found it legitimate
        ("looked_at", U4),  # contacts that the following rest on
        ("answered", F4),
        ("conduct", F4),  # evidence that the silence is that of bulk sending, in nats
        ("size_mean", F4),  # of the logarithm of first messages' sizes; NaN unknown
        ("size_sd", F4),
        ("pace", F4),  # logarithm of new contacts a day while at work
        ("typed", F4),  # share
        ("dead", F4),  # share of targets that have never been active
        ("new_share", F4),  # share of its messages that opened a contact
        ("hours", F4, (HOURS,)),  # share of new contacts in each three hours of the day
        ("target_count", U4),
        ("targets", U4, (TARGETS,)),  # slot + 1, ascending
        ("region", U4, (REGION,)),  # sketch of the people its targets talk with
    ]
)
"""What one account's new contacts look like, made anew when it has changed."""

assert PERSON.itemsize % 8 == 0 and CONTACT.itemsize % 8 == 0
