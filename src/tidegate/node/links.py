"""Accounts that share something with one account: a device, a network, an invitation.

How many share it stands beside each, so that a hub (a mobile network's address, a campus) is seen as one: what three
share says much, what thousands share says nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.node.wanted import Wanted
from tidegate.statements.statement import pseudonym_shown

THINGS_AT_MOST = 32
"""Networks looked at, and as many devices: those that the account used most."""
LISTED_AT_MOST = 200
LISTED_OF_A_HUB = 20
HUB = 50
"""Shared by more accounts than this, a thing is a hub: only a few of its accounts are listed."""
_MERGE_AT = 64
"""Pieces kept apart before they are merged."""
_COLUMNS = ("device", "network")


@dataclass(frozen=True, slots=True)
class Thing:
    """A device or a network that an account used."""

    what: str
    """``device`` or ``network``."""
    mark: str
    """Its pseudonym, 16 hexadecimal digits."""
    used: int
    """The account's own events with it."""
    accounts: int
    """All accounts that used it in the same time, this one among them."""


@dataclass(frozen=True, slots=True)
class Linked:
    """An account that shares something with another."""

    pseudonym: str
    by: str
    """``device``, ``network``, ``invited`` (it was invited by the account) or ``invited by``."""
    shared_by: int
    """How many accounts share this at all; of invitations: how many the inviting account invited."""
    mark: str = ""
    """Of the device or network."""


class Links:
    """Gathers them from a log in pieces."""

    def __init__(self, key: int, mine: NDArray[Any]) -> None:
        """``mine``: the account's own events."""
        self._key = key
        by = mine[mine["actor"] == key]
        self._used = {column: _most_used(by[column]) for column in _COLUMNS}
        self._sharing = {column: _Sharing(used[0]) for column, used in self._used.items()}
        invites = mine[(mine["type"] == EventType.INVITE) & (mine["target"] != 0)]
        self._invited = np.unique(invites["target"][invites["actor"] == key])
        self._inviting = np.unique(invites["actor"][(invites["target"] == key) & (invites["actor"] != key)])
        self._invitations = _Sharing(self._inviting)
        self.to_look_for = bool(len(by) and any(len(used[0]) for used in self._used.values())) or bool(
            len(self._inviting)
        )
        """There is something that others may share."""

    def add(self, events: NDArray[Any]) -> None:
        """Look through EVENT[n] for who shares something."""
        for column, sharing in self._sharing.items():
            sharing.add(events[column], events["actor"])
        if len(self._inviting):
            invites = events[events["type"] == EventType.INVITE]
            self._invitations.add(invites["actor"], invites["target"])

    def things(self) -> list[Thing]:
        """What the account used, the least shared first."""
        found = []
        for column, (keys, used) in self._used.items():
            for which, (key, times) in enumerate(zip(keys.tolist(), used.tolist(), strict=True)):
                accounts = len(self._sharing[column].accounts(which))
                found.append(Thing(column, pseudonym_shown(key), times, accounts))
        return sorted(found, key=lambda thing: (thing.accounts, thing.what, -thing.used, thing.mark))

    def linked(self) -> tuple[list[Linked], int]:
        """``(listed, all)``: those who share the least shared first, and how many links there are."""
        found = [
            Linked(pseudonym_shown(one), "invited", len(self._invited)) for one in self._invited.tolist()
        ]
        for which, key in enumerate(self._inviting.tolist()):
            found.append(Linked(pseudonym_shown(key), "invited by", len(self._invitations.accounts(which))))
        total = len(found)
        for column, (keys, _) in self._used.items():
            for which, key in enumerate(keys.tolist()):
                accounts = self._sharing[column].accounts(which)
                others = accounts[accounts != self._key]
                total += len(others)
                most = LISTED_AT_MOST if len(accounts) <= HUB else LISTED_OF_A_HUB
                mark = pseudonym_shown(key)
                found += [
                    Linked(pseudonym_shown(one), column, len(accounts), mark)
                    for one in others[:most].tolist()
                ]
        found.sort(key=lambda link: (link.shared_by, link.by, link.pseudonym))
        return found[:LISTED_AT_MOST], total


class _Sharing:
    """Which accounts occur together with each of a few things."""

    def __init__(self, things: NDArray[np.uint64]) -> None:
        """``things``: sorted, each once."""
        self._wanted = Wanted(things)
        self._accounts: list[list[NDArray[np.uint64]]] = [[] for _ in things]

    def add(self, things: NDArray[np.uint64], accounts: NDArray[np.uint64]) -> None:
        """Columns of a piece of the log."""
        rows, which = self._wanted.among(things)
        for one in np.unique(which).tolist():
            kept = self._accounts[one]
            kept.append(np.unique(accounts[rows[which == one]]))
            if len(kept) > _MERGE_AT:
                kept[:] = [np.unique(np.concatenate(kept))]

    def accounts(self, which: int) -> NDArray[np.uint64]:
        """Each once, sorted."""
        kept = self._accounts[which]
        return np.unique(np.concatenate(kept)) if kept else np.zeros(0, np.uint64)


def _most_used(column: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The keys that occur most, sorted, and how often."""
    keys, counts = np.unique(column[column != 0], return_counts=True)
    chosen = np.sort(np.argsort(-counts, kind="stable")[:THINGS_AT_MOST])
    return keys[chosen], counts[chosen]
