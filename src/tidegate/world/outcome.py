"""What a simulation leaves: everything that happened, in columns, and the truth about the accounts."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.world.accounts import HONEST_CODE, ROLES, Accounts
from tidegate.world.habits import Habits
from tidegate.world.settings import WorldSettings


@dataclass(slots=True)
class AccountTable:
    """The truth, one row for each account (numbers that nobody uses are not accounts)."""

    account: NDArray[np.str_]
    role: NDArray[np.str_]
    family: NDArray[np.str_]
    """``honest`` or the attacker family."""
    stratum: NDArray[np.str_]
    """The role of an honest account; ``clean`` or ``shared`` infrastructure for an attacker."""
    campaign: NDArray[np.str_]
    """``""`` for honest accounts."""
    crowd: NDArray[np.int32]
    """Number of an honest account's crowd; -1 for all others."""
    victim_of: NDArray[np.str_]
    """The ring (its ``campaign``) that reports an honest account; ``""`` for all others."""
    signup: NDArray[np.float64]
    """Unix seconds; NaN before the start of the log."""
    attack_start: NDArray[np.float64]
    """Unix seconds of an attacker's first deed; NaN for honest accounts and attackers that never began."""

    def __len__(self) -> int:
        return len(self.account)


@dataclass
class Outcome:
    """``columns`` is sorted by time: ``time`` (Unix seconds) and :data:`tidegate.world.log.COLUMNS`, all of
    one length.

    ``actor`` and ``target`` index ``names``; ``ip`` indexes ``addresses``; ``device`` and ``chat`` are
    numbers; ``client`` indexes :data:`tidegate.world.places.CLIENTS`; -1 is absent (255 for ``forwards``).
    """

    settings: WorldSettings
    habits: Habits
    columns: dict[str, NDArray[Any]]
    who: Accounts
    names: NDArray[np.str_]
    addresses: NDArray[np.uint32]
    devices: int
    chats: int

    def __len__(self) -> int:
        return len(self.columns["time"])

    @cached_property
    def accounts(self) -> AccountTable:
        who, count = self.who, len(self.who)
        start = self.settings.start
        role = np.array(ROLES)[who.role[:count]]
        honest = HONEST_CODE[who.role[:count]]
        infrastructure = np.where(who.clean[:count], "clean", "shared")
        signup = who.signup[:count]
        return AccountTable(
            account=self.names[:count],
            role=role,
            family=np.where(honest, "honest", role),
            stratum=np.where(honest, role, infrastructure),
            campaign=_campaign_names(who.campaign[:count]),
            crowd=who.crowd[:count],
            victim_of=_campaign_names(who.victim_of[:count]),
            signup=np.where(signup < 0.0, np.nan, start + signup),
            attack_start=start
            + np.where(who.attack_start[:count] < self.settings.length_s, who.attack_start[:count], np.nan),
        )


def _campaign_names(number: NDArray[np.int32]) -> NDArray[np.str_]:
    return np.where(number < 0, "", np.char.mod("c%04d", number))
