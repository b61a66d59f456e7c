"""What the engine remembers: four kinds of fixed-size records and one header.

An account is one record with two halves, because everybody both receives and sends: the *recipient* half (who is known
to this person, who invited them) and the *sender* half (pace, first contacts, timing), with *what people said back*
between them. Counters named ``…_1h`` halve every hour, and so on; they are brought up to date when touched, from one
stored time per half, so nothing runs in the background. The records are laid out in cache lines of 64 bytes; the
comments say which. ``docs/hot-loop.md`` is the guide.
"""

import hashlib

import numpy as np

from tidegate.engine.features import FEATURES
from tidegate.events.columns import EARLIEST_S, EVENT

PEERS = 32
"""Remembered acquaintances of an account: 16 seen more than once, 16 seen once."""
REPORTERS = 4

F4, F8, U1, U2, U4, U8 = np.float32, np.float64, np.uint8, np.uint16, np.uint32, np.uint64

ACCOUNT = np.dtype(
    [
        # line 0: identity, the ladder, and what the recipient half needs beside its peers
        ("key", U8),
        ("registered_s", U4),  # seconds since 2000 everywhere in records; 0 = sign-up never seen
        ("first_active_s", U4),  # 0 = never did anything in this log
        ("rung", U1),
        ("times_raised", U1),
        ("firm_rung", U1),  # the rung that would stand if nobody had complained; what a person said is firm
        ("peer_head", U1),
        ("rung_until_s", U4),
        (
            "trusted_until_s",
            U4,
        ),  # a person found the account legitimate: automatic rungs stay below challenge
        ("phone_range", U4),
        ("invited_by", U8),
        ("invited_chat", U4),
        ("invited_s", U4),
        ("stranger_load", F4),  # strangers who wrote to this person, half-life 1 day
        ("stranger_load_s", U4),
        ("reporters", U2, (REPORTERS,)),  # networks of the last complainants, latest first
        # line 1: what people said back
        ("said_back_s", F8),
        ("received_1d", F4),
        ("received_14d", F4),
        ("inbound_14d", F4),
        ("answered_1d", F4),
        ("answered_14d", F4),
        ("trusted_14d", F4),
        ("blocks_14d", F4),
        ("reports_14d", F4),
        ("negative_1d", F4),
        ("unfounded_14d", F4),
        ("saved_14d", F4),
        ("declines_14d", F4),
        ("reads_14d", F4),
        (
            "campaign_14d",
            F4,
        ),  # strength of the campaign it was found in; below 0: of a ring of false reporters
        # lines 2-3: recipient half
        ("peers", U4, (PEERS,)),
        # lines 4-7: sender half
        ("last_s", F8),  # its last own event
        ("message_lag_s", F4),  # at last_s: time since its last message
        ("stranger_lag_s", F4),  # and since its last new contact
        ("sent_1m", F4),
        ("strangers_1m", F4),
        ("sent_1h", F4),
        ("strangers_1h", F4),
        ("groups_1h", F4),
        ("invites_1h", F4),
        ("joins_1h", F4),
        ("group_sent_1h", F4),
        ("network_changes_1h", F4),
        ("sent_1d", F4),
        ("strangers_1d", F4),
        ("groups_1d", F4),
        ("invites_1d", F4),
        ("joins_1d", F4),
        ("group_sent_1d", F4),
        ("typing_1d", F4),
        ("network_changes_1d", F4),
        ("sent_14d", F4),
        ("strangers_14d", F4),
        ("groups_14d", F4),
        ("invites_14d", F4),
        ("device_changes_14d", F4),
        ("strangers_seen", U8, (4,)),  # bitmap for linear counting of distinct strangers
        ("log_gap_mean", F4),
        ("log_gap_var", F4),
        ("log_gap_cov", F4),
        ("log_gap_last", F4),
        ("gap_mean", F4),
        ("gap_var", F4),
        ("session_gap_mean", F4),
        ("session_gap_var", F4),
        ("stranger_gap_mean", F4),
        ("stranger_gap_var", F4),
        ("size_mean", F4),
        ("size_var", F4),
        ("same_size", F4),
        ("last_size", np.int32),
        ("hours", U1, (8,)),  # activity in eight bins of three hours, halved together when one is full
        ("untyped", F4),
        ("last_typing_s", U4),
        ("inactive_targets", F4),
        ("target_load", F4),
        ("forwarded", F4),
        ("reg_net_1h", F4),
        ("reg_range_1h", F4),
        ("reg_client_surge", F4),
        ("reg_strikes", F4),
        ("first_message_delay", F4),
        ("silence", F4),  # longest recent silence in seconds, half-life 1 day
        ("network_slot", U4),  # slot + 1 of the last network; 0 = none yet
        ("device_slot", U4),
        ("gaps", U1),  # how many measurements each running moment rests on, capped
        ("session_gaps", U1),
        ("stranger_count", U1),
        ("size_count", U1),
    ]
)
"""One account, 512 bytes: eight cache lines."""
ACCOUNT_WORDS = 64
"""The same record as 64-bit words, for copying and wiping."""

NETWORK = np.dtype(
    [
        ("key", U8),
        ("last_s", F8),
        ("first_s", U4),
        ("held_by", U4),  # accounts whose last network this is
        ("registrations_1h", F4),
        ("registrations_1d", F4),
        ("registrations_14d", F4),
        ("messages_1h", F4),
        ("strikes_14d", F4),
        ("padding2", F4),
        ("accounts_seen", U8, (4,)),
    ]
)
"""One network prefix, 80 bytes. Number ranges and client software are kept in the same table under salted keys."""

DEVICE = np.dtype(
    [
        ("key", U8),
        ("last_s", F8),
        ("first_s", U4),
        ("registrations_14d", F4),
        ("strikes_14d", F4),
        ("held_by", U4),  # accounts whose last device this is
        ("accounts_seen", U8),
    ]
)
"""One device, 40 bytes."""
STRIKES_KEPT = 4
"""Strikes of one account whose places are remembered; with a fifth, the oldest can no longer be taken back."""
TRACE = np.dtype(
    [
        ("key", U8),  # the account
        ("last_s", F8),  # when it was struck last
        ("network", U8, (STRIKES_KEPT,)),  # keys of the places, the latest strike first; 0 = none was known
        ("device", U8, (STRIKES_KEPT,)),
        ("phone_range", U4, (STRIKES_KEPT,)),
        ("arrived_s", U4, (STRIKES_KEPT,)),  # when it began to fade; 1 = is on its way; 0 = no strike
    ]
)
"""Where the strikes of one account went, 112 bytes; only accounts that were struck have one. By keys, not by positions:
the account may be elsewhere when they are taken back, and the place may have been forgotten."""
NETWORK_WORDS, DEVICE_WORDS, TRACE_WORDS = (dtype.itemsize // 8 for dtype in (NETWORK, DEVICE, TRACE))

STRIKE = np.dtype(
    [("key", U8), ("network_slot", U4), ("device_slot", U4), ("phone_range", U4), ("weight", F4)]
)
"""A finding of abuse (weight 1), or the reversal of one (what is left of it, below 0), on its way back to network,
device and number range."""

BLOCK = 64
"""Events scored together. Strikes take effect at every 64th event of the log, wherever batches happen to end."""
MAX_STRIKES = STRIKES_KEPT * BLOCK
"""An event gives one strike, or takes back all that are remembered of one account."""

HEADER = np.dtype(
    [
        ("sequence", np.int64),  # events observed since the beginning
        ("signals", np.int64),  # bits of features.Signal seen so far
        ("first_time", F8),
        ("watermark", F8),  # latest event time
        ("late", np.int64),
        ("strikes", np.int64),  # waiting in the strike queue
        ("idle_limit_s", F8),  # what is idle for longer may be forgotten; 0 = never
        ("sweep_at", np.int64),  # next account slot to look at for idleness
        ("births", np.int64),  # accounts made since the last block
        ("network_sweep_at", np.int64),
        ("network_births", np.int64),
        ("device_sweep_at", np.int64),
        ("device_births", np.int64),
        ("evicted", np.int64),
        ("judged", np.int64),
        ("pepper", U8),  # key of the randomised thresholds
    ]
)
"""The engine's few global facts."""

TABLE = np.dtype(
    [
        ("count", np.int64),  # records ever allocated (slots 0..count-1)
        ("free_head", np.int64),  # slot + 1 of a freed record, chained through its key; 0 = none
        ("mask", np.int64),
        ("old_mask", np.int64),  # -1 when no migration is under way
        ("migrated", np.int64),
        ("live", np.int64),
        ("tombstones", np.int64),
    ]
)
"""Book-keeping of one table; see :mod:`tidegate.engine.index`."""

NEWBORN = np.dtype([("slot", U4), ("event", np.int32), ("is_target", U1), ("padding", U1, (7,))])
"""An account seen for the first time: its record, and the event (index in the batch) that named it."""
NO_SLOT = U4(0xFFFFFFFF)
"""Of an account that has no record yet."""

JUDGED = np.dtype(
    [
        ("slot", np.int64),
        ("event", np.int64),
        ("stage", np.int64),
        ("network_slot", U4),
        ("device_slot", U4),
        ("phone_range", U4),
        ("padding", U4),
    ]
)
"""An account whose row of features is waiting for score and rules, with what a strike would need as it was then."""

RULE_WORDS = 8
"""Words of the bitmap of rules that fired: 512 rules."""

DECISION = np.dtype(
    [
        ("time", F8),
        ("until", F8),
        ("key", U8),
        ("id", U8),
        ("slot", U4),
        ("event", np.int32),  # index in the batch; -1 when time alone caused it
        ("rung", U1),
        ("previous", U1),
        ("stage", U1),
        ("cause", U1),  # Cause
        ("short_of_keys", U1),  # 1 when a stronger rung lacked a second family of evidence
        ("padding", U1, (3,)),
        ("score", F4),
        ("padding2", U4),
        ("rules", U8, (RULE_WORDS,)),
        ("row", F4, (len(FEATURES) + 1,)),
        ("padding3", F4),
    ]
)
"""One change of rung, with everything its explanation needs."""

CAUSE_EVIDENCE, CAUSE_EXPIRY, CAUSE_PERSON = np.int64(0), np.int64(1), np.int64(2)
CAUSE_PROOF = np.int64(3)
"""The account holder has passed a challenge."""
CAUSE_RELIEF = np.int64(4)
"""The complaints that it rested on came from a ring of false reporters."""

assert ACCOUNT.itemsize == 512, ACCOUNT.itemsize
_OFFSETS = {name: entry[1] for name, entry in (ACCOUNT.fields or {}).items()}
assert _OFFSETS["said_back_s"] == 64 and _OFFSETS["peers"] == 128 and _OFFSETS["last_s"] == 256
assert DECISION.itemsize % 8 == 0
assert NETWORK.itemsize == 80 and DEVICE.itemsize == 40 and TRACE.itemsize == 112

CLOCK_ZERO_S = EARLIEST_S - 1.0
"""Unix time of record clock 0, so that every real time is positive."""

# Flags in the low bits of a peer entry; the other 27 bits are a fingerprint of the other account's key.
# Typed constants: with plain numbers Numba would compile a function anew for each one it is called with.
THEY_FIRST, I_FIRST, ANSWERED, SAVED, COMPLAINED = U4(1), U4(2), U4(4), U4(8), U4(16)
PEER_FLAGS = 31

STATE_VERSION = 3
"""Raise it when a field of a record comes to mean something else while its name and type stay."""


def _layout_digest() -> str:
    records = (ACCOUNT, NETWORK, DEVICE, TRACE, STRIKE, HEADER, TABLE, NEWBORN, JUDGED, DECISION, EVENT)
    said = [repr(sorted((dtype.fields or {}).items(), key=lambda field: field[1][1])) for dtype in records]
    said += [f"{dtype.itemsize}" for dtype in records]
    said += [feature.name for feature in FEATURES]
    said += [repr((STATE_VERSION, BLOCK, MAX_STRIKES, PEERS, REPORTERS, CLOCK_ZERO_S))]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


LAYOUT_DIGEST = _layout_digest()
"""SHA-256 of everything that makes a state written by one version readable by another, in hexadecimal."""
