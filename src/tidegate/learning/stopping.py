"""What enforcement would have meant for each account: who was stopped, when, after how many strangers.

An open-loop replay: the log is what happened without enforcement, so a contact made while an account was on
lock or above counts as prevented, and one made before it as reached. Rungs below lock (warn, challenge,
budget) prevent nothing here, which understates what they do in service.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.engine import MAX_PIECE, Engine
from tidegate.engine.model import Model
from tidegate.engine.policy import Policy
from tidegate.engine.rows import ACCOUNT_AGE, SCORE
from tidegate.engine.rungs import SCORE_TABLES, UNSEEN_SIGN_UP, Rung, Stage
from tidegate.events.columns import EventType
from tidegate.learning.samples import Truth

RUNG_COUNT = len(Rung)
NEVER = np.inf


@dataclass(frozen=True, slots=True)
class Enforcement:
    """One entry an account of the truth."""

    first_at: NDArray[np.float64]
    """[account, rung]: Unix time at which the account first stood on that rung or a higher one; infinite if
    never."""
    spans: NDArray[Any]
    """(account, from, until) of every spell at lock or above."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What each account of interest did, from the log alone. One entry an account."""

    first_message: NDArray[np.float64]
    strangers_before_stop: NDArray[np.int64]
    strangers_in_all: NDArray[np.int64]
    strangers_prevented: NDArray[np.int64]
    first_complaint: NDArray[np.float64]


def enforce(events: NDArray[Any], truth: Truth, policy: Policy, model: Model | None) -> Enforcement:
    """Run the engine over a labelled log and note when each account stood where."""
    engine = Engine(policy, model)
    decisions = [
        engine.observe(events[at : at + 8 * MAX_PIECE]).decisions
        for at in range(0, len(events), 8 * MAX_PIECE)
    ]
    made = np.concatenate(decisions)
    account, known = _account_of(made["key"], truth)
    made, account = made[known], account[known]
    first_at = np.full((len(truth.keys), RUNG_COUNT), NEVER)
    for rung in range(1, RUNG_COUNT):
        mask = made["rung"] >= rung
        np.minimum.at(first_at[:, rung], account[mask], made["time"][mask])
    strong = made["rung"] >= Rung.LOCK
    spans = np.zeros(int(strong.sum()), [("account", np.int64), ("start", np.float64), ("end", np.float64)])
    spans["account"], spans["start"], spans["end"] = (
        account[strong],
        made["time"][strong],
        made["until"][strong],
    )
    return Enforcement(first_at, spans)


def highest_scores(events: NDArray[Any], truth: Truth, policy: Policy, model: Model) -> NDArray[np.float64]:
    """[account, score table]: the highest score each account ever got; NaN where it was never scored.

    Score tables are those of a policy (:data:`tidegate.engine.rungs.SCORE_TABLES`): what is known of accounts
    whose sign-up was seen is kept apart from what is known of the others.
    """
    engine = Engine(policy, model)
    best = np.full((len(truth.keys), len(SCORE_TABLES)), -np.inf)
    for at in range(0, len(events), MAX_PIECE):
        rows, judged = engine.rows(events[at : at + MAX_PIECE], decide=True)
        if not len(judged):
            continue
        account, known = _account_of(engine.keys_of(judged["slot"]), truth)
        table = judged["stage"].copy()
        unseen = np.isnan(rows[:, ACCOUNT_AGE]) & ((table == Stage.MESSAGING) | (table == Stage.FEEDBACK))
        table[unseen] = UNSEEN_SIGN_UP
        np.maximum.at(best, (account[known], table[known]), rows[known, SCORE].astype(np.float64))
    return np.where(np.isinf(best), np.nan, best)


def _account_of(keys: NDArray[np.uint64], truth: Truth) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    order = np.argsort(truth.keys)
    place = np.minimum(np.searchsorted(truth.keys[order], keys), len(order) - 1)
    found = order[place]
    return found, truth.keys[found] == keys


def reach(events: NDArray[Any], truth: Truth, enforcement: Enforcement) -> Reach:
    """Strangers reached by each abusive account before its first lock, in all, and prevented by locks."""
    count = len(truth.keys)
    actor, actor_known = _account_of(events["actor"], truth)
    abusive = np.isfinite(truth.abusive_from)
    own = actor_known & abusive[actor]
    kind = events["type"]
    sent = own & ((kind == EventType.MESSAGE) | (kind == EventType.INVITE))
    first_message = np.full(count, NEVER)
    np.minimum.at(first_message, actor[sent], events["time"][sent])

    reaching = own & ((kind == EventType.MESSAGE) | (kind == EventType.INVITE)) & (events["target"] != 0)
    first = _first_meetings(events, reaching)
    who, when = actor[first], events["time"][first]
    counted = when >= truth.abusive_from[who]
    who, when = who[counted], when[counted]
    stop = enforcement.first_at[:, Rung.LOCK]
    before = when < stop[who]
    prevented = _inside(who, when, enforcement.spans)
    complaint = np.full(count, NEVER)
    complaining = (kind == EventType.REPORT) | (kind == EventType.BLOCK)
    target, target_known = _account_of(events["target"][complaining], truth)
    np.minimum.at(complaint, target[target_known], events["time"][complaining][target_known])
    return Reach(
        first_message,
        np.bincount(who[before], minlength=count),
        np.bincount(who, minlength=count),
        np.bincount(who[prevented], minlength=count),
        complaint,
    )


def _first_meetings(events: NDArray[Any], reaching: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Indices of reaching events whose two accounts had no earlier message or invitation between them."""
    either = ((events["type"] == EventType.MESSAGE) | (events["type"] == EventType.INVITE)) & (
        events["target"] != 0
    )
    actors = np.unique(events["actor"][reaching])
    concerned = either & (np.isin(events["actor"], actors) | np.isin(events["target"], actors))
    index = np.flatnonzero(concerned)
    a, b = events["actor"][index], events["target"][index]
    low, high = np.minimum(a, b), np.maximum(a, b)
    pair = low * np.uint64(0x9E3779B97F4A7C15) ^ high
    _, first = np.unique(pair, return_index=True)
    chosen = index[first]
    return np.sort(chosen[reaching[chosen]])


def _inside(who: NDArray[np.int64], when: NDArray[np.float64], spans: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each (account, time) falls into a spell at lock or above."""
    inside = np.zeros(len(who), bool)
    order = np.lexsort((when, who))
    sorted_who, sorted_when = who[order], when[order]
    for span in spans:
        low = np.searchsorted(sorted_who, span["account"], "left")
        high = np.searchsorted(sorted_who, span["account"], "right")
        start = low + np.searchsorted(sorted_when[low:high], span["start"], "right")
        end = low + np.searchsorted(sorted_when[low:high], span["end"], "left")
        inside[order[start:end]] = True
    return inside
