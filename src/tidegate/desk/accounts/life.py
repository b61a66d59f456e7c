"""An account's life as it is drawn and listed: what the node's journal has, with the rungs from the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import BoundedSemaphore
from typing import Any

from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe

from tidegate.desk.accounts.timeline import DAY_S, HOUR_S, Picture, Slot, stretches_of, timeline
from tidegate.desk.ledger.models import Account, Decision, stored
from tidegate.desk.node_link import node
from tidegate.engine.rungs import Rung
from tidegate.node.life import Hours, Life
from tidegate.node.links import HUB

DAYS = 30.0
KEPT_S = 60
"""A life that was read is shown again for so long."""
AT_ONCE = 2
"""Journals read at the same time; others wait their turn, and after :data:`WAIT_S` are told to come back."""
WAIT_S = 20.0
DECISIONS_DRAWN = 500
LINKED_SHOWN = 100
_reading = BoundedSemaphore(AT_ONCE)
_BY = {
    "device": "used the same device",
    "network": "used the same network",
    "invited": "were invited by this account",
    "invited by": "invited this account",
}


class TooBusy(Exception):  # noqa: N818 - an answer to whoever asks
    """Others are reading the journal at the moment."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture, with the same figures as rows."""

    title: str
    svg: SafeString
    rows: list[tuple[str, Slot]]


@dataclass(frozen=True, slots=True)
class LinkGroup:
    """Accounts that share one thing with the account."""

    words: str
    shared_by: int
    """All accounts that share it."""
    hub: bool
    """So many that it says next to nothing."""
    accounts: list[tuple[str, Account | None]]
    """Pseudonyms, and what the ledger knows of them."""


def life_now(key: int) -> Life:
    """The last days of the journal. Raises :class:`TooBusy`, NodeAbsent or StorageError."""
    name = f"life-{key:016x}"
    found: Life | None = cache.get(name)
    if found is None:
        link = node()
        if not _reading.acquire(timeout=WAIT_S):
            raise TooBusy("Others are reading the journal at the moment. Try again in a minute.")
        try:
            found = link.life(key, DAYS)
        finally:
            _reading.release()
        cache.set(name, found, KEPT_S)
    return found


def drawn(life: Life, key: int) -> list[Drawn]:
    """The days; a single day hour by hour; and the busiest day hour by hour when there are several."""
    if not life.days:
        return []
    decisions = [
        (one.time.timestamp(), Rung(one.rung), one.until.timestamp() if one.until else None, one.acted)
        for one in Decision.objects.filter(account_id=stored(key)).order_by("-number")[:DECISIONS_DRAWN]
    ][::-1]
    pictures = []
    if len(life.days) > 1:
        slots = [
            Slot(day.sent, day.first_contacts, day.replies, day.blocks, day.reports) for day in life.days
        ]
        start_s = life.days[0].day * DAY_S
        names = [_day(day.day) for day in life.days]
        pictures.append(_drawn(f"{len(slots)} days of this account", start_s, DAY_S, slots, names, decisions))
    for hours, what in _hours_drawn(life):
        slots = [
            Slot(*numbers)
            for numbers in zip(
                hours.sent, hours.first_contacts, hours.replies, hours.blocks, hours.reports, strict=True
            )
        ]
        names = [f"{hour:02d}:00" for hour in range(len(slots))]
        title = f"{what}, {_day(hours.day)}, hour by hour (UTC)"
        pictures.append(_drawn(title, hours.day * DAY_S, HOUR_S, slots, names, decisions))
    return pictures


def link_groups(life: Life) -> list[LinkGroup]:
    """Who shares what with the account, the least shared first: one query."""
    listed = life.linked[:LINKED_SHOWN]
    known = Account.objects.in_bulk([stored(int(one.pseudonym, 16)) for one in listed])
    groups: dict[tuple[str, str], LinkGroup] = {}
    for one in listed:
        group = groups.setdefault(
            (one.by, one.mark), LinkGroup(_BY.get(one.by, one.by), one.shared_by, one.shared_by > HUB, [])
        )
        group.accounts.append((one.pseudonym, known.get(stored(int(one.pseudonym, 16)))))
    return list(groups.values())


def _hours_drawn(life: Life) -> list[tuple[Hours, str]]:
    if len(life.days) == 1:
        return [(life.first, "Its day")] if life.first else []
    found = [(life.first, "Its first day"), (life.busiest, "Its busiest day")]
    if life.first and life.busiest and life.first.day == life.busiest.day:
        found = [(life.first, "Its first day, the busiest")]
    return [(hours, what) for hours, what in found if hours is not None and any(hours.sent)]


def _drawn(
    title: str,
    start_s: float,
    slot_s: float,
    slots: Sequence[Slot],
    names: Sequence[str],
    decisions: Sequence[Any],
) -> Drawn:
    end_s = start_s + slot_s * len(slots)
    # What lies ahead is not drawn: it may still change.
    stretches = stretches_of(decisions, start_s, min(end_s, node().now_s()))
    picture = Picture(start_s, slot_s, slots, stretches, title)
    svg = mark_safe(timeline(picture, f"life-{start_s:.0f}-{slot_s:.0f}"))
    rows = [(name, slot) for name, slot in zip(names, slots, strict=True) if slot != Slot(0, 0, 0, 0, 0)]
    return Drawn(title, svg, rows)


def _day(day: int) -> str:
    moment = datetime.fromtimestamp(day * DAY_S, UTC)
    return f"{moment.day} {moment:%B %Y}"
