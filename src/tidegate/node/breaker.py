"""Circuit breakers: when a rung is decided far more often than its backtest said, acting on it stops.

Deciding goes on and every decision is recorded; what would have been done about it is held until a person resets the
breaker. Only measures are counted and held, never their end.

The window of a day is measured by the time that has passed, added up from one call to the next. A clock that goes back
adds nothing: no count is lost, none stays for ever, and an open breaker is closed by a person alone.
"""

import json
import math
from dataclasses import dataclass, field
from typing import Any, Self

from tidegate.engine.rungs import RUNGS, Rung
from tidegate.node import settings
from tidegate.node.settings import SettingsError

WINDOW_S = 86_400.0
STEP_S = 900.0
"""Counts are kept in steps of this length, so the window is up to one step longer than a day."""
_STEPS = math.ceil(WINDOW_S / STEP_S)


@dataclass(frozen=True, slots=True)
class Opened:
    """Why a breaker is open."""

    since_s: float
    """Unix seconds."""
    count: int
    """Measures of the day before, with the one that opened it."""
    limit: float


@dataclass(frozen=True, slots=True)
class BreakerShown:
    """A circuit breaker as the API shows it."""

    rung: Rung
    opened: Opened | None
    """None: it is closed, and measures go out."""
    held: int
    """Measures that wait for a person."""
    last_day: int
    limit: float
    """The measure after this many in a day opens it."""


@dataclass(slots=True)
class _Breaker:
    counts: dict[int, int] = field(default_factory=dict)
    """Measures by step."""
    opened: Opened | None = None
    total: int = 0
    """Of all counts."""

    def copy(self) -> "_Breaker":
        return _Breaker(dict(self.counts), self.opened, self.total)


class Breakers:
    """One breaker for every rung that has an expected rate; other rungs have none."""

    def __init__(self, chosen: settings.Breaker, share: float = 1.0) -> None:
        """``share``: of accounts that are acted on at all, 0 … 1. Raises SettingsError for a rung that does not exist."""
        for word, rate in chosen.expected.items():
            if word not in RUNGS or RUNGS[word] is Rung.ALLOW:
                words = ", ".join(word for word in RUNGS if word != "allow")
                raise SettingsError(f"breaker.expected: {word!r} is no rung; the rungs are {words}")
            if not (math.isfinite(rate) and rate >= 0.0):
                raise SettingsError(f"breaker.expected.{word} is {rate:g}; it is a rate from 0 up")
        if not (math.isfinite(chosen.factor) and chosen.factor > 0.0):
            raise SettingsError(f"breaker.factor is {chosen.factor:g}; it must be more than 0")
        self._chosen, self._share = chosen, share
        self._breakers = {RUNGS[word]: _Breaker() for word in chosen.expected}
        self._passed_s = 0.0
        """Time that has passed since the first call."""
        self._last_s: float | None = None
        self._cleared = -1
        """The step up to which old counts have been dropped."""
        self.population = 0
        """Accounts that the node knows; until it has counted them, ``least`` alone is the limit."""

    @property
    def rungs(self) -> list[Rung]:
        """The rungs that have a breaker, weakest first."""
        return sorted(self._breakers)

    def limit(self, rung: Rung) -> float:
        """Measures on this rung in a day that are still let through; infinite for a rung without a breaker."""
        if rung not in self._breakers:
            return math.inf
        expected = self._chosen.expected.get(rung.word, 0.0) * self.population * self._share / 1_000.0
        return max(float(self._chosen.least), self._chosen.factor * expected)

    def opened(self, rung: Rung) -> Opened | None:
        """Why the rung's breaker is open; None when it is closed."""
        breaker = self._breakers.get(rung)
        return breaker.opened if breaker else None

    def admit(self, rung: Rung, now_s: float) -> bool:
        """Count a measure and say whether it may be carried out. ``now_s``: Unix seconds, the caller's clock."""
        breaker = self._breakers.get(rung)
        if breaker is None:
            return True
        step = self._step(now_s)
        breaker.counts[step] = breaker.counts.get(step, 0) + 1
        breaker.total += 1
        if breaker.opened is None:
            count, limit = breaker.total, self.limit(rung)
            if count > limit:
                breaker.opened = Opened(now_s, count, limit)
        return breaker.opened is None

    def last_day(self, rung: Rung) -> int:
        """Measures in the window that ends with the last call of :meth:`admit` or :meth:`see`."""
        breaker = self._breakers.get(rung)
        return breaker.total if breaker else 0

    def see(self, now_s: float) -> None:
        """Let time pass without a measure."""
        self._step(now_s)

    def close(self, rung: Rung) -> None:
        """A person has looked: the breaker is closed and counts from nought."""
        if self._breakers.pop(rung, None) is not None and rung.word in self._chosen.expected:
            self._breakers[rung] = _Breaker()

    def copy(self) -> Self:
        """One that can be changed without changing this one."""
        other = type(self)(self._chosen, self._share)
        other._passed_s, other._last_s, other.population = self._passed_s, self._last_s, self.population
        other._breakers = {rung: breaker.copy() for rung, breaker in self._breakers.items()}
        other._cleared = self._cleared
        return other

    def to_json(self) -> str:
        """The state, to be kept where the decisions are kept."""
        return json.dumps(
            {
                "passed_s": self._passed_s,
                "last_s": self._last_s,
                "population": self.population,
                "rungs": {rung.word: _record(breaker) for rung, breaker in self._breakers.items()},
            }
        )

    def restore(self, text: str) -> None:
        """Take over a state. A breaker that the settings do not name any more stays if it is open, until it is reset."""
        state: dict[str, Any] = json.loads(text)
        self._passed_s, self._last_s = state["passed_s"], state["last_s"]
        self.population = state["population"]
        for word, record in state["rungs"].items():
            opened = Opened(*record["opened"]) if record["opened"] else None
            if opened is not None or RUNGS[word] in self._breakers:
                counts = {int(step): count for step, count in record["counts"].items()}
                self._breakers[RUNGS[word]] = _Breaker(counts, opened, sum(counts.values()))
        self._cleared = -1

    def _step(self, now_s: float) -> int:
        """The step of now, with everything older than the window dropped."""
        if self._last_s is not None:
            self._passed_s += max(now_s - self._last_s, 0.0)
        self._last_s = now_s
        step = int(self._passed_s // STEP_S)
        if step != self._cleared:
            self._cleared = step
            for breaker in self._breakers.values():
                for old in [old for old in breaker.counts if old < step - _STEPS]:
                    breaker.total -= breaker.counts.pop(old)
        return step


def _record(breaker: _Breaker) -> dict[str, Any]:
    opened = breaker.opened
    return {
        "counts": breaker.counts,
        "opened": [opened.since_s, opened.count, opened.limit] if opened else None,
    }
