"""Networks and devices that accounts found together have in common: by these one operator's campaigns are linked."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.finding import Infrastructure
from tidegate.campaigns.memory import Memory
from tidegate.campaigns.remembering import DEVICE_SALT, NETWORK_SALT

MOST = 50
"""Kept of one campaign: those that are most its own."""
LEAST_MEMBERS = 2
_KINDS = (("network", "networks", NETWORK_SALT), ("device", "devices", DEVICE_SALT))


def shared_infrastructure(memory: Memory, rows: NDArray[Any]) -> tuple[Infrastructure, ...]:
    """What at least two of OUTREACH ``rows`` used lately, with how many accounts have it in all; first what hardly
    anybody else has."""
    found = []
    for kind, field, salt in _KINDS:
        # Each account counts once; 0 is an empty place.
        used = (
            np.concatenate([np.unique(one) for one in rows[field]]) if len(rows) else np.zeros(0, np.uint64)
        )
        keys, members = np.unique(used[used != 0], return_counts=True)
        for key, count in zip(keys.tolist(), members.tolist(), strict=True):
            if count >= LEAST_MEMBERS:
                accounts = max(memory.accounts_with(salt, key), count)
                found.append(Infrastructure(kind, key, count, accounts))
    found.sort(key=lambda one: (-one.members / one.accounts, -one.members, one.kind, one.key))
    return tuple(found[:MOST])
