"""What a restricted account may do next, answered from memory."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from tidegate_synapse.budget import FirstContacts, MessageRate
from tidegate_synapse.rooms import Room
from tidegate_synapse.rungs import Challenge, Rung

FORBIDDEN, CONSENT, SUSPENDED, LIMITED = (
    "M_FORBIDDEN",
    "M_CONSENT_NOT_GIVEN",
    "M_USER_SUSPENDED",
    "M_LIMIT_EXCEEDED",
)

WORDS = {
    Rung.CHALLENGE: "Before you write to somebody new, please show that you are a person.",
    Rung.BUDGET: "You can write to only a few new people a day for now.",
    Rung.LOCK: "You can go on with the chats you have; new ones cannot be started for now.",
    Rung.SUSPEND: "This account cannot send anything for now.",
    Rung.BAN: "This account is closed.",
}
"""Said to the account holder when the node gave no words of its own."""
TOO_FAST = "You are sending messages too fast for now."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Not now: an error code of the Matrix specification, words for the person, and what belongs to them."""

    errcode: str
    text: str
    wait_s: float = 0.0
    """With ``M_LIMIT_EXCEEDED``: when it may be tried again."""
    consent_uri: str = ""
    """With ``M_CONSENT_NOT_GIVEN``: where the challenge is."""


@dataclass(slots=True)
class Standing:
    """One account above ``warn``, with what must be known to answer at once.

    A room is *fresh* for the account when nothing has been written in it. Rooms not listed as fresh are chats that
    exist, so what is not known is never held against anybody.
    """

    account: str
    rung: Rung
    until_s: float = math.inf
    notice: str = ""
    joined: set[str] = field(default_factory=set)
    """Rooms the account was in when the rung began to bind."""
    fresh: set[str] = field(default_factory=set)
    acquainted: set[str] = field(default_factory=set)
    """People of its conversations of two, and whoever has answered it since."""
    always_open: set[str] = field(default_factory=set)
    """Rooms in which the server itself speaks to the account."""
    paid: dict[str, set[str]] = field(default_factory=dict)
    """Room to the first contacts paid for in it, to be refunded by a reply."""
    contacts: FirstContacts = field(default_factory=lambda: FirstContacts(0))
    rate: MessageRate = field(default_factory=lambda: MessageRate(1))
    challenge: Challenge | None = None
    """None until the node has given one. Nobody is refused without a way out."""

    def may_send(self, room_id: str, room: Room | None, now_s: float) -> Refusal | None:
        """About to send a message to a room."""
        if self.rung >= Rung.SUSPEND:
            return None if room_id in self.always_open else self._refuse(SUSPENDED)
        if self.rung == Rung.BUDGET:
            wait_s = self.rate.take(now_s)
            if wait_s:
                return Refusal(LIMITED, TOO_FAST, wait_s)
        if room_id not in self.fresh or room_id in self.always_open:
            return None
        if room is not None and room.members() < 2:
            return None  # nobody is there to be contacted
        other = room.other(self.account) if room is not None else None
        if other is not None and other in self.acquainted:
            return None
        if self.rung == Rung.LOCK:
            return self._refuse(FORBIDDEN)
        if self.paid.get(room_id):
            return None
        return self._first_contact(other or room_id, room_id, now_s)

    def may_create(self, invited: Iterable[str], unnamed: int, now_s: float) -> Refusal | None:
        """About to create a room, inviting these users and ``unnamed`` more by e-mail or telephone number.

        Nothing is charged yet: each invitation is asked about on its own, but a room must not be left half made.
        """
        if self.rung >= Rung.LOCK:
            return self._refuse(SUSPENDED if self.rung >= Rung.SUSPEND else FORBIDDEN)
        new = [one for one in invited if one not in self.acquainted and not self.contacts.is_paid(one)]
        if not new and not unnamed:
            return None
        if self.rung == Rung.CHALLENGE:
            return self._challenge(now_s)
        if self.rung == Rung.BUDGET and len(new) + unnamed > self.contacts.left(now_s):
            return self._spent(now_s)
        return None

    def may_invite(self, invited: str, room_id: str, now_s: float) -> Refusal | None:
        """About to invite somebody (a user, or an e-mail address or telephone number) to a room."""
        if self.rung >= Rung.LOCK:
            return self._refuse(SUSPENDED if self.rung >= Rung.SUSPEND else FORBIDDEN)
        if invited in self.acquainted:
            return None
        return self._first_contact(invited, room_id, now_s)

    def may_join(self, room_id: str) -> Refusal | None:
        """About to join a room, or to change the profile in one."""
        if self.rung < Rung.LOCK or room_id in self.joined or room_id in self.always_open:
            return None
        return self._refuse(SUSPENDED if self.rung >= Rung.SUSPEND else FORBIDDEN)

    def may_publish(self) -> Refusal | None:
        """About to put a room into the directory or to give it an alias."""
        if self.rung < Rung.LOCK:
            return None
        return self._refuse(SUSPENDED if self.rung >= Rung.SUSPEND else FORBIDDEN)

    def answered(self, room_id: str, by: str) -> None:
        """Somebody else has written in a room: the chat exists, and one first contact is given back."""
        self.fresh.discard(room_id)
        self.acquainted.add(by)
        paid = self.paid.get(room_id)
        if not paid:
            return
        contact = by if by in paid else room_id if room_id in paid else None
        if contact is None:
            return
        self.contacts.refund(contact)
        paid.discard(contact)
        if not paid:
            del self.paid[room_id]

    def _first_contact(self, contact: str, room_id: str, now_s: float) -> Refusal | None:
        if self.rung == Rung.CHALLENGE:
            return self._challenge(now_s)
        if self.rung != Rung.BUDGET:
            return None
        if not self.contacts.charge(contact, now_s):
            return self._spent(now_s)
        self.paid.setdefault(room_id, set()).add(contact)
        return None

    def _challenge(self, now_s: float) -> Refusal | None:
        if self.challenge is None or now_s >= self.challenge.until_s:
            return None
        return Refusal(CONSENT, self.notice or WORDS[Rung.CHALLENGE], consent_uri=self.challenge.address)

    def _spent(self, now_s: float) -> Refusal:
        return Refusal(LIMITED, self.notice or WORDS[Rung.BUDGET], max(self.contacts.wait_s(now_s), 1.0))

    def _refuse(self, errcode: str) -> Refusal:
        return Refusal(errcode, self.notice or WORDS[self.rung])


class Standings:
    """All accounts that are restricted, and the rooms in which an answer to one of them would matter."""

    def __init__(self) -> None:
        self._accounts: dict[str, Standing] = {}
        self._watched: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._accounts)

    def get(self, account: str, now_s: float) -> Standing | None:
        """The standing, if one binds now. One whose time is over binds no more, node or no node."""
        standing = self._accounts.get(account)
        return standing if standing is not None and now_s < standing.until_s else None

    def put(self, standing: Standing) -> None:
        """This account is restricted from now on; what it has spent of its budget stays spent."""
        before = self._accounts.get(standing.account)
        if before is not None:
            standing.contacts, standing.rate = before.contacts, before.rate
            standing.paid, standing.always_open = before.paid, standing.always_open | before.always_open
            standing.acquainted |= before.acquainted
            standing.challenge = standing.challenge or before.challenge
            self.remove(standing.account)
        self._accounts[standing.account] = standing
        for room_id in (*standing.fresh, *standing.paid):
            self._watched.setdefault(room_id, set()).add(standing.account)

    def remove(self, account: str) -> None:
        """This account is free."""
        standing = self._accounts.pop(account, None)
        if standing is None:
            return
        for room_id in {*standing.fresh, *standing.paid}:
            self._unwatch(room_id, account)

    def accounts(self) -> list[str]:
        """Everybody who is restricted, ended or not."""
        return list(self._accounts)

    def created(self, account: str, room_id: str) -> None:
        """The account has made a room: nothing is written in it yet."""
        standing = self._accounts.get(account)
        if standing is not None:
            standing.fresh.add(room_id)
            standing.joined.add(room_id)
            self._watched.setdefault(room_id, set()).add(account)

    def paid(self, account: str, room_id: str) -> None:
        """The account has made a first contact in this room: watch it for an answer."""
        if account in self._accounts:
            self._watched.setdefault(room_id, set()).add(account)

    def wrote(self, account: str, room_id: str) -> None:
        """A message was accepted."""
        watching = self._watched.get(room_id)
        if watching is None:
            return
        for restricted in list(watching):
            if restricted == account:
                continue
            standing = self._accounts.get(restricted)
            if standing is not None:
                standing.answered(room_id, account)
            if standing is None or (room_id not in standing.fresh and room_id not in standing.paid):
                self._unwatch(room_id, restricted)

    def _unwatch(self, room_id: str, account: str) -> None:
        watching = self._watched.get(room_id)
        if watching is not None:
            watching.discard(account)
            if not watching:
                del self._watched[room_id]
