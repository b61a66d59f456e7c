"""From a judged row, or a person's word, to a decision: one change of rung with what its explanation needs."""

from typing import Any

import numpy as np

from tidegate.engine.arithmetic import mixed
from tidegate.engine.features import DAY_S
from tidegate.engine.ladder import (
    COMPLAINTS_FAMILY,
    FOREVER_S,
    MODEL_FAMILY,
    RUNG_COUNT,
    STRIKE_FROM,
    STRUCK,
    TIMES_MASK,
    TRUSTED_CEILING,
    climb,
    has_ended,
    put_on,
    standing_rung,
    step_down,
)
from tidegate.engine.layout import (
    CAUSE_EVIDENCE,
    CAUSE_EXPIRY,
    CAUSE_PERSON,
    CAUSE_PROOF,
    CAUSE_RELIEF,
    CLOCK_ZERO_S,
    RULE_WORDS,
    STRIKES_KEPT,
)
from tidegate.engine.machine import float_bits, popcount
from tidegate.engine.passage import (
    FEEDBACK,
    JUDGED_COMPLAINT,
    KIND_CAMPAIGN,
    KIND_PROOF,
    KIND_RULING,
    MESSAGING,
    PERSON,
)
from tidegate.engine.rooms.decay import clock
from tidegate.engine.rows import ACCOUNT_AGE, BLOCKS, REPORTS, SCORE, WIDTH
from tidegate.engine.rule_kernel import account_draw
from tidegate.engine.rungs import UNSEEN_SIGN_UP
from tidegate.engine.strikes import add_strike, take_back
from tidegate.events.columns import Reason
from tidegate.events.compiled import inlined

TRUST_S = 90 * DAY_S
"""How long a person's finding that an account is legitimate protects it."""
_ABUSIVE, _LEGITIMATE = int(Reason.ABUSIVE), int(Reason.LEGITIMATE)
_CHALLENGE, _SUSPEND = np.int64(2), np.int64(5)
_NOT_SHORT = np.bool_(False)


@inlined
def write_decision(
    decision: Any,
    account: Any,
    slot: Any,
    event_index: Any,
    previous: Any,
    stage: Any,
    cause: Any,
    short: Any,
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
def expire(
    account: Any, slot: Any, event_index: Any, now: float, decisions: Any, count: Any, mark: Any
) -> Any:
    """Take an account whose rung has run out back to allow."""
    if not has_ended(account, now):
        return count
    ended = np.float64(account.rung_until_s) + CLOCK_ZERO_S
    previous = np.int64(account.rung)
    account.rung = account.firm_rung = np.uint8(0)
    write_decision(
        decisions[count],
        account,
        slot,
        event_index,
        previous,
        MESSAGING,
        CAUSE_EXPIRY,
        _NOT_SHORT,
        ended,
        mark,
    )
    return count + 1


@inlined
def person_names_rung(t: Any, account: Any, item: Any, event: Any, rung: Any, durations: Any) -> None:
    """A ruling with a rung: the account stands on exactly that one from now on, up or down."""
    now, previous = event.time, np.int64(account.rung)
    account.trusted_until_s = np.uint32(0)
    struck = account.times_raised & STRUCK != 0  # asked first: a climb after a clean month forgets it
    put_on(account, rung, 60.0 * np.float64(event.members), durations, now)
    if rung >= STRIKE_FROM and not struck:
        add_strike(t, account, item, now)
    if rung < STRIKE_FROM <= previous and struck:
        take_back(t, account.key, 1, now)
        account.times_raised &= np.uint8(TIMES_MASK)
    elif rung >= STRIKE_FROM or struck:
        account.times_raised |= np.uint8(STRUCK)


@inlined
def person_decides(
    t: Any, account: Any, item: Any, event: Any, rules: Any, decisions: Any, count: Any, mark: Any
) -> Any:
    """A label or a ruling. A ruling moves the ladder; both move reputation.

    A ruling may name a rung in ``forwards`` (none: 255), and how many minutes it lasts in ``members`` (-1: as the ladder
    says).
    """
    now = event.time
    previous, until_s = np.int64(account.rung), account.rung_until_s
    named = np.int64(event.forwards) if event.type == KIND_RULING else np.int64(0)
    if event.reason == _ABUSIVE and 0 < named < RUNG_COUNT:
        person_names_rung(t, account, item, event, named, rules.durations)
    elif event.reason == _ABUSIVE:
        if account.times_raised & STRUCK == 0:
            add_strike(t, account, item, now)
        account.trusted_until_s = np.uint32(0)
        if event.type == KIND_RULING and account.rung < _SUSPEND:
            climb(account, _SUSPEND, rules.durations, now)
        account.times_raised |= np.uint8(STRUCK)
        account.firm_rung = account.rung
    elif event.reason == _LEGITIMATE:
        take_back(t, account.key, STRIKES_KEPT, now)
        account.times_raised &= np.uint8(TIMES_MASK)
        account.trusted_until_s = clock(now + TRUST_S)
        if event.type == KIND_RULING:
            account.rung = account.firm_rung = np.uint8(0)
            account.times_raised = np.uint8(0)
    if account.rung != previous or (account.rung != 0 and account.rung_until_s != until_s):
        write_decision(
            decisions[count],
            account,
            item.slot,
            item.event,
            previous,
            FEEDBACK,
            CAUSE_PERSON,
            _NOT_SHORT,
            now,
            mark,
        )
        return count + 1
    return count


@inlined
def proves(account: Any, item: Any, now: float, decisions: Any, count: Any, mark: Any) -> Any:
    """The account holder has passed a challenge: that rung ends now, any other stays. How often the account was raised
    is not forgotten, so the next rung lasts longer."""
    if account.rung != _CHALLENGE:
        return count
    account.rung = account.firm_rung = np.uint8(0)
    account.rung_until_s = clock(now)
    decision = decisions[count]
    write_decision(
        decision, account, item.slot, item.event, _CHALLENGE, MESSAGING, CAUSE_PROOF, _NOT_SHORT, now, mark
    )
    return count + 1


@inlined
def propose(row: Any, stage: Any, rules: Any, draw: Any, fired: Any, proposals: Any) -> None:
    """Collect the strongest rung each family of evidence proposes.

    Rules of other stages, or for other accounts than one with this ``draw``, are taken out of ``fired``.
    """
    for family in range(len(proposals)):
        proposals[family] = np.uint8(0)
    table = np.int64(stage)
    if np.isnan(row[ACCOUNT_AGE]) and (stage == MESSAGING or stage == FEEDBACK):
        table = np.int64(UNSEEN_SIGN_UP)
    for rung in range(1, RUNG_COUNT):
        if row[SCORE] >= rules.score_threshold[table, rung]:
            proposals[MODEL_FAMILY] = np.uint8(rung)
    for word in range(RULE_WORDS):
        waiting = fired[word]
        while waiting != np.uint64(0):
            bit = waiting & (~waiting + np.uint64(1))  # the lowest one
            rule = word * 64 + popcount(bit - np.uint64(1))
            waiting ^= bit
            counts = rules.accounts[rule, 0] <= draw < rules.accounts[rule, 1]
            if counts and (np.int64(rules.stages[rule]) >> stage) & 1:
                of_rule = np.int64(rules.family[rule])
                proposals[of_rule] = max(proposals[of_rule], rules.rung[rule])
            else:
                fired[word] ^= bit


@inlined
def without_complaints(row: Any, stage: Any, rules: Any, proposals: Any) -> Any:
    """The rung that is left when complaints propose nothing. Takes them out of ``proposals``.

    A score speaks for complaints too when one of them prompted the look, or they weigh anything in the row.
    """
    proposals[COMPLAINTS_FAMILY] = np.uint8(0)
    if stage == FEEDBACK or row[BLOCKS] + row[REPORTS] >= JUDGED_COMPLAINT:
        proposals[MODEL_FAMILY] = np.uint8(0)
    rung, _ = standing_rung(proposals, rules.keys)
    return rung


@inlined
def relieve(
    t: Any,
    account: Any,
    item: Any,
    rung: Any,
    durations: Any,
    now: float,
    decisions: Any,
    count: Any,
    mark: Any,
) -> Any:
    """A ring's complaints are gone: down to ``rung``, which what is left proposes, but not below what is firm.

    Never up: whoever is complained about falsely is not to be looked at more strictly for it.
    """
    previous = np.int64(account.rung)
    rung = max(np.int64(rung), np.int64(account.firm_rung))
    if rung >= previous:
        return count
    step_down(account, rung, durations, now)
    if rung < STRIKE_FROM <= previous:
        take_back(t, account.key, 1, now)
        account.times_raised &= np.uint8(TIMES_MASK)
    decision = decisions[count]
    write_decision(
        decision, account, item.slot, item.event, previous, FEEDBACK, CAUSE_RELIEF, _NOT_SHORT, now, mark
    )
    return count + 1


@inlined
def judge(
    t: Any,
    row: Any,
    item: Any,
    event: Any,
    rules: Any,
    fired: Any,
    proposals: Any,
    decisions: Any,
    count: Any,
    mark: Any,
) -> Any:
    """Let the ladder turn a row's findings into a decision, if any. Returns the number of decisions so far."""
    slot, stage = item.slot, item.stage
    account = t.accounts[slot]
    now = event.time
    count = expire(account, slot, item.event, now, decisions, count, mark)
    if event.type == KIND_PROOF:
        return proves(account, item, now, decisions, count, mark)
    if stage == PERSON:
        return person_decides(t, account, item, event, rules, decisions, count, mark)
    draw = account_draw(account.key, t.header[0].pepper)
    propose(row, stage, rules, draw, fired, proposals)
    rung, short = standing_rung(proposals, rules.keys)
    if account.trusted_until_s != 0 and clock(now) < account.trusted_until_s:
        rung = min(rung, TRUSTED_CEILING)
    if event.type == KIND_CAMPAIGN and stage == FEEDBACK:
        return relieve(t, account, item, rung, rules.durations, now, decisions, count, mark)
    previous = np.int64(account.rung)
    if rung > account.firm_rung:
        firm = min(without_complaints(row, stage, rules, proposals), np.int64(rung))
        account.firm_rung = np.uint8(max(np.int64(account.firm_rung), firm))
    if rung <= previous:
        return count
    climb(account, rung, rules.durations, now)
    if rung >= STRIKE_FROM and previous < STRIKE_FROM:
        add_strike(t, account, item, now)
        account.times_raised |= np.uint8(STRUCK)
    decision = decisions[count]
    write_decision(decision, account, slot, item.event, previous, stage, CAUSE_EVIDENCE, short, now, mark)
    decision.score = row[SCORE]
    for word in range(RULE_WORDS):
        decision.rules[word] = fired[word]
    for i in range(WIDTH):
        decision.row[i] = row[i]
    return count + 1
