"""The search's bounded memory: tables that take events in and forget what lies outside the window."""

from collections import namedtuple
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.layout import COMPLAINT, CONTACT, LATENCY_BINS, PERSON, TOKEN
from tidegate.campaigns.remembering import remember, token_of
from tidegate.engine.index import find, free
from tidegate.engine.layout import CLOCK_ZERO_S
from tidegate.engine.table import Table
from tidegate.events.columns import EVENT
from tidegate.events.compiled import compiled

PIECE = 16_384
"""Events taken in at once; tables are made large enough before each piece."""
NEW_TOKENS_AN_EVENT = 5
_TOTALS = np.dtype([("active", np.int64), ("opened", np.int64), ("complaints", np.int64)])

Arrays = namedtuple(
    "Arrays",
    "person_book person_index person_old persons contact_book contact_index contact_old contacts token_book "
    "token_index token_old tokens complaints latency totals",
)
"""What compiled code works on."""


class Memory:
    """People, who wrote to whom first, and what complaints there were, in about the last ``window_s`` seconds."""

    def __init__(self, window_s: float, complaints: int, capacity: int = 4_096) -> None:
        """``complaints``: so many of the latest are kept."""
        self.window_s = window_s
        self.persons = Table(PERSON, capacity)
        self.contacts = Table(CONTACT, capacity)
        self.tokens = Table(TOKEN, capacity)
        self.complaints = np.zeros(complaints, COMPLAINT)
        self.latency = np.zeros(LATENCY_BINS, np.float64)
        self._totals = np.zeros(1, _TOTALS)

    def remember(self, events: NDArray[Any]) -> None:
        """EVENT[n] in order."""
        if events.dtype != EVENT:
            raise TypeError(f"events must be an array of tidegate.events.columns.EVENT, not {events.dtype}")
        for start in range(0, len(events), PIECE):
            piece = np.ascontiguousarray(events[start : start + PIECE])
            self.persons.make_room(2 * len(piece))
            self.contacts.make_room(len(piece))
            self.tokens.make_room(NEW_TOKENS_AN_EVENT * len(piece))
            remember(self.arrays, piece)

    @property
    def arrays(self) -> Arrays:
        """The tables as they lie in memory now; not to be kept across :meth:`remember`."""
        tables = [
            part
            for table in (self.persons, self.contacts, self.tokens)
            for part in (table.book, table.index, table.old_index, table.records.array)
        ]
        return Arrays._make([*tables, self.complaints, self.latency, self._totals])

    @property
    def active(self) -> int:
        """Accounts that were ever seen to do something."""
        return int(self._totals["active"][0])

    @property
    def complaint_count(self) -> int:
        """Complaints ever heard."""
        return int(self._totals["complaints"][0])

    def accounts_with(self, salt: np.uint64, value: int) -> int:
        """How many accounts have a network, device, … ``salt``: of :mod:`.remembering`, for its kind."""
        return int(_accounts_with(self.arrays, salt, np.uint64(value)))

    @property
    def bytes_in_use(self) -> int:
        """Of all tables."""
        tables = sum(table.bytes_in_use for table in (self.persons, self.contacts, self.tokens))
        return tables + self.complaints.nbytes

    def people(self) -> NDArray[Any]:
        """PERSON records, with those of freed slots among them (``last_s`` < 0)."""
        return self.persons.records.array[: self.persons.count]

    def complaints_since(self, since_s: float) -> NDArray[Any]:
        """COMPLAINT records from then on, oldest first, as far as they are remembered."""
        count, size = self.complaint_count, len(self.complaints)
        ordered = self.complaints[:count]
        if count > size:
            ordered = np.roll(self.complaints, -(count % size))
        people = self.people()["key"]
        # The place of an account that was forgotten may be another's by now.
        same = (people[ordered["by"]] == ordered["by_key"]) & (
            people[ordered["about"]] == ordered["about_key"]
        )
        found: NDArray[Any] = ordered[same & (ordered["time_s"] >= since_s)]
        return found

    def forget(self, now_s: float) -> None:
        """Let go of accounts, pairs and tokens that have been idle for longer than the window."""
        before_s = now_s - self.window_s
        clock = np.uint32(max(before_s - CLOCK_ZERO_S, 0.0))
        _forget(
            self.arrays,
            before_s,
            clock,
            *(self._words(t) for t in (self.persons, self.contacts, self.tokens)),
        )
        self.latency *= 0.5

    def erase(self, key: int) -> None:
        """Forget one account, whoever it wrote with, and its complaints."""
        slot = self.persons.find(key)
        if slot >= 0:
            _erase(self.arrays, slot, self._words(self.persons), self._words(self.contacts))

    @staticmethod
    def _words(table: Table) -> NDArray[np.uint64]:
        return table.records.array.view(np.uint64)


@compiled
def _accounts_with(t: Any, salt: Any, value: Any) -> Any:
    slot = find(t.token_book[0], t.token_index, t.token_old, t.tokens, token_of(salt, value))
    return np.int64(t.tokens[slot].accounts) if slot >= 0 else np.int64(0)


@compiled
def _forget(
    t: Any, before_s: Any, clock: Any, person_words: Any, contact_words: Any, token_words: Any
) -> None:
    person_width = len(person_words) // len(t.persons)
    contact_width = len(contact_words) // len(t.contacts)
    token_width = len(token_words) // len(t.tokens)
    for slot in range(t.person_book[0].count):
        person = t.persons[slot]
        # Someone who was only written to has no deeds of its own; the time it was first seen stands for them.
        if person.last_s >= 0.0 and person.last_s < before_s and person.first_seen < clock:
            free(t.person_book[0], t.person_index, t.person_old, t.persons, person_words, person_width, slot)
    for slot in range(t.contact_book[0].count):
        contact = t.contacts[slot]
        if contact.last_s < 0.0:
            continue
        stranded = t.persons[contact.opener].last_s < 0.0 or t.persons[contact.other].last_s < 0.0
        if stranded or contact.last_s < before_s:
            free(
                t.contact_book[0],
                t.contact_index,
                t.contact_old,
                t.contacts,
                contact_words,
                contact_width,
                slot,
            )
    for slot in range(t.token_book[0].count):
        if 0.0 <= t.tokens[slot].last_s < before_s:
            free(t.token_book[0], t.token_index, t.token_old, t.tokens, token_words, token_width, slot)


@compiled
def _erase(t: Any, slot: Any, person_words: Any, contact_words: Any) -> None:
    contact_width = len(contact_words) // len(t.contacts)
    for at in range(t.contact_book[0].count):
        contact = t.contacts[at]
        if contact.last_s >= 0.0 and (contact.opener == slot or contact.other == slot):
            free(
                t.contact_book[0],
                t.contact_index,
                t.contact_old,
                t.contacts,
                contact_words,
                contact_width,
                at,
            )
    for at in range(len(t.complaints)):
        if t.complaints[at].by == slot or t.complaints[at].about == slot:
            t.complaints[at].time_s = 0.0
            t.complaints[at].by_key = t.complaints[at].about_key = np.uint64(0)
    width = len(person_words) // len(t.persons)
    free(t.person_book[0], t.person_index, t.person_old, t.persons, person_words, width, slot)
