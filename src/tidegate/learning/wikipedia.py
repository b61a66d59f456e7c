"""Early detection of abusive accounts on real data: Wikipedia editors, judged at their k-th edit.

The strict protocol. An account is judged once, at its k-th edit (k = 3, 5, 10), from that edit and earlier ones only;
accounts that never reach k are left out. Nothing that a later block shortens is used (number of edits, lifespan), nor
what became of an edit (reverts, scores), nor names, ids or the calendar. Fit on accounts judged in 2013, choose the
number of trees on the last quarter of 2013, test once on accounts judged in January to March 2014.

Two traps of these data are closed here. Vandals come with all they ever did, the others only from 2013 on, so accounts
seen before 2013 are left out, and with them their edits. A vandal blocked in 2014 was not known as one in 2013, so it
is not fitted on.

This is not bulk messaging: it says how far the engine's features carry over to abuse that they were not made for.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tidegate.engine.engine import MAX_PIECE, Engine
from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.engine.rows import SCORE
from tidegate.engine.rungs import Stage
from tidegate.events.columns import EVENT, MISSING_FORWARDS, MISSING_INT, EventType
from tidegate.learning.streams import (
    ABUSIVE,
    UNLABELLED,
    PageKind,
    Progress,
    Stream,
    load_umdwikipedia,
    load_wikiticker,
)

DAY_S = 86_400.0


def _moment(day: str) -> float:
    return float(np.datetime64(day, "s").astype(np.int64))


FIT_FROM_S, TUNE_FROM_S = _moment("2013-01-01"), _moment("2013-10-01")
TEST_FROM_S, TEST_UNTIL_S = _moment("2014-01-01"), _moment("2014-04-01")
EDITS = (3, 5, 10)
FALSE_ALARM_SHARE = 0.01
RESAMPLES = 1000
TICKER_LEAST_EDITS, TICKER_FOLDS = 5, 5

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "metric": "auc",
    "num_leaves": 15,
    "learning_rate": 0.03,
    "min_data_in_leaf": 30,
    "lambda_l2": 10.0,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 127,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}
MOST_TREES, PATIENCE = 800, 60
SEEDS = (7, 8, 9)
"""One forest a seed; their scores are averaged."""


# -- features ----------------------------------------------------------------------------------------------------------


def engine_rows_at(events: NDArray[Any], at: NDArray[np.int64]) -> NDArray[np.float32]:
    """The engine's features of the actor of ``events[i]``, just after that event, for each ``i`` in ``at`` (ascending).

    The engine only leaves a row where it judges. A campaign finding of strength 0 makes it judge and changes nothing,
    so one is put behind each of these events. Returns float32[len(at), SCORE].
    """
    probes = np.zeros(len(at), EVENT)
    probes["time"], probes["actor"] = events["time"][at], events["actor"][at]
    probes["type"] = int(EventType.CAMPAIGN)
    probes["members"], probes["forwards"] = MISSING_INT, MISSING_FORWARDS
    probed = np.insert(events, at + 1, probes)
    engine = Engine(load_policy(shipped_policy_text(), "default.toml"))
    found = [np.zeros((0, SCORE), np.float32)]
    for start in range(0, len(probed), MAX_PIECE):
        rows, judged = engine.rows(probed[start : start + MAX_PIECE])
        found.append(rows[judged["stage"] == int(Stage.CAMPAIGN), :SCORE])
    return np.concatenate(found)


@dataclass(frozen=True, slots=True)
class PageHistory:
    """What had happened on the page before each edit, from the same log; every array has one entry an edit."""

    by_others: NDArray[np.float64]
    """Earlier edits of the page by other accounts."""
    by_self: NDArray[np.float64]
    quiet_s: NDArray[np.float64]
    """Seconds since another account edited the page, NaN when none had."""


def page_history(stream: Stream) -> PageHistory:
    """The history of each edit's page up to that edit."""
    page, account = stream.edits["page"].astype(np.int64), stream.edits["account"].astype(np.int64)
    together = page * (int(account.max(initial=0)) + 1) + account
    by_self = _running_number(together)
    by_page = np.argsort(page, kind="stable")
    p, a, time_s = page[by_page], account[by_page], stream.events["time"][by_page]
    places = np.arange(len(p))
    new_page = np.r_[True, p[1:] != p[:-1]]
    new_run = new_page | np.r_[True, a[1:] != a[:-1]]
    page_start = np.maximum.accumulate(np.where(new_page, places, 0))
    run_start = np.maximum.accumulate(np.where(new_run, places, 0))
    # Before a run of edits by one account lies the last edit by another, if the page had one.
    quiet = np.where(run_start > page_start, time_s - time_s[np.maximum(run_start - 1, 0)], np.nan)
    quiet_s = np.empty(len(p))
    quiet_s[by_page] = quiet
    return PageHistory((_running_number(page) - by_self).astype(float), by_self.astype(float), quiet_s)


def _running_number(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each key came before."""
    by_key = np.argsort(keys, kind="stable")
    ordered = keys[by_key]
    places = np.arange(len(keys))
    first = np.r_[True, ordered[1:] != ordered[:-1]]
    numbers = np.empty(len(keys), np.int64)
    numbers[by_key] = places - np.maximum.accumulate(np.where(first, places, 0))
    return numbers


def first_edits(stream: Stream, k: int) -> NDArray[np.int64]:
    """Places of the first ``k`` edits of every account that has as many, int64[m, k], by time of the k-th."""
    by_account = np.argsort(stream.edits["account"], kind="stable")
    ordered = stream.edits["account"][by_account]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, len(ordered)])
    firsts: NDArray[np.int64] = by_account[starts[lengths >= k][:, None] + np.arange(k)]
    return firsts[np.argsort(firsts[:, -1])]


def timing_features(stream: Stream, firsts: NDArray[np.int64], history: PageHistory) -> NDArray[np.float64]:
    """When and how often the same page: nothing here depends on what kind of page it is."""
    time_s, page = stream.events["time"][firsts], stream.edits["page"][firsts]
    gaps = np.log1p(np.diff(time_s, axis=1))
    same = page[:, 1:] == page[:, :-1]
    again = history.by_self[firsts]
    others = np.log1p(history.by_others[firsts])
    quiet = np.log1p(history.quiet_s[firsts])
    ordered = np.sort(gaps, axis=1)
    day = time_s[:, -1] / DAY_S
    distinct = (np.diff(np.sort(page, axis=1), axis=1) != 0).sum(axis=1) + 1
    columns = [
        gaps,
        same,
        others,
        quiet,
        ordered[:, [0, -1]],
        np.log1p(time_s[:, -1:] - time_s[:, :1]),
        gaps.mean(axis=1, keepdims=True),
        gaps.std(axis=1, keepdims=True),
        same.mean(axis=1, keepdims=True),
        again[:, -1:],
        again.max(axis=1, keepdims=True),
        others.mean(axis=1, keepdims=True),
        others.max(axis=1, keepdims=True),
        distinct[:, None],
        (day % 1.0)[:, None],
        (np.floor(day) % 7.0)[:, None],
    ]
    return np.hstack([np.asarray(column, np.float64) for column in columns])


def kind_features(stream: Stream, firsts: NDArray[np.int64]) -> NDArray[np.float64]:
    """What kinds of pages, in which order, and whether they are the account's own."""
    kind, own = stream.edits["kind"][firsts], stream.edits["own"][firsts]
    counts = (kind[:, :, None] == np.arange(len(PageKind))).sum(axis=1)
    foreign = (np.isin(kind, (PageKind.USER, PageKind.USER_TALK)) & ~own).sum(axis=1, keepdims=True)
    article = kind == PageKind.ARTICLE
    columns = [kind, own, counts, own.sum(axis=1, keepdims=True), foreign, article.argmin(axis=1)[:, None]]
    return np.hstack([np.asarray(column, np.float64) for column in columns])


def strict_stream(stream: Stream) -> Stream:
    """Only accounts with a label that were first seen in 2013 or later, and only up to the end of March 2014."""
    account = stream.edits["account"]
    first_s = np.full(len(stream.labels), np.inf)
    np.minimum.at(first_s, account, stream.events["time"])
    eligible = (first_s >= FIT_FROM_S) & (stream.labels != UNLABELLED)
    return stream.where(eligible[account] & (stream.events["time"] < TEST_UNTIL_S))


FEATURE_SETS: dict[str, tuple[str, ...]] = {
    "engine alone": ("engine",),
    "engine + timing": ("engine", "timing"),
    "engine + timing + page kind": ("engine by owner", "timing", "kind"),
    "timing + page kind, no engine": ("timing", "kind"),
}
"""Which blocks of features each line of the table uses; only those that say so know the kind of page."""


def feature_blocks(stream: Stream, edits: Sequence[int]) -> dict[int, dict[str, NDArray[np.float64]]]:
    """For each k, each block of features float64[m, …] of the accounts :func:`first_edits` returns, in its order."""
    history = page_history(stream)
    firsts = {k: first_edits(stream, k) for k in edits}
    at = np.unique(np.concatenate([places[:, -1] for places in firsts.values()]))
    plain = engine_rows_at(stream.with_pages_as_recipients().events, at)
    by_owner = engine_rows_at(stream.events, at)
    blocks = {}
    for k, places in firsts.items():
        rows = np.searchsorted(at, places[:, -1])
        blocks[k] = {
            "engine": plain[rows].astype(np.float64),
            "engine by owner": by_owner[rows].astype(np.float64),
            "timing": timing_features(stream, places, history),
            "kind": kind_features(stream, places),
        }
    return blocks
