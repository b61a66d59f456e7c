"""Decisions to put into ledgers, and ledgers to put them into."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tidegate.node.requests import StorageError
from tidegate.node.settings import Enforcement, Mode, NodeSettings
from tidegate.node.sqlite_ledger import SqliteLedger
from tidegate.statements.decision import DecisionShown, ReasonShown

NOW = 1_770_000_000.0
HOUR, DAY = 3_600.0, 86_400.0
REASONS = (
    ReasonShown("many-strangers", 120.0, "wrote to 120 strangers within an hour", "rule"),
    ReasonShown("reply_rate", None, "nobody answered", "model"),
)


def key_of(account: str) -> int:
    return int.from_bytes(hashlib.blake2b(account.encode(), digest_size=8).digest(), "little")


def decided(
    account: str, rung: str, time: float = NOW, *, until: float | None = None, id: str = "", **more: Any
) -> DecisionShown:
    """A decision; its id follows from account, rung and time, as the engine's does."""
    made = DecisionShown(
        time=time,
        account=account,
        rung=rung,
        until=until,
        score=0.97 if rung != "allow" else None,
        stage="messaging",
        reasons=REASONS,
        policy="default 3f2a",
        model="shipped 91bc",
        id=id or hashlib.blake2b(f"{account} {rung} {time}".encode(), digest_size=8).hexdigest(),
        first_contacts=130,
        messages=150,
        pseudonym=key_of(account),
    )
    return msgspec.structs.replace(made, **more)


def in_memory_folder() -> str | None:
    """Where files cost no disk, for tests that open hundreds of ledgers; None: wherever temporary files are."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Clock:
    """A clock that a test moves."""

    def __init__(self, now_s: float = NOW) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def settings(mode: Mode = Mode.ENFORCE, **sections: Any) -> NodeSettings:
    """Settings in a mode; more of a section by its name: ``enforcement={"lease_s": 5.0}``."""
    enforcement = {"mode": mode} | sections.pop("enforcement", {})
    return msgspec.convert({"enforcement": enforcement} | sections, NodeSettings)


def ledger_in(
    folder: Path, mode: Mode = Mode.ENFORCE, clock: Callable[[], float] | None = None, **sections: Any
) -> SqliteLedger:
    return SqliteLedger(folder, settings(mode, **sections), now_s=clock or Clock())


__all__ = [
    "DAY",
    "HOUR",
    "NOW",
    "REASONS",
    "Clock",
    "Enforcement",
    "Mode",
    "StorageError",
    "decided",
    "in_memory_folder",
    "key_of",
    "ledger_in",
    "settings",
]
