"""The hot loop: a batch of events in, decisions out. ``docs/hot-loop.md`` walks through it.

Events are taken in blocks that end where the log's running number is a multiple of 64, not where a batch ends:

1. at the beginning of a block, strikes found in the block before reach networks, devices and number ranges;
2. the block's index entries and records are prefetched, sixteen events at a time;
3. each event passes the four rooms; a judged one leaves a row of features;
4. rows are scored and ruled on, in order, and the ladder turns findings into decisions.

Nothing in steps 3 and 4 depends on how many rows wait together, so any split of a log into batches gives the same bits.
"""

from typing import Any

import numpy as np
from numba import carray

from tidegate.engine.blocks import rule_block, score_block
from tidegate.engine.control import (
    bench_of,
    decisions_of,
    events_of,
    forests_of,
    judged_of,
    newborn_of,
    rules_of,
    tables_of,
)
from tidegate.engine.forgetting import erase, forget_idle
from tidegate.engine.index import find
from tidegate.engine.ladder import FOREVER_S, MODEL_FAMILY, has_ended
from tidegate.engine.layout import ACCOUNT, ACCOUNT_WORDS, BLOCK, CLOCK_ZERO_S, JUDGED
from tidegate.engine.machine import as_pointer
from tidegate.engine.passage import (
    KIND_ERASURE,
    MESSAGING,
    PERSON,
    REGISTRATION,
    note_signals,
    pass_event,
    says_nothing_of_traffic,
)
from tidegate.engine.prefetching import PREFETCH_GROUP, prefetch_group
from tidegate.engine.rooms.sender import own_counters_catch_up
from tidegate.engine.rows import WIDTH, fill_row
from tidegate.engine.strikes import deliver_strikes
from tidegate.engine.verdict import expire, judge
from tidegate.events.compiled import compiled, inlined


@inlined
def write_row(
    t: Any,
    row: Any,
    scratch: Any,
    scratch_words: Any,
    slot: Any,
    stage: Any,
    network_slot: Any,
    device_slot: Any,
    now: float,
) -> None:
    """Features of a judged account. In the feedback stage its own counters are aged in a copy: hearing about an
    account must not look like the account doing something."""
    log_age_s = now - t.header[0].first_time
    if stage == REGISTRATION or stage == MESSAGING:
        fill_row(
            row,
            t.accounts[slot],
            t.networks,
            network_slot,
            t.devices,
            device_slot,
            t.header[0].signals,
            log_age_s,
            now,
        )
        return
    words = ACCOUNT_WORDS
    for i in range(words):
        scratch_words[i] = t.words[slot * words + i]
    own_counters_catch_up(scratch[0], now)
    fill_row(
        row,
        scratch[0],
        t.networks,
        np.int64(-1),
        t.devices,
        np.int64(-1),
        t.header[0].signals,
        log_age_s,
        now,
    )


@inlined
def note_event(header: Any, event: Any) -> None:
    """Keep the log's clock, and which signals it carries."""
    if event.time < header.watermark:
        header.late += 1
    else:
        header.watermark = event.time
    if header.first_time == 0.0:
        header.first_time = event.time
    note_signals(header, event)


@compiled
def observe(control: Any) -> None:
    """Observe the batch that ``control`` describes. Writes decisions, newborn accounts and their counts."""
    c = control[0]
    t = tables_of(c)
    rules = rules_of(c)
    forests = forests_of(c)
    events = events_of(c)
    newborn = newborn_of(c)
    n = c.event_count
    decisions = decisions_of(c, 3 * n + 1)
    judged = judged_of(c, BLOCK)
    rows = carray(as_pointer(c.rows), (BLOCK, WIDTH), np.float32)
    all_rows = carray(as_pointer(c.all_rows), (n if c.judge_all else 1, WIDTH), np.float32)
    all_judged = carray(as_pointer(c.all_judged), n if c.judge_all else 1, JUDGED)
    scratch = carray(as_pointer(c.scratch), 1, ACCOUNT)
    scratch_words = carray(as_pointer(c.scratch), ACCOUNT_WORDS, np.uint64)
    proposals = np.zeros(MODEL_FAMILY + 1, np.uint8)
    bench = bench_of(c)
    newborn_count, decision_count, kept_rows = np.int64(0), np.int64(0), np.int64(0)

    start = np.int64(0)
    while start < n:
        offset = t.header[0].sequence % BLOCK
        if offset == 0:
            now = events[start].time
            if says_nothing_of_traffic(events[start].type):
                now = t.header[0].watermark
            deliver_strikes(t, now)
            if t.header[0].idle_limit_s > 0.0:
                forget_idle(t, now)
        end = min(n, start + BLOCK - offset)
        waiting = np.int64(0)
        for i in range(start, end):
            if (i - start) % PREFETCH_GROUP == 0 and end - start > 1:
                prefetch_group(t, events, i, min(end, i + PREFETCH_GROUP))
            event = events[i]
            if event.type == KIND_ERASURE:
                if waiting > 0:
                    # Rows that wait may be of this account: they are judged first, as if a batch ended here.
                    end = i
                    break
                erase(t, event.actor)
            if not says_nothing_of_traffic(event.type):
                note_event(t.header[0], event)
            slot, stage, network_slot, device_slot, newborn_count = pass_event(
                t, event, i, newborn, newborn_count
            )
            if slot >= 0:
                write_row(
                    t,
                    rows[waiting],
                    scratch,
                    scratch_words,
                    slot,
                    stage,
                    network_slot,
                    device_slot,
                    event.time,
                )
                item = judged[waiting]
                item.slot, item.event, item.stage = slot, i, stage
                item.network_slot = t.accounts[slot].network_slot
                item.device_slot = t.accounts[slot].device_slot
                item.phone_range = t.accounts[slot].phone_range
                waiting += 1
        if waiting > 0 and c.judge_all != 2:
            score_block(rows, judged, waiting, forests, bench)
            rule_block(t, rows, judged, waiting, events, rules, c.spread, c.period_s, bench)
        for w in range(waiting):
            item = judged[w]
            if c.judge_all != 2:
                decision_count = judge(
                    t,
                    rows[w],
                    item,
                    events[item.event],
                    rules,
                    bench.fired[w],
                    proposals,
                    decisions,
                    decision_count,
                    c.policy_mark,
                )
            if c.judge_all and item.stage != PERSON:
                all_judged[kept_rows].slot = item.slot
                all_judged[kept_rows].event = item.event
                all_judged[kept_rows].stage = item.stage
                for column in range(WIDTH):
                    all_rows[kept_rows, column] = rows[w, column]
                kept_rows += 1
        t.header[0].judged += waiting
        t.header[0].sequence += end - start
        start = end
    slot = find(t.at[0], t.ai, t.ao, t.accounts, events[n - 1].actor)
    c.last_rung = 0
    if slot >= 0 and not has_ended(t.accounts[slot], events[n - 1].time):
        c.last_rung = np.int64(t.accounts[slot].rung)
    c.newborn_count = newborn_count
    c.decision_count = decision_count
    c.judged_count = kept_rows


@compiled
def end_rungs(control: Any, now: float) -> None:
    """Write a decision for every rung that has run out by ``now``."""
    c = control[0]
    t = tables_of(c)
    decisions = decisions_of(c, t.at[0].count + 1)
    count = 0
    for slot in range(t.at[0].count):
        account = t.accounts[slot]
        if account.last_s >= 0.0:
            count = expire(account, slot, np.int64(-1), now, decisions, count, c.policy_mark)
    c.decision_count = count


@compiled
def end_rungs_of(control: Any, keys: Any, now: float) -> None:
    """The same for these accounts only, in this order; unknown ones are passed over."""
    c = control[0]
    t = tables_of(c)
    decisions = decisions_of(c, len(keys) + 1)
    count = 0
    for key in keys:
        slot = find(t.at[0], t.ai, t.ao, t.accounts, key)
        if slot >= 0:
            count = expire(t.accounts[slot], slot, np.int64(-1), now, decisions, count, c.policy_mark)
    c.decision_count = count


@compiled
def rungs_ending(control: Any, keys: Any, until_s: Any) -> Any:
    """How many accounts are on a rung that has an end; as many as there is room for are written."""
    t = tables_of(control[0])
    count = 0
    for slot in range(t.at[0].count):
        account = t.accounts[slot]
        if account.rung != 0 and account.rung_until_s != FOREVER_S:
            if count < len(keys):
                keys[count] = account.key
                until_s[count] = np.float64(account.rung_until_s) + CLOCK_ZERO_S
            count += 1
    return count
