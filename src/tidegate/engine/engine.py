"""The decision core: events in, decisions out, and nothing else. No file, socket, clock or random number.

The same log gives the same decisions, bit for bit, on any machine and however it is cut into batches.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.control import CONTROL
from tidegate.engine.features import Signal
from tidegate.engine.kernel import end_rungs, end_rungs_of, observe, rungs_ending
from tidegate.engine.ladder import FOREVER_S
from tidegate.engine.layout import (
    ACCOUNT,
    BLOCK,
    CLOCK_ZERO_S,
    DECISION,
    DEVICE,
    HEADER,
    JUDGED,
    MAX_STRIKES,
    NETWORK,
    NEWBORN,
    RULE_WORDS,
    STRIKE,
    TRACE,
)
from tidegate.engine.model import Model
from tidegate.engine.newcomers import find_newcomers
from tidegate.engine.policy import Policy
from tidegate.engine.policy.arrays import compile_policy
from tidegate.engine.rows import WIDTH
from tidegate.engine.rule_kernel import MAX_DEPTH
from tidegate.engine.rungs import Rung
from tidegate.engine.state import State, StateError
from tidegate.engine.table import Table
from tidegate.engine.trees import LANES
from tidegate.events.columns import EVENT

MAX_PIECE = 8192
"""Events handed to the kernel at once; tables are made large enough before each piece."""
RUNG_OF = tuple(Rung)

__all__ = ["MAX_PIECE", "Engine", "Outcome", "StateError"]


def _checked(events: NDArray[Any]) -> NDArray[Any]:
    if events.dtype != EVENT:
        raise TypeError(f"events must be an array of tidegate.events.columns.EVENT, not {events.dtype}")
    return np.ascontiguousarray(events)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch led to."""

    decisions: NDArray[Any]
    """DECISION[d], in order; ``event`` counts from the beginning of the batch."""
    newborn: NDArray[Any]
    """NEWBORN[a]: accounts named for the first time, so that the caller can keep their names."""


class Engine:
    """One engine with its state.

    ``pepper`` keys the randomised thresholds. ``idle_limit_s`` lets accounts, networks and devices idle for longer be
    forgotten (0: never).
    """

    def __init__(
        self,
        policy: Policy,
        model: Model | None = None,
        *,
        pepper: int = 0,
        idle_limit_s: float = 0.0,
        capacity: int = 4096,
    ) -> None:
        self._header = np.zeros(1, HEADER)
        self._header["pepper"] = pepper
        self._header["idle_limit_s"] = idle_limit_s
        self._strikes = np.zeros(MAX_STRIKES, STRIKE)
        self._accounts = Table(ACCOUNT, capacity)
        self._networks = Table(NETWORK, max(capacity // 8, 1024))
        self._devices = Table(DEVICE, capacity)
        self._traces = Table(TRACE, 1024)
        tables = {
            "accounts": self._accounts,
            "networks": self._networks,
            "devices": self._devices,
            "traces": self._traces,
        }
        self._state = State(self._header, self._strikes, tables)
        self._tables = tuple(tables.values())
        self._newborn = np.zeros(2 * MAX_PIECE, NEWBORN)
        self._found, self._seen = np.zeros(0, NEWBORN), np.zeros(0, np.uint64)
        self._judged = np.zeros(BLOCK, JUDGED)
        self._rows = np.zeros((BLOCK, WIDTH), np.float32)
        self._decisions = np.zeros(3 * MAX_PIECE + 1, DECISION)
        self._scratch = np.zeros(1, ACCOUNT)
        self._columns = np.zeros((WIDTH, LANES), np.float32)
        self._masks = np.zeros(LANES, np.uint32)
        self._totals = np.zeros(LANES)
        self._factors = np.zeros(LANES, np.float32)
        self._stack = np.zeros((MAX_DEPTH, LANES), np.uint8)
        self._fired = np.zeros((LANES, RULE_WORDS), np.uint64)
        self._one = np.zeros(1, EVENT)
        self._one_at = self._one.ctypes.data
        self._control = np.zeros(1, CONTROL)
        # Views of single fields: looking one up by name takes longer than the kernel takes for an event.
        self._events_at, self._event_count = self._control["events"], self._control["event_count"]
        self._last_rung = self._control["last_rung"]
        self._room = 0
        self._policy_arrays: dict[str, NDArray[Any]] = {}
        self._model_arrays: dict[str, NDArray[Any]] = {}
        self._point("header", self._header)
        for (
            name
        ) in "strikes newborn judged rows decisions scratch columns masks totals factors stack fired".split():
            self._point(name, getattr(self, f"_{name}"))
        self._point("all_rows", self._rows)
        self._point("all_judged", self._judged)
        self.policy = policy
        self.model = model
        self.put_in_force(policy, model)

    # -- wiring ----------------------------------------------------------------------------------------------------

    def _point(self, name: str, array: NDArray[Any]) -> None:
        self._control[name] = array.ctypes.data

    def _point_tables(self) -> None:
        for name, table in (
            ("account", self._accounts),
            ("network", self._networks),
            ("device", self._devices),
            ("trace", self._traces),
        ):
            self._point(f"{name}_table", table.book)
            self._point(f"{name}_index", table.index)
            self._point(f"{name}_old", table.old_index)
            self._control[f"{name}s"] = table.records.address
            self._control[f"{name}_capacity"] = len(table.records.array)
            self._control[f"{name}_index_size"] = len(table.index)
            self._control[f"{name}_old_size"] = len(table.old_index)

    def put_in_force(self, policy: Policy, model: Model | None) -> None:
        """Decide by this policy and model from the next event on. State is kept."""
        arrays = compile_policy(policy)
        self.policy, self.model = policy, model
        names = (
            "predicate_feature predicate_op predicate_threshold predicate_random code rule_start rule_rung rule_family "
            "rule_stages rule_accounts rung_keys rung_durations score_threshold"
        ).split()
        self._policy_arrays = {name: np.ascontiguousarray(getattr(arrays, name)) for name in names}
        self._policy_arrays["truth"] = np.zeros((len(arrays.predicate_feature) + 1, LANES), np.uint8)
        forests = (model or Model.empty()).joined()
        self._model_arrays = {name: np.ascontiguousarray(array) for name, array in forests.items()}
        for name, array in (self._policy_arrays | self._model_arrays).items():
            self._point(name, array)
        self._control["predicate_count"] = len(arrays.predicate_feature)
        self._control["code_size"] = len(arrays.code)
        self._control["rule_count"] = len(arrays.rule_rung)
        self._control["split_count"] = len(forests["splits"])
        self._control["tree_count"] = len(forests["trees"])
        self._control["leaf_count"] = len(forests["leaves"])
        self._control["spread"] = arrays.spread
        self._control["period_s"] = arrays.period_s
        mark = hashlib.sha256((policy.digest + (model.digest if model else "")).encode()).digest()
        self._control["policy_mark"] = int.from_bytes(mark[:7], "little")

    # -- observing -------------------------------------------------------------------------------------------------

    def _make_room(self, newcomers: int) -> None:
        """Let ``newcomers`` events find room in every table, whatever they name."""
        grown = self._accounts.make_room(2 * newcomers)
        grown |= self._networks.make_room(3 * newcomers)
        grown |= self._devices.make_room(newcomers)
        grown |= self._traces.make_room(newcomers)
        if grown or self._control["account_table"][0] == 0:
            self._point_tables()
        self._room = newcomers

    def _run(self, address: int, count: int) -> None:
        """Observe ``count`` EVENT records at ``address``."""
        if count > self._room:
            self._make_room(max(count, MAX_PIECE))
        self._room -= count
        self._events_at[0] = address
        self._event_count[0] = count
        observe(self._control)

    def observe(self, events: NDArray[Any]) -> Outcome:
        """Observe a batch (EVENT[n], in time order; an event earlier than the last is taken as late and counted)."""
        events = _checked(events)
        decisions, newborn = [], []
        for start in range(0, len(events), MAX_PIECE):
            piece = events[start : start + MAX_PIECE]
            self._run(piece.ctypes.data, len(piece))
            made = self._decisions[: int(self._control["decision_count"][0])].copy()
            made["event"][made["event"] >= 0] += start
            born = self._newborn[: int(self._control["newborn_count"][0])].copy()
            born["event"] += start
            decisions.append(made)
            newborn.append(born)
        return Outcome(
            np.concatenate(decisions) if decisions else np.zeros(0, DECISION),
            np.concatenate(newborn) if newborn else np.zeros(0, NEWBORN),
        )

    def check(self, event: Any) -> Rung:
        """Observe one event (an EVENT record) and say on which rung its actor now stands."""
        self._one[0] = event
        self._run(self._one_at, 1)
        return RUNG_OF[int(self._last_rung[0])]

    def rows(self, events: NDArray[Any], *, decide: bool = False) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """Observe a batch of at most ``MAX_PIECE`` events and return each judged row.

        Returns ``(rows float32[j, WIDTH], JUDGED[j])``. With ``decide`` off neither score nor ladder runs.
        """
        if len(events) > MAX_PIECE:
            raise ValueError(f"at most {MAX_PIECE} events at a time, not {len(events)}")
        rows = np.zeros((max(len(events), 1), WIDTH), np.float32)
        judged = np.zeros(max(len(events), 1), JUDGED)
        self._point("all_rows", rows)
        self._point("all_judged", judged)
        self._control["judge_all"] = 1 if decide else 2
        try:
            events = _checked(events)
            if len(events):
                self._run(events.ctypes.data, len(events))
        finally:
            self._control["judge_all"] = 0
        count = int(self._control["judged_count"][0]) if len(events) else 0
        return rows[:count], judged[:count]

    def newcomers(self, events: NDArray[Any]) -> NDArray[Any]:
        """NEWBORN[a]: accounts that observing this batch would make, with the event that names each; no slots yet.

        Changes nothing. An account that is forgotten during the batch and then named again is not foreseen.
        """
        events = _checked(events)
        if self._control["account_table"][0] == 0:
            self._make_room(MAX_PIECE)
        size = 1 << (4 * len(events)).bit_length()
        if size > len(self._seen):
            # Kept for the next time: asking the system for fresh memory takes longer than the search.
            self._seen, self._found = np.zeros(size, np.uint64), np.zeros(size, NEWBORN)
        seen = self._seen[:size]
        seen[:] = 0
        return self._found[: find_newcomers(self._control, events, seen, self._found)].copy()

    def end_rungs(self, now: float, keys: NDArray[np.uint64] | None = None) -> NDArray[Any]:
        """Decisions for every rung that has run out by ``now``; with ``keys`` only those accounts are looked at."""
        if self._accounts.count == 0:
            return np.zeros(0, DECISION)
        decisions = np.zeros((self._accounts.count if keys is None else len(keys)) + 1, DECISION)
        self._point("decisions", decisions)
        try:
            if keys is None:
                end_rungs(self._control, float(now))
            else:
                end_rungs_of(self._control, np.ascontiguousarray(keys, np.uint64), float(now))
        finally:
            self._point("decisions", self._decisions)
        return decisions[: int(self._control["decision_count"][0])]

    def rungs_ending(self) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
        """``(keys, until)``: every account on a rung that has an end, and the Unix time of that end."""
        if self._accounts.count == 0:
            return np.zeros(0, np.uint64), np.zeros(0)
        keys, until_s = np.zeros(0, np.uint64), np.zeros(0)
        count = int(rungs_ending(self._control, keys, until_s))
        keys, until_s = np.zeros(count, np.uint64), np.zeros(count)
        rungs_ending(self._control, keys, until_s)
        return keys, until_s

    # -- state -----------------------------------------------------------------------------------------------------

    def state_parts(self) -> dict[str, NDArray[Any]]:
        """The whole state as named arrays, in order: views of live memory, good until the next event is observed.

        They can be read by :meth:`prepare_state` of an engine with the same ``LAYOUT_DIGEST``.
        """
        return self._state.parts()

    def prepare_state(self, sizes: Mapping[str, int]) -> dict[str, NDArray[Any]]:
        """Writable arrays of these sizes in bytes, under the names of :meth:`state_parts`, to be filled in any order.

        Only in a new engine. Nothing but :meth:`adopt_state` may be called next. Raises :class:`StateError`.
        """
        return self._state.prepare(sizes)

    def adopt_state(self) -> None:
        """Check what was filled in and go on from there, bit for bit as the engine it came from.

        The pepper must be this engine's own. The idle limit stays this engine's own: it is a setting, and a changed
        one acts from here on. Raises :class:`StateError`; the engine must not be used then.
        """
        self._state.adopt()
        self._room = 0
        self._make_room(MAX_PIECE)
        self._point_tables()

    # -- looking ---------------------------------------------------------------------------------------------------

    def knows(self, key: int) -> bool:
        """Whether there is a record of this account."""
        return self._accounts.find(key) >= 0

    def rung_of(self, key: int) -> Rung:
        """The rung of an account by its pseudonym; ``allow`` when it is unknown or its rung has run out."""
        return self.standing_of(key)[0]

    def standing_of(self, key: int) -> tuple[Rung, float | None]:
        """``(rung, until)`` of an account, as of the latest event; None: no end, or nothing to end."""
        slot = self._accounts.find(key)
        if slot < 0:
            return Rung.ALLOW, None
        account = self._accounts.records.array[slot]
        rung, until_s = RUNG_OF[int(account["rung"])], int(account["rung_until_s"])
        if rung is Rung.ALLOW or until_s == FOREVER_S:
            return rung, None
        if self.watermark - CLOCK_ZERO_S >= until_s:
            return Rung.ALLOW, None
        return rung, until_s + CLOCK_ZERO_S

    @property
    def accounts(self) -> NDArray[Any]:
        """A copy of every account record (ACCOUNT[n]), freed ones included (``last_s`` is -1)."""
        return self._accounts.records.array[: self._accounts.count].copy()

    @property
    def account_count(self) -> int:
        """Accounts remembered now."""
        return self._accounts.live

    def account_field(self, name: str) -> NDArray[Any]:
        """A copy of one field of every account record, by slot; freed ones included (their ``last_s`` is -1)."""
        field: NDArray[Any] = self._accounts.records.array[name][: self._accounts.count].copy()
        return field

    def keys_of(self, slots: NDArray[Any]) -> NDArray[np.uint64]:
        """Pseudonyms of the accounts in these slots."""
        keys: NDArray[np.uint64] = self._accounts.records.array["key"][slots]
        return keys

    @property
    def sequence(self) -> int:
        """Events observed since the beginning."""
        return int(self._header["sequence"][0])

    @property
    def signals(self) -> Signal:
        """Which signals the log has carried so far."""
        return Signal(int(self._header["signals"][0]))

    @property
    def late(self) -> int:
        """Events that came earlier than one before them."""
        return int(self._header["late"][0])

    @property
    def judged(self) -> int:
        """Rows that were scored and ruled on."""
        return int(self._header["judged"][0])

    @property
    def watermark(self) -> float:
        """Unix time of the latest event."""
        return float(self._header["watermark"][0])

    @property
    def bytes_in_use(self) -> int:
        """Memory that live records and their indexes take."""
        return sum(table.bytes_in_use for table in self._tables)

    def digest(self) -> str:
        """SHA-256 over the whole state, for comparing two engines."""
        h = hashlib.sha256(self._header.tobytes())
        h.update(self._strikes[: int(self._header["strikes"][0])].tobytes())
        for table in self._tables:
            h.update(table.records.array[: table.count].tobytes())
        return h.hexdigest()
