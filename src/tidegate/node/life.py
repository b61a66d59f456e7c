"""An account's life as the journal has it: day by day what it did, what was said back, and who shares something with it.

Read in bounded pieces from the journal's file, beside the node and without its engine. Only pseudonyms.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.features import DAY_S, HOUR_S
from tidegate.events.columns import EVENT, EventType
from tidegate.node.journal_tail import JournalTail, of_the_log
from tidegate.node.links import Linked, Links, Thing
from tidegate.statements.contacts import contacts_and_answers

MOST_EVENTS = 20_000_000
"""Of the journal, latest first; what lies before is not looked at."""
MOST_OWN_EVENTS = 1_000_000
"""Of the account; beyond that the oldest are left out, 80 bytes each."""
HOURS = 24
_OWN_COUNTS = ("sent", "first_contacts", "replies", "blocks", "reports")


@dataclass(frozen=True, slots=True)
class Day:
    """One day of an account (UTC)."""

    day: int
    """Days since 1970."""
    sent: int
    """Messages, to people and to groups."""
    first_contacts: int
    """First messages to people who had not written to it within the window."""
    replies: int
    """First messages back from those."""
    blocks: int
    """About it."""
    reports: int
    signed_up: bool
    logins: int
    networks: int
    """Different ones that it used."""
    devices: int


@dataclass(frozen=True, slots=True)
class Hours:
    """One day hour by hour (UTC): 24 numbers each, counted as in :class:`Day`."""

    day: int
    sent: list[int]
    first_contacts: list[int]
    replies: list[int]
    blocks: list[int]
    reports: list[int]


@dataclass(frozen=True, slots=True)
class Life:
    """What the journal tells of one account."""

    days: list[Day]
    """Every day from its first to its last within the window, quiet ones too; empty: nothing is known of it."""
    first: Hours | None
    """Its first day within the window."""
    busiest: Hours | None
    """The day on which it sent most; None when it sent nothing."""
    things: list[Thing]
    """Devices and networks that it used, and how many accounts use each: few first."""
    linked: list[Linked]
    """Accounts that share something with it, strongest first: what few share says most."""
    linked_total: int
    """Before the list was cut."""
    from_event: int
    """Number of the journal's first event looked at."""
    through: int
    """Number of the event after the last one looked at."""
    from_s: float | None
    """Unix seconds of the first event looked at; None: there was none."""
    complete: bool
    """The whole window was looked at: nothing of it was pruned, left out or damaged."""


@dataclass(slots=True)
class _Own:
    """Events by and about the account."""

    key: int
    pieces: list[NDArray[Any]] = field(default_factory=list)
    count: int = 0
    left_out: bool = False

    def add(self, events: NDArray[Any]) -> None:
        mine = np.flatnonzero((events["actor"] == self.key) | (events["target"] == self.key))
        if not len(mine):
            return
        self.pieces.append(events[mine])
        self.count += len(mine)
        while self.count > MOST_OWN_EVENTS and len(self.pieces) > 1:
            self.count -= len(self.pieces.pop(0))
            self.left_out = True

    def events(self) -> NDArray[Any]:
        """In the order of time."""
        joined = np.concatenate(self.pieces) if self.pieces else np.zeros(0, EVENT)
        joined = joined[of_the_log(joined)]
        return joined[np.argsort(joined["time"], kind="stable")]


def life_of(folder: Path, key: int, days: float = 30.0) -> Life:
    """The last ``days`` days of the log, for one account. Any thread; some seconds for ten million events.

    Raises :class:`~tidegate.node.requests.StorageError`.
    """
    tail = JournalTail(folder, days * DAY_S)
    try:
        end = tail.end
        wanted, start = tail.at, max(tail.at, end - MOST_EVENTS)
        own = _Own(key)
        from_s: float | None = None
        seen = 0
        for events in _pieces(tail, start, end):
            seen += len(events)
            own.add(events)
            if from_s is None and len(times := events["time"][of_the_log(events)]):
                from_s = float(times[0])
        mine = own.events()
        links = Links(key, mine)
        if links.to_look_for:
            for events in _pieces(tail, start, end):
                links.add(events)
    finally:
        tail.close()
    complete = start == wanted and not own.left_out and seen == end - start
    counted = _Counted(key, mine)
    linked, total = links.linked()
    return Life(
        days=counted.days(),
        first=counted.hours(counted.first_day),
        busiest=counted.hours(counted.busiest_day),
        things=links.things(),
        linked=linked,
        linked_total=total,
        from_event=start,
        through=end,
        from_s=from_s,
        complete=complete,
    )


def _pieces(tail: JournalTail, start: int, end: int) -> Iterator[NDArray[Any]]:
    """Events ``start`` to ``end`` of the journal, in bounded pieces."""
    tail.at = start
    while tail.at < end:
        before = tail.at
        events, _ = tail.read()
        if tail.at == before:
            return
        yield events[: len(events) - max(tail.at - end, 0)]


class _Counted:
    """What happened when, in an account's events."""

    def __init__(self, key: int, mine: NDArray[Any]) -> None:
        self._mine = mine
        kind, by = mine["type"], mine["actor"] == key
        other = np.where(by, mine["target"], mine["actor"])
        about = ~by
        personal = (kind == EventType.MESSAGE) & (other != 0) & (other != key)
        talk = np.flatnonzero(personal)
        contacts, answers = contacts_and_answers(other[talk], by[talk])
        self._rows: dict[str, NDArray[np.intp]] = {
            "sent": np.flatnonzero(by & (kind == EventType.MESSAGE)),
            "first_contacts": talk[contacts],
            "replies": talk[answers],
            "blocks": np.flatnonzero(about & (kind == EventType.BLOCK)),
            "reports": np.flatnonzero(about & (kind == EventType.REPORT)),
            "signed_up": np.flatnonzero(by & (kind == EventType.REGISTER)),
            "logins": np.flatnonzero(by & (kind == EventType.LOGIN)),
        }
        self._by = by
        self._day = np.floor(mine["time"] / DAY_S).astype(np.int64)
        self.first_day = int(self._day[0]) if len(mine) else None
        sent = self._day[self._rows["sent"]]
        self.busiest_day: int | None = None
        if len(sent):
            found, counts = np.unique(sent, return_counts=True)
            self.busiest_day = int(found[np.argmax(counts)])

    def days(self) -> list[Day]:
        if self.first_day is None:
            return []
        width = int(self._day[-1]) - self.first_day + 1
        place = self._day - self.first_day
        counts = {
            name: np.bincount(place[rows], minlength=width).tolist() for name, rows in self._rows.items()
        }
        for name, column in (("networks", "network"), ("devices", "device")):
            used = np.flatnonzero(self._by & (self._mine[column] != 0))
            pairs = np.unique(np.stack([place[used].astype(np.uint64), self._mine[column][used]]), axis=1)
            counts[name] = np.bincount(pairs[0].astype(np.int64), minlength=width).tolist()
        return [
            Day(
                day=self.first_day + at,
                signed_up=counts["signed_up"][at] > 0,
                **{name: counts[name][at] for name in counts if name != "signed_up"},
            )
            for at in range(width)
        ]

    def hours(self, day: int | None) -> Hours | None:
        if day is None:
            return None
        hour = np.floor((self._mine["time"] - day * DAY_S) / HOUR_S).astype(np.int64)
        counts = {}
        for name in _OWN_COUNTS:
            at = hour[self._rows[name]]
            counts[name] = np.bincount(at[(at >= 0) & (at < HOURS)], minlength=HOURS).tolist()
        return Hours(day=day, **counts)
