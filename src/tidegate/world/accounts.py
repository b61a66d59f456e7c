"""The accounts of a world: who they are, when they are awake, and what they own. One array per field.

Times are seconds from the start of the log; a sign-up before it is negative.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from tidegate.world.crowds.kinds import CROWD_ROLES
from tidegate.world.fleets import FLEETS
from tidegate.world.plans import FAMILIES

HONEST_ROLES = (
    "person",
    "newcomer",
    "number_change",
    "holiday_greeter",
    "organiser",
    "teacher",
    "shop",
    "clinic",
    "recruiter",
    "traveller",
    "family_device",
    "no_typing",
    "shared_network",
    "join_wave",
    "false_report_victim",
    "group_chatter",
    "dormant_returner",
    "new_phone",
)
# A code is a place in this line: what is new comes last, so that no older code changes its meaning.
ROLES = HONEST_ROLES + tuple(FAMILIES) + CROWD_ROLES + tuple(FLEETS)
ROLE_CODE = {role: code for code, role in enumerate(ROLES)}
HONEST_CODE = np.array([role in HONEST_ROLES or role in CROWD_ROLES for role in ROLES])
"""Whether a role is an honest one, by its code."""


@dataclass(slots=True)
class Accounts:
    """Arrays of one length, indexed by account. Honest people come first, attackers after them.

    Rows at and beyond ``count`` are no accounts: they hold the network and device of the thief of a hijacked
    account.
    """

    count: int
    role: NDArray[np.int8]
    """Code into ``ROLES``."""
    campaign: NDArray[np.int32]
    """Number of the operator, -1 for honest accounts."""
    crowd: NDArray[np.int32]
    """Number of the honest crowd (:mod:`tidegate.world.crowds.kinds`) that the account belongs to, or -1."""
    victim_of: NDArray[np.int32]
    """Number of the ring that reports this honest account (the last one when there are several), or -1."""
    clean: NDArray[np.bool_]
    """Attackers only: neither device nor network shared with fellow accounts."""
    signup: NDArray[np.float64]
    attack_start: NDArray[np.float64]
    """First deed of an attacker; NaN for honest accounts."""
    birth: NDArray[np.float64]
    """Active from this time: sign-up, or the return of a dormant person."""
    death: NDArray[np.float64]
    """Active until this time."""
    locked_out: NDArray[np.float64]
    """From this time the owner of a hijacked account no longer gets in."""

    activity: NDArray[np.float32]
    """Conversations begun in a day."""
    typing: NDArray[np.float32]
    """Typing notices for each message."""
    receipts: NDArray[np.float32]
    """Probability of a read receipt."""
    wake_h: NDArray[np.float32]
    """Hour of the UTC day at which the account's day begins."""
    sleep_h: NDArray[np.float32]
    """Hours of the night before it."""

    home: NDArray[np.int32]
    """Address (index into ``Places.addresses``) at home; ``work`` is -1 without one."""
    work: NDArray[np.int32]
    pool: NDArray[np.int32]
    """First address of the mobile carrier's (or proxy service's) pool, and how many it has."""
    pool_size: NDArray[np.int32]
    mobile: NDArray[np.float32]
    """Share of time on the pool."""
    rotation_s: NDArray[np.float32]
    """How long one address of the pool lasts."""
    away_from: NDArray[np.float64]
    """A journey: between these times the address is ``away``."""
    away_until: NDArray[np.float64]
    away: NDArray[np.int32]
    device: NDArray[np.int32]
    device2: NDArray[np.int32]
    second: NDArray[np.float32]
    """Share of time on the second device (-1 without one)."""
    new_phone: NDArray[np.float64]
    """From this time the second device is the only one."""
    client: NDArray[np.int16]
    client2: NDArray[np.int16]
    phone: NDArray[np.int64]
    """E.164 number without the plus sign."""

    def __len__(self) -> int:
        return self.count


_DEFAULTS: dict[str, float] = {
    "campaign": -1,
    "crowd": -1,
    "victim_of": -1,
    "signup": -1.0,
    "attack_start": np.nan,
    "birth": -np.inf,
    "death": np.inf,
    "locked_out": np.inf,
    "receipts": 0.8,
    "wake_h": 7.0,
    "sleep_h": 7.5,
    "work": -1,
    "pool": -1,
    "rotation_s": 14_400.0,
    "away_from": np.inf,
    "away_until": np.inf,
    "away": -1,
    "new_phone": np.inf,
    "device2": -1,
}
_DTYPES: dict[str, type[np.generic]] = {
    "role": np.int8,
    "campaign": np.int32,
    "crowd": np.int32,
    "victim_of": np.int32,
    "clean": np.bool_,
    "signup": np.float64,
    "attack_start": np.float64,
    "birth": np.float64,
    "death": np.float64,
    "locked_out": np.float64,
    "home": np.int32,
    "work": np.int32,
    "pool": np.int32,
    "pool_size": np.int32,
    "away_from": np.float64,
    "away_until": np.float64,
    "away": np.int32,
    "new_phone": np.float64,
    "device": np.int32,
    "device2": np.int32,
    "client": np.int16,
    "client2": np.int16,
    "phone": np.int64,
}


def new_accounts(count: int, spare: int = 0) -> Accounts:
    """Accounts with every field at its default, with ``spare`` rows behind them that are no accounts."""
    arrays = {
        field.name: np.full(count + spare, _DEFAULTS.get(field.name, 0), _DTYPES.get(field.name, np.float32))
        for field in fields(Accounts)
        if field.name != "count"
    }
    return Accounts(count=count, **arrays)
