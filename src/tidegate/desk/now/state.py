"""The state of the node beside the desk, as a page tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from tidegate.desk import following
from tidegate.desk.ledger.copying import moment
from tidegate.desk.ledger.models import Cursor
from tidegate.desk.node_link import NodeAbsent, node
from tidegate.desk.now.sampling import sampler
from tidegate.node.breaker import BreakerShown
from tidegate.node.requests import StorageError
from tidegate.node.settings import Mode

ABSENT = "No node runs beside this desk: nothing new is decided here. Start both with tidegate serve."

_OF_BREAKERS = "the circuit breaker of "


@dataclass(frozen=True, slots=True)
class NodeState:
    """What there is to say of it."""

    absent: bool = False
    failing: str = ""
    """Why it cannot be asked, in words."""
    mode: str = ""
    percentage: float = 100.0
    troubles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    campaigns: str = ""
    """How the search for campaigns fares, in words."""
    breakers: tuple[BreakerShown, ...] = ()
    events: int = 0
    """Accepted since the node started."""
    journal: int = 0
    """Events in the journal."""
    accounts: int = 0
    """That the engine knows."""
    ledger_waiting: int = 0
    """Decisions on their way to the ledger."""
    actions_waiting: int = 0
    """On their way to the messenger."""
    actions_held: int = 0
    """By breakers."""
    standing: int = 0
    """Accounts on which a measure is in effect on the messenger."""
    dead_letters: int = 0
    """Actions that were tried for the last time."""
    desk_behind_since: datetime | None = None
    """When the first decision fell that is not on the desk's pages yet; None: all are."""
    desk_trouble: str = ""

    @property
    def open_breakers(self) -> tuple[BreakerShown, ...]:
        """Those that hold measures back."""
        return tuple(one for one in self.breakers if one.opened is not None)

    @property
    def mode_in_words(self) -> str:
        """What becomes of decisions."""
        if self.mode == Mode.SHADOW:
            return "decides and records, acts on nobody"
        if self.mode == Mode.PERCENTAGE:
            return f"acts on {self.percentage:g} % of accounts, always the same ones"
        return "acts on everybody"

    @property
    def alarms(self) -> tuple[str, ...]:
        """What somebody should look at now, in words."""
        found = [ABSENT] if self.absent else []
        found += [self.failing] if self.failing else []
        found += self.troubles
        if self.open_breakers:
            words = ", ".join(one.rung.word for one in self.open_breakers)
            found.append(
                f"Circuit breakers are open: {words}. {sum(one.held for one in self.open_breakers):,} measures are held "
                "until a person has looked."
            )
        if self.dead_letters:
            found.append(f"{self.dead_letters:,} actions were given up: the messenger did not take them.")
        if self.desk_trouble:
            found.append(f"The desk cannot follow the node: {self.desk_trouble}")
        return tuple(found)

    @property
    def alarms_mark(self) -> str:
        """Changes when the alarms do, so that they are announced once."""
        return sha256("\n".join(self.alarms).encode()).hexdigest()[:16]


def state() -> NodeState:
    """Of this moment. Never raises for what a node can be in."""
    try:
        link = node()
        health, figures = link.health(), sampler.figures()
        behind = link.decisions_after(_copied_through(), 1)
        enforcement = link.settings.enforcement
        return NodeState(
            mode=str(enforcement.mode),
            percentage=enforcement.percentage,
            troubles=tuple(health["troubles"]),
            # Breakers are told of with what can be done about them.
            notes=tuple(words for words in health["notes"] if not words.startswith(_OF_BREAKERS)),
            campaigns=str(health["campaigns"]),
            breakers=tuple(link.breakers()),
            events=_whole(figures, "events_accepted"),
            journal=_whole(figures, "journal_sequence"),
            accounts=_whole(figures, "engine_accounts"),
            ledger_waiting=_whole(figures, "ledger_waiting_decisions"),
            actions_waiting=_whole(figures, "outbox_due"),
            actions_held=_whole(figures, "outbox_held"),
            dead_letters=_whole(figures, "outbox_dead"),
            standing=_whole(figures, "outbox_standing"),
            desk_behind_since=moment(behind[0].committed_s) if behind else None,
            desk_trouble=following.trouble(),
        )
    except NodeAbsent:
        return NodeState(absent=True)
    except StorageError as error:
        return NodeState(failing=f"The node cannot be asked: {error}", desk_trouble=following.trouble())


def _copied_through() -> int:
    number: Any = Cursor.objects.filter(pk=1).values_list("number", flat=True).first()
    return int(number or 0)


def _whole(figures: Mapping[str, float], name: str) -> int:
    value = figures.get(name, 0.0)
    return int(value) if value == value else 0
