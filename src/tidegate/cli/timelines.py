"""What happened to and by a few accounts: their moments for the pictures, and exact counts.

One pass over the log in brief, vectorised; only events that concern the shown accounts are kept.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegate.cli.findings import MOMENT_KINDS, ActedOn, Moment, keep_moments
from tidegate.events.columns import EventType
from tidegate.node.wanted import Wanted
from tidegate.statements.contacts import contacts_and_answers

KEPT_ROWS = 8_000_000
"""Events about the shown accounts kept at most, 21 bytes each."""
DRAWN_ROWS = 2_000
"""Moments of one account that compete for a place in its picture."""
_KIND = {name: code for code, name in enumerate(MOMENT_KINDS)}
_ROW = np.dtype([("time", np.float64), ("other", np.uint64), ("who", np.int32), ("kind", np.uint8)])

_BY = {
    EventType.REGISTER: _KIND["sign_up"],
    EventType.GROUP_CREATE: _KIND["group"],
    EventType.INVITE: _KIND["invite"],
    EventType.JOIN: _KIND["join"],
    EventType.BLOCK: _KIND["complaint"],
    EventType.REPORT: _KIND["complaint"],
}
_TO = {
    EventType.MESSAGE: _KIND["received"],
    EventType.BLOCK: _KIND["block"],
    EventType.REPORT: _KIND["report"],
}
_NO_KIND = 255


def _lookup(kinds: dict[EventType, int]) -> NDArray[np.uint8]:
    table = np.full(256, _NO_KIND, np.uint8)
    for event_type, kind in kinds.items():
        table[event_type] = kind
    return table


_BY_ACTOR, _TO_TARGET = _lookup(_BY), _lookup(_TO)


@dataclass(slots=True)
class Timelines:
    """Rows of the shown accounts (``who`` is an index into ``keys``), in the order of the log."""

    keys: NDArray[np.uint64]
    """Sorted."""
    rows: NDArray[Any]
    left_out: int
    """Events that did not fit."""

    def of(self, key: int) -> "Timeline":
        """The timeline of one of the accounts."""
        who = int(np.searchsorted(self.keys, np.uint64(key)))
        start, end = np.searchsorted(self.rows["who"], [who, who + 1])
        return Timeline.of(self.rows[int(start) : int(end)])

    def received(self) -> dict[int, int]:
        """Messages that each of the accounts received from others, by pseudonym."""
        whose = self.rows["who"][self.rows["kind"] == _KIND["received"]]
        counts = np.bincount(whose, minlength=len(self.keys))
        return dict(zip(self.keys.tolist(), counts.tolist(), strict=True))


def collect(briefs: Iterable[NDArray[Any]], keys: Iterable[int]) -> Timelines:
    """Read the log in brief and keep what concerns the accounts ``keys``."""
    wanted = Wanted(np.unique(np.array(list(keys), np.uint64)))
    parts: list[NDArray[Any]] = []
    kept = left_out = 0
    for brief in briefs:
        for rows in (_deeds(brief, wanted), _done_to(brief, wanted)):
            fits = rows[: max(0, KEPT_ROWS - kept)]
            parts.append(fits)
            kept += len(fits)
            left_out += len(rows) - len(fits)
    joined = np.concatenate(parts) if parts else np.zeros(0, _ROW)
    # by account, then by time, an account's own deeds before what was done to it in the same instant
    return Timelines(wanted.keys, joined[np.lexsort((joined["time"], joined["who"]))], left_out)


def _made(brief: NDArray[Any], other: NDArray[np.uint64], who: Any, kind: NDArray[np.uint8]) -> NDArray[Any]:
    rows = np.empty(len(brief), _ROW)
    rows["time"], rows["other"], rows["who"], rows["kind"] = brief["time"], other, who, kind
    kept: NDArray[Any] = rows[kind != _NO_KIND]
    return kept


def _deeds(brief: NDArray[Any], wanted: Wanted) -> NDArray[Any]:
    at, who = wanted.among(brief["actor"])
    mine = brief[at]
    kind = _BY_ACTOR[mine["type"]]
    sent = mine["type"] == EventType.MESSAGE
    alone = (mine["target"] == 0) | (mine["target"] == mine["actor"])
    kind[sent] = np.where(alone[sent], _KIND["group_message"], _KIND["message"])
    return _made(mine, mine["target"], who, kind)


def _done_to(brief: NDArray[Any], wanted: Wanted) -> NDArray[Any]:
    at, who = wanted.among(brief["target"])
    theirs = brief[at]
    kind = _TO_TARGET[theirs["type"]]
    kind[theirs["actor"] == theirs["target"]] = _NO_KIND
    return _made(theirs, theirs["actor"], who, kind)


@dataclass(slots=True)
class Timeline:
    """One account's rows in the order of time, with first contacts and first answers told apart."""

    time: NDArray[np.float64]
    kind: NDArray[np.uint8]

    @staticmethod
    def of(rows: NDArray[Any]) -> "Timeline":
        kind = rows["kind"].copy()
        talk = np.flatnonzero((kind == _KIND["message"]) | (kind == _KIND["received"]))
        contacts, answers = contacts_and_answers(rows["other"][talk], kind[talk] == _KIND["message"])
        kind[talk[contacts]] = _KIND["first_contact"]
        kind[talk[answers]] = _KIND["reply"]
        return Timeline(rows["time"], kind)

    def count(self, *kinds: str, until_s: float = np.inf) -> int:
        """Moments of these kinds up to and with ``until_s``."""
        end = bisect_right(self.time, until_s)
        return int(np.isin(self.kind[:end], [_KIND[name] for name in kinds]).sum())

    def times(self, kind: str) -> tuple[float, ...]:
        """When moments of this kind were, Unix seconds."""
        return tuple(self.time[self.kind == _KIND[kind]].tolist())

    def moments(self) -> tuple[list[Moment], int]:
        """Moments for the picture of one account, and how many were left out."""
        told = self.kind != _KIND["complaint"]
        step = max(1, len(self.time) // DRAWN_ROWS)
        common = np.isin(self.kind, [_KIND["message"], _KIND["received"], _KIND["group_message"]])
        shown = told & (~common | (np.arange(len(self.time)) % step == 0))
        drawn = np.flatnonzero(shown)[: 4 * DRAWN_ROWS]
        made = [
            Moment(time, MOMENT_KINDS[kind])
            for time, kind in zip(self.time[drawn].tolist(), self.kind[drawn].tolist(), strict=True)
        ]
        kept, _ = keep_moments(made)
        return kept, int(told.sum()) - len(kept)


_MESSAGES = ("first_contact", "message", "group_message")


def with_timeline(acted: ActedOn, timeline: Timeline) -> ActedOn:
    """The account with its moments, exact totals, and exact counts in each decision."""
    moments, left_out = timeline.moments()
    totals = {
        "messages": timeline.count(*_MESSAGES),
        "first contacts": timeline.count("first_contact"),
        "answered": timeline.count("reply"),
        "blocks": timeline.count("block"),
        "reports": timeline.count("report"),
    }
    decisions = [
        msgspec.structs.replace(
            decision,
            first_contacts=timeline.count("first_contact", until_s=decision.time),
            messages=timeline.count(*_MESSAGES, until_s=decision.time),
        )
        for decision in acted.decisions
    ]
    return ActedOn(acted.account, decisions, moments, left_out, totals)
