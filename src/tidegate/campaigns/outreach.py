"""What an account's new contacts look like: who they were, who answered, how long, how fast. Compiled."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.layout import HOURS, LATENCY_BINS, OUTREACH, PEERS, REGION, TARGETS
from tidegate.campaigns.memory import Memory
from tidegate.engine.arithmetic import mixed
from tidegate.engine.layout import CLOCK_ZERO_S
from tidegate.events.compiled import compiled, inlined

ANSWERED_BY_HONEST, ANSWERED_BY_BULK = 0.3, 0.08
"""Share of strangers who ever answer an honest stranger, and a bulk sender. The first is a low estimate: simulated
honest strangers are answered by 35 to 70 in a hundred (10 to 50 in open societies), CollegeMsg's by 47."""
COMPLAINED_BY_HONEST, COMPLAINED_BY_BULK = 0.008, 0.06
"""Share of strangers who block or report. Some honest work (couriers, canvassers) is answered hardly more often than bulk
senders are, but hardly ever complained about."""
FRESH_S = np.uint32(14 * 86_400)
"""An answer from an account that signed up less than this before is worth :data:`FRESH_WORTH`."""
FRESH_WORTH = 0.25
PRIOR_ANSWERS = 50.0
"""Weight of the assumed distribution of answering times before the log has shown its own."""
ASSUMED_MEDIAN_S = 3_600.0
_REGION_SALT = np.uint64(0x726567696F6E0000)
_LARGEST = np.uint32(0xFFFFFFFF)


def answered_within(latency: NDArray[np.float64]) -> NDArray[np.float64]:
    """[LATENCY_BINS]: share of first answers that have come by the end of each bin, of those that ever come.

    The log's own answers, with a log-normal prior (median an hour, sigma 2.5) that weighs as much as 50 of them.
    """
    edges = 2.0 ** ((np.arange(LATENCY_BINS) + 1) / 2.0)
    z = (np.log(edges) - np.log(ASSUMED_MEDIAN_S)) / 2.5
    assumed = 1.0 / (1.0 + np.exp(-1.702 * z))  # the logistic approximation of the normal distribution
    total = latency.sum()
    share = (np.cumsum(latency) + PRIOR_ANSWERS * assumed) / (total + PRIOR_ANSWERS)
    found: NDArray[np.float64] = np.minimum(share, 1.0)
    return found


@inlined
def insert_sorted(targets: Any, count: Any, value: Any) -> None:
    """Into an ascending array of ``count`` values."""
    at = count
    while at > 0 and targets[at - 1] > value:
        targets[at] = targets[at - 1]
        at -= 1
    targets[at] = value


@inlined
def sketch_region(t: Any, row: Any, target_slot: Any) -> None:
    """Add the people a target talks with to the sketch: lists come from one corner of the network."""
    target = t.persons[target_slot]
    for p in range(PEERS):
        peer = target.peers[p]
        if peer != 0 and peer != row.slot + np.uint32(1):
            for k in range(REGION):
                hashed = np.uint32(mixed(np.uint64(peer) + (np.uint64(k) << np.uint64(40)) + _REGION_SALT))
                row.region[k] = min(row.region[k], hashed)


@inlined
def who_it_is(person: Any, slot: Any, row: Any) -> None:
    """What is known of the account itself."""
    row.key, row.slot = person.key, np.uint32(slot)
    row.networks[:] = person.networks
    row.devices[:] = person.devices
    row.chats[:] = person.chats
    row.registered, row.started = person.registered, person.started
    row.phone_range, row.client = person.phone_range, person.client
    row.opened, row.cleared = person.opened, np.uint32(person.cleared)
    row.new_share = np.float32(person.opened) / np.float32(max(person.sent, person.opened, np.uint32(1)))
    row.region[:] = _LARGEST
    row.hours[:] = np.float32(0.0)
    row.target_count = np.uint32(0)


@inlined
def said_back(t: Any, contact: Any, clock: Any, answered_by: Any) -> Any:
    """What one contact says about its opener: nats of bulk sending from answer or silence, and from complaint."""
    other = t.persons[contact.other]
    if contact.answered != 0:
        fresh = other.registered != 0 and contact.answered - other.registered < FRESH_S
        worth = FRESH_WORTH if fresh else 1.0
        nats = worth * np.log(ANSWERED_BY_BULK / ANSWERED_BY_HONEST)
    else:
        age_s = np.float64(max(clock, contact.began) - contact.began) + 1.0
        by_now = answered_by[min(np.int64(2.0 * np.log2(age_s)), LATENCY_BINS - 1)]
        nats = np.log((1.0 - ANSWERED_BY_BULK * by_now) / (1.0 - ANSWERED_BY_HONEST * by_now))
    if contact.complained != 0:
        nats += np.log(COMPLAINED_BY_BULK / COMPLAINED_BY_HONEST)
    else:
        nats += np.log((1.0 - COMPLAINED_BY_BULK) / (1.0 - COMPLAINED_BY_HONEST))
    return nats


@inlined
def look_back(t: Any, slot: Any, clock: Any, answered_by: Any, row: Any) -> None:
    """Fill OUTREACH ``row`` for the account in ``slot`` as of ``clock``."""
    person = t.persons[slot]
    who_it_is(person, slot, row)
    conduct, answered, typed, dead = 0.0, 0.0, 0.0, 0.0
    size_sum, size_squares, sized, looked_at = 0.0, 0.0, 0.0, 0
    newest, oldest = np.uint32(0), clock
    at = np.int64(person.contact_head) - 1
    while at >= 0 and looked_at < TARGETS:
        contact = t.contacts[at]
        # The chain ends where a forgotten contact's place was given to another.
        if contact.last_s < 0.0 or contact.opener != np.uint32(slot) or contact.began > oldest:
            break
        oldest = contact.began
        newest = max(newest, contact.began)
        insert_sorted(row.targets, looked_at, contact.other + np.uint32(1))
        looked_at += 1
        other = t.persons[contact.other]
        conduct += said_back(t, contact, clock, answered_by)
        answered += np.float64(contact.answered != 0)
        typed += contact.typed
        dead += np.float64(other.first_active == 0)
        if contact.size > 0:
            value = np.log(np.float64(contact.size))
            size_sum += value
            size_squares += value * value
            sized += 1.0
        hour = np.int64((contact.began // np.uint32(10_800)) % np.uint32(HOURS))
        row.hours[hour] += np.float32(1.0)
        sketch_region(t, row, contact.other)
        at = np.int64(contact.before) - 1
    row.looked_at, row.target_count = np.uint32(looked_at), np.uint32(looked_at)
    count = max(np.float64(looked_at), 1.0)
    row.answered, row.conduct = np.float32(answered), np.float32(conduct)
    row.typed, row.dead = np.float32(typed / count), np.float32(dead / count)
    row.hours /= np.float32(count)
    row.size_mean, row.size_sd = np.float32(np.nan), np.float32(np.nan)
    if sized > 0.0:
        mean = size_sum / sized
        row.size_mean = np.float32(mean)
        row.size_sd = np.float32(np.sqrt(max(size_squares / sized - mean * mean, 0.0)))
    days = np.float64(max(newest - oldest, np.uint32(600))) / 86_400.0
    row.pace = np.float32(np.log((count - 1.0 + 0.5) / days))


@compiled
def look_back_all(t: Any, slots: Any, clock: Any, answered_by: Any, rows: Any) -> None:
    """``rows`` OUTREACH[n] of the accounts in ``slots``."""
    for i in range(len(slots)):
        look_back(t, slots[i], clock, answered_by, rows[i])


def outreach_of(memory: Memory, slots: NDArray[np.int64], now_s: float) -> NDArray[Any]:
    """OUTREACH[n] of these accounts as of ``now_s``, Unix seconds."""
    rows = np.zeros(len(slots), OUTREACH)
    clock = np.uint32(now_s - CLOCK_ZERO_S)
    look_back_all(memory.arrays, slots, clock, answered_within(memory.latency), rows)
    return rows
