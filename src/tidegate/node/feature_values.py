"""What the engine would measure of an account at this moment, without the look changing anything.

The engine measures when it judges. A person who looks at an account wants the same features as of now: its record is
copied, its counters are aged to the latest time of the log, and the engine's own function fills the row.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.engine import Engine
from tidegate.engine.features import FEATURES
from tidegate.engine.layout import ACCOUNT, DEVICE, NETWORK
from tidegate.engine.rooms.sender import own_counters_catch_up, said_back_catches_up
from tidegate.engine.rows import WIDTH, fill_row
from tidegate.events.compiled import compiled

TOGETHER = 1_024
"""Records copied at once, 512 bytes each."""


@compiled
def _fill(
    rows: Any, accounts: Any, networks: Any, devices: Any, signals: Any, first_time: float, now: float
) -> None:
    for i in range(len(accounts)):
        account = accounts[i]
        said_back_catches_up(account, now)
        own_counters_catch_up(account, now)
        # The network and the device that it used last.
        fill_row(
            rows[i],
            account,
            networks,
            np.int64(account.network_slot) - 1,
            devices,
            np.int64(account.device_slot) - 1,
            signals,
            now - first_time,
            now,
        )


def feature_rows(engine: Engine, keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """``(known, rows float32[n, WIDTH])``: those of ``keys`` that the engine knows, sorted, and their features as of now.

    The last column, the score, is missing. Nothing else may use the engine meanwhile. Takes a look at every account.
    """
    parts = engine.state_parts()
    accounts, header = parts["accounts"], parts["header"][0]
    wanted = np.unique(np.asarray(keys, np.uint64))
    if not len(wanted) or not len(accounts):
        return np.zeros(0, np.uint64), np.zeros((0, WIDTH), np.float32)
    stored = accounts["key"]
    if len(wanted) == 1:
        slots = np.flatnonzero(stored == wanted[0])
    else:
        at = np.minimum(np.searchsorted(wanted, stored), len(wanted) - 1)
        slots = np.flatnonzero(wanted[at] == stored)
    slots = slots[accounts["last_s"][slots] >= 0.0]  # a freed record keeps something else for its key
    slots = slots[np.argsort(stored[slots])]
    rows = np.full((len(slots), WIDTH), np.nan, np.float32)
    for start in range(0, len(slots), TOGETHER):
        copies = accounts[slots[start : start + TOGETHER]]
        _fill(
            rows[start : start + TOGETHER],
            copies,
            parts["networks"],
            parts["devices"],
            np.int64(header["signals"]),
            float(header["first_time"]),
            float(header["watermark"]),
        )
    return stored[slots], rows


@cache
def warm_up() -> None:
    """Compile what fills a row, which takes seconds the first time: before an engine is held for it."""
    accounts, networks, devices = (np.zeros(0, dtype) for dtype in (ACCOUNT, NETWORK, DEVICE))
    _fill(np.zeros((0, WIDTH), np.float32), accounts, networks, devices, np.int64(0), 0.0, 0.0)


def by_feature(row: NDArray[np.float32]) -> Mapping[str, float | None]:
    """A row by the features' names; None: missing, because the log lacks it or there is nothing to measure yet."""
    values = row.tolist()
    return {
        feature.name: None if value != value else value
        for feature, value in zip(FEATURES, values, strict=False)
    }
