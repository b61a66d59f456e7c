"""From decision records of the engine to statements of reasons."""

import math
from collections.abc import Mapping, MutableMapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.features import FEATURE_INDEX
from tidegate.engine.rungs import Rung, Stage
from tidegate.statements.decision import DecisionShown
from tidegate.statements.explain import Explainer

_STRANGERS, _SENT = FEATURE_INDEX["distinct_strangers"], FEATURE_INDEX["sent_14d"]
_BLOCKS, _REPORTS = FEATURE_INDEX["blocks_14d"], FEATURE_INDEX["reports_14d"]
_RUNG_WORDS = tuple(rung.word for rung in Rung)
_STAGE_WORDS = tuple(stage.word for stage in Stage)
_PIECE = 1_024
"""Decisions put in words together: as Python's own numbers, their features take some kilobytes each."""
_COLUMNS = ("time", "until", "key", "id", "rung", "score", "stage")


class Before(NamedTuple):
    """What an account's next statement takes from its last one."""

    time: float
    first_contacts: int
    messages: int
    complaints: float = 0.0


def pseudonym_shown(key: int) -> str:
    """A pseudonym as 16 hexadecimal digits."""
    return f"{key:016x}"


def statements_of(
    decisions: NDArray[Any],
    names: Mapping[int, str],
    explainer: Explainer,
    last: MutableMapping[int, Before],
) -> list[DecisionShown]:
    """The statements for DECISION[n], in order; their counts are the engine's estimates.

    ``names``: accounts by pseudonym; one without a name is shown by its pseudonym. ``last``: the account's previous
    decision, brought up to date here, latest decisions at the end. From it comes how long a rung lasted that now ends,
    and the counts of a decision that has none (a person's ruling, a rung that ran out).
    """
    made: list[DecisionShown] = []
    for start in range(0, len(decisions), _PIECE):
        made += _statements(decisions[start : start + _PIECE], names, explainer, last)
    return made


def _statements(
    decisions: NDArray[Any], names: Mapping[int, str], explainer: Explainer, last: MutableMapping[int, Before]
) -> list[DecisionShown]:
    columns = [decisions[name].tolist() for name in _COLUMNS]
    rows = decisions["row"]
    counts = (
        rows[:, _STRANGERS].tolist(),
        rows[:, _SENT].tolist(),
        np.nansum(rows[:, [_BLOCKS, _REPORTS]], axis=1).tolist(),
    )
    raised_s: list[float | None] = []
    times: dict[int, float] = {}
    for key, time in zip(columns[2], columns[0], strict=True):
        before = last.get(key)
        raised_s.append(times.get(key, before.time if before else None))
        times[key] = time
    reasons = explainer.reasons(decisions, raised_s)
    made = []
    for time, until, key, identifier, rung, score, stage, why, reached, sent, complained in zip(
        *columns, reasons, *counts, strict=True
    ):
        before = last.pop(key, None)
        first_contacts = _count(reached, before.first_contacts if before else 0)
        messages = _count(sent, before.messages if before else 0)
        complaints = complained if math.isfinite(reached) else before.complaints if before else 0.0
        last[key] = Before(time, first_contacts, messages, complaints)
        statement = DecisionShown(
            time=time,
            account=names.get(key) or pseudonym_shown(key),
            rung=_RUNG_WORDS[rung],
            until=until if math.isfinite(until) else None,
            score=score if math.isfinite(score) else None,
            stage=_STAGE_WORDS[stage],
            reasons=why,
            policy=explainer.policy_mark,
            model=explainer.model_mark,
            id=pseudonym_shown(identifier),
            first_contacts=first_contacts,
            messages=messages,
            pseudonym=key,
            complaints=complaints,
        )
        made.append(statement)
    return made


def _count(estimate: float, otherwise: int) -> int:
    return round(estimate) if math.isfinite(estimate) else otherwise
