"""A real node and its challenges beside the test, with a clock that the test moves."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from challenge_site import ACCOUNT, SMALL_WORK
from challenge_solving import solution_of
from tidegate.events.columns import EventType
from tidegate.node.challenge.challenges import Challenges, Order, State, View
from tidegate.node.challenge.holders import NodeHolders
from tidegate.node.challenge.settings import ChallengeSettings
from tidegate.node.node import Node
from tidegate.node.requests import Delivery, Request, RequestError


class Setting:
    """A node that knows :data:`ACCOUNT`, its challenges, and a clock that the test moves."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.settings = {"public_url": "https://chat.example.org", "work_iterations": SMALL_WORK} | settings
        self.moved_s = 0.0
        self.node = Node.open(folder, now_s=self.now_s)
        event = {"time": time.time(), "type": "register", "actor": ACCOUNT, "id": "first"}
        self.node.take([Delivery(json.dumps(event).encode() + b"\n")])
        self.challenges = self.new_challenges()

    def now_s(self) -> float:
        return time.time() + self.moved_s

    def new_challenges(self) -> Challenges:
        """As after a start of the process."""
        settings = ChallengeSettings(**self.settings)
        return Challenges(self.folder, self.node.keys.ticket, settings, self.node.pseudonyms, self.now_s)

    async def carry_out(self, request: Request) -> None:
        """As the node's own queue does it."""
        (answer,) = self.node.take([request])
        if isinstance(answer, RequestError):
            raise answer

    def run(self, story: Callable[["Setting"], Awaitable[None]]) -> None:
        """Play ``story`` with the challenges at work."""

        async def play() -> None:
            self.challenges.start(NodeHolders(self.node.vault.names, self.carry_out))
            try:
                await story(self)
            finally:
                await self.challenges.close()

        asyncio.run(play())

    async def link(self) -> str:
        """A new challenge for :data:`ACCOUNT`: the ticket in its address."""
        return (await self.challenges.issue(ACCOUNT)).ticket

    async def solved(self, ticket: str, network: int = 0) -> tuple[str, str]:
        """An order for this challenge and its solution."""
        order = await self.order(ticket, network)
        return order.text, solution_of(order.text, order.target)

    async def order(self, ticket: str, network: int = 0) -> Order:
        view = await self.challenges.look(ticket, network)
        assert view.order is not None
        return view.order

    async def pass_one(self, network: int = 0) -> None:
        """Pass a new challenge."""
        ticket = await self.link()
        view = await self.challenges.answer(ticket, network, *await self.solved(ticket, network))
        assert view == View(State.PASSED)
        self.moved_s += 1.0

    def proofs(self) -> int:
        """Passed challenges in the node's journal."""
        found = [stretch.events["type"] == int(EventType.PROOF) for stretch in self.node.journal.read(0)]
        return int(sum(some.sum() for some in found))
