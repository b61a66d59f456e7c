"""A policy as data: ladder, score thresholds and rules, immutable, compared and digested by content."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.engine.policy.conditions import Condition
from tidegate.engine.policy.units import describe_value
from tidegate.engine.rungs import SCORE_TABLES, Rung, Stage

TIMES = 3
"""Durations of a rung: for the first, the second, and the third or any later time."""
EVERYBODY = (0.0, 100.0)
"""From and to, in percent, of a rule that counts for all accounts."""
PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class LadderStep:
    """How long a rung lasts the first, second and later time; how many families of evidence it takes."""

    durations_s: tuple[float, ...] = (0.0,) * TIMES
    keys: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """When ``when`` holds at one of ``stages``, ``rung`` is proposed with evidence of ``family``."""

    name: str
    stages: tuple[Stage, ...]
    when: Condition
    family: str
    rung: Rung
    reason: str
    notice: str
    accounts: tuple[float, float] = EVERYBODY
    """From and to, in percent: it counts for accounts whose draw lies in [from, to)."""

    def describe(self, values: Mapping[str, float]) -> str:
        """The reason with its placeholders filled in; a name absent from ``values`` is shown as unknown."""
        return PLACEHOLDER.sub(
            lambda found: describe_value(found[1], values.get(found[1], math.nan)), self.reason
        )


NO_THRESHOLDS: tuple[float, ...] = (math.inf,) * len(Rung)


@dataclass(frozen=True, slots=True)
class Policy:
    """What to do about what is seen. Compared and digested by content; never changed in place."""

    name: str
    version: str
    ladder: tuple[LadderStep, ...]
    """Indexed by :class:`Rung`."""
    spread: float
    """How far ``~`` thresholds move either way, as a share of themselves."""
    period_s: float
    """How long an account keeps its own ``~`` thresholds."""
    model: tuple[tuple[float, ...], ...]
    """Minimum score by row of ``SCORE_TABLES`` and rung, infinite where the score alone does not lead to that
    rung."""
    rules: tuple[Rule, ...] = field(repr=False)

    @property
    def digest(self) -> str:
        """First 16 hexadecimal digits of SHA-256 over a canonical JSON form of everything above."""
        form = {
            "name": self.name,
            "version": self.version,
            "ladder": {
                r.word: [list(map(repr, s.durations_s)), s.keys]
                for r, s in zip(Rung, self.ladder, strict=True)
            },
            "randomisation": [repr(self.spread), repr(self.period_s)],
            "model": {word: list(map(repr, self.model[i])) for word, i in SCORE_TABLES.items()},
            "rules": [
                [r.name, [s.word for s in r.stages], str(r.when), r.family, r.rung.word, r.reason, r.notice]
                # Nothing for everybody: policies from before there were shares keep their digests.
                + ([] if r.accounts == EVERYBODY else [list(map(repr, r.accounts))])
                for r in self.rules
            ],
        }
        canonical = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:16]
