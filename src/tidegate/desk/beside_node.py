"""The node link of a desk that runs in the node's own process."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from tidegate.engine.rungs import Rung
from tidegate.node.account_shown import Standing
from tidegate.node.backtest import Backtest
from tidegate.node.breaker import BreakerShown
from tidegate.node.campaign_table import Campaigns
from tidegate.node.commands import wrong_with
from tidegate.node.enforcement import Enforcement
from tidegate.node.ledger import Recorded, RulingKept
from tidegate.node.life import Life
from tidegate.node.node import Node
from tidegate.node.requests import Answer, Done, Erasure, Request, RequestError, Ruling
from tidegate.node.settings import NodeSettings
from tidegate.node.shadow import Shadow
from tidegate.statements.statement import pseudonym_shown


class BesideNode:
    """See :class:`~tidegate.desk.node_link.NodeLink`."""

    def __init__(self, node: Node, take: Callable[[Sequence[Request]], list[Answer]]) -> None:
        """``take``: hands requests to the thread that the node belongs to, together, and waits for the answers."""
        self._node, self._take = node, take

    @property
    def settings(self) -> NodeSettings:
        return self._node.settings

    @property
    def policy_text(self) -> str:
        return self._node.policy_text

    @property
    def campaigns(self) -> Campaigns:
        return self._node.campaigns

    @property
    def shadow(self) -> Shadow:
        return self._node.shadow

    def backtest(self, text: str) -> Backtest:
        return Backtest(self._node.folder, text)

    @property
    def core(self) -> Node:
        """The node itself, for what looks deeper: an account's life, values of features."""
        return self._node

    def now_s(self) -> float:
        return self._node.now_s()

    def decisions_after(self, number: int, limit: int) -> list[Recorded]:
        return self._node.ledger.decisions_after(number, limit)

    def rulings_after(self, number: int, limit: int) -> list[RulingKept]:
        return self._node.ledger.rulings_after(number, limit)

    def last_number(self) -> int:
        return self._node.ledger.last_number()

    def standing(self, key: int) -> Standing:
        return self._node.standing(key)

    def life(self, key: int, days: float) -> Life:
        return self._node.life(key, days)

    def row(self, key: int) -> Mapping[str, float | None] | None:
        return self._node.row(key)

    def pseudonym_of(self, identifier: str) -> int:
        return self._node.pseudonyms.one(identifier)

    def exempt(self, keys: Collection[int]) -> frozenset[int]:
        enforcement = Enforcement(self._node.settings.enforcement)
        names = self._node.vault.names(keys)
        return frozenset(key for key, name in names.items() if enforcement.exempt(name))

    def on_erasure(self, forget: Callable[[int], object]) -> None:
        self._node.also_forget.append(forget)

    def carry_out(self, request: Request) -> Done:
        return self.carry_out_all([request])[0]

    def carry_out_all(self, requests: Sequence[Request]) -> list[Done]:
        self._check(requests)
        done = []
        for answer in self._take(requests):
            if isinstance(answer, RequestError):
                raise answer
            assert isinstance(answer, Done)
            done.append(answer)
        return done

    def _check(self, requests: Sequence[Request]) -> None:
        """All or none: one that cannot be carried out must not be found out after others were."""
        for one in requests:
            if isinstance(one, Ruling) and (wrong := wrong_with(one)):
                raise RequestError("bad_ruling", wrong)
        keys = {one.key for one in requests if isinstance(one, Ruling | Erasure) and one.key is not None}
        unknown = keys - set(self._node.vault.sealed(keys))
        if unknown:
            shown = ", ".join(sorted(map(pseudonym_shown, unknown)))
            raise RequestError("unknown_account", f"this node has never heard of {shown}")

    def reveal(self, keys: Sequence[int], *, who: str, why: str) -> dict[int, str]:
        return self._node.vault.look_up(keys, who=who, why=why, now_s=self._node.now_s())

    def health(self) -> dict[str, Any]:
        return self._node.health()

    def figures(self) -> Mapping[str, float]:
        return self._node.figures()

    def breakers(self) -> list[BreakerShown]:
        return self._node.ledger.breakers()

    def reset_breaker(self, rung: Rung, *, release: bool) -> int:
        return self._node.ledger.reset_breaker(rung, release=release)
