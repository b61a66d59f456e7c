"""What the desk asks of the node beside it: the one seam between the two.

Looks and commands go by pseudonym. The only way to a real identifier is :meth:`NodeLink.reveal`, which writes down who
asked and why before it answers.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from tidegate.engine.rungs import Rung
from tidegate.node.account_shown import Standing
from tidegate.node.backtest import Backtest
from tidegate.node.breaker import BreakerShown
from tidegate.node.campaign_table import Campaigns
from tidegate.node.ledger import Recorded, RulingKept
from tidegate.node.life import Life
from tidegate.node.requests import Done, Request
from tidegate.node.settings import NodeSettings
from tidegate.node.shadow import Shadow


class NodeAbsent(Exception):  # noqa: N818 - a state, not a fault
    """No node runs beside this desk, so there is nothing live to look at and nobody to carry anything out."""

    def __init__(self) -> None:
        super().__init__("no node runs beside this desk; tidegate serve starts both")


class NodeLink(Protocol):
    """A running node. Every method from any thread; all may raise StorageError."""

    @property
    def settings(self) -> NodeSettings: ...

    @property
    def policy_text(self) -> str:
        """The policy in force, as it was written."""

    @property
    def campaigns(self) -> Campaigns:
        """What the search for campaigns has found; members are pseudonyms."""

    @property
    def shadow(self) -> Shadow:
        """The policy that is compared with the live one."""

    def backtest(self, text: str) -> Backtest:
        """One over the node's own log, not started yet. Raises PolicyErrors."""

    def now_s(self) -> float:
        """Unix seconds, by the node's clock."""

    def decisions_after(self, number: int, limit: int) -> list[Recorded]:
        """Decisions committed after that one, oldest first. Names in them are not for the desk."""

    def rulings_after(self, number: int, limit: int) -> list[RulingKept]:
        """Rulings noted after that number, oldest first, whoever asked for them."""

    def last_number(self) -> int:
        """The ledger's last one. It grows, unless an older ledger was put back."""

    def standing(self, key: int) -> Standing:
        """Of one account, by pseudonym."""

    def life(self, key: int, days: float) -> Life:
        """What the journal tells of an account, day by day; seconds when the journal is long."""

    def row(self, key: int) -> Mapping[str, float | None] | None:
        """What the engine would measure of an account now, by feature; None: it does not know the account."""

    def pseudonym_of(self, identifier: str) -> int:
        """Of a real identifier, whether or not anybody has heard of it."""

    def exempt(self, keys: Collection[int]) -> frozenset[int]:
        """Those of them that the settings say are never acted on."""

    def on_erasure(self, forget: Callable[[int], object]) -> None:
        """Have ``forget`` called with the pseudonym of every account that is erased.

        In the node's thread, so it must be quick and wait for no database.
        """

    def carry_out(self, request: Request) -> Done:
        """Have something done, durably; waits for it. Raises RequestError, Busy, Stopped or StorageError."""

    def carry_out_all(self, requests: Sequence[Request]) -> list[Done]:
        """The same for many together, in order: all of them in one batch, or none."""

    def reveal(self, keys: Sequence[int], *, who: str, why: str) -> dict[int, str]:
        """Real identifiers, each look-up written down in the vault first. Unknown ones are left out."""

    def health(self) -> dict[str, Any]:
        """``ok``, ``troubles`` and ``notes``, in words."""

    def figures(self) -> Mapping[str, float]:
        """Numbers of the metrics page, by name."""

    def breakers(self) -> list[BreakerShown]:
        """The circuit breakers, weakest rung first."""

    def reset_breaker(self, rung: Rung, *, release: bool) -> int:
        """Close one; what it held becomes due or is dropped. Returns how many those were."""


_connected: NodeLink | None = None


def connect(to: NodeLink | None) -> None:
    """Say which node runs beside this desk; None: none any more."""
    global _connected
    _connected = to


def node() -> NodeLink:
    """The node beside this desk. Raises :class:`NodeAbsent`."""
    if _connected is None:
        raise NodeAbsent
    return _connected
