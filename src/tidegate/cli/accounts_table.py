"""The columns of ``accounts.parquet``: every account the log named, as it stood when the log ended."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.cli.tallies import MessageTally
from tidegate.engine.engine import Engine
from tidegate.engine.layout import CLOCK_ZERO_S
from tidegate.engine.rungs import Rung

Columns = dict[str, NDArray[Any] | Sequence[Any]]
_FIELDS = ("key", "rung", "strangers_seen", "registered_s", "first_active_s")
_WORDS = np.array([rung.word for rung in Rung])


def account_columns(
    engine: Engine, names: Sequence[str] | None, decisions: NDArray[Any], messages: MessageTally
) -> Columns:
    """One row for each account that ``engine`` remembers.

    ``names`` by slot, or None to show pseudonyms; ``decisions``: DECISION[d] in the order of time.
    ``first_contacts`` is an estimate (linear counting over 256 bits, saturating near 1,400).
    """
    last_s = engine.account_field("last_s")
    slots = np.flatnonzero(last_s >= 0.0)  # the others are forgotten accounts
    live = {name: engine.account_field(name)[slots] for name in _FIELDS}
    hexes = _hex(live["key"])
    strongest, first_s = _history(live["key"], decisions)
    return {
        "account": hexes if names is None else [names[slot] for slot in slots.tolist()],
        "pseudonym": hexes,
        "rung": _WORDS[live["rung"]],
        "highest_rung": _WORDS[np.maximum(strongest, live["rung"])],
        "first_rung_time": _times(first_s),
        "messages": messages.of(live["key"]),
        "first_contacts": strangers(live["strangers_seen"]),
        "registered": _clock_times(live["registered_s"]),
        "first_active": _clock_times(live["first_active_s"]),
        "last_active": _times(np.where(last_s[slots] > 0.0, last_s[slots], np.nan)),
    }


def strangers(bitmaps: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Distinct people first written to, from the accounts' bitmaps (uint64[n, 4]); Whang et al. 1990."""
    empty = np.maximum(256 - np.bitwise_count(bitmaps).sum(axis=1, dtype=np.int64), 1)
    estimate: NDArray[np.int64] = np.rint(256.0 * np.log(256.0 / empty)).astype(np.int64)
    return estimate


def _history(
    keys: NDArray[np.uint64], decisions: NDArray[Any]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Strongest rung ever and time of the first decision above allow, for each of ``keys``."""
    strongest = np.zeros(len(keys), np.uint8)
    first_s = np.full(len(keys), np.nan)
    raised = decisions[decisions["rung"] > 0]
    if not len(raised) or not len(keys):
        return strongest, first_s
    order = np.argsort(keys)
    at = order[np.minimum(np.searchsorted(keys[order], raised["key"]), len(keys) - 1)]
    known = keys[at] == raised["key"]  # with idle accounts forgotten, some are not there any more
    at, raised = at[known], raised[known]
    np.maximum.at(strongest, at, raised["rung"])
    np.fmin.at(first_s, at, raised["time"])
    return strongest, first_s


def _hex(keys: NDArray[np.uint64]) -> list[str]:
    text = keys.astype(">u8").tobytes().hex()
    return [text[i : i + 16] for i in range(0, len(text), 16)]


def _clock_times(clock: NDArray[np.uint32]) -> NDArray[Any]:
    """Record clock (seconds, 0 = never) to UTC."""
    return _times(np.where(clock > 0, clock.astype(np.float64) + CLOCK_ZERO_S, np.nan))


def _times(unix_s: NDArray[np.float64]) -> NDArray[Any]:
    """Unix seconds as UTC to the millisecond; NaN becomes null."""
    unknown = np.isnan(unix_s)
    times = np.rint(np.where(unknown, 0.0, unix_s) * 1000.0).astype(np.int64).astype("datetime64[ms]")
    times[unknown] = np.datetime64("NaT")
    return times
