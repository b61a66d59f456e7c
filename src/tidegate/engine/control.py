"""The one argument of the compiled entry point: where everything lies in memory.

Handing Numba thirty arrays means unpacking each of them at every call; one record of addresses is unpacked once, which a
verdict on a single event can afford. Python writes the addresses (:mod:`tidegate.engine.engine`), compiled code turns
them back into arrays (:func:`tables_of` and its siblings) without copying or counting references.
"""

from collections import namedtuple
from typing import Any

import numpy as np
from numba import carray

from tidegate.engine.layout import (
    ACCOUNT,
    ACCOUNT_WORDS,
    DECISION,
    DEVICE,
    DEVICE_WORDS,
    HEADER,
    JUDGED,
    MAX_STRIKES,
    NETWORK,
    NETWORK_WORDS,
    NEWBORN,
    RULE_WORDS,
    STRIKE,
    TABLE,
    TRACE,
    TRACE_WORDS,
)
from tidegate.engine.machine import as_pointer
from tidegate.engine.rows import WIDTH
from tidegate.engine.rule_kernel import MAX_DEPTH
from tidegate.engine.trees import LANES, SPLIT, TREE
from tidegate.events.columns import EVENT
from tidegate.events.compiled import inlined

_ADDRESSES = (
    "header strikes "
    "account_table account_index account_old accounts "
    "network_table network_index network_old networks "
    "device_table device_index device_old devices "
    "trace_table trace_index trace_old traces "
    "events newborn judged rows decisions all_rows all_judged "
    "scratch predicate_feature predicate_op predicate_threshold predicate_random code "
    "rule_start rule_rung rule_family rule_stages rule_accounts rung_keys rung_durations score_threshold "
    "splits trees leaves stage_trees stage_base "
    "columns masks totals factors truth stack fired"
).split()
_NUMBERS = (
    "account_capacity account_index_size account_old_size "
    "network_capacity network_index_size network_old_size "
    "device_capacity device_index_size device_old_size "
    "trace_capacity trace_index_size trace_old_size "
    "event_count newborn_count decision_count judged_count judge_all policy_mark last_rung "
    "predicate_count code_size rule_count split_count tree_count leaf_count"
).split()
_REALS = "spread period_s".split()

CONTROL = np.dtype(
    [(name, np.int64) for name in _ADDRESSES]
    + [(name, np.int64) for name in _NUMBERS]
    + [(name, np.float64) for name in _REALS]
)

Tables = namedtuple(
    "Tables",
    "header strikes at ai ao accounts words nt ni no networks network_words dt di do devices device_words "
    "tt ti to traces trace_words",
)
"""State: header, strike queue, and for accounts, networks, devices and traces of strikes the table, index, old index,
records and the same records as words."""

Rules = namedtuple(
    "Rules",
    "predicate_feature predicate_op predicate_threshold predicate_random code start rung family stages accounts keys "
    "durations score_threshold",
)

Forests = namedtuple("Forests", "splits trees leaves stage_trees stage_base")

Bench = namedtuple("Bench", "columns masks totals factors truth stack fired")
"""Working space of one block: rows by column, leaf masks, scores, threshold factors, comparisons, rules."""


@inlined
def tables_of(c: Any) -> Any:
    """The engine's state as arrays."""
    return Tables(
        carray(as_pointer(c.header), 1, HEADER),
        carray(as_pointer(c.strikes), MAX_STRIKES, STRIKE),
        carray(as_pointer(c.account_table), 1, TABLE),
        carray(as_pointer(c.account_index), c.account_index_size, np.uint64),
        carray(as_pointer(c.account_old), c.account_old_size, np.uint64),
        carray(as_pointer(c.accounts), c.account_capacity, ACCOUNT),
        carray(as_pointer(c.accounts), c.account_capacity * ACCOUNT_WORDS, np.uint64),
        carray(as_pointer(c.network_table), 1, TABLE),
        carray(as_pointer(c.network_index), c.network_index_size, np.uint64),
        carray(as_pointer(c.network_old), c.network_old_size, np.uint64),
        carray(as_pointer(c.networks), c.network_capacity, NETWORK),
        carray(as_pointer(c.networks), c.network_capacity * NETWORK_WORDS, np.uint64),
        carray(as_pointer(c.device_table), 1, TABLE),
        carray(as_pointer(c.device_index), c.device_index_size, np.uint64),
        carray(as_pointer(c.device_old), c.device_old_size, np.uint64),
        carray(as_pointer(c.devices), c.device_capacity, DEVICE),
        carray(as_pointer(c.devices), c.device_capacity * DEVICE_WORDS, np.uint64),
        carray(as_pointer(c.trace_table), 1, TABLE),
        carray(as_pointer(c.trace_index), c.trace_index_size, np.uint64),
        carray(as_pointer(c.trace_old), c.trace_old_size, np.uint64),
        carray(as_pointer(c.traces), c.trace_capacity, TRACE),
        carray(as_pointer(c.traces), c.trace_capacity * TRACE_WORDS, np.uint64),
    )


@inlined
def rules_of(c: Any) -> Any:
    """The compiled policy as arrays."""
    return Rules(
        carray(as_pointer(c.predicate_feature), c.predicate_count, np.int32),
        carray(as_pointer(c.predicate_op), c.predicate_count, np.uint8),
        carray(as_pointer(c.predicate_threshold), c.predicate_count, np.float32),
        carray(as_pointer(c.predicate_random), c.predicate_count, np.uint8),
        carray(as_pointer(c.code), c.code_size, np.int32),
        carray(as_pointer(c.rule_start), c.rule_count + 1, np.int32),
        carray(as_pointer(c.rule_rung), c.rule_count, np.uint8),
        carray(as_pointer(c.rule_family), c.rule_count, np.uint8),
        carray(as_pointer(c.rule_stages), c.rule_count, np.uint8),
        carray(as_pointer(c.rule_accounts), (c.rule_count, 2), np.float64),
        carray(as_pointer(c.rung_keys), 7, np.uint8),
        carray(as_pointer(c.rung_durations), (7, 3), np.float64),
        carray(as_pointer(c.score_threshold), (5, 7), np.float32),
    )


@inlined
def forests_of(c: Any) -> Any:
    """The model as arrays."""
    return Forests(
        carray(as_pointer(c.splits), c.split_count, SPLIT),
        carray(as_pointer(c.trees), c.tree_count, TREE),
        carray(as_pointer(c.leaves), c.leaf_count, np.float64),
        carray(as_pointer(c.stage_trees), (4, 2), np.int32),
        carray(as_pointer(c.stage_base), 4, np.float64),
    )


@inlined
def bench_of(c: Any) -> Any:
    """The working space."""
    return Bench(
        carray(as_pointer(c.columns), (WIDTH, LANES), np.float32),
        carray(as_pointer(c.masks), LANES, np.uint32),
        carray(as_pointer(c.totals), LANES, np.float64),
        carray(as_pointer(c.factors), LANES, np.float32),
        carray(as_pointer(c.truth), (c.predicate_count + 1, LANES), np.uint8),
        carray(as_pointer(c.stack), (MAX_DEPTH, LANES), np.uint8),
        carray(as_pointer(c.fired), (LANES, RULE_WORDS), np.uint64),
    )


@inlined
def events_of(c: Any) -> Any:
    """The batch."""
    return carray(as_pointer(c.events), c.event_count, EVENT)


@inlined
def newborn_of(c: Any) -> Any:
    """Room for two newborn accounts an event."""
    return carray(as_pointer(c.newborn), 2 * c.event_count, NEWBORN)


@inlined
def judged_of(c: Any, count: int) -> Any:
    """The block's judged accounts."""
    return carray(as_pointer(c.judged), count, JUDGED)


@inlined
def decisions_of(c: Any, count: int) -> Any:
    """Room for decisions."""
    return carray(as_pointer(c.decisions), count, DECISION)
