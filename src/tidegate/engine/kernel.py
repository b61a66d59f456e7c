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

from tidegate.engine.arithmetic import mixed, probability
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
from tidegate.engine.features import DAY_S
from tidegate.engine.index import find, find_or_add, home
from tidegate.engine.ladder import (
    FOREVER_S,
    MODEL_FAMILY,
    RUNG_COUNT,
    STRIKE_FROM,
    STRUCK,
    TIMES_MASK,
    TRUSTED_CEILING,
    climb,
    has_ended,
    standing_rung,
)
from tidegate.engine.layout import (
    ACCOUNT,
    ACCOUNT_WORDS,
    BLOCK,
    CAUSE_EVIDENCE,
    CAUSE_EXPIRY,
    CAUSE_PERSON,
    CLOCK_ZERO_S,
    JUDGED,
    MAX_STRIKES,
    RULE_WORDS,
)
from tidegate.engine.machine import float_bits, popcount, prefetch
from tidegate.engine.passage import (
    CAMPAIGN,
    FEEDBACK,
    MESSAGING,
    PERSON,
    REGISTRATION,
    KIND_BLOCK,
    KIND_CAMPAIGN,
    KIND_CONTACT,
    KIND_INVITE,
    KIND_LABEL,
    KIND_LEAVE,
    KIND_MESSAGE,
    KIND_POLICY,
    KIND_READ,
    KIND_REGISTER,
    KIND_REPORT,
    KIND_RULING,
    KIND_UNBLOCK,
    enter_device,
    enter_network,
    forget_idle,
    message_to_person,
    note_newborn,
    note_signals,
    sign_up,
    tell,
    what_it_does,
)
from tidegate.engine.rooms.decay import clock
from tidegate.engine.rooms.device import device_struck
from tidegate.engine.rooms.network import NUMBER_RANGE_SALT, network_struck
from tidegate.engine.rooms.recipient import declines, is_invited
from tidegate.engine.rooms.sender import acts, invites, own_counters_catch_up, said_back_catches_up
from tidegate.engine.rows import ACCOUNT_AGE, SCORE, WIDTH, fill_row
from tidegate.engine.rule_kernel import run_rules, threshold_factor
from tidegate.engine.rungs import UNSEEN_SIGN_UP
from tidegate.engine.trees import LANE_STEP, score_columns
from tidegate.events.columns import Reason
from tidegate.events.compiled import compiled, inlined
from numba import carray
from tidegate.engine.machine import as_pointer

PREFETCH_GROUP = 16
STAGE_COUNT = 4
TRUST_S = 90 * DAY_S
"""How long a person's finding that an account is legitimate protects it."""
_ABUSIVE, _LEGITIMATE = int(Reason.ABUSIVE), int(Reason.LEGITIMATE)
_NOBODY = np.uint64(0)


@inlined
def add_strike(t: Any, item: Any, weight: Any) -> None:
    """Queue a strike for the account's surroundings. The queue is emptied at each block and cannot overflow."""
    n = t.header[0].strikes
    if n < MAX_STRIKES:
        t.strikes[n].network_slot = item.network_slot
        t.strikes[n].device_slot = item.device_slot
        t.strikes[n].phone_range = item.phone_range
        t.strikes[n].weight = weight
        t.header[0].strikes = n + 1


@inlined
def deliver_strikes(t: Any, now: float) -> None:
    """Let the strikes of the last block reach networks, devices and number ranges."""
    for i in range(t.header[0].strikes):
        strike = t.strikes[i]
        if strike.network_slot != 0:
            network_struck(t.networks[np.int64(strike.network_slot) - 1], strike.weight, now)
        if strike.device_slot != 0:
            device_struck(t.devices[np.int64(strike.device_slot) - 1], strike.weight, now)
        if strike.phone_range != 0:
            key = mixed(NUMBER_RANGE_SALT ^ np.uint64(strike.phone_range))
            slot = find(t.nt[0], t.ni, t.no, t.networks, key)
            if slot >= 0:
                network_struck(t.networks[slot], strike.weight, now)
    t.header[0].strikes = 0


@inlined
def prefetch_account(t: Any, key: Any, lines: int) -> None:
    """Ask for an account's cache lines, when it is known already."""
    slot = find(t.at[0], t.ai, t.ao, t.accounts, key)
    if slot >= 0:
        for line in range(1, lines):
            prefetch(t.accounts, slot, line * 64)


@inlined
def prefetch_group(t: Any, events: Any, start: int, end: int) -> None:
    """Bring what the next events touch into the cache: index entries first, then records. Changes no state."""
    for i in range(start, end):
        event = events[i]
        prefetch(t.ai, home(event.actor, t.at[0].mask), 0)
        if event.target != _NOBODY:
            prefetch(t.ai, home(event.target, t.at[0].mask), 0)
        if event.device != _NOBODY:
            prefetch(t.di, home(event.device, t.dt[0].mask), 0)
        if event.network != _NOBODY:
            prefetch(t.ni, home(event.network, t.nt[0].mask), 0)
    for i in range(start, end):
        event = events[i]
        slot = np.int64(t.ai[home(event.actor, t.at[0].mask)] & np.uint64(0xFFFFFFFF)) - 1
        if 0 <= slot < t.at[0].count:
            prefetch(t.accounts, slot, 0)
        slot = np.int64(t.ai[home(event.target, t.at[0].mask)] & np.uint64(0xFFFFFFFF)) - 1
        if event.target != _NOBODY and 0 <= slot < t.at[0].count:
            prefetch(t.accounts, slot, 0)
        slot = np.int64(t.di[home(event.device, t.dt[0].mask)] & np.uint64(0xFFFFFFFF)) - 1
        if event.device != _NOBODY and 0 <= slot < t.dt[0].count:
            prefetch(t.devices, slot, 0)
        slot = np.int64(t.ni[home(event.network, t.nt[0].mask)] & np.uint64(0xFFFFFFFF)) - 1
        if event.network != _NOBODY and 0 <= slot < t.nt[0].count:
            prefetch(t.networks, slot, 0)
            prefetch(t.networks, slot, 64)
    for i in range(start, end):
        event = events[i]
        prefetch_account(t, event.actor, 8)
        if event.target != _NOBODY:
            prefetch_account(t, event.target, 4)


@inlined
def account_slot(t: Any, key: Any, newborn: Any, newborn_count: int, index: int, is_target: bool) -> Any:
    """``(slot, newborn_count)`` of an account, made when new."""
    slot, is_new = find_or_add(t.at[0], t.ai, t.ao, t.accounts, key)
    if is_new:
        newborn_count = note_newborn(newborn, newborn_count, slot, index, is_target)
        t.header[0].births += 1
    return slot, newborn_count


@inlined
def needs_target(kind: int) -> bool:
    """Whether events of this kind say something about the account in ``target``."""
    return (
        kind == KIND_MESSAGE
        or kind == KIND_INVITE
        or kind == KIND_BLOCK
        or kind == KIND_UNBLOCK
        or kind == KIND_REPORT
        or kind == KIND_CONTACT
        or kind == KIND_READ
    )


@inlined
def decided_by_person(kind: int) -> bool:
    """Labels, rulings and campaign findings: they are about an account, not by it."""
    return kind == KIND_LABEL or kind == KIND_RULING or kind == KIND_CAMPAIGN


@inlined
def pass_event(t: Any, event: Any, index: int, newborn: Any, newborn_count: int) -> Any:
    """One event through the rooms: ``(judged slot or -1, stage, network slot, device slot, newborn count)``."""
    now, kind = event.time, np.int64(event.type)
    no_slot = np.int64(-1)
    if kind == KIND_POLICY:
        return no_slot, MESSAGING, no_slot, no_slot, newborn_count
    if decided_by_person(kind):
        about = event.target if event.target != _NOBODY else event.actor
        slot, newborn_count = account_slot(t, about, newborn, newborn_count, index, about == event.target)
        said_back_catches_up(t.accounts[slot], now)
        stage = CAMPAIGN if kind == KIND_CAMPAIGN else PERSON
        if kind == KIND_CAMPAIGN:
            # The finding's strength travels in `size`, in thousandths.
            strength = np.float32(event.size) / np.float32(1000.0)
            t.accounts[slot].campaign_14d = max(t.accounts[slot].campaign_14d, strength)
        return slot, stage, no_slot, no_slot, newborn_count

    network_slot = enter_network(event, t.nt[0], t.ni, t.no, t.networks)
    device_slot = enter_device(event, t.dt[0], t.di, t.do, t.devices)
    slot, newborn_count = account_slot(t, event.actor, newborn, newborn_count, index, False)
    account = t.accounts[slot]
    first_ever = account.sent_14d == np.float32(0.0)
    acts(account, network_slot + 1, device_slot + 1, now)
    said_back_catches_up(account, now)
    if kind == KIND_REGISTER:
        sign_up(account, event, t.nt[0], t.ni, t.no, t.networks, network_slot, t.devices, device_slot)
        return slot, REGISTRATION, network_slot, device_slot, newborn_count
    if event.target != _NOBODY and event.target != event.actor and needs_target(kind):
        other_slot, newborn_count = account_slot(t, event.target, newborn, newborn_count, index, True)
        account, other = t.accounts[slot], t.accounts[other_slot]
        if kind == KIND_MESSAGE:
            judged = message_to_person(account, other, event, network_slot, device_slot, first_ever)
        elif kind == KIND_INVITE:
            invites(account)
            said_back_catches_up(other, now)
            is_invited(other, event.actor, event.chat, now)
            judged = True
        else:
            judged = tell(account, other, event)
            if judged:
                return other_slot, FEEDBACK, no_slot, no_slot, newborn_count
        return slot if judged else no_slot, MESSAGING, network_slot, device_slot, newborn_count
    if kind == KIND_LEAVE:
        inviter = declines(account, event.chat, now)
        if inviter != _NOBODY:
            other_slot = find(t.at[0], t.ai, t.ao, t.accounts, inviter)
            if other_slot >= 0:
                said_back_catches_up(t.accounts[other_slot], now)
                t.accounts[other_slot].declines_14d += np.float32(1.0)
        return no_slot, MESSAGING, network_slot, device_slot, newborn_count
    judged = what_it_does(account, event, first_ever)
    return slot if judged else no_slot, MESSAGING, network_slot, device_slot, newborn_count


@inlined
def write_row(
    t: Any,
    row: Any,
    scratch: Any,
    scratch_words: Any,
    slot: int,
    stage: int,
    network_slot: int,
    device_slot: int,
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
def write_decision(
    decision: Any,
    account: Any,
    slot: int,
    event_index: int,
    previous: int,
    stage: int,
    cause: int,
    short: bool,
    time: float,
    mark: Any,
) -> None:
    """Fill in one change of rung. Its id follows from what caused it, so writing it twice changes nothing."""
    decision.time = time
    decision.until = (
        np.inf if account.rung_until_s == FOREVER_S else np.float64(account.rung_until_s) + CLOCK_ZERO_S
    )
    if account.rung == 0:
        decision.until = np.nan
    decision.key = account.key
    step = np.uint64(np.int64(account.rung) * 16 + cause)
    decision.id = mixed(account.key ^ mixed(np.uint64(float_bits(time)) ^ mixed(np.uint64(mark) + step)))
    decision.slot = np.uint32(slot)
    decision.event = np.int32(event_index)
    decision.rung = account.rung
    decision.previous = np.uint8(previous)
    decision.stage = np.uint8(stage)
    decision.cause = np.uint8(cause)
    decision.short_of_keys = np.uint8(1 if short else 0)
    decision.score = np.float32(np.nan)
    for i in range(RULE_WORDS):
        decision.rules[i] = np.uint64(0)
    for i in range(WIDTH):
        decision.row[i] = np.float32(np.nan)


@inlined
def expire(account: Any, slot: int, event_index: int, now: float, decisions: Any, count: int, mark: Any
) -> int:
    """Take an account whose rung has run out back to allow."""
    if not has_ended(account, now):
        return count
    ended = np.float64(account.rung_until_s) + CLOCK_ZERO_S
    previous = account.rung
    account.rung = np.uint8(0)
    write_decision(
        decisions[count], account, slot, event_index, previous, MESSAGING, CAUSE_EXPIRY, False, ended, mark
    )
    return count + 1


@inlined
def person_decides(
    t: Any, account: Any, item: Any, event: Any, rules: Any, decisions: Any, count: int, mark: Any
) -> int:
    """A label or a ruling. A ruling moves the ladder; both move reputation."""
    now = event.time
    previous = account.rung
    if event.reason == _ABUSIVE:
        if account.times_raised & STRUCK == 0:
            add_strike(t, item, np.float32(1.0))
        account.trusted_until_s = np.uint32(0)
        if event.type == KIND_RULING and account.rung < 5:
            climb(account, 5, rules.durations, now)
        account.times_raised |= np.uint8(STRUCK)
    elif event.reason == _LEGITIMATE:
        if account.times_raised & STRUCK != 0:
            add_strike(t, item, np.float32(-1.0))
            account.times_raised &= np.uint8(TIMES_MASK)
        account.trusted_until_s = clock(now + TRUST_S)
        if event.type == KIND_RULING:
            account.rung = np.uint8(0)
            account.times_raised = np.uint8(0)
    if account.rung != previous:
        write_decision(
            decisions[count],
            account,
            item.slot,
            item.event,
            previous,
            FEEDBACK,
            CAUSE_PERSON,
            False,
            now,
            mark,
        )
        return count + 1
    return count


@inlined
def turn(rows: Any, lane_rows: Any, lanes: int, columns: Any) -> None:
    """Copy ``lanes`` rows into columns."""
    for lane in range(lanes):
        row = rows[lane_rows[lane]]
        for i in range(WIDTH):
            columns[i, lane] = row[i]


@compiled
def score_block(rows: Any, judged: Any, waiting: int, forests: Any, bench: Any) -> None:
    """Write the score of every waiting row, stage by stage."""
    lane_rows = np.empty(BLOCK, np.int64)
    for stage in range(STAGE_COUNT):
        first, last = np.int64(forests.stage_trees[stage, 0]), np.int64(forests.stage_trees[stage, 1])
        lanes = 0
        for w in range(waiting):
            if judged[w].stage == stage:
                lane_rows[lanes] = w
                lanes += 1
        if lanes == 0 or last <= first:
            continue
        turn(rows, lane_rows, lanes, bench.columns)
        for lane in range(lanes):
            bench.totals[lane] = forests.stage_base[stage]
        padded = (lanes + LANE_STEP - 1) // LANE_STEP * LANE_STEP
        score_columns(
            bench.columns, padded, forests.splits, forests.trees, forests.leaves, first, last, bench.masks, bench.totals
        )
        for lane in range(lanes):
            rows[lane_rows[lane], SCORE] = np.float32(probability(bench.totals[lane]))


@compiled
def rule_block(
    t: Any, rows: Any, judged: Any, waiting: int, events: Any, rules: Any, spread: float, period_s: float, bench: Any
) -> None:
    """Run every rule on every waiting row."""
    for w in range(waiting):
        for i in range(WIDTH):
            bench.columns[i, w] = rows[w, i]
        item = judged[w]
        key, time = t.accounts[item.slot].key, events[item.event].time
        bench.factors[w] = threshold_factor(key, t.header[0].pepper, time, period_s, spread)
    padded = (waiting + LANE_STEP - 1) // LANE_STEP * LANE_STEP
    run_rules(rules, bench.columns, padded, bench.factors, bench.truth, bench.stack, bench.fired)


@inlined
def propose(row: Any, stage: int, rules: Any, fired: Any, proposals: Any) -> None:
    """Collect the strongest rung each family of evidence proposes; rules of other stages are taken out of ``fired``."""
    for family in range(len(proposals)):
        proposals[family] = np.uint8(0)
    table = stage
    if np.isnan(row[ACCOUNT_AGE]) and (stage == MESSAGING or stage == FEEDBACK):
        table = UNSEEN_SIGN_UP
    for rung in range(1, RUNG_COUNT):
        if row[SCORE] >= rules.score_threshold[table, rung]:
            proposals[MODEL_FAMILY] = np.uint8(rung)
    for word in range(RULE_WORDS):
        waiting = fired[word]
        while waiting != np.uint64(0):
            rule = word * 64 + popcount((waiting & (~waiting + np.uint64(1))) - np.uint64(1))
            bit = waiting & (~waiting + np.uint64(1))
            waiting ^= bit
            if (np.int64(rules.stages[rule]) >> stage) & 1:
                family = np.int64(rules.family[rule])
                proposals[family] = max(proposals[family], rules.rung[rule])
            else:
                fired[word] ^= bit


@inlined
def judge(
    t: Any, row: Any, item: Any, event: Any, rules: Any, fired: Any, proposals: Any, decisions: Any, count: int, mark: Any
) -> int:
    """Let the ladder turn a row's findings into a decision, if any. Returns the number of decisions so far."""
    slot, stage = item.slot, item.stage
    account = t.accounts[slot]
    now = event.time
    count = expire(account, slot, item.event, now, decisions, count, mark)
    if stage == PERSON:
        return person_decides(t, account, item, event, rules, decisions, count, mark)
    propose(row, stage, rules, fired, proposals)
    rung, short = standing_rung(proposals, rules.keys)
    if account.trusted_until_s != 0 and clock(now) < account.trusted_until_s:
        rung = min(rung, TRUSTED_CEILING)
    previous = np.int64(account.rung)
    if rung <= previous:
        return count
    climb(account, rung, rules.durations, now)
    if rung >= STRIKE_FROM and previous < STRIKE_FROM:
        add_strike(t, item, np.float32(1.0))
        account.times_raised |= np.uint8(STRUCK)
    decision = decisions[count]
    write_decision(decision, account, slot, item.event, previous, stage, CAUSE_EVIDENCE, short, now, mark)
    decision.score = row[SCORE]
    for word in range(RULE_WORDS):
        decision.rules[word] = fired[word]
    for i in range(WIDTH):
        decision.row[i] = row[i]
    return count + 1


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
            deliver_strikes(t, events[start].time)
            if t.header[0].idle_limit_s > 0.0:
                forget_idle(t.header[0], t.at[0], t.ai, t.ao, t.accounts, t.words, events[start].time)
        end = min(n, start + BLOCK - offset)
        waiting = np.int64(0)
        for i in range(start, end):
            if (i - start) % PREFETCH_GROUP == 0 and end - start > 1:
                prefetch_group(t, events, i, min(end, i + PREFETCH_GROUP))
            event = events[i]
            if event.time < t.header[0].watermark:
                t.header[0].late += 1
            else:
                t.header[0].watermark = event.time
            if t.header[0].first_time == 0.0:
                t.header[0].first_time = event.time
            note_signals(t.header[0], event)
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
