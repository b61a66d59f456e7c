"""Two policies over the same events: what each decides is counted, and why is remembered as far as it may be asked.

Each has an engine of its own, since a policy's decisions act back on what the engine remembers (strikes, rungs).
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.features import DAY_S
from tidegate.engine.rungs import Rung
from tidegate.events.columns import EventType
from tidegate.node.compared import (
    LISTED_AT_MOST,
    AccountCompared,
    Compared,
    Differing,
    SideShown,
)
from tidegate.node.feature_values import feature_rows
from tidegate.node.journal_tail import of_the_log
from tidegate.node.replica import Replica
from tidegate.statements.explain import Explainer
from tidegate.statements.honesty import honesty
from tidegate.statements.statement import pseudonym_shown
from tidegate.statements.tally import DecisionTally, Shift, per_rung

REASONS_AT_MOST = 20_000
"""Accounts of one side whose reasons are kept, half a kilobyte each; beyond that the least honest-looking lose theirs."""
_POLICY, _TICK, _ERASURE = int(EventType.POLICY), int(EventType.TICK), int(EventType.ERASURE)
_RUNGS = tuple(Rung)


class _Kept(NamedTuple):
    """The first decision to the strongest rung that an account reached."""

    decision: NDArray[Any]
    """DECISION[1]."""
    explainer: Explainer


class Side:
    """One policy, its engine, and what it has decided."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self.tally = DecisionTally()
        self._kept: dict[int, _Kept] = {}

    def observe(self, events: NDArray[Any], *, counted: bool = True) -> None:
        """Take in EVENT[n]; who is erased is forgotten. Not ``counted``: decisions of these days were counted before."""
        for decided in self.replica.observe(events):
            made = decided.decisions
            for at in np.flatnonzero(made["rung"] > Rung.ALLOW).tolist():
                key = int(made["key"][at])
                if int(made["rung"][at]) > self.tally.acted.get(key, 0):
                    self.tally.acted[key] = int(made["rung"][at])
                    self._kept[key] = _Kept(made[at : at + 1].copy(), decided.explainer)
            if counted:
                self.tally.add(made)
        for key in events["actor"][events["type"] == _ERASURE].tolist():
            self.tally.acted.pop(key, None)
            self._kept.pop(key, None)
        if len(self._kept) > REASONS_AT_MOST:
            self._let_go()

    def shown(self, first_day: int, days: int) -> SideShown:
        """What it did on those days."""
        in_force = self.replica.in_force
        return SideShown(
            policy=in_force.policy_mark,
            model=in_force.model_mark,
            per_day=self.tally.per_day(first_day, days),
            accounts_per_rung=self.tally.accounts_per_rung,
            accounts=len(self.tally.acted),
        )

    def why(self, key: int) -> tuple[float | None, list[str]]:
        """When an account came to its strongest rung, and why."""
        kept = self._kept.get(key)
        if kept is None:
            return None, []
        (reasons,) = kept.explainer.reasons(kept.decision, [None])
        return float(kept.decision["time"][0]), [reason.text for reason in reasons]

    def _let_go(self) -> None:
        keys = list(self._kept)
        looks = honesty(np.concatenate([kept.decision["row"] for kept in self._kept.values()]))
        for at in np.argsort(looks)[: len(keys) - REASONS_AT_MOST // 2].tolist():
            del self._kept[keys[at]]


class SideBySide:
    """The policy in force and a candidate. One thread."""

    def __init__(self, in_force: Replica, candidate: Replica, *, follow_policies: bool) -> None:
        """``follow_policies``: the first side obeys the journal's policies; the candidate never does."""
        self.in_force, self.candidate = Side(in_force), Side(candidate)
        self._follow = follow_policies
        self.events = 0
        self.first_s: float | None = None
        self.last_s: float | None = None

    def observe(self, events: NDArray[Any], *, counted: bool = True) -> None:
        """Take in EVENT[n] of the journal on both sides; not ``counted``: only whom they lead to is of interest.

        Raises :class:`~tidegate.node.replica.UnknownPolicy`."""
        unmoved = _without_policies(events)
        self.in_force.observe(events if self._follow else unmoved, counted=counted)
        self.candidate.observe(unmoved, counted=counted)
        if not counted:
            return
        self.events += len(events)
        times = events["time"][of_the_log(events)]
        if len(times):
            self.first_s = (
                float(times.min()) if self.first_s is None else min(self.first_s, float(times.min()))
            )
            self.last_s = max(self.last_s or -math.inf, float(times.max()))

    def ever(self, through: int, took_s: float) -> Compared:
        """Who was ever acted on under one policy only."""
        shift = Shift.between(self.in_force.tally, self.candidate.tally)
        now, then = self.in_force.tally.acted, self.candidate.tally.acted
        rungs = {key: (now.get(key, 0), then.get(key, 0)) for key in (*shift.newly, *shift.no_longer)}
        newly = self._differing(shift.newly, rungs, self.candidate)
        no_longer = self._differing(shift.no_longer, rungs, self.in_force)
        return self._compared(newly, no_longer, shift, through, took_s)

    def standing(self, through: int, took_s: float) -> Compared:
        """Who stands on another rung under the candidate at this moment."""
        shift = Shift.between(self.in_force.tally, self.candidate.tally)
        decided = self.in_force.tally.acted.keys() | self.candidate.tally.acted.keys()
        now, then = self.in_force.replica.engine, self.candidate.replica.engine
        rungs = {key: (int(now.rung_of(key)), int(then.rung_of(key))) for key in decided}
        harder = sorted(key for key, (one, other) in rungs.items() if other > one)
        milder = sorted(key for key, (one, other) in rungs.items() if other < one)
        return self._compared(
            self._differing(harder, rungs, self.candidate),
            self._differing(milder, rungs, self.in_force),
            shift,
            through,
            took_s,
        )

    def _compared(
        self, newly: Differing, no_longer: Differing, shift: Shift, through: int, took_s: float
    ) -> Compared:
        days = self.in_force.tally.days.keys() | self.candidate.tally.days.keys()
        seen = [math.floor(time_s / DAY_S) for time_s in (self.first_s, self.last_s) if time_s is not None]
        first_day = min((*days, *seen), default=0)
        count = max((*days, *seen), default=first_day) - first_day + 1
        return Compared(
            in_force=self.in_force.shown(first_day, count),
            candidate=self.candidate.shown(first_day, count),
            newly=newly,
            no_longer=no_longer,
            stronger=shift.stronger,
            milder=shift.milder,
            first_day=first_day,
            first_s=self.first_s,
            last_s=self.last_s,
            events=self.events,
            through=through,
            took_s=took_s,
        )

    def _differing(self, keys: list[int], rungs: dict[int, tuple[int, int]], by: Side) -> Differing:
        """``by``: whose decisions say why."""
        looks = self._honesty(keys)
        first = sorted(keys, key=lambda key: (-looks.get(key, 0.0), key))[:LISTED_AT_MOST]
        listed = []
        for key in first:
            now, then = rungs[key]
            time_s, reasons = by.why(key)
            listed.append(
                AccountCompared(
                    pseudonym=pseudonym_shown(key),
                    now=_RUNGS[now].word,
                    then=_RUNGS[then].word,
                    time=time_s,
                    reasons=reasons,
                    honesty=round(looks.get(key, 0.0), 4),
                )
            )
        return Differing(len(keys), per_rung(max(rungs[key]) for key in keys), listed)

    def _honesty(self, keys: Iterable[int]) -> dict[int, float]:
        """Of accounts that the engine still knows."""
        wanted = np.array(list(keys), np.uint64)
        known, rows = feature_rows(self.in_force.replica.engine, wanted)
        return dict(zip(known.tolist(), honesty(rows).tolist(), strict=True))


def _without_policies(events: NDArray[Any]) -> NDArray[Any]:
    """The same with every policy's coming into force turned into a tick at the beginning of time, which does nothing."""
    at = np.flatnonzero(events["type"] == _POLICY)
    if not len(at):
        return events
    unmoved = events.copy()
    unmoved["type"][at], unmoved["time"][at] = _TICK, 0.0
    return unmoved
