"""The engine as the journal drives it: events, policies that come into force, ticks of the clock, all in order.

The live node, recovery after a crash and the process that makes snapshots all observe through this one class, so they
cannot differ: the same journal gives the same state and the same decisions, bit for bit.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.engine import Engine
from tidegate.engine.model import Model
from tidegate.engine.policy import load_policy
from tidegate.events.columns import EventType
from tidegate.node.journal import PolicyKept
from tidegate.statements.explain import Explainer
from tidegate.statements.in_force import InForce

_POLICY, _TICK = int(EventType.POLICY), int(EventType.TICK)
_COMMAND_FROM = int(EventType.RULING)
"""No messenger writes events from here on; most batches hold none of them."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Decisions made under one policy."""

    decisions: NDArray[Any]
    """DECISION[n], ``event`` counted from the beginning of the batch; -1 when the clock alone caused it."""
    explainer: Explainer


class UnknownPolicy(Exception):  # noqa: N818 - it is about the policy
    """The journal names a policy that it does not hold."""


class Replica:
    """An engine, the policy in force, and when rungs end."""

    def __init__(
        self, engine: Engine, in_force: InForce, mark: int, kept: Callable[[int], PolicyKept | None]
    ) -> None:
        """``mark``: of the policy in force. ``kept``: finds a policy by its mark."""
        self.engine = engine
        self.mark = mark
        self.in_force = in_force
        found = kept(mark) if mark else None
        self.policy_text = found.policy if found else ""
        """As it was written; empty before the first one."""
        self._kept = kept
        self._explainer = Explainer(in_force)
        keys, until_s = engine.rungs_ending()
        self._ends: list[tuple[float, int]] = list(zip(until_s.tolist(), keys.tolist(), strict=True))
        heapq.heapify(self._ends)

    @property
    def sequence(self) -> int:
        """Events observed since the beginning."""
        return self.engine.sequence

    @property
    def next_end_s(self) -> float:
        """When the next rung may end, Unix seconds; infinite when none will."""
        return self._ends[0][0] if self._ends else float("inf")

    def observe(self, events: NDArray[Any]) -> list[Decided]:
        """Observe EVENT[n] in order. Raises :class:`UnknownPolicy`."""
        decided: list[Decided] = []
        start = 0
        kinds = events["type"]
        commands = (
            np.flatnonzero((kinds == _POLICY) | (kinds == _TICK))
            if kinds.max(initial=0) >= _COMMAND_FROM
            else ()
        )
        for at in (*(int(command) for command in commands), len(events)):
            piece = events[start : at + 1]
            if len(piece):
                self._note(self.engine.observe(piece).decisions, start, decided)
            if at < len(events):
                self._obey(events[at], decided)
            start = at + 1
        return decided

    def figures(self) -> dict[str, float]:
        """What the engine holds and has done, by name, for the metrics page."""
        engine, parts = self.engine, self.engine.state_parts()
        return {
            **{f"engine_{kind}": float(parts[f"{kind}.book"]["live"][0]) for kind in ("networks", "devices")},
            "engine_accounts": float(engine.account_count),
            "engine_bytes": float(engine.bytes_in_use),
            "engine_late_events": float(engine.late),
            "engine_judged": float(engine.judged),
        }

    def _obey(self, command: Any, decided: list[Decided]) -> None:
        if command["type"] == _TICK:
            self._note(self._ended(float(command["time"])), 0, decided)
            return
        mark = int(command["id"])
        kept = self._kept(mark)
        if kept is None:
            raise UnknownPolicy(f"the journal puts policy {mark:016x} into force but does not hold it")
        self.put_in_force(kept, mark)

    def put_in_force(self, kept: PolicyKept, mark: int) -> None:
        """Decide by this policy from the next event on."""
        self.in_force = in_force_of(kept, self.in_force)
        self.mark, self.policy_text = mark, kept.policy
        self._explainer = Explainer(self.in_force)
        self.engine.put_in_force(self.in_force.policy, self.in_force.model)

    def _ended(self, now_s: float) -> NDArray[Any]:
        keys = []
        while self._ends and self._ends[0][0] <= now_s:
            keys.append(heapq.heappop(self._ends)[1])
        return self.engine.end_rungs(now_s, np.array(sorted(set(keys)), np.uint64))

    def _note(self, decisions: NDArray[Any], offset: int, decided: list[Decided]) -> None:
        if not len(decisions):
            return
        if offset:
            decisions["event"][decisions["event"] >= 0] += offset
        for end in zip(decisions["until"].tolist(), decisions["key"].tolist(), strict=True):
            if math.isfinite(end[0]):
                heapq.heappush(self._ends, end)
        decided.append(Decided(decisions, self._explainer))


def in_force_of(kept: PolicyKept, like: InForce) -> InForce:
    """What decides, from the texts that the journal keeps. Raises PolicyErrors or ModelError."""
    model = None
    if kept.model:
        # Usually the same, and reading it is most of what a policy costs.
        same = like.model is not None and like.model.to_json() == kept.model
        model = like.model if same else Model.from_json(kept.model)
    return InForce(load_policy(kept.policy, "the policy in force"), model, like.pseudonyms, like.pepper)
