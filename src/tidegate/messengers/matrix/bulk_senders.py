"""Bulk senders of four kinds, to show and to test that they are stopped. Real encrypted clients, loopback only.

Each is bounded in strangers, in time, and in how many refusals in a row it takes before it gives up.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from tidegate.messengers.matrix.clients import Device, Person, RefusedError

TEXT = "Limited offer, only today: https://shop.example/?id=4711"
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a sender ends, whatever happens."""

    seconds: float = 60.0
    refusals: int = 4
    """In a row; then it gives up."""
    patience_s: float = 5.0
    """The longest Retry-After that it waits out."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to reach strangers, as the sender sees it."""

    account: str
    number: int
    """The account's attempts are counted from 1."""
    strangers: tuple[str, ...]
    refused: RefusedError | None
    """None: the strangers were reached."""


@dataclass(slots=True)
class Outreach:
    """What one account has tried and whom it reached."""

    person: Person
    bounds: Bounds = Bounds()
    watch: Callable[[Attempt], None] | None = None
    """Told of every attempt."""
    reached: list[str] = field(default_factory=list)
    attempts: int = 0
    refused_in_a_row: int = 0
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        host = urlsplit(self.person.base_url).hostname
        if host not in LOOPBACK_HOSTS:
            raise ValueError(f"bulk senders run against this machine only, not against {host}")
        self._until = time.monotonic() + self.bounds.seconds

    @property
    def account(self) -> str:
        return self.person.user_id

    @property
    def over(self) -> bool:
        """Whether the sender has given up or its time is up."""
        return self.refused_in_a_row >= self.bounds.refusals or time.monotonic() > self._until

    async def attempt(self, strangers: Sequence[str], act: Callable[[], Awaitable[object]]) -> None:
        """Try to reach ``strangers`` by ``act``; note whether it was refused, and wait as long as it bears to."""
        self.attempts += 1
        refused = None
        try:
            await act()
            self.reached.extend(strangers)
            self.refused_in_a_row = 0
        except RefusedError as error:
            refused = error
            self.refused_in_a_row += 1
        if self.watch is not None:
            self.watch(Attempt(self.account, self.attempts, tuple(strangers), refused))
        if refused is not None and refused.retry_after_s is not None:
            await asyncio.sleep(min(refused.retry_after_s, self.bounds.patience_s))


async def write_to_stranger(person: Person, stranger: str, text: str, typing_s: float = 0.0) -> None:
    """A first message: an encrypted room for two, and a text in it. Raises RefusedError."""
    room = await person.create_room([stranger], direct=True)
    if typing_s:
        await person.type(room)
        await asyncio.sleep(typing_s)
    await person.send(room, text)


async def script(outreach: Outreach, strangers: Sequence[str], gap_s: float = 1.0) -> None:
    """One program, one text for all, at a steady pace."""
    for stranger in strangers:
        if outreach.over:
            return
        began = time.monotonic()
        await outreach.attempt([stranger], partial(write_to_stranger, outreach.person, stranger, TEXT))
        await asyncio.sleep(max(0.0, gap_s - (time.monotonic() - began)))


async def typist(
    outreach: Outreach, strangers: Sequence[str], seed: int, typing_s: float = 1.0, pause_s: float = 3.0
) -> None:
    """Takes pains to look like a person: typing notices, texts of different length, uneven pauses."""
    chance = random.Random(seed)
    for stranger in strangers:
        if outreach.over:
            return
        text = " ".join(["Hello there,", TEXT, "see you!" * chance.randint(0, 12)])
        typing = typing_s * chance.uniform(0.5, 1.5)
        writing = partial(write_to_stranger, outreach.person, stranger, text, typing)
        await outreach.attempt([stranger], writing)
        await asyncio.sleep(pause_s * chance.expovariate(1.0))


async def group_adder(
    outreach: Outreach, strangers: Sequence[str], per_group: int = 4, gap_s: float = 1.0
) -> None:
    """Creates groups, adds strangers to them, leaves a text."""
    for start in range(0, len(strangers), per_group):
        if outreach.over:
            return
        added = strangers[start : start + per_group]

        async def add(added: Sequence[str] = added, number: int = start // per_group) -> None:
            room = await outreach.person.create_room(added, name=f"Investors {number}")
            await outreach.person.send(room, TEXT)

        await outreach.attempt(added, add)
        await asyncio.sleep(gap_s)


async def squad(
    base_url: str,
    names: Sequence[str],
    device: Device,
    strangers: Sequence[str],
    bounds: Bounds,
    gap_s: float = 1.0,
    watch: Callable[[Attempt], None] | None = None,
) -> list[Outreach]:
    """Several accounts signed up in a burst from one network and one device, which share the work.

    An account whose sign-up is refused has reached nobody; its refusal is among its person's.
    """
    members = [Outreach(Person(base_url, name, device), bounds, watch) for name in names]

    async def work(one: Outreach, share: Sequence[str]) -> None:
        try:
            await one.person.register(f"password-of-{one.person.name}")
        except RefusedError:
            await one.person.close()
            return
        async with one.person.connected():
            await script(one, share, gap_s)

    shares = [strangers[number :: len(members)] for number in range(len(members))]
    await asyncio.gather(*(work(one, share) for one, share in zip(members, shares, strict=True)))
    return members
