"""Small logs written by hand, with the truth about their accounts."""

from typing import Any

import numpy as np

from tidegate.events.columns import EVENT, MISSING_FORWARDS, EventType
from tidegate.learning.samples import Truth

HOUR_S, DAY_S = 3_600.0, 86_400.0
START_S = 20_454 * DAY_S
"""Midnight, UTC."""


class Log:
    """Times are seconds from START_S."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._campaign: dict[int, tuple[str, str]] = {}

    def add(self, kind: EventType, time: float, actor: int, target: int = 0, **fields: int) -> None:
        self._rows.append({"time": START_S + time, "type": kind, "actor": actor, "target": target, **fields})

    def message(self, time: float, actor: int, target: int, **fields: int) -> None:
        self.add(EventType.MESSAGE, time, actor, target, **fields)

    def sign_up(self, time: float, actor: int, **fields: int) -> None:
        self.add(EventType.REGISTER, time, actor, **fields)

    def attack(self, campaign: str, *accounts: int, family: str = "sim_farm") -> None:
        """Accounts that belong to an operator."""
        self._campaign |= dict.fromkeys(accounts, (campaign, family))

    def events(self) -> np.ndarray:
        out = np.zeros(len(self._rows), EVENT)
        out["members"], out["size"], out["forwards"] = -1, -1, MISSING_FORWARDS
        for at, row in enumerate(self._rows):
            for name, value in row.items():
                out[name][at] = value
        return out[np.argsort(out["time"], kind="stable")]

    def truth(self) -> Truth:
        keys = np.unique([row["actor"] for row in self._rows] + list(self._campaign)).astype(np.uint64)
        campaign, family = zip(
            *(self._campaign.get(key, ("", "honest")) for key in keys.tolist()), strict=True
        )
        honest = np.array(family) == "honest"
        return Truth(
            keys, np.array(family), np.array(family), np.array(campaign), np.where(honest, np.inf, 0.0)
        )
