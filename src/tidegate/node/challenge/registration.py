"""The same work asked of somebody who has no account yet: what a messenger's registration takes as a captcha's response.

The response is the order of work with its solution, or a code for who has waited. It can be used once, by whoever
shows it first, and says nothing about who solved it.
"""

from dataclasses import dataclass
from enum import Enum

from tidegate.node.challenge.challenges import Challenges, Order, State, View
from tidegate.node.challenge.tickets import TICKET_CHARACTERS, Kind, Ticket, new_id
from tidegate.node.challenge.work import solved

RESPONSE_S = 900.0
"""How long after it was given out an order can be answered: nobody should stock up for a burst of registrations."""
SEPARATOR = "~"
"""Between order and solution; in neither, and left alone by form encoding."""
MOST_CHARACTERS = 512


class Checked(Enum):
    """What a response is worth."""

    GOOD = "good"
    MALFORMED = "malformed"
    WRONG = "wrong"
    """Not written by this node, or not solved."""
    SPENT = "spent"
    """Used before, or too old."""


@dataclass(frozen=True, slots=True)
class Code:
    """For somebody who waited: shown once, to be copied."""

    text: str
    end_s: float


class Registration:
    """Orders of work for people who register, and what became of them."""

    def __init__(self, challenges: Challenges) -> None:
        self._challenges = challenges

    async def order(self, network: int) -> Order:
        """Work to be done before registering from ``network`` (pseudonym, 0 unknown). Raises StorageError or Busy."""
        until_ms = self._challenges.now_ms() + int(RESPONSE_S * 1e3)
        return await self._challenges.order_of(new_id(), 0, network, until_ms)

    def begin_wait(self, network: int) -> View:
        """Somebody waits instead."""
        wait = self._challenges.wait_order(new_id(), 0, network)
        if wait is None:
            return View(State.TOO_OFTEN, after_s=self._challenges.settings.wait_s)
        after_s = (wait.begin_ms - self._challenges.now_ms()) / 1e3
        return View(State.WAITING, wait=self._challenges.signer.write(wait), after_s=after_s)

    def waited(self, wait: str) -> View | Code:
        """The code for somebody whose wait is over; else how long it still takes, or GONE."""
        ticket = self._challenges.signer.read(wait, Kind.WAIT)
        now_ms = self._challenges.now_ms()
        if ticket is None or ticket.account or now_ms >= ticket.end_ms:
            return View(State.GONE)
        if not ticket.usable(now_ms):
            return View(State.WAITING, wait=wait, after_s=(ticket.begin_ms - now_ms) / 1e3)
        # All of it follows from the wait: asking again gives the same code.
        code = Ticket(Kind.CODE, ticket.id, 0, ticket.begin_ms, ticket.end_ms)
        return Code(self._challenges.signer.write(code), ticket.end_ms / 1e3)

    async def check(self, response: str, network: int) -> Checked:
        """Use a response up. ``network``: of whoever registers. Raises StorageError or Busy; then nothing was used."""
        if not response or len(response) > MOST_CHARACTERS:
            return Checked.MALFORMED
        text, _, solution = response.partition(SEPARATOR)
        if len(text) != TICKET_CHARACTERS:
            return Checked.MALFORMED
        ticket = self._challenges.signer.read(text, Kind.WORK, Kind.CODE)
        if ticket is None or ticket.account:
            return Checked.WRONG
        if not ticket.usable(self._challenges.now_ms()):
            return Checked.SPENT
        if ticket.kind is Kind.WORK:
            target = self._challenges.target(ticket.times)
            if not await self._challenges.aside(solved, text, target, solution):
                return Checked.WRONG
        taken = await self._challenges.aside(self._take, ticket, network)
        return Checked.GOOD if taken else Checked.SPENT

    def _take(self, ticket: Ticket, network: int) -> bool:
        return self._challenges.passes.take(
            ticket.id, 0, network, since_s=0.0, until_s=ticket.end_ms / 1e3, now_s=self._challenges.now_s()
        )
