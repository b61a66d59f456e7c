"""From evidence to one rung: the strongest the evidence carries, with the two-key rule, an end, and a memory.

Every finding (a rule that fired, a model score over a threshold) proposes a rung and belongs to a family of
evidence. A rung that asks for two keys stands only when findings of two families propose at least
``SUPPORTING`` between them; otherwise the account gets the strongest rung that needs one key. A rung ends by
itself; the next one lasts longer; after ``CLEAN_S`` without a rung the count of earlier ones is forgotten.
"""

from typing import Any

import numpy as np

from tidegate.engine.features import DAY_S, FAMILIES
from tidegate.engine.rooms.decay import clock, since
from tidegate.engine.rungs import Rung
from tidegate.events.compiled import inlined

RUNG_COUNT = 7
SUPPORTING = int(Rung.BUDGET)
"""The weakest proposal that can turn the second key: a mere challenge is too cheap to support a ban."""
STRONGEST_SINGLE = int(Rung.LOCK)
STRIKE_FROM = int(Rung.LOCK)
"""From this rung on the account's network, device and number range are struck."""
MODEL_FAMILY = len(FAMILIES)
COMPLAINTS_FAMILY = FAMILIES.index("feedback")
STRUCK, TIMES_MASK = 128, 127
"""``times_raised`` counts in its low seven bits; the top one says that the account's surroundings were
struck."""
CLEAN_S = 30 * DAY_S
TRUSTED_CEILING = int(Rung.WARN)
"""The strongest automatic rung for an account that a person found legitimate."""
FOREVER_S = np.uint32(0xFFFFFFFF)


@inlined
def standing_rung(proposals: Any, keys: Any) -> Any:
    """``(rung, short_of_keys)`` from ``proposals[family] = strongest rung that family proposes``."""
    strongest: Any = 0
    supporters = 0
    for family in range(len(proposals)):
        rung: Any = np.int64(proposals[family])
        strongest = max(strongest, rung)
        if rung >= SUPPORTING:
            supporters += 1
    rung = strongest
    while rung > STRONGEST_SINGLE and supporters < keys[rung]:
        rung -= 1
    return rung, rung < strongest


@inlined
def has_ended(account: Any, now: float) -> Any:
    """Whether the account's rung has run out."""
    if account.rung == 0 or account.rung_until_s == FOREVER_S:
        return False
    ended: Any = clock(now) >= account.rung_until_s
    return ended


@inlined
def climb(account: Any, rung: Any, durations: Any, now: float) -> None:
    """Put the account on ``rung`` from now."""
    if account.rung_until_s != FOREVER_S and since(now, account.rung_until_s) > CLEAN_S and account.rung == 0:
        account.times_raised = np.uint8(0)
    times = min(np.int64(account.times_raised) & TIMES_MASK, 2)
    duration = durations[rung, times]
    account.rung = np.uint8(rung)
    account.rung_until_s = clock(now + duration) if duration < 3.0e9 else FOREVER_S
    if np.int64(account.times_raised) & TIMES_MASK < TIMES_MASK:
        account.times_raised += np.uint8(1)


@inlined
def put_on(account: Any, rung: Any, lasting_s: float, durations: Any, now: float) -> None:
    """Put the account on exactly this rung, which a person named: for so long, or (below 0) as long as the ladder says.

    A stronger rung counts as a raise, a milder one does not. The rung on which it stands keeps its end, unless the person
    says how long.
    """
    standing = np.int64(account.rung)
    if rung > standing:
        climb(account, rung, durations, now)
    elif rung < standing:
        account.rung = np.uint8(rung)
        earlier = max((np.int64(account.times_raised) & TIMES_MASK) - 1, 0)
        duration = durations[rung, min(earlier, 2)]
        account.rung_until_s = clock(now + duration) if duration < 3.0e9 else FOREVER_S
    if lasting_s >= 0.0:
        account.rung_until_s = clock(now + lasting_s) if lasting_s < 3.0e9 else FOREVER_S
    account.firm_rung = np.uint8(rung)


@inlined
def step_down(account: Any, rung: Any, durations: Any, now: float) -> None:
    """Put the account back on ``rung``, which would have stood without the complaints that raised it further.

    For as long as that rung lasts at most, and the raise is not counted.
    """
    if np.int64(account.times_raised) & TIMES_MASK > 0:
        account.times_raised -= np.uint8(1)
    account.rung = np.uint8(rung)
    if rung == 0:
        account.rung_until_s = clock(now)
        return
    earlier = max((np.int64(account.times_raised) & TIMES_MASK) - 1, 0)
    duration = durations[rung, min(earlier, 2)]
    if duration < 3.0e9:
        account.rung_until_s = min(account.rung_until_s, clock(now + duration))
