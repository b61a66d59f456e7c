"""Where a passed challenge goes: to the node, as a proof that its account's holder has passed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

from tidegate.node.requests import Proof, Request, RequestError


class Holders(Protocol):
    """What challenges need of the node."""

    async def known(self, account: int) -> bool:
        """Whether the pseudonym belongs to an account the node could act on. May raise StorageError."""

    async def passed(self, account: int) -> None:
        """The account's holder has passed a challenge: make it count, durably; twice is as good as once.

        Raises RequestError when it never will, and StorageError, Busy or Stopped when not now.
        """


class NodeHolders:
    """The account holders of a running node."""

    def __init__(
        self,
        names: Callable[[Iterable[int]], Mapping[int, str]],
        carry_out: Callable[[Request], Awaitable[object]],
    ) -> None:
        """``names``: identifiers by pseudonym, of those that are known, as the vault gives them; called in a thread.

        ``carry_out``: hands a request to the node and returns once it is durable.
        """
        self._names, self._carry_out = names, carry_out

    async def known(self, account: int) -> bool:
        return bool(await asyncio.to_thread(self._names, [account]))

    async def passed(self, account: int) -> None:
        name = (await asyncio.to_thread(self._names, [account])).get(account)
        if name is None:
            raise RequestError("unknown_account", "the account was erased meanwhile")
        await self._carry_out(Proof(name))
