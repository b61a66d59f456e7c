"""Scoring and ruling on a block of waiting rows, column by column."""

from typing import Any

import numpy as np

from tidegate.engine.arithmetic import probability
from tidegate.engine.layout import (
    BLOCK,
)
from tidegate.engine.rows import SCORE, WIDTH
from tidegate.engine.rule_kernel import run_rules, threshold_factor
from tidegate.engine.trees import LANE_STEP, score_columns
from tidegate.events.compiled import compiled, inlined

STAGE_COUNT = 4


@inlined
def turn(rows: Any, lane_rows: Any, lanes: Any, columns: Any) -> None:
    """Copy ``lanes`` rows into columns."""
    for lane in range(lanes):
        row = rows[lane_rows[lane]]
        for i in range(WIDTH):
            columns[i, lane] = row[i]


@compiled
def score_block(rows: Any, judged: Any, waiting: Any, forests: Any, bench: Any) -> None:
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
            bench.columns,
            padded,
            forests.splits,
            forests.trees,
            forests.leaves,
            first,
            last,
            bench.masks,
            bench.totals,
        )
        for lane in range(lanes):
            rows[lane_rows[lane], SCORE] = np.float32(probability(bench.totals[lane]))


@compiled
def rule_block(
    t: Any,
    rows: Any,
    judged: Any,
    waiting: Any,
    events: Any,
    rules: Any,
    spread: float,
    period_s: float,
    bench: Any,
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
