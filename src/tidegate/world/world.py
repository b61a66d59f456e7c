"""A finished world: its log as integer-coded columns, its accounts, and the truth about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EVENT
from tidegate.world.accounts import ROLES, Accounts
from tidegate.world.habits import Habits
from tidegate.world.settings import WorldSettings


class Pseudonymiser(Protocol):
    """What :meth:`World.events` needs of ``tidegate.events.pseudonym.Pseudonyms``."""

    def many(self, identifiers: list[str]) -> NDArray[np.uint64]: ...
    def network(self, ip: str) -> int: ...
    def phone_range(self, number: str) -> int: ...
    def client(self, text: str) -> int: ...


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
    signup: NDArray[np.float64]
    """Unix seconds; NaN before the start of the log."""
    attack_start: NDArray[np.float64]
    """Unix seconds of an attacker's first deed; NaN for honest accounts and attackers that never began."""

    def __len__(self) -> int:
        return len(self.account)


@dataclass
class World:
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
    honest_roles: int

    def __len__(self) -> int:
        return len(self.columns["time"])

    @cached_property
    def accounts(self) -> AccountTable:
        who, count = self.who, len(self.who)
        start = self.settings.start
        role = np.array(ROLES)[who.role[:count]]
        honest = who.role[:count] < self.honest_roles
        infrastructure = np.where(who.clean[:count], "clean", "shared")
        number = who.campaign[:count]
        signup = who.signup[:count]
        return AccountTable(
            account=self.names[:count],
            role=role,
            family=np.where(honest, "honest", role),
            stratum=np.where(honest, role, infrastructure),
            campaign=np.where(number < 0, "", np.char.mod("c%04d", number)),
            signup=np.where(signup < 0.0, np.nan, start + signup),
            attack_start=start
            + np.where(who.attack_start[:count] < self.settings.length_s, who.attack_start[:count], np.nan),
        )

    def events(self, pseudonyms: Pseudonymiser) -> NDArray[np.void]:
        """The log as ``EVENT`` records; each distinct identifier is hashed once."""
        from tidegate.world.records import to_records

        return to_records(self, pseudonyms)

    def write(self, folder: Path, format: Literal["parquet", "jsonl"] = "parquet") -> Path:
        """Write ``events.parquet`` (or ``events.jsonl``) and ``truth.csv``; returns the path of the log."""
        from tidegate.world.files import write_log, write_truth

        folder.mkdir(parents=True, exist_ok=True)
        write_truth(self, folder / "truth.csv")
        return write_log(self, folder / f"events.{format}", format)


def name_identities(rng: np.random.Generator, count: int) -> NDArray[np.str_]:
    """Distinct names that tell nothing of their order: a shuffled number in hexadecimal."""
    number = np.unique(rng.integers(1 << 32, 1 << 40, count + count // 8 + 16))
    return _hexadecimal("u", rng.permutation(number)[:count])


def _hexadecimal(prefix: str, number: NDArray[np.int64]) -> NDArray[np.str_]:
    return np.array([f"{prefix}{n:010x}" for n in number.tolist()])


def dotted(address: int) -> str:
    """An IPv4 address in words of eight bits."""
    return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"


def chat_names(numbers: Sequence[int]) -> list[str]:
    return [f"c{n * 2654435761 % 4294967296:08x}" for n in numbers]


def device_names(numbers: Sequence[int]) -> list[str]:
    return [f"d{n * 2246822519 % 4294967296:08x}" for n in numbers]


EVENT_BYTES = EVENT.itemsize
