"""What tests ask of a world, in terms of its log and truth."""

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.world import World


def of_type(world: World, kind: EventType) -> NDArray[np.bool_]:
    return world.columns["type"] == kind


def accounts_of(world: World, role: str) -> NDArray[np.int64]:
    return np.flatnonzero(world.accounts.role == role)


def first_contacts(world: World) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Time, sender and receiver of the first message between each pair of accounts."""
    rows = np.flatnonzero(of_type(world, EventType.MESSAGE) & (world.columns["target"] >= 0))
    sender = world.columns["actor"][rows].astype(np.int64)
    receiver = world.columns["target"][rows].astype(np.int64)
    pair = np.minimum(sender, receiver) * len(world.names) + np.maximum(sender, receiver)
    _, first = np.unique(pair, return_index=True)
    first = np.sort(first)
    return world.columns["time"][rows[first]], sender[first], receiver[first]


def most_within(time: NDArray[np.float64], span_s: float) -> int:
    """The largest number of sorted times within one span."""
    if not len(time):
        return 0
    ahead = np.searchsorted(time, time + span_s, side="right")
    return int((ahead - np.arange(len(time))).max())
