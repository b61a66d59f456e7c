"""From a decision to what is done about it: nothing, a recorded "would have", or an action.

A measure stronger than what an account has needs permission: the mode, the exemptions, the circuit breakers. Relief
(an end, an undo, a milder rung) never does: it goes out in every mode, so no account stays limited because somebody
changed a setting.

What happens when settings change (the node reads them at its start):

- shadow → enforce: decisions from then on are acted on. Nothing is done about old ones; ``enforce_standing()`` of the
  ledger enters actions for accounts that stand on a rung now.
- enforce → shadow: actions not yet handed out are withdrawn. What is in effect stays until it ends by itself, and an
  alarm says how many accounts that concerns; ``lift_all()`` ends it at once.
- an account becomes exempt: what is in effect on it is lifted, because leaving it alone is what was asked for.
"""

import hashlib
import math
from collections.abc import Callable
from enum import Enum, StrEnum, auto
from typing import NamedTuple

from tidegate.engine.rungs import Rung
from tidegate.node import settings
from tidegate.node.settings import Mode, SettingsError

_HASH_RANGE = 1 << 48


class Withheld(StrEnum):
    """Why a decision was not acted on when it came in."""

    NO = ""
    """It was, or nothing had to change."""
    SHADOW = "shadow"
    PERCENTAGE = "percentage"
    """The account is not in the share that is acted on."""
    EXEMPT = "exempt"
    BREAKER = "breaker"
    """A circuit breaker held the action back."""
    PAST = "past"
    """The rung had run out before the decision came in."""


class Measure(NamedTuple):
    """A rung and its end."""

    rung: Rung
    until_s: float | None
    """Unix seconds; None: it does not end by itself."""

    @classmethod
    def of(cls, rung: Rung, until_s: float | None) -> "Measure":
        """With an end only where there is one."""
        if rung is Rung.ALLOW or until_s is None or not math.isfinite(until_s):
            return cls(rung, None)
        return cls(rung, until_s)

    @property
    def _strength(self) -> tuple[int, float]:
        return int(self.rung), math.inf if self.until_s is None else self.until_s

    def stronger_than(self, other: "Measure") -> bool:
        """A higher rung, or the same for longer."""
        return self._strength > other._strength

    def over(self, now_s: float) -> bool:
        """Whether it has run out."""
        return self.until_s is not None and self.until_s <= now_s


ALLOWED = Measure(Rung.ALLOW, None)


class Course(Enum):
    """What follows from a decision."""

    KEEP = auto()
    """The messenger has it so already; what waits to be carried out is superseded."""
    ACT = auto()
    HOLD = auto()
    """A circuit breaker holds it; the account keeps what it has."""
    WITHHOLD = auto()
    """It is only recorded; the account keeps what it has."""


class Situation(NamedTuple):
    """What a messenger knows about an account."""

    applied: Measure
    """What it last confirmed."""
    uncertain: bool
    """Something later was handed to it and not confirmed, so it may have done that."""
    wanted: Measure
    """What the action that waits to be carried out asks for; without one, ``applied``."""


class Enforcement:
    """The settings, applied to one account at a time."""

    def __init__(self, chosen: settings.Enforcement) -> None:
        """Raises :class:`~tidegate.node.settings.SettingsError`."""
        self._mode = chosen.mode
        if not 0.0 <= chosen.percentage <= 100.0:
            raise SettingsError(f"enforcement.percentage is {chosen.percentage:g}; it lies between 0 and 100")
        if chosen.attempts < 1:
            raise SettingsError(f"enforcement.attempts is {chosen.attempts}; at least 1 is needed")
        for name in ("lease_s", "first_retry_s", "longest_retry_s"):
            if not getattr(chosen, name) > 0.0:
                raise SettingsError(
                    f"enforcement.{name} is {getattr(chosen, name):g}; it must be more than 0"
                )
        for pattern in chosen.exempt:
            if not pattern or "*" in pattern[:-1]:
                raise SettingsError(
                    f"enforcement.exempt: {pattern!r} cannot be used. Write an account as the messenger does; a * may "
                    "only stand at the end, for anything that follows."
                )
        self._percentage = chosen.percentage
        self._exempt = frozenset(pattern for pattern in chosen.exempt if not pattern.endswith("*"))
        self._exempt_beginnings = tuple(pattern[:-1] for pattern in chosen.exempt if pattern.endswith("*"))

    @property
    def share(self) -> float:
        """Of all accounts, how many are acted on: 0 … 1."""
        return {Mode.SHADOW: 0.0, Mode.PERCENTAGE: self._percentage / 100.0, Mode.ENFORCE: 1.0}[self._mode]

    def exempt(self, account: str) -> bool:
        """Whether the account is never acted on."""
        return account in self._exempt or (
            bool(self._exempt_beginnings) and account.startswith(self._exempt_beginnings)
        )

    def withheld(self, account: str, pseudonym: int) -> Withheld:
        """Why a measure against this account is not carried out, whatever it is."""
        if self._mode is Mode.SHADOW:
            return Withheld.SHADOW
        if self.exempt(account):
            return Withheld.EXEMPT
        if self._mode is Mode.PERCENTAGE and place_of(pseudonym) >= self._percentage:
            return Withheld.PERCENTAGE
        return Withheld.NO


def place_of(pseudonym: int) -> float:
    """Where an account lies between 0 and 100: always the same place, so a growing percentage only adds accounts.

    The pseudonym is a keyed hash already; it is hashed once more so that this does not go with the engine's own
    randomised thresholds.
    """
    digest = hashlib.blake2b(pseudonym.to_bytes(8, "little"), digest_size=6, person=b"percentage").digest()
    return int.from_bytes(digest, "little") / _HASH_RANGE * 100.0


def course_of(
    target: Measure,
    situation: Situation,
    withheld: Withheld,
    now_s: float,
    admit: Callable[[Rung], bool],
) -> tuple[Course, Withheld]:
    """What follows from deciding on ``target``, and why it is not acted on if it is not.

    ``admit``: asked at most once, and only when nothing else is in the way: counts a measure on that rung and says
    whether its circuit breaker lets it through.
    """
    needed = situation.uncertain or target != situation.applied
    if target.stronger_than(situation.wanted):
        if target.over(now_s):
            return Course.WITHHOLD, Withheld.PAST
        if withheld is not Withheld.NO:
            return Course.WITHHOLD, withheld
        if needed and not admit(target.rung):
            return Course.HOLD, Withheld.BREAKER
    return (Course.ACT if needed else Course.KEEP), Withheld.NO
