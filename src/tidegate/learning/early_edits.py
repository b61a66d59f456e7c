"""What is known of a Wikipedia account at its k-th edit, from that edit and earlier ones only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.engine import MAX_PIECE, Engine
from tidegate.engine.features import DAY_S
from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.engine.rows import SCORE
from tidegate.engine.rungs import Stage
from tidegate.events.columns import EVENT, MISSING_FORWARDS, MISSING_INT, EventType
from tidegate.learning.running import running_number
from tidegate.learning.streams import PageKind, Stream

Floats = NDArray[np.float64]


def engine_rows_at(events: NDArray[Any], at: NDArray[np.int64]) -> NDArray[np.float32]:
    """The engine's features of the actor of ``events[i]``, just after it, for ``i`` in ``at`` (ascending).

    The engine only leaves a row where it judges. A campaign finding of strength 0 makes it judge and changes
    nothing, so one is put behind each of these events. Returns float32[len(at), SCORE].
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
    features = np.concatenate(found)
    assert len(features) == len(at), "every probe leaves one row"
    return features


@dataclass(frozen=True, slots=True)
class PageHistory:
    """What had happened on the page before each edit, from the same log; one entry for each edit."""

    by_others: Floats
    """Earlier edits of the page by other accounts."""
    by_self: Floats
    quiet_s: Floats
    """Seconds since another account edited the page, NaN when none had."""


def page_history(stream: Stream) -> PageHistory:
    """The history of each edit's page up to that edit."""
    page, account = stream.edits["page"].astype(np.int64), stream.edits["account"].astype(np.int64)
    together = page * (int(account.max(initial=0)) + 1) + account
    by_self = running_number(together)
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
    return PageHistory((running_number(page) - by_self).astype(float), by_self.astype(float), quiet_s)


def first_edits(stream: Stream, k: int) -> NDArray[np.int64]:
    """Places of the first ``k`` edits of every account that has as many, int64[m, k], by time of the k-th."""
    by_account = np.argsort(stream.edits["account"], kind="stable")
    ordered = stream.edits["account"][by_account]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, len(ordered)])
    firsts: NDArray[np.int64] = by_account[starts[lengths >= k][:, None] + np.arange(k)]
    return firsts[np.argsort(firsts[:, -1])]


def timing_features(stream: Stream, firsts: NDArray[np.int64], history: PageHistory) -> Floats:
    """When, and how often the same page. Looks at no other account and at no kind of page."""
    time_s, page = stream.events["time"][firsts], stream.edits["page"][firsts]
    gaps = np.log1p(np.diff(time_s, axis=1))
    same = page[:, 1:] == page[:, :-1]
    again = history.by_self[firsts]
    day = time_s[:, -1:] / DAY_S
    ordered_gaps, ordered_pages = np.sort(gaps, axis=1), np.sort(page, axis=1)
    return _side_by_side(
        gaps,
        same,
        ordered_gaps[:, [0, -1]],
        np.log1p(time_s[:, -1:] - time_s[:, :1]),
        gaps.mean(axis=1, keepdims=True),
        gaps.std(axis=1, keepdims=True),
        same.mean(axis=1, keepdims=True),
        again[:, -1:],
        again.max(axis=1, keepdims=True),
        (np.diff(ordered_pages, axis=1) != 0).sum(axis=1, keepdims=True),
        day % 1.0,
        np.floor(day) % 7.0,
    )


def history_features(firsts: NDArray[np.int64], history: PageHistory) -> Floats:
    """What other accounts had done on these pages before."""
    others, quiet = np.log1p(history.by_others[firsts]), np.log1p(history.quiet_s[firsts])
    return _side_by_side(others, quiet, others.mean(axis=1, keepdims=True), others.max(axis=1, keepdims=True))


def kind_features(stream: Stream, firsts: NDArray[np.int64]) -> Floats:
    """What kinds of pages, in which order, and whether they are the account's own."""
    kind, own = stream.edits["kind"][firsts], stream.edits["own"][firsts]
    foreign = np.isin(kind, (PageKind.USER, PageKind.USER_TALK)) & ~own
    return _side_by_side(
        kind,
        own,
        (kind[:, :, None] == np.arange(len(PageKind))).sum(axis=1),
        own.sum(axis=1, keepdims=True),
        foreign.sum(axis=1, keepdims=True),
    )


def _side_by_side(*columns: NDArray[Any]) -> Floats:
    return np.hstack([np.asarray(column, np.float64) for column in columns])


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """One line of the table: which blocks of features are put together."""

    name: str
    blocks: tuple[str, ...]
    page_kind: bool
    other_accounts: bool


FEATURE_SETS = (
    FeatureSet("engine", ("engine, own",), False, False),
    FeatureSet("engine + timing", ("engine, own", "timing"), False, False),
    FeatureSet("engine + timing + page kind", ("engine, own by kind", "timing", "kind"), True, False),
    FeatureSet("timing + page kind, no engine", ("timing", "kind"), True, False),
    FeatureSet("engine + timing + page history", ("engine, all", "timing", "history"), False, True),
    FeatureSet("all of these", ("engine, all by kind", "timing", "history", "kind"), True, True),
)


def feature_blocks(stream: Stream, edits: Sequence[int]) -> dict[int, dict[str, Floats]]:
    """For each k, blocks of features float64[m, …] of the accounts :func:`first_edits` returns, in its order.

    *own*: pages are kept apart for each account, so that no account can influence another's features. *by
    kind*: user pages stand for their owners.
    """
    history = page_history(stream)
    firsts = {k: first_edits(stream, k) for k in edits}
    at = np.unique(np.concatenate([places[:, -1] for places in firsts.values()]))
    views = {
        "engine, own": stream.with_pages_as_recipients(apart=True, own_pages=True),
        "engine, own by kind": stream.with_pages_as_recipients(apart=True, own_pages=False),
        "engine, all": stream.with_pages_as_recipients(apart=False, own_pages=True),
        "engine, all by kind": stream,
    }
    engine = {name: engine_rows_at(view.events, at) for name, view in views.items()}
    blocks = {}
    for k, places in firsts.items():
        rows = np.searchsorted(at, places[:, -1])
        blocks[k] = {name: found[rows].astype(np.float64) for name, found in engine.items()}
        blocks[k]["timing"] = timing_features(stream, places, history)
        blocks[k]["history"] = history_features(places, history)
        blocks[k]["kind"] = kind_features(stream, places)
    return blocks
