"""The challenges of one node: give one out, say where it stands, take an answer, and see that what was passed counts."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.api.admission import Busy
from tidegate.node.api.coalescing import Stopped
from tidegate.node.challenge.holders import Holders
from tidegate.node.challenge.limits import Attempts, WaitingLine
from tidegate.node.challenge.passes import Passes
from tidegate.node.challenge.settings import DAY_S, ChallengeSettings
from tidegate.node.challenge.tickets import Kind, Signer, Ticket, new_id
from tidegate.node.challenge.work import solved, target_of
from tidegate.node.requests import RequestError, StorageError

log = logging.getLogger(__name__)
T = TypeVar("T")
ORDER_S = 3_600.0
"""How long a page may stay open before its order of work must be fetched anew."""
CONFIRM_S = 3_600.0
"""Who has waited may confirm for so long."""
CHECKING_AT_ONCE = 2
"""Threads that check solutions and read the table."""
MOST_WAITING = 256
"""Looks at the table and answers to be checked that may wait for a thread; further ones are told to come back."""
RETRY_S = 5
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 60.0


class State(Enum):
    """Where a challenge stands, or what became of an answer."""

    OPEN = "open"
    WAITING = "waiting"
    PASSED = "passed"
    GONE = "gone"
    """Not a ticket of this node, or its time is over."""
    WRONG = "wrong"
    """The answer does not solve the order, or the order is too old; here is a new one."""
    TOO_OFTEN = "too_often"
    BUSY = "busy"
    """Not now: too many at once, or the disk fails."""


@dataclass(frozen=True, slots=True)
class Order:
    """Work to be done."""

    text: str
    """The signed order, which is also what is hashed."""
    target: int


@dataclass(frozen=True, slots=True)
class View:
    """What the page is to show."""

    state: State
    order: Order | None = None
    """With OPEN and WRONG."""
    wait: str = ""
    """With WAITING: the signed order to wait."""
    after_s: float = 0.0
    """With WAITING, TOO_OFTEN and BUSY: seconds until it makes sense to go on."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A challenge given out."""

    ticket: str
    url: str
    end_s: float
    """Unix seconds."""


class Challenges:
    """Belongs to the event loop's thread; what waits for a disk or computes is done beside it.

    Whatever waits raises Busy when too much waits already, and then nothing has changed.
    """

    def __init__(
        self,
        folder: Path,
        key: bytes,
        settings: ChallengeSettings,
        pseudonyms: Pseudonyms,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """``folder``: the node's; ``key``: the node's ticket key, 32 bytes. Raises :class:`StorageError`."""
        self.settings = settings
        self.signer = Signer(key)
        self.passes = Passes(folder)
        self._pseudonyms = pseudonyms
        self._now_s = now_s
        self._holders: Holders | None = None
        self._attempts = Attempts()
        self._line = WaitingLine(settings.wait_s)
        self._threads = ThreadPoolExecutor(CHECKING_AT_ONCE, thread_name_prefix="challenge")
        self._waiting = 0
        self._settling: asyncio.Task[None] | None = None

    def start(self, holders: Holders) -> None:
        """From now on passed challenges reach ``holders``, first of all those that a crash kept from it."""
        self._holders = holders
        self._settle_soon()

    async def close(self) -> None:
        """Stop; what has not been recorded yet is after the next start."""
        if self._settling is not None:
            self._settling.cancel()
            await asyncio.gather(self._settling, return_exceptions=True)
        self._threads.shutdown()
        self.passes.close()

    # -- for the messenger ---------------------------------------------------------------------------------------------

    async def issue(self, account: str) -> Issued:
        """A challenge for an account. Raises RequestError, StorageError or Busy."""
        if not self.settings.public_url:
            raise RequestError(
                "no_public_url",
                "people could not reach the page: set public_url under [challenge] to the address under which "
                "a reverse proxy offers this node's /challenge/",
            )
        key = self._pseudonyms.one(account)
        if not await self._holders_at_work().known(key):
            raise RequestError("unknown_account", f"this node has never heard of the account {account!r}")
        now_ms = self.now_ms()
        end_ms = now_ms + int(self.settings.lifetime_s * 1e3)
        text = self.signer.write(Ticket(Kind.LINK, new_id(), key, now_ms, end_ms))
        return Issued(text, f"{self.settings.public_url}/challenge/{text}", end_ms / 1e3)

    # -- for the account holder ----------------------------------------------------------------------------------------

    async def look(self, text: str, network: int, wait: str = "") -> View:
        """What the page of the link ``text`` shows to somebody on ``network`` (pseudonym, 0 unknown).

        ``wait``: the order to wait that the address carries, if any. Raises StorageError.
        """
        link, view = await self._link(text)
        if link is None:
            return view
        waiting = self.signer.read(wait, Kind.WAIT)
        if waiting is not None and waiting.id == link.id and self.now_ms() < waiting.end_ms:
            return View(State.WAITING, wait=wait, after_s=max(waiting.begin_ms - self.now_ms(), 0) / 1e3)
        return View(State.OPEN, await self._order(link, network))

    async def answer(self, text: str, network: int, order: str, solution: str) -> View:
        """Take an answer: PASSED, or what is to be done next. Raises StorageError, and then nothing has changed."""
        link, view = await self._link(text)
        if link is None:
            return view
        return await self._answered(link, network, self.signer.read(order, Kind.WORK), order, solution)

    async def begin_wait(self, text: str, network: int) -> View:
        """Somebody waits instead of working. Raises StorageError."""
        link, view = await self._link(text)
        if link is None:
            return view
        wait = self.wait_order(link.id, link.account, network)
        if wait is None:
            return View(State.TOO_OFTEN, after_s=self.settings.wait_s)
        return View(
            State.WAITING, wait=self.signer.write(wait), after_s=(wait.begin_ms - self.now_ms()) / 1e3
        )

    async def confirm(self, text: str, network: int, wait: str) -> View:
        """Somebody has waited, or says so. Raises StorageError."""
        link, view = await self._link(text)
        if link is None:
            return view
        waited = self.signer.read(wait, Kind.WAIT)
        if waited is None or waited.id != link.id or self.now_ms() >= waited.end_ms:
            return View(State.WRONG, await self._order(link, network))
        if not waited.usable(self.now_ms()):
            return View(State.WAITING, wait=wait, after_s=(waited.begin_ms - self.now_ms()) / 1e3)
        return await self._pass(link, network)

    def network_of(self, address: str) -> int:
        """The pseudonym of an address's network; 0 when it is none."""
        try:
            return self._pseudonyms.network(address)
        except ValueError:
            return 0

    # -- steps, shared with registration -------------------------------------------------------------------------------

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return int(self._now_s() * 1e3)

    def now_s(self) -> float:
        """Unix seconds, whole milliseconds: what a ticket can say."""
        return self.now_ms() / 1e3

    def wait_order(self, identifier: bytes, account: int, network: int) -> Ticket | None:
        """An order to wait; None when waiting is not offered or the line is too long."""
        turn_s = self._line.join(identifier, network, self._now_s()) if self.settings.wait_s else None
        if turn_s is None:
            return None
        begin_ms = int(turn_s * 1e3)
        return Ticket(Kind.WAIT, identifier, account, begin_ms, begin_ms + int(CONFIRM_S * 1e3))

    async def order_of(self, identifier: bytes, account: int, network: int, until_ms: int) -> Order:
        """An order of work, the harder the more was passed lately by the account and from the network."""
        times = await self.aside(self._times, account, network)
        now_ms = self.now_ms()
        end_ms = min(until_ms, now_ms + int(ORDER_S * 1e3))
        text = self.signer.write(Ticket(Kind.WORK, identifier, account, now_ms, end_ms, times))
        return Order(text, self.target(times))

    def target(self, times: int) -> int:
        """What solves an order for ``times`` the work of a first challenge."""
        return target_of(self.settings.work_iterations * times)

    async def aside(self, job: Callable[..., T], *what: Any) -> T:
        """``job(*what)`` in a thread that may wait or compute. Raises Busy when too many wait for one."""
        if self._waiting >= MOST_WAITING:
            raise Busy(RETRY_S)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, job, *what)
        finally:
            self._waiting -= 1

    # -- inside --------------------------------------------------------------------------------------------------------

    def _times(self, account: int, network: int) -> int:
        """How many times the work of a first challenge."""
        now_s, most, times = self._now_s(), self.settings.most_times, 1
        if account and self.settings.account_days:
            passed = self.passes.of_account(account, now_s - self.settings.account_days * DAY_S)
            times = 2 ** min(passed, 8)
        if network:
            free = self.settings.network_free
            passed = self.passes.of_network(network, now_s - DAY_S) if free else 0
            times = max(times, 2 ** min(passed // max(free, 1), 8))
        return min(times, most)

    async def _link(self, text: str) -> tuple[Ticket | None, View]:
        """The link if it can still be answered; else None and what to show."""
        link = self.signer.read(text, Kind.LINK)
        if link is None:
            return None, View(State.GONE)
        if await self.aside(self.passes.is_settled, link.id, link.account, link.begin_ms / 1e3):
            return None, View(State.PASSED)
        if not link.usable(self.now_ms()):
            return None, View(State.GONE)
        return link, View(State.OPEN)

    async def _order(self, link: Ticket, network: int) -> Order:
        return await self.order_of(link.id, link.account, network, link.end_ms)

    async def _answered(
        self, link: Ticket, network: int, order: Ticket | None, text: str, solution: str
    ) -> View:
        wait_s = self._attempts.wait_s(link.id, self._now_s())
        if wait_s:
            return View(State.TOO_OFTEN, after_s=wait_s)
        if order is not None and (order.id != link.id or not order.usable(self.now_ms())):
            order = None
        if order is not None and await self.aside(solved, text, self.target(order.times), solution):
            return await self._pass(link, network)
        self._attempts.wrong(link.id, self._now_s())
        return View(State.WRONG, await self._order(link, network))

    async def _pass(self, link: Ticket, network: int) -> View:
        """Use the challenge up, durably; then have it recorded."""

        def take() -> bool:
            begin_s, end_s = link.begin_ms / 1e3, link.end_ms / 1e3
            return self.passes.take(
                link.id, link.account, network, since_s=begin_s, until_s=end_s, now_s=self.now_s()
            )

        if await self.aside(take) and not await self._record(link.id, link.account):
            self._settle_soon()
        return View(State.PASSED)

    async def _record(self, identifier: bytes, account: int) -> bool:
        """Have a pass count; False when that must be tried again."""
        try:
            await self._holders_at_work().passed(account)
        except RequestError as error:
            log.info("a passed challenge leads to nothing: %s", error)
        except (StorageError, Busy, Stopped) as error:
            log.warning("a passed challenge is not recorded yet and will be: %s", error)
            return False
        try:
            await self.aside(self.passes.followed, identifier)
        except (StorageError, Busy) as error:
            log.warning("a passed challenge was recorded and will be once more: %s", error)
            return False
        return True

    def _settle_soon(self) -> None:
        if self._settling is None or self._settling.done():
            self._settling = asyncio.get_running_loop().create_task(self._settle())

    async def _settle(self) -> None:
        """Record what was passed and has not been recorded, until nothing is left."""
        pause_s = FIRST_RETRY_S
        while True:
            try:
                left = await self.aside(self.passes.waiting)
                done = [await self._record(identifier, account) for identifier, account in left]
            except (StorageError, Busy) as error:
                log.warning("passed challenges cannot be read: %s", error)
                done = [False]
            if all(done):
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_RETRY_S)

    def _holders_at_work(self) -> Holders:
        if self._holders is None:
            raise RuntimeError("Challenges.start was not called")
        return self._holders
