"""What the API needs of a node. :class:`tidegate.node.node.Node` is the one that runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tidegate.engine.rungs import Rung
from tidegate.node.breaker import BreakerShown
from tidegate.node.campaign_table import Campaigns, Membership
from tidegate.node.outbox import Outbox
from tidegate.node.requests import Answer, Request
from tidegate.node.settings import NodeSettings
from tidegate.node.vault import Vault
from tidegate.statements.decision import DecisionShown


class Breakers(Protocol):
    """The circuit breakers, and what is in effect. Any thread."""

    def breakers(self) -> list[BreakerShown]:
        """All of them, weakest rung first."""

    def enforced_rung(self, key: int) -> Rung:
        """What is in effect for an account, by pseudonym."""

    def reset_breaker(self, rung: Rung, *, release: bool) -> int:
        """Close one; what it held becomes due or is dropped. Returns how many those were."""


class AccountShown(Protocol):
    """Where an account stands and how it came there."""

    @property
    def account(self) -> str: ...
    @property
    def pseudonym(self) -> str: ...
    @property
    def known(self) -> bool: ...
    @property
    def rung(self) -> Rung: ...
    @property
    def until_s(self) -> float | None: ...
    @property
    def enforced(self) -> Rung: ...
    @property
    def decisions(self) -> Sequence[DecisionShown]:
        """Latest first."""

    @property
    def membership(self) -> Membership | None:
        """The campaign in which it was found last."""


class Core(Protocol):
    """A node, as far as the API looks. Everything but :meth:`take` from any thread; all may raise StorageError."""

    @property
    def settings(self) -> NodeSettings: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def ledger(self) -> Breakers: ...
    @property
    def campaigns(self) -> Campaigns: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def policy_text(self) -> str:
        """The policy in force, as it was written."""

    @property
    def rejected_by_reason(self) -> Mapping[str, int]:
        """Rejected lines since the start."""

    def take(self, requests: Sequence[Request]) -> list[Answer]:
        """Carry out requests together. Never twice at once; StorageError: nothing of them was done."""

    def account(self, identifier: str) -> AccountShown | None:
        """None when it was never heard of."""

    def health(self) -> dict[str, Any]:
        """``troubles`` and ``notes``, in words."""

    def figures(self) -> Mapping[str, float]:
        """Numbers for the metrics page, by name."""
